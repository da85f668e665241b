"""One store gone, or stuck: what is left is told, and what is missing is told as missing.

The stores are tables here, so they are really taken away: renamed, or locked by somebody who does not let go.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent

from adapters.graph.postgres import PostgresGraph
from adapters.postgres.projection import PostgresProjection
from domain.errors import StoreUnavailable
from domain.ports import Batch
from domain.routing import Store
from server.bootstrap import Engine
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.program import NOW, run
from tests.conftest import make_home, remove_home

CALLS: dict[str, dict[str, Any]] = {
    "find_developers": {
        "requirement": "Rank the results of a search",
        "paths": ["search/ranking.py"],
        "detail": "full",
    },
    "get_developer": {"person": "zoe.lefevre@brambleway.example"},
    "get_project_health": {"project": "payouts"},
    "get_dependency_impact": {"project": "payouts", "change": "breaking_change"},
    "get_team_workload": {"team": "payments"},
    "search_docs": {"query": "runbook for late payouts"},
    "find_entity": {"query": "payouts"},
}
NEEDS = {
    Store.EVENTS: {
        "find_developers",
        "get_developer",
        "get_project_health",
        "get_dependency_impact",
        "get_team_workload",
    },
    Store.GRAPH: {"get_project_health", "get_dependency_impact"},
    Store.VECTORS: {"find_developers", "search_docs"},
}
"""By store, the tools that have something of it in their answers."""
DIRECTORY = CALLS.keys() - {"search_docs"}
"""The tools that cannot do without the directory: it knows who and what is meant."""
UNFOUNDED = ("Nobody's work", "Nobody changed", "No human commit", "Nothing known depends", "Nothing found", "People: ")
"""How notes begin that say what was looked for is not there. Where nobody could look, they would be lies."""
Harm = Callable[[Engine, Store], AbstractAsyncContextManager[None]]


@pytest.fixture(scope="module")
def broken_home() -> Iterator[Path]:
    """A home with the sample organisation that may be damaged."""
    home = make_home()
    try:
        done = run(home, "demo", "--no-serve", ENGINTEL_NOW=NOW)
        assert done.returncode == 0, done.stderr
        yield home
    finally:
        remove_home(home)


@pytest.fixture(scope="module")
async def holder(broken_home: Path) -> AsyncIterator[EngineHolder]:
    """The program on it, where nobody waits long for a lock."""
    settings = Settings(home=str(broken_home), now=NOW, deadline="20")
    async with EngineHolder(settings).open() as opened:
        engine = await opened.engine()
        async with engine.database.owner() as connection:
            name = await connection.fetchval("SELECT current_database()")
            await connection.execute(f'ALTER DATABASE "{name}" SET lock_timeout = 50')
    async with EngineHolder(settings).open() as opened:
        yield opened


@asynccontextmanager
async def patient(engine: Engine) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that waits for locks, and that nobody gets after us."""
    connection = await engine.database.dedicated()
    try:
        await connection.execute("SET lock_timeout = 0")
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def taken_away(engine: Engine, store: Store) -> AsyncIterator[None]:
    """The store's tables are not there for a while."""
    tables = tables_of(engine, store)
    async with patient(engine) as connection:
        try:
            for table in tables:
                await connection.execute(f"ALTER TABLE engintel.{table} RENAME TO {table}_away")
            yield
        finally:
            for table in tables:
                await connection.execute(f"ALTER TABLE IF EXISTS engintel.{table}_away RENAME TO {table}")


@asynccontextmanager
async def locked(engine: Engine, store: Store) -> AsyncIterator[None]:
    """Somebody holds the store's tables for a while."""
    tables = ", ".join(f"engintel.{table}" for table in tables_of(engine, store))
    async with patient(engine) as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        yield


def tables_of(engine: Engine, store: Store) -> tuple[str, ...]:
    """The tables that a store consists of."""
    [projection] = [projection for projection in engine.projections if projection.store is store]
    assert isinstance(projection, PostgresProjection)
    return projection.tables


def graph_of(engine: Engine) -> PostgresGraph:
    """The embedded graph."""
    assert isinstance(engine.graph, PostgresGraph)
    return engine.graph


def incidents(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What somebody would be woken for."""
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


async def answers(holder: EngineHolder) -> dict[str, CallToolResult]:
    """What each reading tool says, as things stand."""
    async with Client(build_server(holder)) as client:
        return {name: await client.call_tool(name, arguments) for name, arguments in CALLS.items()}


def text_of(answer: CallToolResult) -> str:
    """What a model reads."""
    return "\n".join(block.text for block in answer.content if isinstance(block, TextContent))


def content_of(answer: CallToolResult) -> dict[str, Any]:
    """What a program reads."""
    assert not answer.is_error, text_of(answer)
    content: dict[str, Any] | None = answer.structured_content
    assert content is not None
    return content


@pytest.mark.parametrize("harm", [taken_away, locked])
@pytest.mark.parametrize("store", NEEDS, ids=str)
async def test_what_is_left_is_told_and_what_is_missing_is_named(
    holder: EngineHolder, caplog: pytest.LogCaptureFixture, store: Store, harm: Harm
) -> None:
    """Every tool answers; those that needed the store say so; none claims that there was nothing to be found."""
    before = await answers(holder)
    with caplog.at_level(logging.ERROR):
        async with harm(await holder.engine(), store):
            during = await answers(holder)
    after = await answers(holder)

    assert incidents(caplog) == [], "a store that is down is no incident"
    for name in CALLS:
        content, text = content_of(during[name]), text_of(during[name])
        others = {other: state for other, state in content["coverage"].items() if other != store}
        assert {state["state"] for state in others.values()} <= {"ok"}, name
        if name in NEEDS[store]:
            assert content["coverage"][store]["state"] == "down", name
            [missing] = [note for note in content["notes"] if "missing" in note]
            assert missing.startswith(f"The {store} part of this answer is missing"), name
            assert f"note: {missing}" in text
            assert f"; {store} down" in text.splitlines()[-1]
            assert not [note for note in content["notes"] if note.startswith(UNFOUNDED)], name
        else:
            assert content == content_of(before[name]), name
        assert content_of(after[name]) == content_of(before[name]), name


async def test_without_events_the_rest_of_a_project_is_there(holder: EngineHolder) -> None:
    """Dependencies and stuck work stand in other stores; nobody is called silent, and no figure is made up."""
    async with taken_away(await holder.engine(), Store.EVENTS):
        told = {name: content_of(answer) for name, answer in (await answers(holder)).items()}

    health = told["get_project_health"]
    assert health["dependents"]
    assert health["dependencies"]
    assert not health["metrics"]
    assert not health["contributors"]
    assert {risk["kind"] for risk in health["risks"]} == {"blocked_urgent_issues"}
    assert told["get_developer"]["identities"]
    assert "activity" not in told["get_developer"]
    assert told["get_team_workload"]["members"]
    assert not any("commits" in member for member in told["get_team_workload"]["members"])
    assert [p["id"] for p in told["get_dependency_impact"]["affected_projects"]] == ["checkout", "storefront"]
    assert told["find_developers"]["developers"], "profiles can still be compared"


async def test_without_the_graph_the_rest_of_a_project_is_there(holder: EngineHolder) -> None:
    """Figures and people; and no word that nothing depends on it."""
    async with taken_away(await holder.engine(), Store.GRAPH):
        told = {name: content_of(answer) for name, answer in (await answers(holder)).items()}

    assert told["get_project_health"]["metrics"]
    assert told["get_project_health"]["contributors"]
    assert not told["get_project_health"]["dependents"]
    assert not told["get_dependency_impact"]["affected_projects"]
    assert [team["id"] for team in told["get_dependency_impact"]["teams"]] == ["payments"]


async def test_without_vectors_people_are_found_by_what_they_did(holder: EngineHolder) -> None:
    """Their profiles add to that; documents cannot be searched, and nobody says that there are none."""
    async with taken_away(await holder.engine(), Store.VECTORS):
        told = {name: content_of(answer) for name, answer in (await answers(holder)).items()}

    kinds = {reason["kind"] for d in told["find_developers"]["developers"] for reason in d["reasons"]}
    assert "path" in kinds
    assert "profile" not in kinds
    assert told["search_docs"]["passages"] == []


@pytest.mark.parametrize("harm", [taken_away, locked])
async def test_without_the_directory_the_answer_is_a_clear_error(
    holder: EngineHolder, caplog: pytest.LogCaptureFixture, harm: Harm
) -> None:
    """Nobody can be named without it. It says that trying again may help, and shows nobody our insides."""
    before = await answers(holder)
    with caplog.at_level(logging.ERROR):
        async with harm(await holder.engine(), Store.DIRECTORY):
            during = await answers(holder)
    after = await answers(holder)

    assert incidents(caplog) == [], "a store that is down is no incident"
    for name in CALLS:
        text = text_of(during[name])
        if name in DIRECTORY:
            assert during[name].is_error
            assert text.startswith(f"{name} cannot answer now. The PostgreSQL store is not available: a table ")
            assert "Try again" in text
            assert "\n" not in text
        else:
            assert content_of(during[name]) == content_of(before[name])
        assert content_of(after[name]) == content_of(before[name]), name


async def test_events_that_arrive_while_a_store_is_away_wait_for_it(holder: EngineHolder) -> None:
    """They stay in the log. None is put aside as if it were at fault, and all are applied once the store is back."""
    engine = await holder.engine()
    lane, head = next((lane, head) for lane, head in (await engine.log.heads()).items() if head)
    entries = await engine.log.read(lane, 0, head)
    events = tuple(entry.event for entry in entries if entry.event is not None)
    async with taken_away(engine, Store.GRAPH):
        await graph_of(engine).rewind(0)
        with pytest.raises(StoreUnavailable):
            await graph_of(engine).apply(Batch(lane=lane, after=0, upto=head, events=events))
        during = content_of((await answers(holder))["get_dependency_impact"])
    await engine.router.catch_up()

    assert during["coverage"]["graph"]["state"] == "down"
    assert await engine.quarantine.items() == []
    healed = content_of((await answers(holder))["get_dependency_impact"])
    assert healed["coverage"]["graph"]["state"] == "ok"
    assert [p["id"] for p in healed["affected_projects"]] == ["checkout", "storefront"]
