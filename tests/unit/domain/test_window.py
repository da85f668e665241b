"""Spans of time: half open, in UTC, and as long as they say."""

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.window import Window
from tests.unit.domain.builders import START, at


def test_a_window_holds_its_beginning_and_not_its_end() -> None:
    """Two windows that meet count a moment once."""
    window = Window(since=at(0), until=at(7))
    assert window.holds(at(0))
    assert window.holds(at(7) - timedelta(microseconds=1))
    assert not window.holds(at(7))
    assert not window.holds(at(0) - timedelta(microseconds=1))


@given(st.integers(1, 60), st.lists(st.floats(0, 60), max_size=30))
def test_windows_side_by_side_count_every_moment_once(days: int, moments: list[float]) -> None:
    """Weekly figures add up to the month's."""
    whole = Window(since=START, until=at(60))
    edges = [*range(0, 60, days), 60]
    parts = [Window(since=at(a), until=at(b)) for a, b in pairwise(edges)]
    happened = [at(day) for day in moments]
    assert sum(part.holds(m) for part in parts for m in happened) == sum(whole.holds(m) for m in happened)


def test_a_moment_is_judged_by_utc_and_not_by_its_offset() -> None:
    """Half past one in Helsinki is still yesterday here."""
    monday = Window(since=at(0), until=at(1))
    assert monday.holds(datetime.fromisoformat("2026-03-02T23:30:00+02:00"))
    assert not monday.holds(datetime.fromisoformat("2026-03-02T01:30:00+02:00"))
    assert not monday.holds(datetime.fromisoformat("2026-03-02T23:30:00-05:00"))


def test_the_last_days_end_now_and_last_24_hours_each() -> None:
    """The length of a window does not depend on who asks."""
    window = Window.last(7, at(10, hours=5))
    assert (window.since, window.until, window.days) == (at(3, hours=5), at(10, hours=5), 7.0)


class Berlin(tzinfo):
    """Berlin in the spring of 2026, whatever zones the machine knows."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=2 if moment and (moment.month, moment.day) >= (3, 29) else 1)

    def tzname(self, moment: datetime | None) -> str:
        return "CEST" if self.dst(moment) else "CET"

    def dst(self, moment: datetime | None) -> timedelta:
        return self.utcoffset(moment) - timedelta(hours=1)


def test_a_day_is_24_hours_even_when_the_clocks_change() -> None:
    """Berlin's 29 March 2026 has 23 hours; a window over it is as long as any other."""
    assert Window.last(3, datetime(2026, 3, 30, 12, tzinfo=Berlin())).days == 3.0


def test_a_window_longer_than_any_history_begins_in_1970() -> None:
    """Nobody has to compute how long ago everything began."""
    assert Window.last(1_000_000, at(0)).since == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_window_names_its_days() -> None:
    """Every figure carries it."""
    assert str(Window(since=at(0), until=at(7))) == "2026-03-02 to 2026-03-09"
