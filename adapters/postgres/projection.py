"""What the four stores share when they live in PostgreSQL: effect and position in one transaction."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias

from adapters.postgres.database import Connection, Sessions, translated
from adapters.postgres.migrate import migrations, schema_version
from adapters.postgres.quarantine import forget, put_aside, take_out
from domain.events import Event
from domain.ports import Batch, Inspection, Quarantined, Standing
from domain.routing import Store

Project: TypeAlias = Callable[[Connection, Sequence[Event]], Awaitable[None]]
"""Applies events inside the transaction that also moves the position."""


class PostgresProjection:
    """A store that is filled batch by batch. A subclass says what its tables are and what an event does to them."""

    store: Store
    tables: tuple[str, ...]
    counted: Mapping[str, str] = {}
    """By kind, the table whose rows tell how much there is; where there are none, every table is one."""

    def __init__(self, database: Sessions, org: str) -> None:
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

    async def prepare(self, batch: Batch) -> Project:
        """Do what takes time and needs no transaction; gives what will apply those events of `batch` that may be."""
        del batch
        return self.project

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was applied."""
        return (await self.standing()).positions

    async def standing(self) -> Standing:
        """Where it is; a batch is never half done here, so nothing is `begun`."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_STANDING, self.org, self.store)
        return Standing(
            positions={row["lane"]: row["position"] for row in rows if row["position"]},
            again_upto={row["lane"]: row["again_upto"] for row in rows if row["again_upto"] > row["position"]},
        )

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` unless somebody else is at it; see `domain.ports.Projection`."""
        project = await self.prepare(batch)
        right = (batch.lease.name, batch.lease.token) if batch.lease else (None, None)
        place = (self.store, batch.lane, batch.after, batch.upto)
        async with self.database.session(self.org) as connection:
            held = await connection.fetchval(_BEGIN, self.org, *place, *right)
            if held is None:
                return False
            events, waiting = batch.divided(held)
            aside = [*batch.aside, *(waits(self.store, batch.lane, position, event) for position, event in waiting)]
            if aside:
                await put_aside(connection, self.org, aside)
            if events:
                with translated(self.store):
                    await project(connection, events)
            return True

    async def release(self, item: Quarantined, event: Event) -> bool:
        """Apply an event that was put aside, and take it out of quarantine."""
        place = {"lane": item.lane, "after": item.position - 1, "upto": item.position}
        project = await self.prepare(Batch(**place, events=(event,)))
        async with self.database.session(self.org) as connection:
            await connection.execute(_LOCK, f"{self.org}/{self.store}")
            if not await take_out(connection, self.org, item):
                return False
            with translated(self.store):
                await project(connection, (event,))
            return True

    async def alone(self, connection: Connection) -> bool:
        """Whether nobody else fills this store until the transaction ends."""
        return bool(await connection.fetchval(_TRY_LOCK, f"{self.org}/{self.store}"))

    async def finish(self, *, at_last: bool = False) -> None:
        """Do what was put off while more was to come."""
        del at_last

    async def settle(self) -> None:
        """Have the tables counted anew, and looked after."""
        await self.database.tend(self.tables)

    async def inspect(self) -> Inspection:
        """Ask the server who it is."""
        async with self.database.owner() as connection:
            row = await connection.fetchrow(_INSPECT)
            schema = await schema_version(connection)
        assert row is not None
        place = f"{row['host']}:{row['port']}/{row['name']}" if row["host"] else row["name"]
        return Inspection(
            engine="PostgreSQL",
            version=row["version"],
            schema_version=f"{schema} of {migrations()[-1][0]}",
            endpoint="embedded" if self.database.embedded else place,
        )

    async def migrate(self) -> Sequence[str]:
        """Nothing: its tables are the database's, and come with it."""
        return ()

    async def tally(self) -> Mapping[str, int]:
        """How many rows there are, by kind or table."""
        async with self.database.session(self.org, readonly=True) as connection:
            return {
                kind: await connection.fetchval(f"SELECT count(*) FROM {table} WHERE org = $1", self.org)  # noqa: S608 - our own names
                for kind, table in (self.counted or dict(zip(self.tables, self.tables, strict=True))).items()
            }

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further."""
        async with self.database.session(self.org) as connection:
            await connection.execute(_LOCK, f"{self.org}/{self.store}")
            await connection.execute(_REWIND, self.org, self.store, position)
            await forget(connection, self.org, self.store, position)

    async def reset(self) -> None:
        """Empty the store's tables and go back to the beginning."""
        async with self.database.session(self.org) as connection:
            await connection.execute(_LOCK, f"{self.org}/{self.store}")
            for table in self.tables:
                await connection.execute(f"DELETE FROM {table} WHERE org = $1", self.org)  # noqa: S608 - our own names
            await connection.execute(_REWIND, self.org, self.store, 0)
            await forget(connection, self.org, self.store, 0)


def waits(store: Store, lane: int, position: int, event: Event) -> Quarantined:
    """An event that has to wait in quarantine behind another one of its entity."""
    return Quarantined(
        store=store, lane=lane, position=position, event_id=event.id, entity=event.entity,
        reason=WAITS, waiting=True, since=event.occurred_at,
    )  # fmt: skip


WAITS: Final = "it waits behind an event of the same entity"
_INSPECT: Final = """
SELECT current_setting('server_version') AS version, current_database() AS name, host(inet_server_addr()) AS host,
       inet_server_port() AS port
"""
_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_STANDING: Final = "SELECT lane, position, again_upto FROM positions WHERE org = $1 AND store = $2"
_BEGIN: Final = "SELECT begin_batch($1, $2, $3::int, $4, $5, $6, $7)"
_REWIND: Final = """
UPDATE positions SET again_upto = greatest(again_upto, position), position = $3
WHERE org = $1 AND store = $2 AND position > $3
"""
