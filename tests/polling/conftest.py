"""What every test of polling stands on: a real log, and somebody who reads sources into it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.polls import PostgresPolls
from domain.events import Event
from domain.ports import LANES, Polled, PolledSource
from server.intake import Ingested
from server.polling import Polling


@dataclass
class Desk:
    """A log, and who fills it by polling."""

    log: PostgresLog
    leases: PostgresLeases
    polls: PostgresPolls
    polling: Polling

    async def backfill(self, source: PolledSource) -> Ingested:
        """Read a source to its end."""
        try:
            return await self.polling.backfill(source, lambda _done, _total: None)
        finally:
            await source.close()

    async def events(self) -> list[Event]:
        """Everything in the log."""
        entries = [entry for lane in range(LANES) for entry in await self.log.read(lane, 0, 1_000_000)]
        return [entry.event for entry in entries if entry.event]

    async def types(self) -> Counter[str]:
        """How many events of each type there are."""
        return Counter(event.type for event in await self.events())

    async def ids(self) -> set[str]:
        """The id of every event."""
        return {event.id for event in await self.events()}

    async def polled(self, source: str) -> Polled:
        """How polling a source goes."""
        return next(entry for entry in await self.polls.entries() if entry.source == source)


def of_type(events: Sequence[Event], kind: str) -> list[Event]:
    """The events of one type."""
    return [event for event in events if event.type == kind]


@pytest.fixture
def desk(database: Database, org: str) -> Desk:
    """A log of the test's own."""
    return make_desk(database, org)


@pytest.fixture
def another(database: Database, org: str) -> Callable[..., Desk]:
    """Further processes at the same log."""
    return lambda suffix="": make_desk(database, org + suffix)


def make_desk(database: Database, org: str) -> Desk:
    log, leases, polls = PostgresLog(database, org), PostgresLeases(database, org), PostgresPolls(database, org)
    return Desk(log, leases, polls, Polling(log, leases, polls))
