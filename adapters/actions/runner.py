"""The automations as a consumer of the log: what rules decide goes into the outbox as the position moves."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from adapters.actions.postgres import put_decided
from adapters.postgres.database import Database, translated
from adapters.postgres.projection import PostgresProjection
from domain.ports import LANES, Batch, Decided
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
        database: Database,
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

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was read; before the first, where the log ends now."""
        known = await super().positions()
        if len(known) == LANES:
            return known
        heads = await self._heads()
        async with self.database.session(self.org) as connection:
            for lane in range(LANES):
                await connection.execute(_BEGIN_AT, self.org, self.store, lane, heads.get(lane, 0))
        return await super().positions()

    async def apply(self, batch: Batch) -> bool:
        """Decide what to do about `batch`, unless somebody else is at it."""
        # Before the transaction: deciding asks other stores, and nobody should wait for those.
        decided = await self._decide(batch) if batch.events else ()
        async with self.database.session(self.org) as connection:
            if not await self._advance(connection, batch):
                return False
            with translated(self.store):
                await put_decided(connection, self.org, decided)
        if decided:
            self._wake()
        return True

    async def settle(self) -> None:
        """Nothing: a planner knows all about so small a table."""

    async def rewind(self, position: int) -> None:
        """Nothing: what is past never triggers again."""

    async def reset(self) -> None:
        """Nothing, as `rewind`; what was decided stays."""


_BEGIN_AT: Final = """
INSERT INTO positions (org, store, lane, position) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
