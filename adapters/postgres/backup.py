"""Backup and restore of what cannot be made again: the log, where its sources stand, and what was done.

Stores are not in a backup: they are filled from the log. Nor is what is void by the time anybody restores: leases,
previews that wait for a confirmation, and what went wrong with filling a store that is filled again anyway.

A backup is a zip archive with `manifest.json` and a file a table, as PostgreSQL's COPY writes it, without the
organisation: it can be restored under another name.
"""

import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from adapters.postgres.database import Connection, Database, rows_changed, translated
from adapters.postgres.migrate import migrations, schema_version
from domain.errors import InvalidInput, PoisonEvent
from domain.frozen import Frozen, Utc

FORMAT: Final = 1
LONGEST: Final = 24 * 3600.0
"""Seconds for one table: a log may be large."""


class _Table(NamedTuple):
    """What is kept of a table: `only` some rows, `but` without columns that the database gives anew.

    A `sealed` one takes rows and never lets go of any.
    """

    name: str
    only: str = "true"
    but: tuple[str, ...] = ()
    order: str = "1"
    sealed: bool = False


_TABLES: Final = (
    _Table("lanes"),
    _Table("log", order="lane, position", sealed=True),
    _Table("cursors"),
    _Table("inbox_heads"),
    _Table("inbox", order="position"),
    _Table("refused_deliveries", but=("id",), order="id"),
    _Table("dead_letters"),
    _Table("polls"),
    _Table("positions", only="store = 'automations'"),
    _Table("upstreams"),
    _Table("outbox", order="created_at, key"),
    _Table("audit", but=("id",), order="id", sealed=True),
)
KEPT: Final = tuple(table.name for table in _TABLES)


class Manifest(Frozen):
    """What a backup says of itself.

    Shape:
        format: of the archive.
        version: of the program that made it; `schema_version` of its database.
        org: whose it is.
        at: when it was made.
        columns: by table, those that are in its file, in order.
        rows: by table, how many.
    """

    format: int
    version: str
    schema_version: int
    org: str
    at: Utc
    columns: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]


async def write_backup(database: Database, org: str, path: Path, *, version: str, now: datetime) -> Manifest:
    """Write everything of `org` that cannot be made again, as it is at one moment, while work goes on.

    Args:
        database: where it is.
        org: whose.
        path: a file that is not there yet; nobody but its owner may read it.
        version: of this program.
        now: what the backup says of when it was made.

    Raises:
        InvalidInput: the file cannot be written, or nothing is there to be kept; no file is there then.
        StoreUnavailable: the database is gone; no file is there then.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with _opened_anew(path, unfinished) as archive:
            manifest = await _write(database, org, archive, version, now)
        unfinished.rename(path)
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _opened_anew(path: Path, unfinished: Path) -> zipfile.ZipFile:
    if path.exists():
        raise InvalidInput(f"{str(path)!r} is there already: name a file that is not, or remove it.")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600, exist_ok=False)
    return zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1)


async def _write(database: Database, org: str, archive: zipfile.ZipFile, version: str, now: datetime) -> Manifest:
    async with database.owner() as connection:
        schema = await schema_version(connection)
    if not schema:
        raise InvalidInput("There is nothing to back up: no engintel ever used this database.")
    columns: dict[str, tuple[str, ...]] = {}
    rows: dict[str, int] = {}
    async with database.session(org, readonly=True) as connection:
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in _TABLES:
            there = await _columns(connection, table.name)
            if not there:  # the database is older than this program, and may stay so for now
                continue
            columns[table.name] = tuple(name for name in there if name not in {"org", *table.but})
            told = ", ".join(columns[table.name])
            query = f"SELECT {told} FROM {table.name} WHERE org = $1 AND {table.only} ORDER BY {table.order}"  # noqa: S608 - our own names
            with archive.open(f"{table.name}.copy", "w", force_zip64=True) as file:
                done = await _driver(connection).copy_from_query(query, org, output=file, timeout=LONGEST)
            rows[table.name] = int(done.rpartition(" ")[2])
    manifest = Manifest(
        format=FORMAT, version=version, schema_version=schema, org=org, at=now, columns=columns, rows=rows
    )
    archive.writestr("manifest.json", manifest.model_dump_json(indent=2))
    return manifest


def _driver(connection: Connection) -> Any:  # noqa: ANN401 - its types know of no archive's files
    """The driver's own connection, for COPY and for statements that take long."""
    return connection


async def _columns(connection: Connection, table: str) -> list[str]:
    return [row["name"] for row in await connection.fetch(_COLUMNS, table)]


async def restore_backup(database: Database, org: str, path: Path) -> Manifest:
    """Put a backup back, all or nothing, where nothing is. The stores are to be filled from the log then.

    What may have been sent to an upstream since the backup was made is looked for there before it is sent again.

    Args:
        database: with this version's schema.
        org: who is to have it, whoever had it.
        path: of the backup.

    Raises:
        InvalidInput: it is no backup, a newer program made it, or the organisation has a log already.
        StoreUnavailable: the database is gone; nothing was put there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(archive, path)
            async with database.session(org) as connection:
                await _check_empty(connection, org)
                for table in _TABLES:
                    if table.name in manifest.columns:
                        await _restore(connection, org, archive, table, manifest)
                for statement in _AFTERWARDS:
                    await _driver(connection).execute(statement, org, timeout=LONGEST)
    except OSError as error:
        raise InvalidInput(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, PoisonEvent) as error:
        raise InvalidInput(f"{str(path)!r} is no backup, or not a whole one: make it again.") from error
    return manifest


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(archive.read("manifest.json"))
    except ValidationError as error:
        raise InvalidInput(f"{str(path)!r} is no backup: its manifest cannot be read.") from error
    known = migrations()[-1][0]
    if manifest.format > FORMAT or manifest.schema_version > known:
        raise InvalidInput(
            f"{str(path)!r} was made by engintel {manifest.version} (schema {manifest.schema_version}), which is newer "
            f"than this program (schema {known}): install that version, or a newer one."
        )
    return manifest


async def _check_empty(connection: Connection, org: str) -> None:
    """Nothing may be mixed: positions would mean other entries."""
    held = await connection.fetchval(_HELD, org)
    if held:
        raise InvalidInput(
            f"The organisation {org!r} has {held} log entries, deliveries or actions here already: restore into an "
            "empty ENGINTEL_HOME or database, or under another ENGINTEL_ORG."
        )


async def _restore(
    connection: Connection, org: str, archive: zipfile.ZipFile, table: _Table, manifest: Manifest
) -> None:
    """Copy a table in. PostgreSQL copies nothing into a table with row security, so it goes through one without."""
    columns = manifest.columns[table.name]
    if unknown := set(columns) - set(await _columns(connection, table.name)):
        raise InvalidInput(
            f"The backup has more of {table.name} than this version knows: {', '.join(sorted(unknown))}."
        )
    told = ", ".join(columns)
    await connection.execute(f"CREATE TEMP TABLE restoring ON COMMIT DROP AS SELECT {told} FROM {table.name} LIMIT 0")  # noqa: S608 - names of the schema
    with archive.open(f"{table.name}.copy") as file, translated("PostgreSQL"):
        await _driver(connection).copy_to_table("restoring", source=file, columns=columns, timeout=LONGEST)
    if not table.sealed:  # an empty organisation may have a lane, or have looked at a source
        await connection.execute(f"DELETE FROM {table.name} WHERE org = $1 AND {table.only}", org)  # noqa: S608 - as above
    copied = f"INSERT INTO {table.name} (org, {told}) SELECT $1, {told} FROM restoring"  # noqa: S608 - as above
    if rows_changed(await _driver(connection).execute(copied, org, timeout=LONGEST)) != manifest.rows[table.name]:
        raise zipfile.BadZipFile(table.name)
    await connection.execute("DROP TABLE restoring")


_COLUMNS: Final = """
SELECT attname AS name FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_HELD: Final = """
SELECT (SELECT count(*) FROM log WHERE org = $1) + (SELECT count(*) FROM inbox WHERE org = $1)
     + (SELECT count(*) FROM refused_deliveries WHERE org = $1) + (SELECT count(*) FROM dead_letters WHERE org = $1)
     + (SELECT count(*) FROM outbox WHERE org = $1) + (SELECT count(*) FROM audit WHERE org = $1)
"""
_AFTERWARDS: Final = (
    # Leases begin anew, and so do their tokens: an old one would hold off everybody.
    "UPDATE cursors SET cursor = cursor - 'fence' WHERE org = $1",
    # Since the backup was made, whatever was on its way may have arrived.
    """
    UPDATE outbox SET state = 'unknown', sent_at = coalesce(sent_at, created_at), next_at = now(),
        claimed_by = NULL, claimed_until = NULL
    WHERE org = $1 AND state IN ('pending', 'in_flight', 'unknown')
    """,
    # What is in the log by now is no news to a rule.
    """
    INSERT INTO positions (org, store, lane, position) SELECT org, 'automations', lane, head FROM lanes WHERE org = $1
    ON CONFLICT DO NOTHING
    """,
    "SELECT pg_notify('engintel_log', $1)",
)
