"""How the consumers are doing, as rows: one a store, written when it changes."""

from collections.abc import Mapping
from typing import Final

from adapters.postgres.bound import Bound
from domain.breaker import BreakerState
from domain.ports import ConsumerState
from domain.routing import Store


class PostgresConsumers(Bound):
    """The consumers of one organisation; see `domain.ports.Consumers`."""

    async def tell(self, store: Store, holder: str, breaker: BreakerState, why: str) -> None:
        """Write down how the consumer of `store` is doing."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_TELL, self._org, store, holder, breaker, why)

    async def states(self) -> Mapping[Store, ConsumerState]:
        """What each consumer last said."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_STATES, self._org)
        return {Store(row["store"]): ConsumerState(**dict(row)) for row in rows}


_TELL: Final = """
INSERT INTO consumers AS told (org, store, holder, breaker, why) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (org, store) DO UPDATE SET
    holder = excluded.holder, breaker = excluded.breaker, why = excluded.why,
    since = CASE WHEN told.breaker = excluded.breaker THEN told.since ELSE now() END
"""
_STATES: Final = "SELECT store, holder, breaker, why, since FROM consumers WHERE org = $1"
