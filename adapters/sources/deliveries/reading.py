"""Files of recorded deliveries: one `{"source", "headers", "body"}` a line.

A file may be of any size: it is read line by line, and a bad line costs itself alone.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from adapters.sources.deliveries.mapping import SOURCES
from domain.errors import SourceUnusable

LINE_LIMIT: Final = 25 * 1024 * 1024
"""Bytes of a line; GitHub delivers no more than this."""
_CHUNK: Final = 1024 * 1024
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a webhook, or one answer to a poll, as `events_of` takes it."""

    source: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file, counted from 1: a delivery, or what is wrong with it."""

    number: int
    delivery: Delivery | None = None
    problem: str | None = None


def read_deliveries(path: Path) -> Iterator[Line]:
    """The lines of the file at `path`, without empty ones. Never more than one is in memory.

    Raises:
        SourceUnusable: the file cannot be read; raised when the first line, or the one at which it broke, is asked for.
    """
    try:
        with path.open("rb") as file:
            for number, line in _lines(file):
                if line is None:
                    yield Line(number, problem=f"larger than {LINE_LIMIT // 1024 // 1024} MB")
                elif line.strip():
                    yield _read(number, line)
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise SourceUnusable(
            f"The file {str(path)!r} cannot be read: {why}. Expected a file of recorded deliveries, one "
            '{"source", "headers", "body"} a line; check the path.'
        ) from problem


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytearray | None]]:
    """Every line with its number; None in place of one that is too large, of which nothing is kept."""
    number = 0
    line: bytearray | None = bytearray()
    while chunk := file.readline(_CHUNK):
        if line is not None:
            line += chunk
            if len(line) > LINE_LIMIT:
                line = None
        if chunk.endswith(b"\n"):
            number += 1
            yield number, line
            line = bytearray()
    if line is None or line:
        yield number + 1, line


def _read(number: int, line: bytearray) -> Line:
    """One line as a delivery, or what is wrong with it. Nothing of the line itself is in a problem's text."""
    try:
        text = line.removeprefix(_BYTE_ORDER_MARK).decode() if number == 1 else line.decode()
        line.clear()  # the text is there now
        return _understood(number, _DECODER.decode(text.rstrip()))
    except UnicodeDecodeError as problem:
        return Line(number, problem=f"not UTF-8: {problem.reason} at byte {problem.start}")
    except json.JSONDecodeError as problem:
        return Line(number, problem=f"not JSON: {problem.msg} at column {problem.colno}")
    except ValueError as problem:  # a number that Python refuses to read
        return Line(number, problem=f"not JSON that can be read: {problem}")
    except RecursionError:
        return Line(number, problem="nested too deeply")


def _understood(number: int, value: object) -> Line:
    problem = None
    if not isinstance(value, dict):
        return Line(number, problem="not an object: expected {source, headers, body}")
    source, headers = value.get("source"), value.get("headers")
    if not isinstance(source, str) or source not in SOURCES:
        problem = f"source: expected one of {', '.join(SOURCES)}"
    elif not isinstance(headers, dict | None) or not all(isinstance(text, str) for text in (headers or {}).values()):
        problem = "headers: expected an object of texts"
    elif "body" not in value:
        problem = "body: expected one"
    if problem:
        return Line(number, problem=problem)
    return Line(number, Delivery(source=str(source), headers=headers or {}, body=value["body"]))


def _no_constant(name: str) -> Any:  # noqa: ANN401 - it never returns
    raise ValueError(f"{name} is not a value of JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)
