"""Spans of time, half open: `since` is in, `until` is not."""

from datetime import datetime, timedelta

from domain.frozen import Frozen, Utc, as_utc


class Window(Frozen):
    """From `since` up to, and without, `until`."""

    since: Utc
    until: Utc

    @classmethod
    def last(cls, days: int, now: datetime) -> "Window":
        """The `days` times 24 hours that end now.

        A window that would begin before the year 1970 begins there: no source is older.
        """
        earliest = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        until = as_utc(now)  # elsewhere a day may have 23 hours
        span = min(timedelta(days=days), until - earliest)
        return cls(since=until - span, until=until)

    @property
    def days(self) -> float:
        """Its length in days of 24 hours."""
        return (self.until - self.since).total_seconds() / 86_400

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies in it."""
        return self.since <= moment < self.until

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"
