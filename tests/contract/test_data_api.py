"""The RDS Data API as a way to PostgreSQL: values survive it, its limits are met, and nothing is done twice."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.directory.data_api import DataApiDirectory, open_data_api
from adapters.directory.postgres import PostgresDirectory
from adapters.postgres.data_api import DataApiDatabase, read_data_api
from adapters.postgres.data_api_wire import LIMITS, array_items, field_of, translate
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from domain.errors import Misconfigured, PoisonEvent, StoreUnavailable
from domain.events import git_actor
from domain.people import Person
from domain.ports import Directory
from server.bootstrap import open_engine
from server.settings import Settings
from tests.contract.conftest import data_api_url, socket_url
from tests.contract.filling import fill
from tests.engines import rds_data
from tests.engines.rds_data import CLUSTER, SECRET, RdsData, Refused
from tests.events import ADA, commit, issue

EAST = timezone(timedelta(hours=5, minutes=30))
URL = f"rds-data://{CLUSTER}?secret={SECRET}&database=engintel"


@pytest.fixture
def api(data_api: RdsData) -> Iterator[RdsData]:
    """What plays the API, with nothing wrong with it before and after."""
    data_api.asked.clear()
    yield data_api
    data_api.refusing = None
    data_api.losing.clear()


VALUES: list[tuple[str, Any]] = [
    ("text", 'it\'s {odd}, "quoted" \\ and\nlong: $1 :p1 ::x'),
    ("text", "山田 花子 🎉"),
    ("bigint", 2**62),
    ("boolean", False),
    ("float8", 0.1),
    ("numeric", Decimal("12.3400")),
    ("timestamptz", datetime(2026, 9, 1, 9, 0, 0, 123456, tzinfo=UTC)),
    ("timestamptz", datetime(1999, 12, 31, 23, 59, tzinfo=EAST)),
    ("bytea", b"\x00\xff"),
    ("jsonb", '{"a": [1, null, "ü"]}'),
    ("text[]", ["", "NULL", "null", 'a"b', "a\\b", "a,b", "{}", " ", "ü\n"]),
    ("text[]", []),
    ("bigint[]", [1, -2]),
    ("boolean[]", [True, False]),
    ("float8[]", [0.5, 2.0]),
    ("timestamptz[]", [datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 1, 5, 30, tzinfo=EAST)]),
    ("text", None),
]


@pytest.mark.parametrize(("kind", "value"), VALUES)
async def test_a_value_comes_back_as_the_driver_would_give_it(
    data_api_database: DataApiDatabase, database: Database, org: str, kind: str, value: Any
) -> None:
    """Whatever its type."""
    statement = f"SELECT $1::{kind} AS it"
    async with database.session(org, readonly=True) as connection:
        told = await connection.fetchval(statement, value)

    async with data_api_database.session(org, readonly=True) as connection:
        assert await connection.fetchval(statement, value) == told


@given(st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))))
def test_an_array_s_text_is_read_as_it_was_written(items: list[str]) -> None:
    """Quotes, commas, braces and backslashes are letters in there."""
    assert array_items(field_of(items)["stringValue"]) == items


def test_parameters_are_found_where_they_are_ones() -> None:
    """Not in texts, nor in comments; and each gets its type, unless it has one."""
    sql, parameters = translate("-- $9 is none\nSELECT $1, '$2 :x', $2::int, $1 -- $3\nWHERE $4;", ["a", 2, 3, None])

    assert sql == "SELECT :p1::text, '$2 :x', :p2::int, :p1::text \nWHERE :p4"
    assert [parameter["name"] for parameter in parameters] == ["p1", "p2", "p4"]


async def test_a_session_is_begun_bound_asked_and_committed(
    api: RdsData, data_api_database: DataApiDatabase, org: str
) -> None:
    """Four requests; and a transaction that reads can write nothing."""
    async with data_api_database.session(org, readonly=True) as connection:
        row = await connection.fetchrow(
            "SELECT current_user AS who, current_setting('engintel.org') AS org, current_setting('search_path') AS path"
        )

    assert row == {"who": "engintel_app", "org": org, "path": "engintel, public"}
    assert api.asked == ["BeginTransaction", "Execute", "Execute", "CommitTransaction"]
    with pytest.raises(StoreUnavailable, match="read-only"):
        async with data_api_database.session(org, readonly=True) as connection:
            await connection.execute("INSERT INTO lanes (org, lane) VALUES ($1, 0)", org)


async def test_a_row_of_another_organisation_is_neither_seen_nor_written(
    data_api_database: DataApiDatabase, org: str
) -> None:
    """PostgreSQL holds this wire to it, too."""
    put = "INSERT INTO lanes (org, lane) VALUES ($1, 0)"
    async with data_api_database.session(org) as connection:
        await connection.execute(put, org)
    async with data_api_database.session(f"{org}-other", readonly=True) as connection:
        assert await connection.fetch("SELECT org FROM lanes WHERE org = $1", org) == []
    with pytest.raises(StoreUnavailable):
        async with data_api_database.session(f"{org}-other") as connection:
            await connection.execute(put, org)


@pytest.mark.parametrize(
    ("lost", "after"),
    [("BeginTransaction", 1), ("Execute", 2), ("Execute", 3), ("Execute", 4), ("CommitTransaction", 1)],
)
async def test_a_lost_answer_is_never_asked_for_again(
    api: RdsData, data_api_database: DataApiDatabase, org: str, lost: str, after: int
) -> None:
    """A statement that ran twice in one transaction would find its own position moved, and skip the events.

    `after` is how often it is answered before: the test asks for the position first, in a transaction of its own.
    """
    directory = DataApiDirectory(data_api_database, org)
    await fill(directory, commit("c1", ADA))
    api.asked.clear()
    api.losing[lost] = after
    with pytest.raises(StoreUnavailable, match="it does not answer"):
        await fill(directory, issue("PAY-1"))
    asked = list(api.asked)

    at = (await directory.positions())[0]
    if at == 1:
        await fill(directory, issue("PAY-1"))

    assert asked.count(lost) == after + 1
    assert (await directory.positions()) == {0: 2}
    assert [item.key for item in await directory.work_items(["PAY-1"])] == ["PAY-1"]


async def test_what_was_cancelled_is_rolled_back(api: RdsData, data_api_database: DataApiDatabase, org: str) -> None:
    """At whatever point: a transaction that stays open locks what it touched for three minutes."""

    async def ask() -> None:
        async with data_api_database.session(org) as connection:
            await connection.execute("SELECT 1 FROM pg_sleep(0.01)")  # of itself it gives what the API cannot carry

    before = api.open_transactions
    for seconds in (0.0, 0.002, 0.004, 0.008, 0.012, 0.02):
        task = asyncio.create_task(ask())
        await asyncio.sleep(seconds)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async with asyncio.timeout(10):
        while api.open_transactions > before:
            await asyncio.sleep(0.01)


async def test_an_answer_that_is_too_large_is_read_in_pieces(data_api_database: DataApiDatabase, org: str) -> None:
    """The API carries a megabyte. Nothing was written yet, so that nothing is lost by beginning again."""
    statement = "SELECT n, repeat('x', $1::int) AS text FROM generate_series(1, 60) AS n ORDER BY n"
    size = LIMITS.row - 1_000
    async with data_api_database.session(org, readonly=True) as connection:
        rows = await connection.fetch(statement, size)

    assert [row["n"] for row in rows] == list(range(1, 61))
    assert {len(row["text"]) for row in rows} == {size}
    with pytest.raises(StoreUnavailable, match="set ENGINTEL_DATABASE_URL in place of ENGINTEL_DIRECTORY_URL"):
        async with data_api_database.session(org) as connection:
            await connection.fetch(statement, size)
    with pytest.raises(StoreUnavailable, match="or a row than 64 KiB"):
        async with data_api_database.session(org, readonly=True) as connection:
            await connection.fetch(statement, 2 * size)


async def test_what_cannot_be_held_is_poison_and_what_is_away_is_not(
    api: RdsData, data_api_database: DataApiDatabase, org: str
) -> None:
    """The consumer puts the one aside and waits for the other."""
    directory = DataApiDirectory(data_api_database, org)
    await fill(directory, commit("c1", ADA))

    with pytest.raises(PoisonEvent):
        await fill(directory, commit("c2", git_actor("NUL \x00", "nul@acme.dev")))
    assert await directory.positions() == {0: 1}
    with pytest.raises(StoreUnavailable, match="a table is missing"):
        async with data_api_database.session(org) as connection:
            await connection.execute("SELECT 1 FROM nowhere")


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("AccessDeniedException", "AWS denies it. Allow rds-data:*"),
        ("DatabaseResumingException", "was paused and is waking up. Ask again in fifteen seconds"),
        ("HttpEndpointNotEnabledException", "the cluster's Data API is off. Turn it on"),
        ("SecretsErrorException", "the secret cannot be read. Check secret in ENGINTEL_DIRECTORY_URL"),
        ("StatementTimeoutException", "a statement took longer than 45 seconds"),
        ("ThrottlingException", "it answered ThrottlingException"),
    ],
)
async def test_what_the_api_refuses_is_told_with_what_to_do(
    api: RdsData, data_api_database: DataApiDatabase, kind: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """In our words: its own name accounts and resources."""
    api.refusing = Refused(kind, f"User arn:aws:iam::123456789012:user/ada on {CLUSTER}")

    with pytest.raises(StoreUnavailable, match=re.escape(why)) as refused:
        async with data_api_database.session("test"):
            pass

    assert str(refused.value).startswith("The PostgreSQL (RDS Data API) store is not available: ")
    assert "123456789012" not in str(refused.value) + caplog.text


async def test_it_says_who_it_is_and_that_it_cannot_migrate(
    api: RdsData, database: Database, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its schema is made over a connection, by the same program."""
    async with open_data_api(data_api_url(api), database, org) as directory:
        await fill(directory, commit("c1", ADA), issue("PAY-1"))
        told = await directory.inspect()
        assert told.engine == "PostgreSQL (RDS Data API)"
        assert told.endpoint == f"{CLUSTER}/engintel"
        assert await directory.tally() == {"people": 1, "projects": 2, "work": 1, "documents": 0}
        assert await directory.migrate() == ()

        monkeypatch.setattr("adapters.directory.data_api.migrations", lambda: [(9_999, "")])
        with pytest.raises(Misconfigured, match="run `engintel migrate` with ENGINTEL_DATABASE_URL=postgresql://"):
            await directory.migrate()
        monkeypatch.setattr("adapters.directory.data_api.migrations", lambda: [(1, "")])
        with pytest.raises(Misconfigured, match="install the newer engintel"):
            await directory.inspect()


async def test_both_wires_lead_to_the_same_tables(
    data_api_database: DataApiDatabase, database: Database, org: str
) -> None:
    """A function fills what the server reads, and the other way round."""
    far, near = DataApiDirectory(data_api_database, org), PostgresDirectory(database, org)
    await fill(far, commit("c1", ADA))
    await fill(near, issue("PAY-1", hours=2))

    assert await far.people() == await near.people() != []
    assert await far.open_work() == await near.open_work() != []
    assert await far.standing() == await near.standing()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("rds-data://not a cluster?secret=x&database=y", "the ARN or the name of a cluster"),
        ("rds-data://engintel?database=y", "secret is missing: rds-data://CLUSTER?secret="),
        ("rds-data://engintel?secret=x", "database is missing"),
        ("rds-data://ada:hush@engintel?secret=x&database=y", "rds-data:// takes no user"),
        (f"{URL}&pool=3", "rds-data:// has no option pool; there are secret, database, region, endpoint"),
        (f"{URL}&endpoint=localhost", "endpoint is not an address"),
    ],
)
def test_a_url_that_will_not_do_is_told_by_its_option(url: str, why: str) -> None:
    """At once; what may be a password is not repeated."""
    with pytest.raises(Misconfigured, match=re.escape(why)) as refused:
        read_data_api(url)

    assert str(refused.value).startswith("ENGINTEL_DIRECTORY_URL will not do: ")
    assert "hush" not in str(refused.value)


async def test_a_name_is_looked_up_in_the_account_that_we_are_in(
    api: RdsData, aws: str, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ARN is long, and the account is known to AWS."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws)
    url = f"rds-data://engintel?secret={SECRET}&database=engintel&region=eu-central-1&endpoint={api.url}"
    there = DataApiDatabase(read_data_api(url))
    try:
        async with there.session(org, readonly=True) as connection:
            assert await connection.fetchval("SELECT 1") == 1
    finally:
        await there.close()


async def test_the_program_starts_without_it_and_runs_on_it(home: Path, org: str, api: RdsData) -> None:
    """While it is away the rest goes on, and then it catches up."""
    del api  # the credentials of its environment are used
    async with Database(None, home).open() as database:
        await migrate(database)
        with rds_data.running(await socket_url(database)) as own:
            settings = Settings(home=str(home), org=org, directory_url=data_api_url(own))
            own.refusing = Refused("DatabaseResumingException", "The Aurora DB instance is resuming.")

            async with open_engine(settings) as engine:
                await engine.log.append([commit("c1", ADA, "a.py"), issue("PAY-1")])
                with pytest.raises(StoreUnavailable, match="is waking up"):
                    await engine.context().directory.find_people("ada")
                own.refusing = None
                await engine.catch_up()

                [ada] = await found_again(engine.context().directory, "ada")
                assert ada.name == "Ada Lovelace"
                assert own.open_transactions == 0


async def found_again(directory: Directory, wanted: str) -> Sequence[Person]:
    """Who is found: what was slow to say that it is away is left alone for a moment."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await directory.find_people(wanted)
            except StoreUnavailable as error:
                if "is left alone" not in str(error):
                    raise
                await asyncio.sleep(0.05)


async def test_a_directory_in_another_database_than_the_log_s_is_refused(api: RdsData, home: Path, org: str) -> None:
    """What it put aside would be seen by nobody there."""
    async with Database(None, home).open() as other:
        await migrate(other)
        async with open_data_api(data_api_url(api), other, org) as directory:
            with pytest.raises(StoreUnavailable, match="names another database than the log's"):
                await fill(directory, commit("c1", ADA))
