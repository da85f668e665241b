"""The automations as a consumer of the log: what rules decide goes into the outbox as the position moves."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from adapters.actions.postgres import put_decided
from adapters.postgres.database import Connection, Sessions
from adapters.postgres.projection import PostgresProjection, Project
from domain.events import Event
from domain.ports import LANES, Batch, Decided, Standing
from domain.routing import Store

Decide = Callable[[Batch], Awaitable[Sequence[Decided]]]
"""What rules say about a batch of events."""


class PostgresAutomations(PostgresProjection):
    """Reads the log like a store, from where it ended when rules were first on; see `domain.ports.Projection`.

    What happened is in the log and what was decided in the outbox, so there is nothing to fill again: going back would
    only let rules act on what is past.
    """

    store = Store.AUTOMATIONS
    tables = ()

    def __init__(
        self,
        database: Sessions,
        org: str,
        decide: Decide,
        heads: Callable[[], Awaitable[Mapping[int, int]]],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Bind the consumer to one organisation; nothing is read or written.

        Args:
            database: where its position and the outbox are.
            org: whose they are.
            decide: holds rules against events.
            heads: tells where each lane of the log ends.
            wake: told that there is something in the outbox.
        """
        super().__init__(database, org)
        self._decide = decide
        self._heads = heads
        self._wake = wake
        self._placed = False

    async def standing(self) -> Standing:
        """Where it is; before the first time, where the log ends now."""
        if not self._placed:
            heads = await self._heads()
            async with self.database.session(self.org) as connection:
                for lane in range(LANES):
                    await connection.execute(_BEGIN_AT, self.org, self.store, lane, heads.get(lane, 0))
            self._placed = True
        return await super().standing()

    async def prepare(self, batch: Batch) -> Project:
        """Decide what to do about `batch`, before the transaction: deciding asks other stores."""
        decided = await self._decide(batch) if batch.events else ()

        async def put(connection: Connection, events: Sequence[Event]) -> None:
            applied = {event.id for event in events}
            await put_decided(connection, self.org, [each for each in decided if each.event_id in applied])
            if decided:
                self._wake()

        return put

    async def settle(self) -> None:
        """Nothing: a planner knows all about so small a table."""

    async def rewind(self, position: int) -> None:
        """Nothing: what is past never triggers again."""

    async def reset(self) -> None:
        """Nothing, as `rewind`; what was decided stays."""


_BEGIN_AT: Final = """
INSERT INTO positions (org, store, lane, position) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
