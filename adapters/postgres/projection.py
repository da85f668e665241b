"""What the four stores share when they live in PostgreSQL: effect and position in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.postgres.database import Connection, Database, translated
from domain.events import Event
from domain.ports import Batch
from domain.routing import Store


class PostgresProjection:
    """A store that is filled batch by batch. A subclass says what its tables are and what an event does to them."""

    store: Store
    tables: tuple[str, ...]

    def __init__(self, database: Database, org: str) -> None:
        """Bind the store to one organisation; nothing is read or written.

        Args:
            database: where its tables are.
            org: whose rows it sees.
        """
        self.database = database
        self.org = org

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Apply `events` in order. Called inside the transaction that also moves the position."""
        raise NotImplementedError

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was applied."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_POSITIONS, self.org, self.store)
        return {row["lane"]: row["position"] for row in rows}

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` unless somebody else is at it; see `domain.ports.Projection`."""
        async with self.database.session(self.org) as connection:
            if not await self._advance(connection, batch):
                return False
            if batch.events:
                with translated(self.store):
                    await self.project(connection, batch.events)
            return True

    async def _advance(self, connection: Connection, batch: Batch) -> bool:
        # One writer a store: what one event does may depend on rows that events of other lanes wrote.
        if not await self.alone(connection):
            return False
        await connection.execute(_FIRST_POSITION, self.org, self.store, batch.lane)
        moved = await connection.execute(_MOVE, self.org, self.store, batch.lane, batch.after, batch.upto)
        return moved == "UPDATE 1"

    async def alone(self, connection: Connection) -> bool:
        """Whether nobody else fills this store until the transaction ends."""
        return bool(await connection.fetchval(_TRY_LOCK, f"{self.org}/{self.store}"))

    async def finish(self) -> None:
        """Do what was put off while more was to come."""

    async def settle(self) -> None:
        """Count anew what the tables hold: a planner without figures reads a whole organisation for ten rows."""
        async with self.database.owner() as connection:
            await connection.execute(f"ANALYZE {', '.join(self.tables)}")

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further."""
        async with self.database.session(self.org) as connection:
            await connection.execute(_LOCK, f"{self.org}/{self.store}")
            await connection.execute(_REWIND, self.org, self.store, position)

    async def reset(self) -> None:
        """Empty the store's tables and forget its positions."""
        async with self.database.session(self.org) as connection:
            await connection.execute(_LOCK, f"{self.org}/{self.store}")
            for table in self.tables:
                await connection.execute(f"DELETE FROM {table} WHERE org = $1", self.org)  # noqa: S608 - our own names
            await connection.execute(_FORGET, self.org, self.store)


_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_POSITIONS: Final = "SELECT lane, position FROM positions WHERE org = $1 AND store = $2"
_FIRST_POSITION: Final = "INSERT INTO positions (org, store, lane) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_MOVE: Final = "UPDATE positions SET position = $5 WHERE org = $1 AND store = $2 AND lane = $3 AND position = $4"
_REWIND: Final = "UPDATE positions SET position = least(position, $3) WHERE org = $1 AND store = $2"
_FORGET: Final = "DELETE FROM positions WHERE org = $1 AND store = $2"
