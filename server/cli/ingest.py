"""`engintel ingest`: reading sources into the log and the log into the stores."""

import argparse
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from domain.errors import EngintelError, Misconfigured
from domain.ports import Appended
from domain.text import count
from server.bootstrap import Engine, open_engine
from server.cli.logs import log_to
from server.cli.progress import progress
from server.intake import Ingested, Intake, total_of
from server.settings import load_settings

PROBLEMS_SHOWN = 20


async def git(arguments: argparse.Namespace) -> int:
    """Read local clones. One that cannot be read is told and stops no other."""
    if arguments.project and len(arguments.paths) > 1:
        raise Misconfigured("--project names one project: give one path with it.")
    settings = load_settings()
    log_to(settings)
    async with open_engine(settings) as engine:
        intake = Intake(engine.log, engine.router, engine.now, engine.drain)
        readers = [_reader(intake, path, arguments.project) for path in arguments.paths]
        return await ingest(engine, intake, readers, "commits")


def _reader(intake: Intake, path: Path, project: str | None) -> Callable[[], Awaitable[Ingested]]:
    async def read() -> Ingested:
        with progress(f"reading {path}", "commits") as show:
            return await intake.git(path, project, show)

    return read


async def deliveries(arguments: argparse.Namespace) -> int:
    """Read recorded webhooks from a file."""

    async def read() -> Ingested:
        with progress(f"reading {arguments.file}", "deliveries") as show:
            return await intake.deliveries(arguments.file, show)

    settings = load_settings()
    log_to(settings)
    async with open_engine(settings) as engine:
        intake = Intake(engine.log, engine.router, engine.now, engine.drain)
        return await ingest(engine, intake, [read], "deliveries")


async def ingest(
    engine: Engine,
    intake: Intake,
    readers: list[Callable[[], Awaitable[Ingested]]],
    unit: str,
    failing: str | None = None,
) -> int:
    """Read one source after the other while the stores follow, and tell what came of each; 1 if any failed.

    Args:
        engine: the program.
        intake: lets the stores follow.
        readers: the sources.
        unit: what is read of them.
        failing: what a problem is with, if not with one of those.
    """
    began = time.monotonic()
    results: list[Ingested] = []
    failed = 0
    async with intake.filling():
        for read in readers:
            try:
                results.append(await read())
            except EngintelError as error:
                failed += 1
                print(f"engintel: {error}", file=sys.stderr)
    await fill(engine)
    for result in results:
        print(f"{result.name}: {result.read} {unit} read, {_became(result.appended)}")
        for note in result.notes[:PROBLEMS_SHOWN]:
            print(f"  note: {note}")
        if len(result.notes) > PROBLEMS_SHOWN:
            print(f"  and {len(result.notes) - PROBLEMS_SHOWN} more notes")
        for problem in result.problems[:PROBLEMS_SHOWN]:
            print(f"  {problem}", file=sys.stderr)
        if len(result.problems) > PROBLEMS_SHOWN:
            print(f"  and {len(result.problems) - PROBLEMS_SHOWN} more", file=sys.stderr)
    total = total_of(results)
    told = f"{total.sent} events, or what was new of them," if total.sent else f"{total.new} new events"
    print(f"{told} in the log and every store, in {time.monotonic() - began:.1f} s")
    problems = sum(len(result.problems) for result in results)
    if problems:
        lost = count(problems, failing) if failing else f"{problems} {unit}"
        print(f"engintel: {lost} could not be used; everything else was", file=sys.stderr)
    return 1 if failed or problems else 0


def _became(appended: Appended) -> str:
    """What came of events, in words. What a stream took is looked at once it arrives."""
    if appended.sent:
        return f"{appended.sent} events sent"
    return f"{appended.new} events new" + (f", {appended.known} known" if appended.known else "")


async def fill(engine: Engine) -> None:
    """Bring what was sent into the log and every store up to the log's end, and show how that goes."""
    if engine.drain is not None:
        with progress("carrying into the log", "events") as carried:
            await engine.drain.catch_up(lambda events: carried(events, None))
    furthest = 0
    with progress("filling the stores", "entries") as show:

        def behind(entries: int) -> None:
            nonlocal furthest
            furthest = max(furthest, entries)
            show(furthest - entries, furthest)

        await engine.router.catch_up(behind)
