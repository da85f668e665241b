"""Behind a transaction pooler: a real PgBouncer that deals out three connections to everybody.

Whatever outlives a transaction there is met by somebody else.
"""

import asyncio
import itertools
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.directory.postgres import PostgresDirectory
from adapters.embedders.lexical import LexicalEmbedder
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.listening import LOOKING
from adapters.postgres.migrate import migrate, migrations
from adapters.vectors.postgres import PostgresVectors
from domain.errors import StoreUnavailable
from tests.contract.filling import fill
from tests.contract.guests import url_of
from tests.engines import pgbouncer
from tests.engines.postgres import Guarded
from tests.events import ADA, commit, document, issue

SERVER_CONNECTIONS = 3


@pytest.fixture(scope="module")
async def guest(guarded: Guarded) -> str:
    """Somebody with a password."""
    return await guarded.invite()


@pytest.fixture(scope="module", params=["refuses", "ignores"])
def pooler(request: pytest.FixtureRequest, guarded: Guarded, guest: str) -> Iterator[int]:
    """The port of a pooler that refuses what it cannot keep for a session, as it does unasked, or drops it silently."""
    ignoring = request.param == "ignores"
    try:
        with pgbouncer.running(guarded.folder, guest, SERVER_CONNECTIONS, ignoring=ignoring) as port:
            yield port
    except pgbouncer.Unavailable as error:
        pytest.skip(f"no PgBouncer here: {error}")


@pytest.fixture
async def pooled(pooler: int, guest: str) -> AsyncIterator[Database]:
    """A database behind it, whose schema is there."""
    async with Database(url_of(guest, pooler), Path()).open() as database:
        await migrate(database)
        yield database


async def test_it_is_found_out_without_being_told(pooled: Database) -> None:
    """Whether it refuses session settings or swallows them."""
    async with pooled.session("test") as connection:
        assert await connection.fetchval("SELECT current_setting('search_path')") == "engintel, public"

    assert pooled.pooled


async def test_a_direct_connection_is_not_taken_for_a_pooled_one(guarded: Guarded, guest: str) -> None:
    """Statements are kept there, and a pooler costs speed."""
    async with Database(f"postgresql://{guest}:x@/{guest}?host={guarded.folder}", Path()).open() as database:
        assert not database.pooled


async def test_migrations_that_race_are_taken_once(guarded: Guarded) -> None:
    """The lock is the transaction's: one of the session would stay with the pooler."""
    other = await guarded.invite()
    try:
        with pgbouncer.running(guarded.folder, other, SERVER_CONNECTIONS) as port:
            async with (
                Database(url_of(other, port), Path()).open() as one,
                Database(url_of(other, port), Path()).open() as two,
            ):
                taken = await asyncio.gather(migrate(one), migrate(two), migrate(two))
                async with one.owner() as connection:
                    left = await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    except pgbouncer.Unavailable as error:
        pytest.skip(f"no PgBouncer here: {error}")

    assert sorted(itertools.chain(*taken)) == [number for number, _ in migrations()]
    assert left == 0


async def test_stores_are_filled_and_asked_as_without_one(pooled: Database, org: str) -> None:
    """Arrays, vectors, times and JSON, in statements that nothing is prepared for."""
    directory = PostgresDirectory(pooled, org)
    vectors = PostgresVectors(pooled, org, LexicalEmbedder())
    log = PostgresLog(pooled, org)
    events = [commit("c1", ADA, "a.py"), issue("PAY-1"), document("docs/a.md", "# Retrying\n\nWait a minute.")]

    assert (await log.append(events)).new == 3
    assert (await log.append(events)).known == 3
    await fill(directory, *events)
    await fill(vectors, *events)

    assert [person.name for person in await directory.find_people("ada")] == ["Ada Lovelace"]
    assert (await vectors.search("project_docs", "retrying", limit=1)).matches


async def test_no_organisation_and_no_role_leaks_to_whoever_comes_next(pooled: Database, org: str) -> None:
    """Three connections, ten organisations, some of whose calls are cancelled at any point."""
    chance = random.Random(7)
    orgs = [f"{org}-{number}" for number in range(10)]
    served: dict[int, set[str]] = defaultdict(set)
    seen: dict[str, set[str]] = defaultdict(set)
    bare: list[tuple[str | None, bool, str]] = []

    async def work(mine: str) -> None:
        async with pooled.session(mine) as connection:
            await connection.execute(
                "INSERT INTO lanes (org, lane, head) VALUES ($1, 0, 1) "
                "ON CONFLICT (org, lane) DO UPDATE SET head = lanes.head + 1",
                mine,
            )
            served[await connection.fetchval("SELECT pg_backend_pid()")].add(mine)
            seen[mine].update(row["org"] for row in await connection.fetch("SELECT DISTINCT org FROM lanes"))

    async def look() -> None:
        async with pooled.owner() as connection:
            row = await connection.fetchrow(
                "SELECT nullif(current_setting('engintel.org', true), '') AS org, current_user = session_user AS self, "
                "current_setting('transaction_read_only') AS readonly"
            )
            bare.append((row["org"], row["self"], row["readonly"]))

    async def cancelled(mine: str) -> None:
        task = asyncio.create_task(work(mine))
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError, StoreUnavailable):
            await task

    for _ in range(6):
        jobs = [*(work(mine) for mine in orgs), *(cancelled(mine) for mine in orgs[:3]), look(), look()]
        chance.shuffle(jobs)
        async with asyncio.timeout(60):
            await asyncio.gather(*jobs)

    assert seen == {mine: {mine} for mine in orgs}
    assert set(bare) == {(None, True, "off")}
    assert len(served) <= SERVER_CONNECTIONS + 3 * 6  # who is cancelled takes a connection along
    assert any(len(whom) > 1 for whom in served.values()), "nothing was shared, so nothing could have leaked"


async def test_nobody_listens_and_everybody_looks_again_soon(pooled: Database, org: str) -> None:
    """LISTEN would stay behind on a connection that is somebody else's by then."""
    log = PostgresLog(pooled, org)
    began = asyncio.get_running_loop().time()
    await log.wait(30)
    took = asyncio.get_running_loop().time() - began

    async with pooled.owner() as connection:
        assert await connection.fetchval("SELECT count(*) FROM pg_listening_channels()") == 0
    assert took < LOOKING + 2
    with pytest.raises(StoreUnavailable, match="a pooler deals out its connections"):
        await pooled.dedicated()
