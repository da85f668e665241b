"""The base of every value in the program: immutable, compared by content, explicit about time zones."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def as_utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: `moment` carries no time zone. Guessing one is how local midnight becomes the wrong day.
            Or it lies outside the years that can be told in UTC.
    """
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()!r} has no time zone: expected an offset such as +00:00")
    if not moment.utcoffset():
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{moment.isoformat()!r} is not a moment of the years 1 to 9999 in UTC") from None


Utc = Annotated[datetime, AfterValidator(as_utc)]
"""A moment, always in UTC; a naive datetime is refused."""


class Frozen(BaseModel):
    """An immutable value.

    Unknown fields are ignored, so that a log written by a newer version can be read by an older one. Building
    the validator waits until the first use, because a server that only lists its tools never needs most of them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
