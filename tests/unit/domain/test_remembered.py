"""The same events are read once; whatever else is another reading."""

from collections.abc import Sequence

from domain.delivery import Delivery, read_delivery
from domain.delivery.remembered import Remembered
from domain.events import Event
from tests.events import commit

BOT = "github:bot"


def test_the_same_events_and_bots_are_read_once() -> None:
    """In the same order; another object, another order or another bot is read on its own."""
    one, other, twin = commit("a"), commit("b"), commit("a").model_copy()
    read: list[Sequence[Event]] = []
    remembered = Remembered()

    def reading(events: Sequence[Event], bots: frozenset[str]) -> Delivery:
        read.append(events)
        return read_delivery(events, bots)

    first = remembered.of([one, other], (), reading)

    assert remembered.of([one, other], (), reading) is first
    for events, bots in (([one], ()), ([other, one], ()), ([twin, other], ()), ([one, other], (BOT,))):
        remembered.of(events, bots, reading)
    assert len(read) == 5


def test_only_the_last_readings_are_kept() -> None:
    """What was asked for again is not the first to go."""
    read = []
    remembered = Remembered()
    all_events = [[commit(f"c{n}")] for n in range(40)]

    def reading(events: Sequence[Event], bots: frozenset[str]) -> Delivery:
        read.append(events)
        return read_delivery(events, bots)

    for events in all_events:
        remembered.of(events, (), reading)
        remembered.of(all_events[0], (), reading)
    assert len(read) == 40
    remembered.of(all_events[1], (), reading)
    assert len(read) == 41
