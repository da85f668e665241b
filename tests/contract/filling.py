"""Filling stores in tests: through the log's batches, as the router does."""

from collections.abc import Sequence
from typing import Protocol

from domain.events import Event
from domain.ports import Batch, Events, Projection
from domain.routing import stores_for


class FilledEvents(Events, Projection, Protocol):
    """Events of any engine: they can be filled and asked."""


async def fill(projection: Projection, *events: Event) -> None:
    """Apply `events` as the next batch of lane 0, those that are routed to the store."""
    at = (await projection.positions()).get(0, 0)
    routed: Sequence[Event] = [event for event in events if projection.store in stores_for(event.type)]
    assert await projection.apply(Batch(lane=0, after=at, upto=at + len(events), events=tuple(routed)))
    await projection.finish(at_last=True)
