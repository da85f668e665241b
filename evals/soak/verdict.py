"""The ledger against the log and every store, asked past the program."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import asyncpg

from evals.soak.senders import sha

WATCH: Final = """
CREATE TABLE IF NOT EXISTS engintel.soak_seen (n bigserial PRIMARY KEY, id text NOT NULL);
CREATE OR REPLACE FUNCTION engintel.soak_see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO engintel.soak_seen (id) VALUES (new.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER soak_see AFTER INSERT ON engintel.events
    FOR EACH ROW WHEN (new.type = 'push') EXECUTE FUNCTION engintel.soak_see();
"""
"""Writes down in which order pushes are applied, in the transaction that applies them."""
_HELD: Final[Mapping[str, str]] = {
    "log": "SELECT split_part(event_id, ':commit:', 2) FROM engintel.log WHERE event_id LIKE '%:commit:%'",
    "events": "SELECT split_part(entity, ':', 2) FROM engintel.events WHERE type = 'commit'",
    "directory": "SELECT split_part(email, '@', 1) FROM engintel.identities WHERE email LIKE '%@soak.example'",
    "vectors": "SELECT split_part(entity, ':', 2) FROM engintel.profile_pieces",
    "graph": "SELECT substring(account FROM '<(.*)@soak.example>') FROM engintel.graph_contributions "
    "WHERE account LIKE '%@soak.example>'",
}
"""For each place, what it holds of every push: the commit's sha, or the name of its one-time author."""


async def watch(url: str) -> None:
    """Begin to write down the order."""
    connection = await asyncpg.connect(url)
    await connection.execute(WATCH)
    await connection.close()


async def logged(url: str) -> int:
    """How many pushes the log holds."""
    connection = await asyncpg.connect(url)
    try:
        return len(await connection.fetch(_HELD["log"]))
    finally:
        await connection.close()


async def judge(url: str, acknowledged: Mapping[str, int]) -> list[str]:
    """Everything that is not as it should be, a line each; nothing if all is well.

    Args:
        url: where PostgreSQL is.
        acknowledged: for each repository, how many pushes.
    """
    pushes = [(repository, n) for repository, count in acknowledged.items() for n in range(1, count + 1)]
    shas = {sha(repository, n) for repository, n in pushes}
    names = {f"p{repository.rpartition('r')[2]}x{n}" for repository, n in pushes}
    wrong: list[str] = []
    connection = await asyncpg.connect(url)
    try:
        for place, query in _HELD.items():
            held = [row[0] for row in await connection.fetch(query)]
            wrong += _differences(place, names if place in {"directory", "graph"} else shas, held)
        seen = [row["id"] for row in await connection.fetch("SELECT id FROM engintel.soak_seen ORDER BY n")]
        wrong += _disorder(seen, acknowledged)
        if kept := await connection.fetchval("SELECT count(*) FROM engintel.quarantine"):
            wrong.append(f"quarantine: {kept} events")
    finally:
        await connection.close()
    return wrong


def _differences(place: str, wanted: set[str], held: Iterable[str]) -> list[str]:
    counts = Counter(held)
    missing, unasked = wanted - counts.keys(), counts.keys() - wanted
    twice = [item for item, n in counts.items() if n > 1]
    return [
        f"{place}: {len(found)} {what}, such as {min(found)}"
        for what, found in (("missing", missing), ("that nobody sent", unasked), ("more than once", twice))
        if found
    ]


def _disorder(seen: Iterable[str], acknowledged: Mapping[str, int]) -> list[str]:
    """Whether each repository's pushes were applied one after the other, each once."""
    told: dict[str, list[int]] = {repository: [] for repository in acknowledged}
    for id_ in seen:
        repository = id_.removeprefix("github:").partition(":push:")[0]
        told.setdefault(repository, []).append(int(id_.rpartition("..")[2][20:], 16))
    return [
        f"order: the pushes of {repository} were not applied one after the other, each once"
        for repository, numbers in told.items()
        if numbers != list(range(1, acknowledged.get(repository, 0) + 1))
    ]
