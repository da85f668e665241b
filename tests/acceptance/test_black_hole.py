"""A store behind a network that swallows everything: nobody waits for it for long, and the rest is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from mcp import Client
from mcp_types import CallToolResult

from adapters.directory.postgres import PostgresDirectory
from adapters.embedders.lexical import LexicalEmbedder
from adapters.events.postgres import PostgresEvents
from adapters.graph.postgres import PostgresGraph
from adapters.postgres.database import CONNECTIONS, Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.vectors.postgres import PostgresVectors
from domain.errors import StoreUnavailable
from domain.routing import Store
from server.bootstrap import Engine, open_engine
from server.figures import figures_of
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.program import NOW
from tests.acceptance.test_store_down import CALLS, DIRECTORY, NEEDS, UNFOUNDED, content_of, text_of
from tests.engines.hole import Hole, before, never_connecting
from tools.catalog import TOOLS

DEADLINE = 1.5
SOON = 5.0
"""Seconds after which nobody would say that an answer came in time, on a machine that does other things as well."""


@dataclass
class Behind(EngineHolder):
    """A program, one store of which is reached through a hole."""

    running: Engine
    hole: Hole

    async def engine(self) -> Engine:
        """The program as it is."""
        return self.running


@pytest.fixture(scope="module")
def socket_path(sample_home: Path) -> Iterator[str]:
    """Where the sample's PostgreSQL listens."""
    server = EmbeddedPostgres(sample_home)
    try:
        yield f"{parse_qs(urlsplit(server.start()).query)['host'][0]}/.s.PGSQL.5432"
    finally:
        server.stop()


def url_of(port: int) -> str:
    """The same PostgreSQL, or what stands before it, on a port of this machine."""
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def through(engine: Engine, database: Database, store: Store) -> Engine:
    """The same program, with `store` in a database of its own."""
    org = engine.settings.organisation
    match store:
        case Store.EVENTS:
            return replace(engine, events=PostgresEvents(database, org))
        case Store.VECTORS:
            return replace(engine, vectors=PostgresVectors(database, org, LexicalEmbedder()))
        case Store.GRAPH:
            return replace(engine, graph=PostgresGraph(database, org))
        case _:
            return replace(engine, directory=PostgresDirectory(database, org))


@asynccontextmanager
async def swallowed(home: Path, socket_path: str, store: Store) -> AsyncIterator[Behind]:
    """Everything worked once; the connections that there are will be swallowed."""
    async with (
        open_engine(Settings(home=str(home), now=NOW)) as engine,
        before(socket_path) as hole,
        Database(url_of(hole.port), home).open() as database,
    ):
        behind = Behind(through(engine, database, store), hole)
        await warmed(behind)
        hole.open()
        yield behind
        hole.close()


async def warmed(behind: Behind) -> None:
    """Let every store be connected and asked once, however long that takes."""
    patient = replace(behind.running, settings=replace(behind.running.settings, deadline="60"))
    told, _ = await answers(Behind(patient, behind.hole))
    assert not [answer for answer in told.values() if answer.is_error]


@asynccontextmanager
async def unconnectable(home: Path, socket_path: str, store: Store) -> AsyncIterator[Behind]:
    """Nobody was ever connected, and no handshake is completed."""
    with never_connecting() as port:
        async with (
            open_engine(Settings(home=str(home), now=NOW)) as engine,
            Database(url_of(port), home).open() as database,
        ):
            await warmed(Behind(engine, Hole(socket_path)))  # the other stores
            yield Behind(through(engine, database, store), Hole(socket_path))


async def answers(holder: EngineHolder) -> tuple[dict[str, CallToolResult], dict[str, float]]:
    """What each reading tool says, and how long it took."""
    told, took = {}, {}
    async with Client(build_server(holder)) as client:
        for name, arguments in CALLS.items():
            began = time.monotonic()
            told[name] = await client.call_tool(name, arguments)
            took[name] = time.monotonic() - began
    return told, took


Harm = Callable[[Path, str, Store], AbstractAsyncContextManager[Behind]]


@pytest.mark.parametrize("harm", [swallowed, unconnectable])
@pytest.mark.parametrize("store", NEEDS, ids=str)
async def test_every_tool_answers_in_time_with_the_rest(
    sample_home: Path, socket_path: str, store: Store, harm: Harm
) -> None:
    """Whatever needs the store names it, with the reason; nothing claims that there was nothing to be found."""
    async with harm(sample_home, socket_path, store) as behind:
        told, took = await answers(behind)

    assert max(took.values()) < SOON
    for name in CALLS:
        content = content_of(told[name])
        if name in NEEDS[store]:
            assert content["coverage"][store]["state"] == "down", name
            [missing] = [note for note in content["notes"] if "missing" in note]
            assert missing.startswith(f"The {store} part of this answer is missing: The {store} store is not available")
            assert f"did not answer within {DEADLINE} s" in missing or "left alone" in missing
            assert not [note for note in content["notes"] if note.startswith(UNFOUNDED)], name
        else:
            assert {state["state"] for state in content["coverage"].values()} <= {"ok"}, name
            assert not [note for note in content["notes"] if "missing" in note], name


@pytest.mark.parametrize("harm", [swallowed, unconnectable])
async def test_without_the_directory_the_error_comes_in_time(sample_home: Path, socket_path: str, harm: Harm) -> None:
    """Documents can be searched all the same."""
    async with harm(sample_home, socket_path, Store.DIRECTORY) as behind:
        told, took = await answers(behind)

    assert max(took.values()) < SOON
    assert content_of(told["search_docs"])["passages"]
    for name in DIRECTORY:
        assert told[name].is_error
        assert text_of(told[name]).startswith(f"{name} cannot answer now. The directory store is not available: it did")


async def test_a_store_that_let_one_call_wait_is_left_alone_and_found_again(
    sample_home: Path, socket_path: str
) -> None:
    """One call pays for finding out; those behind it do not wait, and once it is back answers are whole again."""
    async with swallowed(sample_home, socket_path, Store.EVENTS) as behind:
        _, took = await answers(behind)
        waited = [name for name, seconds in took.items() if seconds >= DEADLINE]
        assert waited == [next(iter(CALLS))]

        behind.hole.close()
        async with asyncio.timeout(30), Client(build_server(behind)) as client:
            while True:
                again = content_of(await client.call_tool("get_developer", CALLS["get_developer"]))
                if again["coverage"][Store.EVENTS]["state"] == "ok":
                    break
        assert again["activity"]["commits"]
        assert not [note for note in again["notes"] if "missing" in note]
        behind.hole.open()


@pytest.mark.parametrize("statement", ["BEGIN", "SELECT"])
async def test_whoever_gave_up_leaves_no_connection_behind(sample_home: Path, socket_path: str, statement: str) -> None:
    """A pool has only so many: where all of them were swallowed and given up, all are free again."""
    async with before(socket_path) as hole, Database(url_of(hole.port), sample_home).open() as database:
        connected, lost = asyncio.Barrier(CONNECTIONS + 1), asyncio.Event()

        async def ask() -> None:
            async with database.session("default", readonly=True) as connection:
                if not lost.is_set():
                    await connected.wait()
                    await lost.wait()
                await connection.execute("SELECT 1")

        asked = [asyncio.create_task(ask()) for _ in range(CONNECTIONS)]
        await connected.wait()
        if statement == "BEGIN":  # with idle connections in the pool
            lost.set()
            await asyncio.gather(*asked)
        hole.open()
        lost.set()
        asked = [asyncio.create_task(ask()) for _ in range(CONNECTIONS)] if statement == "BEGIN" else asked
        await asyncio.wait(asked, timeout=0.1)
        for task in asked:
            task.cancel()
        async with asyncio.timeout(SOON):
            await asyncio.wait(asked)
        assert all(task.cancelled() for task in asked)
        hole.close()
        async with asyncio.timeout(SOON):
            await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))


@pytest.fixture
async def all_behind(sample_home: Path, socket_path: str) -> AsyncIterator[Behind]:
    """A program whose one PostgreSQL is behind a hole, with everything connected."""
    async with before(socket_path) as hole:
        settings = Settings(home=str(sample_home), now=NOW, database_url=url_of(hole.port))
        async with open_engine(settings) as engine:
            behind = Behind(engine, hole)
            await warmed(behind)
            hole.open()
            yield behind
            hole.close()


async def test_without_its_database_a_server_still_says_so(all_behind: Behind) -> None:
    """Tools are listed, and every call, completion and figure ends in time."""
    async with Client(build_server(all_behind)) as client:
        async with asyncio.timeout(SOON):
            assert len((await client.list_tools()).tools) == len(TOOLS)
        told, took = await answers(all_behind)
        assert max(took.values()) < SOON
    engine = await all_behind.engine()
    with pytest.raises(StoreUnavailable, match="PostgreSQL store is not available"):
        async with asyncio.timeout(SOON):
            await figures_of(engine.within(DEADLINE))

    assert {name for name, answer in told.items() if answer.is_error} == DIRECTORY
    documents = content_of(told["search_docs"])
    assert documents["coverage"]["vectors"]["state"] == "down"


async def test_a_server_that_never_reached_its_database_says_so_in_time(sample_home: Path) -> None:
    """The start goes on behind the calls, and no call waits for all of it."""
    with never_connecting() as port:
        settings = Settings(home=str(sample_home), now=NOW, database_url=url_of(port), deadline="0.2")
        async with EngineHolder(settings, waits=settings.deadline_seconds).open() as holder:
            told, took = await answers(holder)

    assert max(took.values()) < SOON
    assert {text_of(answer) for answer in told.values()} == {
        f"{name} cannot answer now. The PostgreSQL store is not available: it did not answer within 0.2 s, "
        "and is still tried. Try again soon; `engintel doctor` tells what is not well."
        for name in CALLS
    }
