"""`engintel ingest github|jira|notion|prometheus`: reading a source elsewhere, from where the last reading came to."""

import argparse
from collections.abc import Awaitable, Callable
from datetime import timedelta

from domain.ports import PolledSource
from server.bootstrap import Engine, open_engine
from server.cli.ingest import ingest
from server.cli.logs import log_to
from server.cli.progress import progress
from server.intake import Ingested, Intake
from server.settings import load_settings
from server.sources import source_of


async def github(arguments: argparse.Namespace) -> int:
    """Read repositories from GitHub."""
    return await _backfill("github", arguments.names, arguments.days, "items")


async def jira(arguments: argparse.Namespace) -> int:
    """Read projects from Jira."""
    return await _backfill("jira", arguments.names, arguments.days, "issues and sprints")


async def notion(arguments: argparse.Namespace) -> int:
    """Read every page that is shared with us in Notion."""
    return await _backfill("notion", [""], arguments.days, "pages")


async def prometheus(arguments: argparse.Namespace) -> int:
    """Ask Prometheus what is configured."""
    return await _backfill("prometheus", [""], arguments.days, "points")


async def _backfill(kind: str, names: list[str], days: int | None, unit: str) -> int:
    """Read each source; one that cannot be read is told and stops no other."""
    settings = load_settings()
    log_to(settings)
    now = settings.clock
    start = now() - timedelta(days=days) if days else None
    sources = [source_of(settings, kind, name, now, start) for name in dict.fromkeys(names)]
    async with open_engine(settings) as engine:
        intake = Intake(engine.log, engine.router, engine.now)
        try:
            readers = [_reader(engine, source, unit) for source in sources]
            return await ingest(engine, intake, readers, unit, failing="part")
        finally:
            for source in sources:
                await source.close()


def _reader(engine: Engine, source: PolledSource, unit: str) -> Callable[[], Awaitable[Ingested]]:
    async def read() -> Ingested:
        with progress(f"reading {source.name}", unit) as show:
            return await engine.polling.backfill(source, show)

    return read
