"""The quarantine as rows. They are written by the transaction that moves a store's position, and read by anybody."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.postgres.bound import Bound
from adapters.postgres.database import Connection, rows_changed
from domain.ports import Quarantined
from domain.routing import Store


class PostgresQuarantine(Bound):
    """What one organisation's stores could not apply; see `domain.ports.Quarantine`."""

    async def items(self) -> Sequence[Quarantined]:
        """Everything that is kept, oldest first."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [Quarantined(**dict(row)) for row in await connection.fetch(_ITEMS, self._org)]

    async def explain(self, item: Quarantined) -> None:
        """Write down that `item` is poison, and its reason."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_EXPLAIN, self._org, item.store, item.lane, item.position, item.reason)

    async def remove(self, store: Store, lane: int, position: int) -> bool:
        """Forget one; False if it was not there."""
        async with self._database.session(self._org) as connection:
            return rows_changed(await connection.execute(_REMOVE, self._org, store, lane, position)) == 1

    async def freed(self, store: Store) -> Sequence[Quarantined]:
        """The first event of every entity whose events wait behind nothing any more."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [Quarantined(**dict(row)) for row in await connection.fetch(_FREED, self._org, store)]

    async def counts(self) -> Mapping[tuple[Store, bool], int]:
        """How many are kept, by store and whether they wait."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_COUNTS, self._org)
        return {(Store(row["store"]), row["waiting"]): row["n"] for row in rows}


async def put_aside(connection: Connection, org: str, items: Sequence[Quarantined]) -> None:
    """Keep `items` with what else the connection's transaction does; what was kept before gets the new reason."""
    columns = zip(
        *((i.store, i.lane, i.position, i.event_id, i.entity, i.reason, i.waiting) for i in items), strict=True
    )
    await connection.execute(_PUT, org, *map(list, columns))


async def take_out(connection: Connection, org: str, item: Quarantined) -> bool:
    """Forget `item` with what else the transaction does; False if it is not the first of its entity there."""
    place = (item.store, item.lane, item.position)
    return rows_changed(await connection.execute(_TAKE_OUT, org, *place)) == 1


async def forget(connection: Connection, org: str, store: Store, after: int) -> None:
    """Forget everything of `store` beyond the position `after`: it will be met again."""
    await connection.execute(_FORGET, org, store, after)


_PUT: Final = """
INSERT INTO quarantine (org, store, lane, position, event_id, entity, reason, waiting)
SELECT $1, * FROM unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bool[])
ON CONFLICT (org, store, lane, position) DO UPDATE SET reason = excluded.reason, waiting = excluded.waiting
"""
_ITEMS: Final = """
SELECT store, lane, position, event_id, entity, reason, waiting, since FROM quarantine
WHERE org = $1 ORDER BY since, store, lane, position
"""
_EXPLAIN: Final = """
UPDATE quarantine SET reason = $5, waiting = false WHERE org = $1 AND store = $2 AND lane = $3 AND position = $4
"""
_REMOVE: Final = "DELETE FROM quarantine WHERE org = $1 AND store = $2 AND lane = $3 AND position = $4"
_TAKE_OUT: Final = """
DELETE FROM quarantine q WHERE org = $1 AND store = $2 AND lane = $3 AND position = $4 AND NOT EXISTS (
    SELECT FROM quarantine o
    WHERE o.org = $1 AND o.store = $2 AND o.entity = q.entity AND o.position < $4 AND o.entity <> ''
)
"""
_FREED: Final = """
SELECT DISTINCT ON (entity) store, lane, position, event_id, entity, reason, waiting, since FROM quarantine
WHERE org = $1 AND store = $2 AND entity IN (
    SELECT entity FROM quarantine WHERE org = $1 AND store = $2 GROUP BY entity HAVING bool_and(waiting)
)
ORDER BY entity, position
"""
_FORGET: Final = "DELETE FROM quarantine WHERE org = $1 AND store = $2 AND position > $3"
_COUNTS: Final = "SELECT store, waiting, count(*) AS n FROM quarantine WHERE org = $1 GROUP BY store, waiting"
