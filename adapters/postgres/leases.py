"""Leases as rows: the database's clock decides, so holders need not agree on the time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from adapters.postgres.bound import Bound
from adapters.postgres.database import Connection
from domain.ports.leases import Lease


class PostgresLeases(Bound):
    """The leases of one organisation; see `domain.ports.Leases`."""

    async def take(self, name: str, holder: str, lasts: timedelta) -> Lease | None:
        """The lease `name` for `holder`, if nobody else has it."""
        async with self._database.session(self._org) as connection:
            token = await connection.fetchval(_TAKE, self._org, name, holder, lasts)
        return Lease(name=name, holder=holder, token=token) if token is not None else None

    async def renew(self, leases: Sequence[Lease], lasts: timedelta) -> Sequence[Lease]:
        """Keep `leases` for another while; gives those that were not lost."""
        names, tokens = [lease.name for lease in leases], [lease.token for lease in leases]
        async with self._database.session(self._org) as connection:
            rows = await connection.fetch(_RENEW, self._org, names, tokens, lasts)
        kept = {row["name"] for row in rows}
        return [lease for lease in leases if lease.name in kept]

    async def current(self) -> Sequence[Lease]:
        """Every lease that counts now, by name."""
        async with self._database.session(self._org, readonly=True) as connection:
            return [Lease(**dict(row)) for row in await connection.fetch(_CURRENT, self._org)]

    async def give_back(self, lease: Lease) -> None:
        """End `lease`, if it still counts."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_GIVE_BACK, self._org, lease.name, lease.token)

    async def holds(self, lease: Lease) -> bool:
        """Whether `lease` still counts."""
        async with self._database.session(self._org, readonly=True) as connection:
            return bool(await connection.fetchval(_HOLDS, self._org, lease.name, lease.token))


async def fence(connection: Connection, org: str, lease: Lease) -> bool:
    """Whether `lease` still counts, and will until this transaction ends: nobody can take it meanwhile."""
    return bool(await connection.fetchval(f"{_HOLDS} FOR SHARE", org, lease.name, lease.token))


# `clock_timestamp` and not `now`: a transaction may have waited for the row, and time went on.
_TAKE: Final = """
INSERT INTO leases AS held (org, name, holder, token, expires_at)
VALUES ($1, $2, $3, 1, clock_timestamp() + $4::interval)
ON CONFLICT (org, name) DO UPDATE SET
    holder = excluded.holder,
    token = held.token + (held.holder <> excluded.holder OR held.expires_at <= clock_timestamp())::int,
    expires_at = clock_timestamp() + $4::interval
WHERE held.holder = excluded.holder OR held.expires_at <= clock_timestamp()
RETURNING token
"""
# A crash may forget it: the lease then runs out sooner than its holder thinks, and fencing holds all the same.
_RENEW: Final = """
WITH hasty AS (SELECT set_config('synchronous_commit', 'off', true))
UPDATE leases SET expires_at = clock_timestamp() + $4::interval
FROM unnest($2::text[], $3::bigint[]) AS mine (name, token), hasty
WHERE leases.org = $1 AND leases.name = mine.name AND leases.token = mine.token AND expires_at > clock_timestamp()
RETURNING leases.name
"""
_CURRENT: Final = """
SELECT name, holder, token FROM leases WHERE org = $1 AND expires_at > clock_timestamp() ORDER BY name
"""
_GIVE_BACK: Final = """
UPDATE leases SET expires_at = clock_timestamp()
WHERE org = $1 AND name = $2 AND token = $3 AND expires_at > clock_timestamp()
"""
_HOLDS: Final = """
SELECT true FROM leases WHERE org = $1 AND name = $2 AND token = $3 AND expires_at > clock_timestamp()
"""
