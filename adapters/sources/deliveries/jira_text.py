"""Text as Jira keeps it: plain (API version 2 and webhooks) or as a document (API version 3).

Shape: https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from collections.abc import Iterator
from typing import Final

from adapters.sources.deliveries.fields import Fields
from domain.text import BODY_LIMIT, clean

_ENDS_A_LINE: Final = (
    "paragraph", "heading", "codeBlock", "listItem", "taskItem", "decisionItem", "tableRow", "rule", "hardBreak",
)  # fmt: skip
"""A tuple, which can be asked about anything, not only about what is hashable."""
_ENOUGH: Final = 2 * BODY_LIMIT
_SAYS: Final = ("text", "url", "shortName")
"""Where a mention, a card or an emoji keeps what a reader sees, within its `attrs`."""


def text_of(fields: Fields, key: str) -> str:
    """The text in a field, in whichever form; empty if there is none."""
    value = fields.raw(key)
    if not isinstance(value, dict):
        return fields.body(key)
    pieces: list[str] = []
    size = 0
    for piece in _pieces(value):
        pieces.append(piece)
        size += len(piece)
        if size > _ENOUGH:
            break
    return clean("".join(pieces))


def _pieces(document: object) -> Iterator[str]:
    """What a reader sees, in order. What is not of the expected shape shows nothing: it is no reason to refuse."""
    waiting: list[object] = [document]  # a stack of its own: documents may be nested as deeply as anybody likes
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            yield from _said(node)
            if node.get("type") in _ENDS_A_LINE:
                waiting.append("\n")
            content = node.get("content")
            if isinstance(content, list):
                waiting.extend(child for child in reversed(content) if isinstance(child, dict))


def _said(node: dict[str, object]) -> Iterator[str]:
    text, attrs = node.get("text"), node.get("attrs")
    if isinstance(text, str):
        yield text
    elif isinstance(attrs, dict):
        yield next((said for key in _SAYS if isinstance(said := attrs.get(key), str)), "")
