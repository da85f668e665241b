"""Paging: every row once, and a cursor that was not given out for this question is refused."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import Page
from domain.errors import BadCursor

QUESTIONS = st.lists(
    st.none() | st.text(max_size=8) | st.integers() | st.lists(st.text(max_size=4), max_size=2), max_size=4
)
QUESTION = ("retry with idempotency", ("Python",), None)


def read_all(rows: Sequence[int], limit: int, question: Sequence[Any]) -> list[tuple[int, ...]]:
    """Every page, as a client asks for them one after another."""
    pages = []
    cursor = None
    while True:
        page, cursor = Page.of(cursor, limit, question).cut(rows)
        pages.append(page)
        if cursor is None:
            return pages


@given(st.lists(st.integers(), max_size=60), st.integers(1, 20), QUESTIONS)
def test_paging_through_gives_every_row_once_and_in_order(rows: list[int], limit: int, question: list[Any]) -> None:
    """A lost row is a person who was never found."""
    pages = read_all(rows, limit, question)
    assert [row for page in pages for row in page] == rows
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1] or not rows


def test_the_last_page_has_no_cursor_even_when_it_is_full() -> None:
    """An empty page at the end is a call for nothing."""
    assert Page.of(None, 5, QUESTION).cut(range(5)) == ((0, 1, 2, 3, 4), None)


@given(QUESTIONS, QUESTIONS)
def test_a_cursor_of_another_question_is_refused(asked: list[Any], other: list[Any]) -> None:
    """It would skip rows of a list that it never saw."""
    cursor = second_page(asked)
    if other == asked:
        assert Page.of(cursor, 3, other).offset == 3
    else:
        with pytest.raises(BadCursor):
            Page.of(cursor, 3, other)


def second_page(question: Sequence[Any]) -> str:
    _, cursor = Page.of(None, 3, question).cut(range(10))
    assert cursor
    return cursor


@given(st.integers(1, 60))
def test_a_cursor_that_was_cut_short_is_refused(kept: int) -> None:
    """Models copy long texts with mistakes."""
    whole = second_page(QUESTION)
    if kept < len(whole):
        with pytest.raises(BadCursor):
            Page.of(whole[:kept], 3, QUESTION)


@given(st.text(max_size=60) | st.text("ABCabc012_-=", max_size=60))
def test_garbage_is_refused_and_never_anything_worse(cursor: str) -> None:
    """It is an argument like any other, and anybody may send it."""
    with pytest.raises(BadCursor):
        Page.of(cursor, 3, QUESTION)


def forged(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize("content", [None, 3, "3", [], [3], {}, [3, None], [[3], 3], [3, "0" * 12], [3, 3, 3]])
def test_a_cursor_of_another_make_is_refused(content: Any) -> None:
    """It reads as JSON and still says nothing."""
    with pytest.raises(BadCursor):
        Page.of(forged(content), 3, QUESTION)


@pytest.mark.parametrize("offset", [-1, 0, 1.5, "3", None, 10**9, 10**30])
def test_a_cursor_to_nowhere_is_refused(offset: Any) -> None:
    """The question may be right; the place was never given out."""
    digest = Page.of(None, 3, QUESTION).question
    assert Page.of(forged([3, digest]), 3, QUESTION).offset == 3
    with pytest.raises(BadCursor):
        Page.of(forged([offset, digest]), 3, QUESTION)


def test_a_cursor_that_was_made_to_be_deep_is_refused() -> None:
    """A reader of JSON may run out of breath before it runs out of brackets."""
    deep = base64.urlsafe_b64encode(b"[" * 200_000).decode()
    with pytest.raises(BadCursor):
        Page.of(deep, 3, QUESTION)


def test_a_page_after_the_end_of_a_list_that_shrank_is_empty() -> None:
    """Rows may be gone by the time somebody asks on."""
    assert Page.of(second_page(QUESTION), 3, QUESTION).cut(range(2)) == ((), None)


def test_the_size_of_a_page_may_change_on_the_way() -> None:
    """Only the question is bound; whoever has little room asks for fewer rows."""
    assert Page.of(second_page(QUESTION), 2, QUESTION).cut(range(10))[0] == (3, 4)
