"""How a document is cut into passages that can be found and quoted."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from domain.frozen import Frozen

PASSAGE_TARGET: Final = 1_000
"""Characters after which a passage ends at the next paragraph."""
PASSAGE_LIMIT: Final = 1_600
"""Characters that no passage exceeds."""
PASSAGES_KEPT: Final = 400
"""Passages of one document that are kept; a longer document is a data dump, and says so in its last passage."""

_REST_LEFT_OUT: Final = f"The rest of this document was left out: it has more than {PASSAGES_KEPT} passages."

_HEADING: Final = re.compile(r"(#{1,6})\s+(.*)")
_FENCE: Final = re.compile(r"\s*(`{3,}(?=[^`]*$)|~{3,})(.*)")
"""What may open a fence, and what follows on its line; backticks further on are code within a line."""


class Passage(Frozen):
    """A stretch of a document. `heading` is the path of headings above it, joined by ` > `."""

    index: int
    heading: str
    text: str


def passages(text: str) -> list[Passage]:
    """`text` (Markdown or plain) as passages in order; headings start new ones, code fences stay whole if they fit."""
    found: list[Passage] = []
    for heading, body in _sections(text):
        for piece in _pieces(body):
            if len(found) == PASSAGES_KEPT:
                return [*found[:-1], Passage(index=PASSAGES_KEPT - 1, heading="", text=_REST_LEFT_OUT)]
            found.append(Passage(index=len(found), heading=heading, text=piece))
    return found


def _sections(text: str) -> Iterator[tuple[str, str]]:
    """Each run of lines under one heading, with the path of headings that leads to it."""
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    for line, fence in _fenced(text.splitlines()):
        heading = None if fence else _HEADING.match(line)
        if heading:
            yield " > ".join(title for _, title in path if title), "\n".join(lines)
            depth = len(heading[1])
            path = [(level, title) for level, title in path if level < depth] + [(depth, _title(heading[2]))]
            lines = []
        else:
            lines.append(line)
    yield " > ".join(title for _, title in path if title), "\n".join(lines)


def _title(text: str) -> str:
    """A heading without the signs that may close it: those that stand apart, so that C# stays C#."""
    text = text.strip()
    opened = text.rstrip("#")
    return opened.strip() if opened[-1:].isspace() or not opened else text


def _fenced(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Each line with the number of the code fence that it belongs to, opening and closing included; 0 outside of any.

    As https://spec.commonmark.org/0.31.2/#fenced-code-blocks has it: what closes a fence is of the same sign and at
    least as long as what opened it.
    """
    opened_by, number = "", 0
    for line in lines:
        mark = _FENCE.match(line)
        if opened_by:
            yield line, number
            if mark and mark[1].startswith(opened_by) and not mark[2].strip():
                opened_by = ""
        elif mark:
            opened_by, number = mark[1], number + 1
            yield line, number
        else:
            yield line, 0


def _pieces(body: str) -> Iterator[str]:
    """`body` in pieces of about `PASSAGE_TARGET` characters, cut between paragraphs where it can be."""
    piece = ""
    for paragraph in _paragraphs(body):
        if piece and len(piece) + len(paragraph) > PASSAGE_TARGET:
            yield piece
            piece = ""
        piece = f"{piece}\n\n{paragraph}" if piece else paragraph
        while len(piece) > PASSAGE_LIMIT:
            cut = max(piece.rfind("\n", 0, PASSAGE_LIMIT), piece.rfind(" ", 0, PASSAGE_LIMIT))
            cut = cut if cut > PASSAGE_TARGET // 2 else PASSAGE_LIMIT
            if whole := piece[:cut].strip():
                yield whole
            piece = piece[cut:].strip()
    if piece.strip():
        yield piece


def _paragraphs(body: str) -> Iterator[str]:
    """`body` without its blank lines: each run of lines between them, and each code fence on its own."""
    lines: list[str] = []
    before = 0
    for line, fence in _fenced(body.splitlines()):
        if lines and (fence != before or not (fence or line.strip())):
            yield "\n".join(lines)
            lines = []
        if fence or line.strip():
            lines.append(line)
        before = fence
    if lines:
        yield "\n".join(lines)
