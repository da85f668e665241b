"""How many events of each type there are in the log: all of it is read, a stretch at a time."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from adapters.postgres.database import Database

STRETCH: Final = 100_000
"""Entries that are read at once: some seconds' work."""


async def count_types(database: Database, org: str, heads: Mapping[int, int]) -> Mapping[str, int]:
    """By type, how many events are in the log up to `heads`.

    Raises:
        StoreUnavailable: the database is gone.
    """
    counted: Counter[str] = Counter()
    for lane, head in heads.items():
        for after in range(0, head, STRETCH):
            async with database.session(org, readonly=True) as connection:
                for row in await connection.fetch(_COUNT, org, lane, after, min(head, after + STRETCH)):
                    counted[row["type"]] += row["n"]
    return counted


_COUNT: Final = """
SELECT coalesce(payload::json #>> '{body,type}', '') AS type, count(*) AS n FROM log
WHERE org = $1 AND lane = $2 AND position > $3 AND position <= $4 GROUP BY 1
"""
