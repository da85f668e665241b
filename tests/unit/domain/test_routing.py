"""The routing table and the lanes of the log: what goes where, the same in every process."""

import pytest

from domain.events import EVENT_TYPES
from domain.ports import LANES, Appended, lane_of
from domain.routing import ROUTES, Store, stores_for


def test_every_event_type_has_a_row_and_every_row_an_event_type() -> None:
    """A type without a row reaches no picture; a row without a type is a leftover."""
    assert set(ROUTES) == set(EVENT_TYPES)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_everything_that_happens_can_be_counted(event_type: str) -> None:
    """`events` answers how many and when, of whatever it is."""
    assert Store.EVENTS in stores_for(event_type)


@pytest.mark.parametrize(
    ("told", "untold"),
    [("doc_changed", "doc_removed"), ("manifest_changed", "manifest_removed"), ("team_joined", "team_left")],
)
def test_what_takes_something_back_goes_where_it_was_told(told: str, untold: str) -> None:
    """Otherwise one store goes on believing in it."""
    assert stores_for(told) == stores_for(untold)


def test_a_type_of_a_newer_version_is_kept_and_changes_no_picture() -> None:
    """An older process must not stop at it, nor guess."""
    assert stores_for("retro_held") == {Store.EVENTS}


def test_the_lane_of_an_entity_never_changes() -> None:
    """Another lane after an upgrade would break the order of what waits in the old one."""
    told = {entity: lane_of(entity) for entity in ("pr:github:acme/api#12", "issue:PAY-12", "commit:3f2a", "")}
    assert told == {"pr:github:acme/api#12": 1, "issue:PAY-12": 1, "commit:3f2a": 1, "": 0}


def test_every_lane_is_used() -> None:
    """A lane that nothing falls into is a reader that idles."""
    assert {lane_of(f"issue:PAY-{number}") for number in range(100)} == set(range(LANES))


def test_appended_batches_add_up() -> None:
    """A backfill says at its end how much was new."""
    assert Appended(new=2, known=1) + Appended(new=1, known=4) == Appended(new=3, known=5)
