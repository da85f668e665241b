"""`engintel migrate` and `replay`: keeping the stores true to the log."""

import argparse
import sys

from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate as take_steps
from domain.errors import EngintelError
from server.bootstrap import open_engine
from server.cli.ingest import fill
from server.cli.logs import log_to
from server.settings import load_settings


async def migrate(_: argparse.Namespace) -> int:
    """Bring the database, and every engine that fills a role of its own, to this version's schema."""
    settings = load_settings()
    async with Database(settings.database_url, settings.home_folder).open() as database:
        taken = await take_steps(database)
    print(f"took {len(taken)} steps: {', '.join(map(str, taken))}" if taken else "nothing to do: the schema is current")
    failed = 0
    async with open_engine(settings) as engine:
        for store in engine.projections:
            if store.store not in settings.moved:  # its tables are the database's
                continue
            try:
                done = await store.migrate()
                told = (await store.inspect()).engine
            except EngintelError as error:
                failed += 1
                print(f"engintel: {store.store.value}: {error}", file=sys.stderr)
            else:
                print(f"{store.store.value} ({told}): {'; '.join(done) or 'nothing to do'}")
    return 1 if failed else 0


async def replay(arguments: argparse.Namespace) -> int:
    """Fill stores again: from nothing, or from a position on top of what is there."""
    settings = load_settings()
    log_to(settings)
    async with open_engine(settings) as engine:
        heads = await engine.log.heads()
        chosen = [p for p in engine.projections if arguments.store in {None, p.store.value}]
        for projection in chosen:
            if arguments.position is None:
                await projection.reset()
            else:
                await projection.rewind(max(0, arguments.position))
        await fill(engine)
    names = ", ".join(projection.store.value for projection in chosen)
    print(f"filled {names} from {sum(heads.values())} log entries")
    return 0
