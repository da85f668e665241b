"""How fast events answer, engine by engine: `python -m tests.engines.events_speed [ROWS...]`.

`fill HOME FOLDER ROWS` only makes the events, for a program to be asked.

Everything runs here, on one machine, one after the other: ClickHouse's engine in process with each number of rows, and
PostgreSQL with a million. The organisation grows with its events: a project and a person have as many at any size, so
that a question about one of them is the same question.
"""

import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.events.clickhouse import ClickHouseEvents, open_chdb
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from domain.delivery import DELIVERY_TYPES, LOOKBACK, SPRINT_TYPES
from domain.window import Window
from tests.conftest import make_home, remove_home
from tests.contract.conftest import opened_events
from tests.contract.filling import FilledEvents

SIZES = (100_000, 10_000_000)
IN_POSTGRES = 1_000_000
EVENTS_A_PERSON, EVENTS_A_PROJECT = 2_000, 8_000
ORG = "speed"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
COUNTED = ("commit", "pr_merged", "pr_reviewed")
TIMES = 40
STEP = 1_000_000
NOBODY: Mapping[str, Sequence[str]] = {
    name: [] for name in ("gits", "githubs", "jiras", "authors", "logins", "assignees")
}
_MERGED = (
    "events", "acts", "touches", "skill_uses", "works", "dated_words", "word_counts", "seen", "activity_hourly",
    "activity_daily",
)  # fmt: skip
_MAKING = {
    "max_partitions_per_insert_block": 0, "max_insert_block_size": STEP, "min_insert_block_size_rows": STEP,
    "insert_deduplicate": 0, "async_insert": 0,
}  # fmt: skip

Ask = Callable[[], Awaitable[Any]]


async def make(events: ClickHouseEvents, rows: int, named: Mapping[str, Sequence[str]] = NOBODY) -> None:
    """Fill the tables with `rows` events, past the log."""
    await events.migrate()
    statements = _statements()
    given = {"people": _people(rows), "projects": _projects(rows), "org": events.org, **named}
    for first in range(0, rows, STEP):
        part = {"first": first, "rows": min(STEP, rows - first)}
        for name in ("events", "touches", "works"):
            await events.server._run(statements[name], {**given, **part}, _MAKING)  # noqa: SLF001 - takes minutes
    for table in _MERGED:  # as the engine has it after a while
        await events.server._run(f"OPTIMIZE TABLE {table} FINAL", {}, _MAKING)  # noqa: SLF001 - takes minutes


def _statements() -> Mapping[str, str]:
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    pieces = [piece.partition("\n") for piece in text.split("-- name: ")[1:]]
    return {name.strip(): statement.strip().rstrip(";") for name, _, statement in pieces}


def _people(rows: int) -> int:
    return max(rows // EVENTS_A_PERSON, 5)


def _projects(rows: int) -> int:
    return max(rows // EVENTS_A_PROJECT, 2)


class Questions:
    """What tools ask, about people and projects by chance."""

    def __init__(self, events: FilledEvents, rows: int) -> None:
        self.events = events
        self.people, self.projects = _people(rows), _projects(rows)
        self.chance = random.Random(1)

    def person(self) -> dict[str, str]:
        """The accounts of somebody."""
        return _accounts(int(self.people * self.chance.random() ** 1.4))

    def project(self, n: int = 1) -> dict[str, str]:
        """The references of some projects."""
        return {
            ref: f"P{p}"
            for p in (int(self.projects * self.chance.random() ** 1.3) for _ in range(n))
            for ref in (f"git:project-{p}", f"github:acme/project-{p}", f"jira:P{p}")
        }

    def words(self, skew: float) -> str:
        """A text; the greater `skew`, the more common its words."""
        return " ".join(f"w{int(20_000 * self.chance.random() ** skew)}" for _ in range(6))

    def path(self) -> str:
        """A file."""
        area = int(self.projects * self.chance.random() ** 1.3) % 300
        part, unit, file = int(20 * self.chance.random() ** 2), self.chance.randrange(10), self.chance.randrange(12)
        return f"area{area}/part{part}/unit{unit}/file{file}.py"

    def all(self) -> Iterator[tuple[str, Ask]]:
        """Every question that a tool puts, by name."""
        events, year = self.events, _last(365)
        everybody = {key: who for n in range(self.people) for key, who in _accounts(n).items()}
        everywhere = {f"git:project-{p}": f"P{p}" for p in range(self.projects)}
        half = timedelta(days=90)
        yield "activity of a project, 90 days", lambda: events.activity(_last(90), COUNTED, projects=self.project())
        yield (
            "activity of a person everywhere, 90 days",
            lambda: events.activity(_last(90), COUNTED, accounts=self.person(), projects=everywhere),
        )
        yield (
            "activity of a team, 14 days",
            lambda: events.activity(
                _last(14), ("commit",), accounts={k: v for _ in range(8) for k, v in self.person().items()}
            ),
        )
        yield "activity of 10 projects, 90 days", lambda: events.activity(_last(90), COUNTED, projects=self.project(10))
        yield "last seen, everybody", lambda: events.last_seen(everybody)
        yield "last seen, a person", lambda: events.last_seen(self.person())
        yield "touches near a path", lambda: events.touches(year, half_life=half, paths=[self.path()])
        yield (
            "touches near a path in a project",
            lambda: events.touches(year, half_life=half, paths=[self.path()], projects=self.project()),
        )
        yield "skills of a person", lambda: events.skills(year, accounts=self.person())
        yield "everybody with a skill", lambda: events.skills(year, skills=["Python"])
        yield "work with rare words", lambda: events.find_work(self.words(1.3), year)
        yield "work with words as they come", lambda: events.find_work(self.words(4), year)
        yield "work with common words only", lambda: events.find_work("w0 w1 w2", year)
        yield (
            "delivery of a project, 210 days",
            lambda: events.read(DELIVERY_TYPES, _last(90, LOOKBACK), projects=list(self.project())),
        )
        yield "sprints, 210 days", lambda: events.read(SPRINT_TYPES, _last(90, LOOKBACK))
        yield "an event by its id", lambda: events.happened(ids=[f"git:commit:{self.chance.randrange(30_000)}"])
        yield (
            "what happened to one thing",
            lambda: events.happened(entity=f"pr:github:acme/project-0#{self.chance.randrange(1_000)}"),
        )


def _last(days: int, more: timedelta = timedelta()) -> Window:
    return Window(since=NOW - timedelta(days=days) - more, until=NOW)


def _accounts(n: int) -> dict[str, str]:
    return {f"git:Person {n} <p{n}@acme.dev>": f"p{n}", f"github:{n}": f"p{n}", f"jira:j{n}": f"p{n}"}


async def measure(events: FilledEvents, rows: int, times: int = TIMES) -> dict[str, tuple[float, float]]:
    """By question, p50 and p95 in milliseconds; the first two answers are not counted."""
    took = {}
    for name, ask in Questions(events, rows).all():
        each = []
        for _ in range(times + 2):
            began = time.perf_counter()
            await ask()
            each.append((time.perf_counter() - began) * 1_000)
        each = sorted(each[2:])
        took[name] = (each[len(each) // 2], each[int(len(each) * 0.95)])
    return took


async def copy(events: ClickHouseEvents, database: Database, rows: int) -> None:
    """The same events into PostgreSQL's tables, past the log."""
    connection = await database.dedicated()
    try:
        await connection.execute(_NAMED_WORDS)
        for table, (columns, statement) in _COPIED.items():
            for first in range(0, rows, STEP // 10):
                given = {"org": events.org, "first": first, "upto": first + STEP // 10}
                found = await events.server._rows(statement, given, {})  # noqa: SLF001 - takes minutes
                await connection.copy_records_to_table(table, columns=columns, records=[tuple(row) for row in found])
        await connection.execute(_NUMBERED_WORDS)
        await connection.execute("VACUUM (ANALYZE) events, event_words, touches")
    finally:
        await connection.close()


_NAMED_WORDS = "CREATE TEMP TABLE named_words (org text, word text, occurred_at timestamptz, id text, project text)"
_NUMBERED_WORDS = """
INSERT INTO event_words (org, word, occurred_at, event, project)
SELECT org, word, occurred_at, hashtextextended(id, 0), project FROM named_words
"""
_BETWEEN = "org = {org:String} AND position > {first:UInt64} AND position <= {upto:UInt64}"
_COPIED = {
    "events": (
        ["org", "id", "type", "source", "occurred_at", "entity", "project", "account", "title", "event"],
        f"""SELECT org, id, type, source, occurred_at, entity, nullIf(project, ''), nullIf(account, ''),
                   if(type IN ('commit', 'pr_opened', 'pr_merged'), 'A title', NULL), event
            FROM events WHERE {_BETWEEN}""",
    ),
    "named_words": (
        ["org", "word", "occurred_at", "id", "project"],
        f"""SELECT DISTINCT org, arrayJoin(works.words) AS word, occurred_at, id, project FROM works
            WHERE {_BETWEEN} AND account != ''""",
    ),
    "touches": (
        ["org", "event_id", "account", "path", "entity", "project", "skill", "occurred_at"],
        f"""SELECT DISTINCT org, concat('git:commit:', toString(position - 1)), account, path, toString(entity_hash),
                   project, nullIf(skill, ''), occurred_at FROM touches WHERE {_BETWEEN}""",
    ),
}


def _told(
    name: str, rows: int, took: Mapping[str, tuple[float, float]], base: Mapping[str, tuple[float, float]]
) -> None:
    print(f"{name}, {rows:,} events: {_people(rows):,} people, {_projects(rows):,} projects", flush=True)
    for question, (p50, p95) in took.items():
        ratio = f"  {p50 / base[question][0]:5.2f} x" if question in base else ""
        print(f"  {question:42} {p50:8.1f} ms p50 {p95:8.1f} ms p95{ratio}", flush=True)


async def main(sizes: Sequence[int]) -> None:
    """Measure all of it."""
    home = make_home()
    folder = Path(tempfile.mkdtemp(prefix="engintel-events-speed-"))
    try:
        async with Database(None, home).open() as database:
            await migrate(database)
            base: dict[str, tuple[float, float]] = {}
            for rows in sizes:
                async with _made(folder, database, f"{ORG}-{rows}", rows) as events:
                    took = await measure(events, rows)
                _told("ClickHouse", rows, took, base)
                base = base or took
            org = f"{ORG}-postgres"
            async with (
                _made(folder, database, org, IN_POSTGRES) as events,
                opened_events(None, database, org) as postgres,
            ):
                await copy(events, database, IN_POSTGRES)
                _told("PostgreSQL", IN_POSTGRES, await measure(postgres, IN_POSTGRES, 20), {})
    finally:
        remove_home(home)
        shutil.rmtree(folder)


@asynccontextmanager
async def _made(folder: Path, database: Database, org: str, rows: int) -> AsyncIterator[ClickHouseEvents]:
    """So many events of an organisation in ClickHouse's engine."""
    async with open_chdb(f"chdb://{folder}", database, org) as events:
        began = time.perf_counter()
        await make(events, rows)
        print(f"{rows:,} events made in {time.perf_counter() - began:.0f} s", flush=True)
        yield events


async def fill(home: Path, folder: str, rows: int) -> None:
    """Add `rows` events to a program's own, of its people and projects first of all."""
    async with Database(None, home).open() as database, open_chdb(f"chdb://{folder}", database, "default") as events:
        named = {}
        for name, column, prefix in _NAMED:
            found = await events.server.rows(
                f"SELECT {column} FROM events WHERE org = {{org:String}} AND startsWith({column}, {{prefix:String}})"
                f" GROUP BY {column} ORDER BY count() DESC, {column}",
                {"org": events.org, "prefix": prefix},
            )
            named[name] = [text if column == "project" else text.removeprefix(prefix) for (text,) in found]
        await make(events, rows, named)


_NAMED = (
    ("gits", "project", "git:"), ("githubs", "project", "github:"), ("jiras", "project", "jira:"),
    ("authors", "account", "git:"), ("logins", "account", "github:"), ("assignees", "account", "jira:"),
)  # fmt: skip


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", home, folder, rows]:
            asyncio.run(fill(Path(home), folder, int(rows)))
        case words:
            asyncio.run(main([int(word) for word in words] or SIZES))
