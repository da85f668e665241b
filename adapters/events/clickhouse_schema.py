"""Bringing a ClickHouse to the schema that this version needs. It has no transactions: a step may come twice."""

import re
import uuid
from importlib.resources import files
from typing import Final

from adapters.events.clickhouse_errors import STORE
from adapters.events.clickhouse_server import Server
from domain.errors import Misconfigured, StoreUnavailable

_FILE: Final = re.compile(r"^(\d{4})_[a-z_]+\.sql$")
_COMMENT: Final = re.compile(r"^--.*\n?", re.MULTILINE)
_HOT: Final = {
    "events": "occurred_at", "acts": "occurred_at", "touches": "occurred_at", "skill_uses": "occurred_at",
    "works": "occurred_at", "dated_words": "occurred_at", "samples": "occurred_at",
}  # fmt: skip
"""Tables of what can be read and found, with the moment that makes a row old."""
_ROLLED_UP: Final = {
    "activity_hourly": "hour", "activity_daily": "day", "samples_hourly": "hour", "samples_daily": "day",
}  # fmt: skip
"""Tables of what it adds up to."""

PATIENCE: Final = 3_600
"""Seconds of one statement of a step: it may write a whole table again."""


def steps() -> list[tuple[int, list[str]]]:
    """Every step in order: its number and its statements."""
    folder = files("adapters.events").joinpath("clickhouse_migrations")
    found = [(int(match[1]), file) for file in folder.iterdir() if (match := _FILE.match(file.name))]
    return [(number, _statements(file.read_text(encoding="utf-8"))) for number, file in sorted(found, key=_number)]


def _number(step: tuple[int, object]) -> int:
    return step[0]


def _statements(text: str) -> list[str]:
    return [piece.strip() for piece in _COMMENT.sub("", text).split(";\n") if piece.strip()]


def newest() -> int:
    """The schema that this version needs."""
    return steps()[-1][0]


async def version_of(server: Server) -> int:
    """The last step that was taken; 0 in an empty database.

    Raises:
        StoreUnavailable: it cannot be reached.
    """
    [[there]] = await server.rows(_THERE, {})
    if not there:
        return 0
    [[version]] = await server.rows(_VERSION, {})
    return int(version)


async def check(server: Server) -> None:
    """Look whether the engine has the schema that this version needs.

    Raises:
        StoreUnavailable: it has not, or cannot be reached.
    """
    version = await version_of(server)
    if version > newest():
        raise StoreUnavailable(STORE, too_new(server, version))
    if version < newest():
        raise StoreUnavailable(
            STORE, f"{server.place.name}: it has schema {version}, {newest()} is needed: run `engintel migrate`"
        )


def too_new(server: Server, version: int) -> str:
    """That the engine is from a later version."""
    return (
        f"{server.place.name}: it has schema {version} and this version of engintel knows {newest()}: "
        "install the newer engintel"
    )


async def migrate(server: Server) -> list[str]:
    """Take every step that is missing, and keep things for as long as is asked. Nobody else may do this meanwhile.

    Returns:
        what was done, for people.

    Raises:
        Misconfigured: it is newer than this program.
        StoreUnavailable: it cannot be reached, or its user may not do what is needed.
    """
    await server.make_database()
    version = await version_of(server)
    if version > newest():
        raise Misconfigured(too_new(server, version))
    done = []
    for number, statements in steps():
        if number > version:
            for statement in statements:
                await server.run(statement, seconds=PATIENCE)
            await server.run(_MADE)
            await server.run(_TAKEN, {"version": number})
            done.append(f"schema {number} of {newest()} in {server.place.name}")
    if not await server.rows(_BORN, {}):
        await server.run(_BEAR, {"birth": uuid.uuid4().hex})
    return [*done, *await _keep(server)]


async def _keep(server: Server) -> list[str]:
    """Let go of what is older than is asked; where nothing is asked any more, of nothing."""
    limits = server.place.limits
    wanted = {
        **{table: (column, limits.hot_days) for table, column in _HOT.items()},
        **{table: (column, limits.rollup_days) for table, column in _ROLLED_UP.items()},
    }
    now = {str(name): str(made) for name, made in await server.rows(_MADE_AS, {"tables": list(wanted)})}
    done = []
    for table, (column, days) in wanted.items():
        kept = re.search(r"\bTTL .*?(\d+)", now.get(table, ""))
        if (int(kept[1]) if kept else None) == days:
            continue
        if days is None:
            await server.run(f"ALTER TABLE {table} REMOVE TTL")
        else:
            await server.run(f"ALTER TABLE {table} MODIFY TTL toDateTime({column}) + toIntervalDay({days})")
        done.append(f"{table} kept {'for ever' if days is None else f'{days} days'} in {server.place.name}")
    return done


_THERE: Final = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = 'migrations'"
_VERSION: Final = "SELECT max(version) FROM migrations"
_MADE: Final = """
CREATE TABLE IF NOT EXISTS migrations (version UInt32, taken_at DateTime64(6, 'UTC') DEFAULT now64(6))
ENGINE = MergeTree ORDER BY version
"""
_TAKEN: Final = "INSERT INTO migrations (version) VALUES ({version:UInt32})"
_BORN: Final = "SELECT birth FROM births LIMIT 1"
_BEAR: Final = "INSERT INTO births (birth) VALUES ({birth:String})"
_MADE_AS: Final = """
SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN {tables:Array(String)}
"""
