"""Notion's text: properties as a reader sees them, and blocks as Markdown.

Shapes: https://developers.notion.com/reference/rich-text, .../reference/page-property-values and .../reference/block
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapters.sources.deliveries.fields import Fields
from domain.text import DOCUMENT_LIMIT, clean, line

_MARKS: Final = {
    "heading_1": "# ",
    "heading_2": "## ",
    "heading_3": "### ",
    "bulleted_list_item": "- ",
    "toggle": "- ",
    "quote": "> ",
    "callout": "> ",
}
"""What stands before the text of a block."""
_ITEMS: Final = frozenset({"bulleted_list_item", "numbered_list_item", "to_do", "toggle"})
"""Blocks whose neighbours of the same kind follow without an empty line, and whose children are indented."""
_TIGHT: Final = _ITEMS | {"table_row"}
_INDENT: Final = "  "
_DEEPEST: Final = 8
"""The depth that counts at most; what is nested deeper is read as if it were not."""


def shown(prop: Fields) -> str | None:
    """A property's value as one line; None if it is empty, or of a kind that says nothing in words."""
    kind = prop.maybe_text("type") or ""
    text: str | None = None
    if kind in prop:
        match kind:
            case "title" | "rich_text":
                text = line("".join(_plain(prop.raw(kind))))
            case "select" | "status":
                text = prop.child(kind).maybe_text("name")
            case "multi_select" | "people":
                text = ", ".join(name for each in prop.children(kind) if (name := each.maybe_text("name")))
            case "date":
                text = prop.child(kind).maybe_text("start")
            case "formula":
                text = prop.child(kind).maybe_text("string")
            case "email" | "phone_number" | "url":
                text = prop.maybe_text(kind)
            case _:
                pass
    return text or None


def _plain(rich_text: Any) -> Iterator[str]:  # noqa: ANN401 - whatever stands where rich text should
    """The pieces of a rich text without what adorns them."""
    for piece in rich_text if isinstance(rich_text, list) else ():
        if isinstance(piece, dict):
            said = piece.get("plain_text")
            if not isinstance(said, str):
                text = piece.get("text")
                said = text.get("content") if isinstance(text, dict) else None
            if isinstance(said, str):
                yield said


def markdown(blocks: Sequence[object]) -> str:
    """Blocks as Markdown. What is not of the expected shape shows nothing: it is no reason to refuse the page."""
    waiting: list[tuple[object, int]] = [(block, 0) for block in reversed(blocks)]
    pieces: list[str] = []
    numbers: dict[int, int] = {}
    size, previous = 0, ""
    while waiting and size <= DOCUMENT_LIMIT:
        block, depth = waiting.pop()
        if not isinstance(block, dict) or not isinstance(kind := block.get("type"), str):
            continue
        content = block.get(kind)
        content = content if isinstance(content, dict) else {}
        # A numbered list goes on through what is nested in it, and ends at anything else beside it.
        numbered = kind == "numbered_list_item"
        numbers = {at: n for at, n in numbers.items() if at < depth + numbered}
        numbers[depth] = numbers.get(depth, 0) + numbered
        text = _block(kind, content, numbers[depth])
        if text:
            indent = _INDENT * depth
            between = "" if not pieces else "\n" if kind in _TIGHT and previous in _TIGHT else "\n\n"
            pieces.append(between + "\n".join(indent + row for row in text.split("\n")))
            size, previous = size + len(pieces[-1]), kind
        children = content.get("children") or block.get("children")
        if isinstance(children, list):
            deeper = min(depth + (kind in _ITEMS), _DEEPEST)
            waiting.extend((child, deeper) for child in reversed(children))
    return clean("".join(pieces), DOCUMENT_LIMIT)


def _block(kind: str, content: dict[str, Any], number: int) -> str:
    """One block without its children."""
    if kind == "table_row":
        cells = content.get("cells")
        return " | ".join(line("".join(_plain(cell))) for cell in cells) if isinstance(cells, list) else ""
    text = clean("".join(_plain(content.get("rich_text"))), DOCUMENT_LIMIT)
    if not text:
        return "---" if kind == "divider" else _address(content)
    if kind == "code":
        language = content.get("language")
        return f"```{line(language, 40) if isinstance(language, str) else ''}\n{text}\n```"
    if kind.startswith("heading_"):
        text = " ".join(text.split())
    if kind == "numbered_list_item":
        return f"{number}. {text}"
    if kind == "to_do":
        return f"- [{'x' if content.get('checked') is True else ' '}] {text}"
    return _MARKS.get(kind, "") + text


def _address(content: dict[str, Any]) -> str:
    """Where a bookmark, an embed or a preview leads."""
    url = content.get("url")
    return line(url) if isinstance(url, str) else ""
