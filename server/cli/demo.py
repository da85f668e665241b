"""`engintel demo`: the sample organisation in a home of its own, and what to ask of it."""

import argparse
import json
import os
import shlex
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.sources.sample import sample
from domain.errors import Misconfigured
from server.bootstrap import open_engine
from server.cli.config import program
from server.cli.ingest import fill
from server.cli.logs import log_to
from server.cli.progress import progress
from server.intake import Intake
from server.settings import Settings, default_home, load_settings

_MARK: Final = "sample-organisation"
"""A file in the home that says: everything here was made by the demo, and may be made again."""

_ELSEWHERE: Final = ("database_url", "log_url", "directory_url", "events_url", "vectors_url", "graph_url")
"""Settings that name an engine outside of the home: the sample is not poured into what may hold something else."""

QUESTIONS: Final = (
    "Who could take over the retry logic of payouts, and has time for it?",
    "How is checkout doing, and what should I worry about?",
    "What breaks if payouts is down, and whom do I tell?",
)


async def demo(arguments: argparse.Namespace) -> int:
    """Load the sample organisation into a fresh home and serve it."""
    settings = load_settings()
    until = _midnight(settings.clock())
    if arguments.truth:
        print(json.dumps(sample(until).truth, ensure_ascii=False, indent=1))
        return 0
    if elsewhere := settings.set_among(_ELSEWHERE):
        raise Misconfigured(f"The demo keeps to a home of its own: unset {', '.join(elsewhere)} for it.")
    home = settings.home_folder if settings.home else default_home().with_name("engintel-demo")
    settings = Settings(home=str(home), org=settings.org, now=settings.now, http_token=settings.http_token)
    if _prepare(home, until):
        await _load(settings, until)
        (home / _MARK).write_text(until.isoformat(), encoding="utf-8")
    else:
        print(f"The sample organisation is in {home} already.")
    os.environ["ENGINTEL_HOME"] = str(home)
    _say_what_to_ask(home, arguments.port, serving=not arguments.no_serve)
    if arguments.no_serve:
        return 0
    log_to(settings)
    from server.http import serve_with_workers  # noqa: PLC0415 - only here is it served

    await serve_with_workers(settings, "127.0.0.1", arguments.port, workers=1)
    return 0


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _prepare(home: Path, until: datetime) -> bool:
    """Make `home` fresh; False if it holds just this sample already.

    Raises:
        Misconfigured: it holds something that the demo did not make, or is in use.
    """
    mark = home / _MARK
    if mark.exists() and mark.read_text(encoding="utf-8") == until.isoformat():
        return False
    if home.exists() and any(home.iterdir()):
        if not mark.exists() and not (home / f"{_MARK}.unfinished").exists():
            raise Misconfigured(
                f"{home} holds data that the demo did not make. Set ENGINTEL_HOME to an empty or new folder for it."
            )
        EmbeddedPostgres(home).remove()
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / f"{_MARK}.unfinished").touch()
    return True


async def _load(settings: Settings, until: datetime) -> None:
    began = time.monotonic()
    made = sample(until)
    async with open_engine(settings) as engine:
        intake = Intake(engine.log, engine.router, engine.now)
        async with intake.filling():
            with progress("loading the sample organisation", "deliveries") as show:
                result = await intake.recorded("sample", made.deliveries, show)
        await fill(engine)
    took = time.monotonic() - began
    people = sum(not person["bot"] for person in made.truth["people"])
    print(
        f"Loaded {result.read} deliveries of {people} people and {len(made.truth['projects'])} projects "
        f"as {result.appended.new} events, in {took:.1f} s."
    )


def _say_what_to_ask(home: Path, port: int, *, serving: bool) -> None:
    engintel = shlex.join(program())
    print("\nAsk an assistant, for example:")
    for question in QUESTIONS:
        print(f"  {question}")
    print("\nOr try it here:")
    print(f"  export ENGINTEL_HOME={shlex.quote(str(home))}")
    print(f"  {engintel} call find_developers requirement='retry payouts that time out'")
    print(f"\nTo connect Claude Desktop, with that variable set:  {engintel} config claude-desktop")
    if serving:
        print(f"Serving on http://127.0.0.1:{port}/mcp (Ctrl-C stops it)")
    sys.stdout.flush()
