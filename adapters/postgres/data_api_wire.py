"""Statements and values as the RDS Data API carries them: JSON over HTTP, between our SQL for asyncpg and PostgreSQL.

The API takes named parameters of four types and no arrays, and guesses what a text is meant to be. Therefore every
parameter is written with its type into the statement, unless the statement says it itself: `$1` becomes `:p1::text`. An
array travels as PostgreSQL's own text form, a time as ISO 8601, and the server reads both.

https://docs.aws.amazon.com/rdsdataservice/latest/APIReference/API_SqlParameter.html
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/data-api.limitations.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID


@dataclass(frozen=True)
class Limits:
    """What the API will not carry; the page beside it says so.

    Shape:
        response: bytes of an answer.
        row: bytes of a row of it.
        request: bytes of a request, headers and all.
        seconds: how long a statement may take.
        idle_seconds: how long a transaction may wait for its next statement.
    """

    response: int = 1024 * 1024  # data-api.limitations.html
    row: int = 64 * 1024  # data-api.limitations.html
    request: int = 4 * 1024 * 1024  # API_BatchExecuteStatement.html
    seconds: int = 45  # data-api.html: "a call times out if it's not finished processing within 45 seconds"
    idle_seconds: int = 180  # API_BeginTransaction.html


LIMITS: Final = Limits()

_PIECE: Final = re.compile(
    r"(?P<text>'(?:[^']|'')*')|(?P<comment>--[^\n]*)|\$(?P<number>\d+)(?P<cast>\s*::)?", re.DOTALL
)
_TYPES: Final[Sequence[tuple[type, str]]] = (
    (bool, "boolean"),  # before int, of which it is one
    (int, "bigint"),
    (float, "float8"),
    (str, "text"),
    (bytes, "bytea"),
    (datetime, "timestamptz"),  # before date, as above
    (date, "date"),
    (timedelta, "interval"),
    (Decimal, "numeric"),
    (UUID, "uuid"),
)


def translate(query: str, args: Sequence[Any]) -> tuple[str, list[dict[str, Any]]]:
    """A statement with `$1`, `$2`, … as the API takes it.

    Args:
        query: the statement, as asyncpg takes it.
        args: the values.

    Returns:
        the statement with named and typed parameters and without comments, and those of the parameters that it uses.
    """
    used: dict[int, dict[str, Any]] = {}

    def piece(match: re.Match[str]) -> str:
        if match["text"]:
            return match["text"]
        if match["comment"]:
            return ""
        number = int(match["number"])
        value = args[number - 1]
        used[number] = {"name": f"p{number}", "value": field_of(value)}
        typed = match["cast"] or value is None
        return f":p{number}{match['cast'] or ''}" if typed else f":p{number}::{type_of(value)}"

    sql = _PIECE.sub(piece, query).strip().removesuffix(";")
    return sql, [used[number] for number in sorted(used)]


def type_of(value: Any) -> str:  # noqa: ANN401 - a value of any type
    """What PostgreSQL calls the type of a value."""
    if isinstance(value, list | tuple):
        return f"{type_of(next((item for item in value if item is not None), ''))}[]"
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return name
    raise TypeError(f"expected a value that PostgreSQL has a type for, not {type(value).__name__}")


def field_of(value: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """A value as one of the API's fields."""
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"blobValue": value}
    return {"stringValue": _text_of(value)}


def _text_of(value: Any) -> str:  # noqa: ANN401 - as above
    """A value as PostgreSQL reads it."""
    if isinstance(value, list | tuple):
        return "{" + ",".join(map(_item_of, value)) + "}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
    return str(value)


def _item_of(value: Any) -> str:  # noqa: ANN401 - as above
    """An element of an array's text: always in quotes, so that no word of it is read as NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        return _text_of(value)
    text = str(value).lower() if isinstance(value, bool) else _text_of(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def rows_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of an answer, each value as asyncpg gives it.

    Args:
        answer: of ExecuteStatement, with its metadata.
    """
    columns = [(column["name"], column.get("typeName", "")) for column in answer.get("columnMetadata", ())]
    return [
        {name: value_of(field, kind) for (name, kind), field in zip(columns, record, strict=True)}
        for record in answer.get("records", ())
    ]


def value_of(field: Mapping[str, Any], kind: str) -> Any:  # noqa: ANN401 - a value of any type
    """The value in a field.

    Args:
        field: one of the API's.
        kind: what PostgreSQL calls its type; that of an array begins with `_`.
    """
    if field.get("isNull"):
        return None
    [(form, value)] = [(form, value) for form, value in field.items() if form != "isNull"]
    if form == "arrayValue":
        return _array_of(value, kind.removeprefix("_"))
    if form == "stringValue":
        if kind.startswith("_"):
            return [None if item is None else _read(item, kind[1:]) for item in array_items(value)]
        return _read(value, kind)
    return value


def _array_of(array: Mapping[str, Any], kind: str) -> list[Any]:
    """An array is told as one list, named for the form of its elements."""
    [(form, items)] = array.items()
    if form == "arrayValues":
        return [_array_of(item, kind) for item in items]
    return [_read(item, kind) if form == "stringValues" and item is not None else item for item in items]


def _time(text: str) -> datetime:
    """The API tells times in UTC and leaves the zone out."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "timestamptz": _time,
    "timestamp": datetime.fromisoformat,
    "date": date.fromisoformat,
    "numeric": Decimal,
    "uuid": UUID,
    "bool": lambda text: text in {"t", "true"},
    "int2": int,
    "int4": int,
    "int8": int,
    "float4": float,
    "float8": float,
}


def _read(text: str, kind: str) -> Any:  # noqa: ANN401 - a value of any type
    return _READERS.get(kind, str)(text)


_ITEM: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')


def array_items(text: str) -> list[str | None]:
    """The elements of an array in PostgreSQL's text form, such as `{a,"b c",NULL}`, of one dimension."""
    found: list[str | None] = []
    for quoted, plain in _ITEM.findall(text):
        if plain:
            found.append(None if plain == "NULL" else plain)
        else:
            found.append(re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL))
    return found
