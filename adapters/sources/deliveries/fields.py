"""Reading a payload field by field: every question says what it expects, and a wrong answer says where it was found."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from domain.errors import InvalidInput
from domain.frozen import as_utc
from domain.text import BODY_LIMIT, TITLE_LIMIT, clean, line

URL_LIMIT: Final = 2_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST: Final = 2**63
"""Numbers from here on fit no store, and no source counts that far."""
_URL: Final = re.compile(r"https?://\S+\Z", re.IGNORECASE)
_KINDS: Final = (
    (bool, "a boolean"),
    (int | float, "a number"),
    (str, "a text"),
    (list, "a list"),
    (dict, "an object"),
)


class Fields:
    """One JSON object of a payload.

    A field that is absent and one that is null are the same. Every question raises InvalidInput if the field is of
    another type than the one asked for. Texts leave here cleaned.
    """

    __slots__ = ("_of", "_path", "_values")

    def __init__(self, values: object, of: str, path: str = "") -> None:
        """Take `values` for an object.

        Args:
            values: what should be one.
            of: what it is a part of, for errors: `a GitHub push`.
            path: where it stands in there: `head_commit.author`; empty for the whole.

        Raises:
            InvalidInput: it is none.
        """
        if not isinstance(values, dict):
            where = f"at {path!r} of {of}" if path else f"as {of}"
            raise InvalidInput(f"Expected an object {where}, got {_kind(values)}.")
        self._values: dict[Any, Any] = values
        self._of = of
        self._path = f"{path}." if path else ""

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> Any:  # noqa: ANN401 - whatever the payload holds, for who looks at its type
        """The value as it is."""
        return self._values.get(key)

    @property
    def whole(self) -> Mapping[Any, Any]:
        """The object as it is."""
        return self._values

    def unexpected(self, key: str, expected: str, got: str = "") -> InvalidInput:
        """The error that says what was expected at `key`, and what is there."""
        got = got or _kind(self._values.get(key))
        return InvalidInput(f"Expected {expected} at {self._path + key!r} of {self._of}, got {got}.")

    def text(self, key: str, limit: int = TITLE_LIMIT) -> str:
        """One line, which must be there and may be empty."""
        value = self._values.get(key)
        if not isinstance(value, str):
            raise self.unexpected(key, "a text")
        return line(value, limit)

    def name(self, key: str) -> str:
        """One line, which must be there and not be empty."""
        text = self.text(key)
        if not text:
            raise self.unexpected(key, "a text", "a blank one")
        return text

    def maybe_text(self, key: str, limit: int = TITLE_LIMIT) -> str | None:
        """One line, or None if there is nothing on it."""
        return (self.text(key, limit) or None) if key in self else None

    def body(self, key: str, limit: int = BODY_LIMIT) -> str:
        """A text of several lines; empty if there is none."""
        value = self._values.get(key)
        if not isinstance(value, str | None):
            raise self.unexpected(key, "a text")
        return clean(value or "", limit)

    def texts(self, key: str, limit: int = TITLE_LIMIT) -> tuple[str, ...]:
        """A list of single lines, without the empty ones; empty if there is none."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self.unexpected(key, "a list of texts", "a list with something else in it")
        return tuple(text for value in values if (text := line(value, limit)))

    def identifier(self, key: str) -> str:
        """What the source calls something: a text that is not blank, or a whole number."""
        return self.name(key) if isinstance(self._values.get(key), str) else str(self.integer(key))

    def integer(self, key: str) -> int:
        """A whole number."""
        value = self._values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not -_LARGEST <= value < _LARGEST:
            raise self.unexpected(key, "a whole number of 64 bits")
        return value

    def maybe_integer(self, key: str) -> int | None:
        """A whole number, if there is one."""
        return self.integer(key) if key in self else None

    def flag(self, key: str) -> bool:
        """Yes or no; no if nothing is said."""
        value = self._values.get(key)
        if not isinstance(value, bool | None):
            raise self.unexpected(key, "a boolean")
        return bool(value)

    def moment(self, key: str) -> datetime:
        """A time in ISO 8601 with its offset, in UTC."""
        value, expected = self._values.get(key), "a time with an offset such as +00:00"
        if not isinstance(value, str):
            raise self.unexpected(key, expected)
        try:
            return as_utc(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            raise self.unexpected(key, expected, "another text") from None

    def maybe_moment(self, key: str) -> datetime | None:
        """A time, if there is one."""
        return self.moment(key) if key in self else None

    def instant(self, key: str, *, unit: timedelta = timedelta(seconds=1)) -> datetime:
        """A time as a number of units since 1970."""
        value, expected = self._values.get(key), "a time as a number since 1970"
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self.unexpected(key, expected)
        try:
            return instant(value, unit=unit)
        except ValueError:
            raise self.unexpected(key, expected, "a number far from any") from None

    def url(self, key: str) -> str | None:
        """An address of the web; None for anything that is none."""
        value = self._values.get(key)
        text = line(value, URL_LIMIT) if isinstance(value, str) else ""
        return text if _URL.match(text) else None

    def child(self, key: str) -> "Fields":
        """An object, which must be there."""
        return Fields(self._values.get(key), self._of, self._path + key)

    def maybe_child(self, key: str) -> "Fields | None":
        """An object, if there is one."""
        return self.child(key) if key in self else None

    def children(self, key: str) -> "list[Fields]":
        """A list of objects; empty if there is none."""
        return [Fields(value, self._of, f"{self._path}{key}[{i}]") for i, value in enumerate(self._list(key))]

    def _list(self, key: str) -> list[Any]:
        value = self._values.get(key)
        if not isinstance(value, list | None):
            raise self.unexpected(key, "a list")
        return value or []


def instant(number: float, *, unit: timedelta = timedelta(seconds=1)) -> datetime:
    """The time that a number of units since 1970 stands for, to the millisecond.

    Raises:
        ValueError: it is in no calendar.
    """
    try:
        return _EPOCH + timedelta(milliseconds=round(number * (unit / timedelta(milliseconds=1))))
    except OverflowError as problem:
        raise ValueError("no calendar reaches that far") from problem


def stamp(moment: datetime) -> str:
    """A time as ids write it: `2025-03-01T09:30:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _kind(value: object) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "nothing")
