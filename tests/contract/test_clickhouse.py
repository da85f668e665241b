"""What ClickHouse's engine promises beyond the port: right before anything is merged, after any crash, and bounded."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.events.clickhouse import ClickHouseEvents, open_chdb, open_clickhouse
from adapters.events.clickhouse_schema import newest
from adapters.postgres.database import Database, load_queries
from domain.errors import Misconfigured, PoisonEvent, StoreUnavailable
from domain.events import CommitDropped, Event, MetricSample, Source
from domain.ports import Batch
from domain.window import Window
from tests.contract.filling import fill
from tests.contract.test_projection import everything
from tests.engines.certificates import self_signed
from tests.engines.clickhouse import Face, behind_certificate
from tests.engines.clickhouse_content import content
from tests.events import ADA, at, commit, event

ALWAYS = Window(since=at(-10_000), until=at(10_000))
OWN = re.compile(r"org: none")
TABLE = re.compile(r"\bFROM\s+([a-z_]+)\b")
WRITTEN = ("events", "touches", "works", "samples", "samples_hourly", "samples_daily", "dropped")
"""The tables that a batch with something of everything is written to, in this order."""


@asynccontextmanager
async def over_http(face: Face, postgres: Database, org: str, **options: Any) -> AsyncIterator[ClickHouseEvents]:
    """The events over HTTP."""
    async with open_clickhouse(face.url(**options), postgres, org) as events:
        yield events


def told(*events: Event, after: int = 0) -> Batch:
    """A batch of lane 0."""
    return Batch(lane=0, after=after, upto=after + len(events), events=events)


def sample(n: int, value: float, *, hours: float = 0) -> Event:
    """A measurement of one series."""
    return event(f"m{n}", MetricSample(metric="up", value=value), entity="series:up", when=at(hours))


def dropped(sha: str, n: int = 1) -> Event:
    """A commit that a rewritten history no longer contains."""
    return event(
        f"drop:{sha}:{n}", CommitDropped(sha=sha), entity=f"commit:{sha}", project="git:api", source=Source.GIT
    )


def test_no_statement_reads_a_table_without_naming_the_organisation() -> None:
    """As often as a table is read, the organisation stands beside it; nothing is put into a statement as text."""
    statements = load_queries("adapters.events", "clickhouse.sql")

    for name, statement in statements.items():
        if OWN.search(statement):
            continue
        tables = [table for table in TABLE.findall(statement) if table != "gone"]
        assert tables, name
        assert statement.count("org = {org:String}") == len(tables), name
        assert "%s" not in statement


async def test_a_lost_answer_doubles_nothing(clickhouse_face: Face, database: Database, org: str) -> None:
    """Whichever insert it was whose answer never came: the same batch comes again, and everything is there once."""
    batch = (*everything(), commit("c9", ADA, "z.py"), dropped("c9"), sample(7, 1.0), sample(8, 2.0))
    async with over_http(clickhouse_face, database, org) as events:
        await fill(events, *batch)
        wanted = await content(events.server, org)
    assert wanted["samples_hourly"]
    for table in WRITTEN:
        other = f"{org}-{table.replace('_', '-')}"
        async with over_http(clickhouse_face, database, other) as events:
            await events.birth()
            clickhouse_face.fail(f"INSERT INTO {table}", lose=True)
            with suppress(StoreUnavailable):  # unless the driver asked again by itself: the token tells it that it may
                await events.apply(told(*batch))
            if not (await events.standing()).positions:
                assert await events.apply(told(*batch))

            assert {"met": f"INSERT INTO {table}"} in clickhouse_face.journal()
            assert await content(events.server, other) == wanted, table


async def test_a_crash_before_the_position_moved_doubles_nothing(chdb_url: str, database: Database, org: str) -> None:
    """All of it is there, or half of it, put under other tokens and in other bounds; then the batch comes."""
    batch = told(*everything(), commit("c9", ADA, "z.py"), dropped("c9"), sample(7, 1.0), sample(8, 2.0))
    async with open_chdb(chdb_url, database, org) as whole, open_chdb(chdb_url, database, f"{org}-cut") as cut:
        assert await whole.apply(batch)
        placed = batch.placed(batch.events)
        await cut.migrate()
        await cut.put("half", placed[: len(placed) // 2])
        await cut.put("all", placed)
        assert await cut.apply(batch)

        assert await content(cut.server, cut.org) == await content(whole.server, whole.org)


async def test_an_insert_that_was_never_made_is_made_at_the_next_attempt(
    clickhouse_face: Face, database: Database, org: str
) -> None:
    """A full disk in the middle of a batch: what came before is there already, and is not doubled."""
    async with over_http(clickhouse_face, database, org) as events:
        await events.birth()
        clickhouse_face.fail("INSERT INTO works", code=243)
        with pytest.raises(StoreUnavailable, match="disk is full"):
            await events.apply(told(*everything()))
        assert await events.apply(told(*everything()))

        [row] = await events.activity(ALWAYS, ("commit",), accounts={ADA.key: "ada"}, projects={"git:web": "web"})
        assert row.n == 1
        assert len(await events.find_work("payouts", ALWAYS)) == 1


async def test_rollups_are_right_before_anything_is_merged_and_after(
    chdb_url: str, database: Database, org: str
) -> None:
    """Sums bear no doubled row, so an hour is added up anew: in batches, twice, late, and merged."""
    first, second = (sample(1, 1.0, hours=0.1), sample(2, 3.0, hours=0.2)), (sample(3, 8.0, hours=0.3),)
    async with open_chdb(chdb_url, database, org) as events:
        await fill(events, *first)
        await fill(events, *second)
        await events.rewind(0)
        await fill(events, *first, *second)
        before = await events.measured("up", ALWAYS, by="hour"), await events.measured("up", ALWAYS, by="day")
        await events.settle()

        [hour], [day] = await events.measured("up", ALWAYS, by="hour"), await events.measured("up", ALWAYS, by="day")
        assert ([hour], [day]) == before
        assert (hour.n, hour.mean, hour.least, hour.most, hour.latest) == (3, 4.0, 1.0, 8.0, 8.0)
        assert (day.n, day.total, day.median) == (3, 12.0, 3.0)


async def test_a_store_that_was_emptied_takes_the_same_batches_again(
    chdb_url: str, database: Database, org: str
) -> None:
    """ClickHouse remembers tokens of what is gone, too: batches with the same bounds must not be taken for known."""
    async with open_chdb(chdb_url, database, org) as events:
        await fill(events, *everything())
        before = await content(events.server, org)
        await events.reset()
        await fill(events, *everything())

        assert await content(events.server, org) == before


async def test_what_is_dropped_is_gone_from_what_was_added_up(chdb_url: str, database: Database, org: str) -> None:
    """Where events are kept for some days only, older activity comes from hours and days, without what was dropped."""
    old = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=400)
    shas = {f"c{n}": old + timedelta(hours=n * 5) for n in range(8)}
    commits = [commit(sha, ADA, "a.py").model_copy(update={"occurred_at": when}) for sha, when in shas.items()]
    again = commits[1].model_copy(update={"id": "git:api:c1:again"})
    window = Window(since=old + timedelta(hours=1), until=datetime.now(UTC))
    async with (
        open_chdb(chdb_url, database, org) as kept,
        open_chdb(f"{chdb_url}?hot_days=30", database, org) as tiered,
    ):
        await fill(kept, *commits, dropped("c1"), dropped("c2"), again)

        [whole], [rolled] = [await events.activity(window, ("commit",)) for events in (kept, tiered)]
        assert whole.n == 6
        assert rolled == whole


async def test_events_are_kept_for_as_long_as_is_asked(clickhouse_face: Face, database: Database, org: str) -> None:
    """The address says it, `migrate` sees to it, and takes it back."""
    keep = {"database": "kept", "hot_days": "400", "rollup_days": "1000"}
    async with over_http(clickhouse_face, database, org, **keep) as events:
        first, second = await events.migrate(), await events.migrate()
        await fill(events, commit("c1", ADA, "a.py").model_copy(update={"occurred_at": datetime.now(UTC)}))
        assert (await events.tally())["events of 400 days"] == 1
    async with over_http(clickhouse_face, database, org, database="kept") as events:
        third = await events.migrate()

    assert [line for line in first if line.startswith("events kept 400 days")]
    assert [line for line in first if line.startswith("activity_daily kept 1000 days")]
    assert second == []
    assert [line for line in third if line.startswith("events kept for ever")]


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
async def test_a_year_that_cannot_be_told_is_poison_and_nothing_is_put(
    chdb_url: str, database: Database, org: str, year: int
) -> None:
    """It is named; the router puts it aside, and the rest goes on."""
    strange = commit("c2", ADA).model_copy(update={"occurred_at": datetime(year, 6, 1, tzinfo=UTC)})
    async with open_chdb(chdb_url, database, org) as events:
        with pytest.raises(PoisonEvent, match=f"of the year {year}"):
            await events.apply(told(commit("c1", ADA), strange))

        assert (await events.tally())["events"] == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"password": "wr0ng"}, "does not accept the user or the password"),
        ({"database": "nowhere", "create": "no"}, "there is no database of that name"),
        ({"user": "reader", "database": "engintel2"}, "it may only be read"),
    ],
)
async def test_what_the_operator_must_mend_is_said_without_a_secret(
    clickhouse_face: Face, database: Database, org: str, options: dict[str, str], says: str
) -> None:
    """Role, engine, what, and what to do; to the router it is a store that is away, so no event is blamed."""
    async with over_http(clickhouse_face, database, org, **options) as events:
        with pytest.raises(Misconfigured, match=says) as migrating:
            await events.migrate()
        with pytest.raises(StoreUnavailable, match=says) as filling:
            await events.apply(told(commit("c1", ADA)))

    for error in (migrating.value, filling.value):
        assert "events" in str(error)
        assert "ClickHouse at 127.0.0.1" in str(error)
        assert "wr0ng" not in str(error)
        assert "s3cret" not in str(error)


@pytest.mark.parametrize(
    ("host", "says"),
    [("127.0.0.1:1", "cannot be reached: ECONNREFUSED"), ("no-such-host.invalid:8123", "host is unknown")],
)
async def test_a_server_that_is_not_there_is_named(database: Database, org: str, host: str, says: str) -> None:
    """Nothing fails when it is opened; whoever asks is told."""
    async with open_clickhouse(f"clickhouse://u:s3cret@{host}/engintel", database, org) as events:
        with pytest.raises(StoreUnavailable, match=says) as asking:
            await events.activity(ALWAYS, ("commit",))

    assert "s3cret" not in str(asking.value)


@pytest.mark.parametrize(
    ("signed", "says"),
    [
        ((-1, True), "its certificate is not accepted: certificate has expired"),
        ((10, False), "its certificate is not accepted: self-signed certificate"),
        ((10, True), r"is that ClickHouse's HTTP port|cannot be reached"),
    ],
)
async def test_a_certificate_that_is_not_accepted_is_told(
    database: Database, org: str, tmp_path: Path, signed: tuple[int, bool], says: str
) -> None:
    """And why; with a good one the trouble is another."""
    days_left, trusted = signed
    certificate = self_signed(tmp_path, "127.0.0.1", days=(-60, days_left))
    with behind_certificate(certificate) as port:
        ca = f"?ca={certificate.certificate}" if trusted else ""
        async with open_clickhouse(f"clickhouses://u:s3cret@127.0.0.1:{port}/engintel{ca}", database, org) as events:
            with pytest.raises(StoreUnavailable, match=says) as asking:
                await events.skills(ALWAYS)

    assert "s3cret" not in str(asking.value)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (159, "took too long"), (241, "more memory than it may"), (202, "too busy"), (60, "run `engintel migrate`"),
        (242, "may only be read"), (999, "its error 999"),
    ],
)  # fmt: skip
async def test_a_question_that_fails_says_why(
    clickhouse_face: Face, database: Database, org: str, code: int, says: str
) -> None:
    """What ClickHouse quotes of the question stays there."""
    async with over_http(clickhouse_face, database, org) as events:
        await fill(events, commit("c1", ADA))
        clickhouse_face.fail("skill_uses", code=code, text=f"in scope SELECT ... WHERE org = '{org}'")
        with pytest.raises(StoreUnavailable, match=says) as asking:
            await events.skills(ALWAYS)

        assert org not in str(asking.value)
        assert await events.skills(ALWAYS) == []


async def test_every_question_is_bounded_and_stops_when_nobody_waits(
    clickhouse_face: Face, database: Database, org: str
) -> None:
    """Time and memory are limited by the engine itself; who leaves hangs up, which ends the question there."""
    async with over_http(clickhouse_face, database, org, timeout="7", memory_mb="321") as events:
        await fill(events, *everything())
        clickhouse_face.fail("FROM seen", seconds=30)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await events.last_seen({ADA.key: "ada"})

        assert await events.last_seen({ADA.key: "ada"})
        journal = clickhouse_face.journal()
        mine = [entry["settings"] for entry in journal if entry.get("parameters", {}).get("org") == org]
        reads = [settings for settings in mine if settings.get("max_execution_time") == "7"]
        assert reads
        assert all(settings["max_memory_usage"] == "321000000" for settings in reads)
        assert all(settings["cancel_http_readonly_queries_on_client_close"] == "1" for settings in reads)
        assert {"hung up": True} in journal


async def test_an_engine_of_a_later_version_is_left_alone(clickhouse_face: Face, database: Database, org: str) -> None:
    """It is said which schema it has, and what to do."""
    async with over_http(clickhouse_face, database, org, database="later") as events:
        await events.migrate()
        assert (await events.inspect()).schema_version == f"{newest()} of {newest()}"
        await events.server.run("INSERT INTO migrations (version) VALUES (99)")
    async with over_http(clickhouse_face, database, org, database="later") as events:
        with pytest.raises(Misconfigured, match=r"schema 99.*install the newer"):
            await events.migrate()
        with pytest.raises(StoreUnavailable, match=r"schema 99.*install the newer"):
            await events.skills(ALWAYS)
        with pytest.raises(StoreUnavailable, match=r"schema 99.*install the newer"):
            await events.apply(told(commit("c1", ADA)))
        assert (await events.inspect()).schema_version == f"99 of {newest()}"


async def test_an_empty_engine_says_that_it_is_to_be_migrated(
    clickhouse_face: Face, database: Database, org: str
) -> None:
    """Whoever only asks makes no tables; whoever fills it does."""
    async with over_http(clickhouse_face, database, org, database="empty") as events:
        await events.server.make_database()
        with pytest.raises(StoreUnavailable, match="run `engintel migrate`"):
            await events.skills(ALWAYS)

        await fill(events, commit("c1", ADA, "a.py"))
        assert len(await events.skills(ALWAYS)) == 1


async def test_two_that_migrate_at_once_make_one_engine(clickhouse_face: Face, database: Database, org: str) -> None:
    """Positions belong to its birth, and it was born once."""
    async with (
        over_http(clickhouse_face, database, org, database="raced") as one,
        over_http(clickhouse_face, database, f"{org}-b", database="raced") as other,
    ):
        born: Sequence[str] = await asyncio.gather(*(events.birth() for events in (one, other, one, other)))

        assert len(set(born)) == 1
        assert await one.server.rows("SELECT count() FROM births", {}) == [(1,)]


async def test_a_folder_belongs_to_one_process(chdb_url: str, database: Database, org: str) -> None:
    """A second one is told so at once; the first goes on."""
    script = f"""
import asyncio
from pathlib import Path
from adapters.events.clickhouse import open_chdb
from adapters.postgres.database import Database

async def main():
    async with open_chdb({chdb_url!r}, Database(None, Path("/nowhere")), "other") as events:
        await events.inspect()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stderr=subprocess.PIPE)
    async with asyncio.timeout(60):
        _, said = await process.communicate()

    assert b"StoreUnavailable" in said
    assert b"another process has it, and one folder belongs to one process" in said
    async with open_chdb(chdb_url, database, org) as events:
        assert (await events.inspect()).engine == "chdb"


async def test_a_process_has_one_folder(chdb_url: str, database: Database, org: str) -> None:
    """The engine cannot have two; that is said, too."""
    async with open_chdb(f"{chdb_url}-other", database, org) as events:
        with pytest.raises(StoreUnavailable, match="one process has one"):
            await events.skills(ALWAYS)
