"""What became of polls, as rows: the database's clock decides what is due, so processes need not agree on the time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from adapters.postgres.bound import Bound
from domain.ports.polls import Polled


class PostgresPolls(Bound):
    """The polls of one organisation; see `domain.ports.Polls`."""

    async def due_in(self, source: str, every: timedelta, longest: timedelta) -> timedelta:
        """How long until `source` should be asked again; nothing if it is time."""
        async with self._database.session(self._org, readonly=True) as connection:
            waits = await connection.fetchval(_DUE_IN, self._org, source, every, max(every, longest))
        return max(timedelta(0), waits) if waits is not None else timedelta(0)

    async def record(self, source: str, problem: str | None = None) -> None:
        """Write down that `source` was read to its end, or what kept it from that."""
        async with self._database.session(self._org) as connection:
            await connection.execute(_RECORD, self._org, source, problem)

    async def entries(self) -> Sequence[Polled]:
        """Every source that was ever polled, by name."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_ENTRIES, self._org)
        return [Polled(**row) for row in rows]


# The sixth failure in a row is the last that makes a difference: a wait of 64 times `every`.
_DUE_IN: Final = """
SELECT tried_at + least($3::interval * power(2, least(failures, 6)), $4::interval) - clock_timestamp()
FROM polls WHERE org = $1 AND source = $2
"""
_RECORD: Final = """
INSERT INTO polls AS known (org, source, tried_at, reached_at, failures, problem)
VALUES ($1, $2, now(), CASE WHEN $3::text IS NULL THEN now() END, ($3::text IS NOT NULL)::int, $3)
ON CONFLICT (org, source) DO UPDATE SET
    tried_at = excluded.tried_at,
    reached_at = coalesce(excluded.reached_at, known.reached_at),
    failures = CASE WHEN excluded.problem IS NULL THEN 0 ELSE known.failures + 1 END,
    problem = excluded.problem
"""
_ENTRIES: Final = "SELECT source, tried_at, reached_at, failures, problem FROM polls WHERE org = $1 ORDER BY source"
