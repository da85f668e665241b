"""Answers as text for a model: everything that matters once, nothing that is empty, no brackets to pay for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from domain.answers import Answer

_LAST: Final = ("notes", "coverage", "as_of")
_OWN: Final = frozenset({"id", "name", "text"})
_ENOUGH_TO_SHARE: Final = 3
_BETWEEN: Final = " | "
_INLINE: Final = 400
"""A row whose fields fit into this many characters is written on one line."""


def structured(answer: Answer) -> dict[str, Any]:
    """`answer` as JSON values; what is absent is left out rather than said to be null."""
    return answer.model_dump(mode="json", exclude_none=True)


def text(content: Mapping[str, Any]) -> str:
    """Structured content as text: a page of a list first says that it is one, what it rests on comes last."""
    first = ["more rows follow: pass next_cursor"] if content.get("truncated") else []
    fields = {name: value for name, value in content.items() if name != "truncated" and not _empty(value)}
    body = {name: value for name, value in fields.items() if name not in _LAST}
    lines = [*first, *_fields(body, "")]
    for note in fields.get("notes", ()):
        lines += _scalar("note: ", note, "")
    lines += [_coverage(fields.get("coverage", {}), fields["as_of"])] if "as_of" in fields else []
    return "\n".join(lines)


def _coverage(coverage: Mapping[str, Mapping[str, Any]], as_of: str) -> str:
    bad = [f"{name} {state['state']}" for name, state in coverage.items() if state["state"] != "ok"]
    return f"as of {as_of}" + (f"; {', '.join(bad)}" if bad else "")


def _fields(fields: Mapping[str, Any], indent: str) -> Iterator[str]:
    for name, value in fields.items():
        if _empty(value):
            continue
        if isinstance(value, Mapping):
            inline = _inline(value)
            if inline is not None:
                yield f"{indent}{name}: {inline}"
            else:
                yield f"{indent}{name}:"
                yield from _fields(value, indent + "  ")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _rows(name, value, indent)
        else:
            yield from _scalar(f"{indent}{name}: ", value, indent)


def _rows(name: str, rows: Sequence[Any], indent: str) -> Iterator[str]:
    if not any(isinstance(row, Mapping) for row in rows):
        values = [_plain(row) for row in rows]
        if any(_breaks(value) for value in values):
            yield f"{indent}{name} ({len(rows)}):"
            for value in values:
                yield from _scalar(f"{indent}- ", value, indent)
        else:
            yield f"{indent}{name}: {', '.join(values)}"
        return
    shared = _shared(rows)
    said = _inline(shared)
    if said is None:  # too much to be said on the line of the name
        shared = {}
    told = f", each: {said}" if said else ""
    yield f"{indent}{name} ({len(rows)}{told}):"
    for whole in rows:
        row = {field: value for field, value in whole.items() if field not in shared}
        inline = _inline(row)
        if inline is not None:
            yield f"{indent}- {inline}"
            continue
        nested = list(_fields(row, indent + "  "))
        yield f"{indent}- {nested[0].lstrip()}"
        yield from nested[1:]


def _shared(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is the same in every row, and is said once: a window, a kind. Ids and names always stay where they are."""
    if len(rows) < _ENOUGH_TO_SHARE:
        return {}
    first = rows[0]
    return {
        field: value
        for field, value in first.items()
        if isinstance(value, str) and field not in _OWN and value and all(row.get(field) == value for row in rows)
    }


def _inline(value: Mapping[str, Any]) -> str | None:
    """A flat mapping on one line, if it is flat and short."""
    if any(isinstance(v, Mapping | list | tuple) and not _empty(v) for v in value.values()):
        return None
    values = {name: _plain(v) for name, v in value.items() if not _empty(v)}
    if any(_breaks(v) or _BETWEEN in v for v in values.values()):
        return None
    line = _BETWEEN.join(f"{name} {v}" for name, v in values.items())
    return line if len(line) <= _INLINE else None


def _breaks(value: str) -> bool:
    """Whether a reader may see more than one line: text from outside must not look like lines of ours."""
    return len(f"{value}.".splitlines()) > 1


def _scalar(prefix: str, value: Any, indent: str) -> Iterator[str]:  # noqa: ANN401 - any JSON scalar
    first, *rest = f"{_plain(value)}\n".splitlines()
    yield prefix + first
    yield from (f"{indent}    {line}" for line in rest)


def _plain(value: Any) -> str:  # noqa: ANN401 - any JSON scalar
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _empty(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return value is None or value in ("", [], {}, ()) or value is False
