"""What a file of rules says, before anybody asked whether it makes sense: values, each with its line."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

Scalar = str | int | float | bool | None

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file and the line on which it begins; `keys` has the lines of a mapping's keys."""

    value: "Scalar | list[Node] | dict[str, Node]"
    line: int
    keys: Mapping[str, int] = field(default_factory=dict)


class Problem(ValueError):
    """Something that will not do, and where. The text says what was expected."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def mapping(node: Node, what: str, known: Collection[str] | None, required: Collection[str] = ()) -> dict[str, Node]:
    """The entries of a mapping.

    Args:
        node: what should be one.
        what: how an error calls it.
        known: the keys that it may have; None for any.
        required: those that it must have.

    Raises:
        Problem: it is none, a key is unknown, or one is missing.
    """
    if not isinstance(node.value, dict):
        raise Problem(node.line, f"{what}: expected {_form(known)}, not {shown(node)}")
    for key in node.value:
        if known is not None and key not in known:
            raise Problem(node.keys[key], f"{what} has an unknown key {key!r}: {expected(key, known)}")
    for key in required:
        if key not in node.value:
            raise Problem(node.line, f"{what} has no {key!r}: add it")
    return node.value


def _form(known: Collection[str] | None) -> str:
    return f"a mapping with {', '.join(known)}" if known else "a mapping"


def expected(given: str, known: Collection[str]) -> str:
    """What could have been meant by `given`."""
    close = difflib.get_close_matches(given, known, n=1)
    few = sorted(known) if not isinstance(known, tuple) else known
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(few)}"


def sequence(node: Node, what: str) -> list[Node]:
    """The items of a list, at least one.

    Raises:
        Problem: it is none, or empty.
    """
    if not isinstance(node.value, list) or not node.value:
        raise Problem(node.line, f"{what}: expected a list with at least one item, not {shown(node)}")
    return node.value


def text(node: Node, what: str) -> str:
    """A text that says something. A number is taken as it is written.

    Raises:
        Problem: it is something else; YAML reads some words, such as yes and off, as no text at all.
    """
    if isinstance(node.value, bool) or not isinstance(node.value, str | int | float) or not str(node.value).strip():
        raise Problem(
            node.line, f"{what}: expected a text, not {shown(node)}; put a word in quotes if it is meant as one"
        )
    return str(node.value).strip()


def texts(node: Node, what: str) -> tuple[str, ...]:
    """One text, or a list of them."""
    if isinstance(node.value, list):
        return tuple(text(item, what) for item in sequence(node, what))
    return (text(node, what),)


def shown(node: Node) -> str:
    """A value as an error tells it."""
    if isinstance(node.value, dict):
        return "a mapping"
    if isinstance(node.value, list):
        return "a list" if node.value else "an empty list"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return "yes" if node.value else "no"
    return repr(node.value)[:_SHOWN]
