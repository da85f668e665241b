"""Documents cut into passages: short enough to quote, with nothing lost on the way and code left whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.passages import PASSAGE_LIMIT, PASSAGE_TARGET, PASSAGES_KEPT, passages
from domain.text import DOCUMENT_LIMIT

WORDS = st.text("abcdefgh#`>é", min_size=1, max_size=12).filter(lambda word: not word.startswith(("#", "```")))


@dataclass(frozen=True)
class Block:
    """A piece of a document as it is written, and whether it is body, code or a heading."""

    kind: str
    text: str


def block(kind: str, text: str) -> Block:
    return Block(kind, text)


HEADINGS = st.builds(
    lambda level, words: block("heading", f"{'#' * level} {' '.join(words)}"),
    st.integers(1, 4),
    st.lists(WORDS.filter(lambda word: not set(word) <= set("#")), min_size=1, max_size=3),
)
PARAGRAPHS = st.lists(WORDS, min_size=1, max_size=400).map(lambda words: block("body", " ".join(words)))
FENCES = st.builds(
    lambda mark, lines: block("code", "\n".join([mark, *lines, mark])),
    st.sampled_from(["```", "~~~", "````"]),
    st.lists(st.sampled_from(["# not a heading", "x = 1", "", "    indented", "y = '''"]), max_size=60),
)
DOCUMENTS = st.lists(HEADINGS | PARAGRAPHS | FENCES, max_size=12)


def written(blocks: Sequence[Block], between: str = "\n\n") -> str:
    return between.join(each.text for each in blocks)


def letters(*texts: str) -> str:
    """Texts without their white space."""
    return "".join("".join(text.split()) for text in texts)


@given(st.text(max_size=400) | st.text(" \n\t#`~a", max_size=5_000) | DOCUMENTS.map(written))
@example(" " * 5_000 + "a")
@example("a" * 5_000)
def test_no_passage_is_empty_or_longer_than_the_limit(text: str) -> None:
    """An embedder takes so much and no more, and an empty quotation says nothing."""
    found = passages(text)
    assert [passage.index for passage in found] == list(range(len(found)))
    for passage in found:
        assert 0 < len(passage.text.strip()) <= len(passage.text) <= PASSAGE_LIMIT


@given(DOCUMENTS)
def test_everything_that_is_written_under_headings_is_in_some_passage_in_order(blocks: list[Block]) -> None:
    """What is cut away cannot be found."""
    body = letters(*(each.text for each in blocks if each.kind != "heading"))
    assert letters(*(passage.text for passage in passages(written(blocks)))) == body


@given(DOCUMENTS, st.sampled_from(["\n", "\n\n"]))
def test_code_that_fits_stays_whole(blocks: list[Block], between: str) -> None:
    """Half a command is worse than none, whether or not a blank line stands before it."""
    found = [passage.text for passage in passages(written(blocks, between))]
    for each in blocks:
        if each.kind == "code" and len(each.text) <= PASSAGE_LIMIT:
            assert any(each.text in text for text in found)


def test_a_passage_knows_the_headings_that_lead_to_it() -> None:
    """`Retries` alone could be anybody's."""
    text = "intro\n# Payments\nabout\n## Retries ##\nthree times\n### When\nat night\n## Limits\nnone\n# Other\nelse"
    assert [(passage.heading, passage.text) for passage in passages(text)] == [
        ("", "intro"),
        ("Payments", "about"),
        ("Payments > Retries", "three times"),
        ("Payments > Retries > When", "at night"),
        ("Payments > Limits", "none"),
        ("Other", "else"),
    ]


@pytest.mark.parametrize(
    ("line", "heading"),
    [("# C#", "C#"), ("# F# and C# ##", "F# and C#"), ("#no heading", ""), ("####### seven", ""), ("#  Two   ", "Two")],
)
def test_a_heading_is_what_markdown_calls_one(line: str, heading: str) -> None:
    """A language may end in the sign that may also close a heading."""
    assert passages(f"{line}\n\ntext")[-1].heading == heading


def test_a_comment_in_code_is_no_heading() -> None:
    """Most shell examples begin with one."""
    found = passages("# Setup\n```\n# install\nmake\n```\nDone.")
    assert [(passage.heading, passage.text) for passage in found] == [
        ("Setup", "```\n# install\nmake\n```\n\nDone."),
    ]


@pytest.mark.parametrize(
    "code", ["~~~\n```\n~~~", "````\n```\n````", "```` md\n```\n# quoted\n```\n````", "```inline```"]
)
def test_code_ends_where_markdown_ends_it_and_headings_count_again(code: str) -> None:
    """One fence inside another must not swallow the rest of the document."""
    assert passages(f"{code}\n# After\nend")[-1].heading == "After"


def test_a_long_text_is_cut_between_words() -> None:
    """Where there is a space, no word is torn."""
    words = [f"word{number}" for number in range(1_000)]
    found = passages(" ".join(words))
    assert [word for passage in found for word in passage.text.split()] == words
    assert all(len(passage.text) > PASSAGE_TARGET // 2 for passage in found[:-1])


def test_short_paragraphs_share_a_passage() -> None:
    """A sentence alone is found by nothing that it does not say itself."""
    assert len(passages("\n\n".join(["One sentence."] * 20))) == 1


def test_a_passage_ends_before_the_paragraph_that_would_take_it_past_its_target() -> None:
    """About a screen each, cut where the writer paused."""
    found = passages("\n\n".join(letter * (PASSAGE_TARGET // 2 - 50) for letter in "abcde"))
    assert [sorted(set(passage.text) - {"\n"}) for passage in found] == [["a", "b"], ["c", "d"], ["e"]]


def test_nothing_has_no_passages() -> None:
    """An empty page is not found."""
    assert passages("") == passages(" \n\n\t") == []


def test_a_data_dump_is_cut_off_and_says_so() -> None:
    """What is missing from the end must not look as if it had never been written."""
    dump = "\n".join(f"# Row {number}\nvalue {number}" for number in range(PASSAGES_KEPT + 1))
    found = passages(dump)
    assert len(found) == PASSAGES_KEPT
    assert found[-2].text == f"value {PASSAGES_KEPT - 2}"
    assert "left out" in found[-1].text
    assert [passage.index for passage in found] == list(range(PASSAGES_KEPT))
    whole = passages(dump[: dump.rindex("#")])
    assert (len(whole), whole[-1].text) == (PASSAGES_KEPT, f"value {PASSAGES_KEPT - 1}")


@pytest.mark.parametrize("text", ["# a" + " " * DOCUMENT_LIMIT + "b", "#" * DOCUMENT_LIMIT, "`" * DOCUMENT_LIMIT])
def test_a_page_that_was_made_to_be_slow_is_not(text: str) -> None:
    """Anybody who may edit a page could otherwise stop the router."""
    assert len(passages(text)) <= PASSAGES_KEPT
