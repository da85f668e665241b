"""Rules as YAML. Only the text and its lines are read here; whether they make sense is `domain.automations.reading`."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from domain.automations import Node, RuleBook, read_rules
from domain.automations.reading import BadRules

SIZE_LIMIT: Final = 256 * 1024
"""Bytes of a file. Nobody writes a megabyte of rules by hand."""
SHIPPED: Final = "shipped.yaml"


def shipped_rules() -> str:
    """The text of the rules that come with the program."""
    return files("adapters.rules").joinpath(SHIPPED).read_text(encoding="utf-8")


def rules_in(path: Path) -> RuleBook:
    """The rules in the file at `path`.

    Raises:
        BadRules: it cannot be read, or something in it will not do.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise BadRules(
            (f"The rules {str(path)!r} cannot be read: {error.strerror}. Check ENGINTEL_AUTOMATIONS.",)
        ) from error
    if len(raw) > SIZE_LIMIT:
        raise BadRules((f"The rules {str(path)!r} are larger than {SIZE_LIMIT // 1024} KB: expected fewer.",))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise BadRules((f"{path.name}, line {line}: not UTF-8; save the file as UTF-8.",)) from error
    return parse_rules(text, path.name)


def parse_rules(text: str, name: str) -> RuleBook:
    """The rules that `text` says.

    Args:
        text: of a file.
        name: what errors call it.

    Raises:
        BadRules: it is not YAML, or something in it will not do.
    """
    import yaml  # noqa: PLC0415 - only those who have rules wait for it

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise BadRules(
                (f"{name}, line 1: the file is empty; `engintel automations list --shipped` prints an example.",)
            )
        return read_rules(_node(root, yaml.SafeLoader(""), name, set()), name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise BadRules(
            (f"{name}, line {line}: not YAML: {error.problem or error.context}. Check the indentation and quotes.",)
        ) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        place = getattr(error, "position", None)
        line = text[:place].count("\n") + 1 if isinstance(place, int) else 1
        raise BadRules((f"{name}, line {line}: not YAML: it has a character that YAML does not allow.",)) from error
    except RecursionError:
        raise BadRules(
            (f"{name}, line 1: nested too deeply: expected rules as `engintel automations list` shows them.",)
        ) from None


def _node(node: Any, loader: Any, name: str, within: set[int]) -> Node:  # noqa: ANN401 - PyYAML's nodes have no useful types
    """A value with its line. An anchor used twice is the same node again, and could hold itself: it is refused."""
    line = node.start_mark.line + 1
    if id(node) in within:
        raise BadRules((f"{name}, line {line}: an anchor (&name, *name) is used: write it out instead.",))
    within.add(id(node))
    if node.id == "scalar":
        return Node(_scalar(node, loader, name), line)
    if node.id == "sequence":
        return Node([_node(item, loader, name, within) for item in node.value], line)
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key, value in node.value:
        key_line = key.start_mark.line + 1
        if key.id != "scalar" or key.tag == "tag:yaml.org,2002:merge":
            raise BadRules((f"{name}, line {key_line}: a key that is no plain word: expected name: value.",))
        if key.value in entries:
            raise BadRules((f"{name}, line {key_line}: the key {key.value!r} is there twice: keep one.",))
        entries[key.value] = _node(value, loader, name, within)
        lines[key.value] = key_line
    return Node(entries, line, lines)


def _scalar(node: Any, loader: Any, name: str) -> str | int | float | bool | None:  # noqa: ANN401 - as above
    """A plain value. Dates and the like, of which YAML also knows, are the texts that they were written as."""
    kind = node.tag.rpartition(":")[2]
    if kind in {"int", "float", "bool", "null"}:
        try:
            return loader.construct_object(node)  # type: ignore[no-any-return]
        except (ValueError, OverflowError):
            return str(node.value)
    if kind not in {"str", "timestamp", "value"}:
        raise BadRules((f"{name}, line {node.start_mark.line + 1}: a tag ({node.tag}): expected a plain value.",))
    return str(node.value)
