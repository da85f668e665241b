"""Where a stream arrives: entries, dead letters and the stream's own cursors in one transaction."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from pydantic_core import from_json

from adapters.log.postgres import add
from adapters.postgres.bound import Bound
from adapters.postgres.database import load_queries, rows_changed
from adapters.postgres.leases import fence
from domain.ports import Appended, Cursors, KeptLetter, Lease, Received

_SQL: Final = load_queries("adapters.log", "landing.sql")


class PostgresLanding(Bound):
    """The log of one organisation, as a drain sees it; see `domain.ports.Landing` and `domain.ports.DeadLetters`."""

    async def cursors(self, stream: str) -> Cursors:
        """How far every part of `stream` has landed."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["cursors"], self._org, f"{stream}:")
        return {row["source"]: from_json(row["cursor"]) for row in rows}

    async def land(self, received: Received, lease: Lease | None = None) -> Appended | None:
        """Append, put aside and move on, unless the lease was lost."""
        told = [(event.id, event.entity, partial(str, event.payload)) for event in received.events]
        async with self._database.session(self._org) as connection:
            # Held until this transaction ends: whoever reads next sees all of it, or takes nothing before it is over.
            if lease is not None and not await fence(connection, self._org, lease):
                return None
            placed = await add(connection, self._org, told, received.cursors)
            for letter in received.dead:
                await connection.execute(_SQL["put_aside"], self._org, *letter)
        return Appended(new=len(placed), known=len(told) - len(placed))

    async def letters(self) -> Sequence[KeptLetter]:
        """Everything that could not land, oldest first."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [KeptLetter(**row) for row in await connection.fetch(_SQL["letters"], self._org)]

    async def count(self) -> int:
        """How many letters there are."""
        async with self._database.session(self._org, readonly=True) as connection:
            return int(await connection.fetchval(_SQL["count"], self._org))

    async def remove(self, letter: KeptLetter) -> bool:
        """Forget one; False if it was not there."""
        async with self._database.session(self._org) as connection:
            done = await connection.execute(_SQL["remove"], self._org, letter.part, letter.position)
        return rows_changed(done) == 1
