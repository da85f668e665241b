"""`engintel backup` and `restore`: what cannot be made again, into one file and out of it."""

import argparse
import sys

from adapters.postgres.backup import Manifest, restore_backup, write_backup
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from domain.errors import EngintelError
from domain.text import count
from server.bootstrap import open_engine
from server.cli.ingest import fill
from server.cli.logs import log_to
from server.settings import load_settings
from server.version import VERSION


async def backup(arguments: argparse.Namespace) -> int:
    """Write a backup, as everything is at this moment. Servers may go on meanwhile, and need not be of this version."""
    settings = load_settings()
    log_to(settings)
    path = arguments.file
    async with Database(settings.database_url, settings.home_folder).open() as database:
        made = await write_backup(database, settings.organisation, path, version=VERSION, now=settings.clock())
    print(f"{path}: {_told(made)}, {path.stat().st_size / 1e6:.1f} MB")
    return 0


async def restore(arguments: argparse.Namespace) -> int:
    """Put a backup back where nothing is, and fill every store from it."""
    settings = load_settings()
    log_to(settings)
    async with Database(settings.database_url, settings.home_folder).open() as database:
        await migrate(database)
        made = await restore_backup(database, settings.organisation, arguments.file)
    print(f"restored {_told(made)}, as of {made.at:%Y-%m-%d %H:%M:%S} UTC")
    async with open_engine(settings) as engine:
        for projection in engine.projections:
            try:
                await projection.reset()  # an engine of its own may know of what came after the backup
            except EngintelError as error:
                print(
                    f"engintel: {error} Everything is restored; once that store is there again, run "
                    f"`engintel replay --store {projection.store.value}`.",
                    file=sys.stderr,
                )
                return 1
        await fill(engine)
    print("and every store is filled from it")
    return 0


def _told(made: Manifest) -> str:
    rows = made.rows
    waiting = rows.get("inbox", 0)
    told = [count(rows["log"], "log entry", "log entries"), count(rows.get("audit", 0), "audit row")]
    return f"organisation {made.org}: " + ", ".join(
        [*told, f"{count(waiting, 'unread delivery', 'unread deliveries')}"]
    )
