"""Bringing a database to the schema that this version needs: ordered, each step all or nothing, safe to race."""

import re
from importlib.resources import files
from typing import Final

import asyncpg

from adapters.postgres.database import ROLE, SCHEMA, Connection, Sessions
from domain.errors import Misconfigured

_FILE: Final = re.compile(r"^(\d{4})_[a-z_]+\.sql$")
# Read as a table: a name that was looked up and not found is remembered until the transaction ends.
_BEGUN: Final = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'migrations')"
_LOCK: Final = 0x656E67  # "eng": one migration at a time in a database


def migrations() -> list[tuple[int, str]]:
    """Every step in order: its number and its SQL."""
    folder = files("adapters.postgres").joinpath("migrations")
    steps = [(int(match[1]), file) for file in folder.iterdir() if (match := _FILE.match(file.name))]
    return [(number, file.read_text(encoding="utf-8")) for number, file in sorted(steps, key=lambda step: step[0])]


async def schema_version(connection: Connection) -> int:
    """The last step that was taken; 0 in an empty database."""
    if not await connection.fetchval(_BEGUN, SCHEMA):
        return 0
    return int(await connection.fetchval(f"SELECT coalesce(max(version), 0) FROM {SCHEMA}.migrations"))  # noqa: S608 - a constant


async def _missing(connection: Connection) -> list[tuple[int, str]]:
    """The steps that were not taken, in order.

    Not only those above the newest: where two lines of development met, a smaller number may have come later.

    Raises:
        Misconfigured: the database is newer than this program.
    """
    steps = migrations()
    version = await schema_version(connection)
    if version > steps[-1][0]:
        raise Misconfigured(
            f"The database has schema {version} and this version of engintel knows {steps[-1][0]}: "
            "install the newer engintel."
        )
    rows = await connection.fetch(f"SELECT version FROM {SCHEMA}.migrations") if version else []  # noqa: S608 - a constant
    taken = {row["version"] for row in rows}
    return [(number, sql) for number, sql in steps if number not in taken]


async def migrate(database: Sessions) -> list[int]:
    """Take every step that is missing. Two processes may do this at once: the second finds nothing left to do.

    Returns:
        the numbers of the steps that were taken.

    Raises:
        Misconfigured: the database is newer than this program, or its user may not create what is needed.
    """
    taken: list[int] = []
    while (number := await _step(database)) is not None:
        taken.append(number)
    return taken


async def _step(database: Sessions) -> int | None:
    """Take the first step that is missing; None if none is.

    The lock ends with the transaction: one of a session would be left to whom a pooler gives its connection next.
    """
    async with database.owner() as connection:
        if not await _missing(connection):
            return None
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        missing = await _missing(connection)  # somebody may have taken it while we waited
        if not missing:
            return None
        await _take(connection, *missing[0])
        return missing[0][0]


async def _take(connection: Connection, number: int, sql: str) -> None:
    try:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        await connection.execute(_ROLE_EXISTS)
        await connection.execute(sql)
        await connection.execute("INSERT INTO migrations (version) VALUES ($1)", number)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Misconfigured(
            f"The database user may not take migration {number} ({error.args[0]}). It needs to create a schema, the "
            f"role {ROLE} and the extension vector; or let an administrator make the role and the extension, and "
            f"GRANT {ROLE} to this user."
        ) from error
    except asyncpg.UndefinedFileError as error:
        raise Misconfigured(
            "The database server does not have the extension pgvector. Install it there, then run `engintel migrate`."
        ) from error


_ROLE_EXISTS: Final = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
        CREATE ROLE {ROLE} NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, '{ROLE}', 'SET') THEN
        EXECUTE format('GRANT {ROLE} TO %I', current_user);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of the same server is being migrated at this moment
END $$
"""
