"""The inbox as a table: one row for all that became durable together."""

from collections.abc import Sequence
from typing import Final

from adapters.inbox.sacks import pack, unpack
from adapters.postgres.bound import Bound
from adapters.postgres.database import Database, load_queries, rows_changed
from adapters.postgres.listening import News
from domain.deliveries import Delivery
from domain.frozen import Utc
from domain.ports import Refusal, Sack

_SQL: Final = load_queries("adapters.inbox", "postgres.sql")
_CHANNEL: Final = "engintel_inbox"


class PostgresInbox(Bound):
    """The inbox of one organisation; see `domain.ports.Inbox`."""

    def __init__(self, database: Database, org: str) -> None:
        """See `Bound`."""
        super().__init__(database, org)
        self._news = News(database, _CHANNEL)

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        """Keep `deliveries` as one row."""
        sack = pack(deliveries)
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["put"], self._org, len(deliveries), sack)

    async def read(self, after: int, deliveries: int) -> Sequence[Sack]:
        """The sacks that follow `after`, until they hold `deliveries`."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["read"], self._org, after, deliveries)
        return [Sack(row["position"], unpack(row["sack"])) for row in rows]

    async def forget(self, upto: int) -> None:
        """Let go of the sacks up to `upto`."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["forget"], self._org, upto)

    async def head(self) -> int:
        """The last position."""
        async with self._database.session(self._org, readonly=True) as connection:
            return int(await connection.fetchval(_SQL["head"], self._org))

    async def waiting_since(self, after: int) -> Utc | None:
        """When the sack that follows `after` came."""
        async with self._database.session(self._org, readonly=True) as connection:
            moment: Utc | None = await connection.fetchval(_SQL["waiting_since"], self._org, after)
            return moment

    async def refuse(self, delivery: Delivery, key: str, reason: str) -> None:
        """Keep a delivery that cannot be read."""
        row = (delivery.source, key, reason, delivery.received_at, pack([delivery]))
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["refuse"], self._org, *row)

    async def refusals(self) -> Sequence[Refusal]:
        """What could not be read."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [Refusal(**row) for row in await connection.fetch(_SQL["refusals"], self._org)]

    async def refused_count(self) -> int:
        """How many could not be read."""
        async with self._database.session(self._org, readonly=True) as connection:
            return int(await connection.fetchval(_SQL["refused_count"], self._org))

    async def refused(self, refusal: int) -> Delivery | None:
        """The delivery itself."""
        async with self._database.session(self._org, readonly=True) as connection:
            packed = await connection.fetchval(_SQL["refused"], self._org, refusal)
        return unpack(packed)[0] if packed is not None else None

    async def drop(self, refusal: int) -> bool:
        """Forget one that could not be read."""
        async with self._database.session(self._org) as connection:
            return rows_changed(await connection.execute(_SQL["drop"], self._org, refusal)) == 1

    async def wait(self, seconds: float) -> None:
        """Return once something may have been put by anybody, or after `seconds`."""
        await self._news.wait(seconds)

    async def close(self) -> None:
        """Give the listening connection back."""
        await self._news.close()
