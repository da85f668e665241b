"""Values: immutable, compared by content, in UTC whatever was given."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.frozen import Frozen, Utc, as_utc


class Noted(Frozen):
    note: str
    noted_at: Utc


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001 - hypothesis adds the zone
def test_a_moment_is_the_same_one_in_utc(moment: datetime) -> None:
    """The offset is taken off, never dropped."""
    assert as_utc(moment) == moment
    assert as_utc(moment).tzinfo is UTC


def test_a_late_evening_east_of_greenwich_is_the_same_day_and_an_early_morning_the_day_before() -> None:
    """Local midnight taken as UTC puts work on the wrong day."""
    assert as_utc(datetime.fromisoformat("2026-03-02T23:30:00+02:00")).date().isoformat() == "2026-03-02"
    assert as_utc(datetime.fromisoformat("2026-03-02T01:30:00+02:00")).date().isoformat() == "2026-03-01"
    assert as_utc(datetime.fromisoformat("2026-03-02T23:30:00-05:00")).date().isoformat() == "2026-03-03"


def test_a_moment_without_a_zone_is_refused_and_the_error_says_what_was_expected() -> None:
    """A guess would be wrong for most of the world."""
    with pytest.raises(ValueError, match=r"'2026-03-02T12:00:00' has no time zone: expected an offset"):
        as_utc(datetime(2026, 3, 2, 12))  # noqa: DTZ001 - what is tested
    with pytest.raises(ValidationError):
        Noted.model_validate({"note": "lunch", "noted_at": "2026-03-02T12:00:00"})


def test_a_moment_at_the_end_of_time_is_refused_like_any_other_bad_value() -> None:
    """A payload may say year 9999 in a zone where UTC is in the year 10000; that is its mistake, not a crash."""
    with pytest.raises(ValidationError):
        Noted.model_validate({"note": "never", "noted_at": "9999-12-31T23:59:59-12:00"})


def test_a_value_cannot_be_changed() -> None:
    """What two readers share, neither can spoil."""
    noted = Noted(note="lunch", noted_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    with pytest.raises(ValidationError):
        noted.note = "dinner"  # type: ignore[misc] # what is tested


def test_values_with_equal_content_are_equal_wherever_their_clocks_stood() -> None:
    """Two sources tell one moment in two zones."""
    east = Noted.model_validate({"note": "lunch", "noted_at": "2026-03-02T14:00:00+02:00"})
    west = Noted.model_validate({"note": "lunch", "noted_at": "2026-03-02T07:00:00-05:00"})
    assert east == west
    assert hash(east) == hash(west)


def test_a_field_that_only_a_newer_version_knows_is_ignored() -> None:
    """An older version reads a newer one's log."""
    assert Noted.model_validate({"note": "a", "noted_at": "2026-03-02T12:00:00Z", "mood": "fine"}).note == "a"
