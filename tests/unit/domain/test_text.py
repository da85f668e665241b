"""The door for text from outside: whatever knocks, what comes in is plain, bounded and the same every time."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.text import BODY_LIMIT, TITLE_LIMIT, clean, line, slug

ANYTHING = st.text(st.characters(exclude_categories=()))
"""Every character there is, lone surrogates included."""
TROUBLE = st.text(
    st.sampled_from("a é\u0301\u0327\u200b\u200e\u202e\u2066\ufeff\U000e0041\x00\x1b\r\n\t\x85\ud800\u0344 ")
)
"""Few characters, and those that break things when they meet."""
UNSEEN = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


@given(ANYTHING | TROUBLE, st.integers(1, 40))
@example("e\u200b\u0301", 40)
@example("\u200b" * 2_000 + "shown", 10)
@example("word " * 30, 7)
def test_cleaned_text_is_plain_bounded_and_normal(text: str, limit: int) -> None:
    """No control, direction or tag character, no lone surrogate, one normal form, no more than was asked for."""
    cleaned = clean(text, limit)
    assert len(cleaned) <= limit
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not UNSEEN.search(cleaned)
    assert not [c for c in cleaned if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t"]


@given(ANYTHING | TROUBLE, st.integers(1, 40))
@example("e\u200b\u0301", 40)
def test_cleaning_twice_is_cleaning_once(text: str, limit: int) -> None:
    """Text may pass the door again on its way through a backfill, and must not become another text."""
    once = clean(text, limit)
    assert clean(once, limit) == once


@given(ANYTHING | TROUBLE, st.integers(1, 40))
def test_one_line_is_one_line_and_stays_it(text: str, limit: int) -> None:
    """A title with a line break in it would look like two."""
    once = line(text, limit)
    assert len(once) <= limit
    assert once == " ".join(once.split())
    assert line(once, limit) == once


def test_text_that_fits_comes_through_as_it_is() -> None:
    """Line breaks, tabs, other scripts and joined emoji are content."""
    text = "Überfällig:\n\t日本語, हिन्दी, می‌خواهم, 👩‍💻"
    assert clean(text) == unicodedata.normalize("NFC", text)


def test_a_cut_is_marked_wherever_it_fell() -> None:
    """A reader must know that there was more, even when what filled the space is invisible."""
    assert clean("a" * 11, 10) == "a" * 9 + "…"
    assert clean("a" * 10, 10) == "a" * 10
    assert clean("a" + "\u200b" * 5_000 + "b", 10).endswith("…")


def test_the_ends_of_lines_are_one_kind() -> None:
    """Windows and old Macs write the same text."""
    assert clean("one\r\ntwo\rthree") == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        ("pay\u202elap", "right to left override"),
        ("pay\u2066pal\u2069", "isolates"),
        ("pay\u061cpal", "Arabic letter mark"),
        ("pay\u206apal", "deprecated format character"),
        ("pay" + "".join(chr(0xE0000 + ord(c)) for c in "obey") + "pal", "tag characters"),
        ("pay\x1b[31mpal", "terminal escape"),
        ("pay\x00pal", "null"),
        ("\ufeffpay", "byte order mark"),
    ],
)
def test_what_no_reader_sees_does_not_come_in(hidden: str, why: str) -> None:
    """A model reads what a person cannot; a terminal obeys what nobody typed."""
    assert clean(hidden).isprintable(), why
    assert clean(hidden).startswith("pay")


def test_the_same_name_typed_on_two_systems_compares_equal() -> None:
    """One writes é as one character, the other as two."""
    assert clean("Andre\u0301") == clean("Andr\u00e9")


def test_a_lone_surrogate_is_replaced_because_no_store_could_keep_it() -> None:
    """JSON can carry half a character; UTF-8 cannot."""
    assert clean("a\ud83db").encode() == "a\ufffdb".encode()


def test_a_huge_text_costs_no_more_than_its_limit() -> None:
    """Twenty-five megabytes may arrive in one field."""
    assert len(clean("x" * 25_000_000)) == BODY_LIMIT
    assert len(line("y\n" * 10_000_000)) <= TITLE_LIMIT


@given(ANYTHING)
def test_an_identifier_is_made_of_ascii_words(text: str) -> None:
    """Ids go into addresses, file names and other people's shells."""
    made = slug(text)
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", made)
    assert slug(made) == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoë  O'Brien", "zoe-obrien"),
        ("  Payments / API  ", "payments-api"),
        ("Ångström", "angstrom"),
        ("李小龙", ""),
        ("---", ""),
    ],
)
def test_an_identifier_reads_like_what_it_names(text: str, expected: str) -> None:
    """Somebody must recognise it."""
    assert slug(text) == expected
