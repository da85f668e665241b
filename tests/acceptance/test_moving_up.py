"""A team outgrows one PostgreSQL: a role's URL changes, the log fills the new engine, and every answer stays."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.routing import Store
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.program import NOW
from tests.acceptance.shell import engintel, succeed
from tests.acceptance.test_store_down import NEEDS, answers, content_of
from tests.engines import clickhouse
from tests.engines.neo4j import Server
from tests.engines.pinecone import KEY, Pinecone

DIMENSION = 384


@pytest.fixture(params=["events", "vectors", "graph"])
def moved(request: pytest.FixtureRequest) -> tuple[Store, dict[str, str]]:
    """A role, and the settings that move it to an engine of its own, which is empty."""
    match request.param:
        case "events":
            face: clickhouse.Face = request.getfixturevalue("clickhouse_face")
            return Store.EVENTS, {"ENGINTEL_EVENTS_URL": face.url(database="moving_up")}
        case "vectors":
            pinecone: Pinecone = request.getfixturevalue("pinecone")
            pinecone.index("moving-up", DIMENSION)
            url = f"pinecone://moving-up?host={pinecone.host('moving-up')}"
            return Store.VECTORS, {"ENGINTEL_VECTORS_URL": url, "PINECONE_API_KEY": KEY}
        case _:
            neo4j: Server = request.getfixturevalue("neo4j")
            return Store.GRAPH, {"ENGINTEL_GRAPH_URL": neo4j.url()}


def settings_of(home: Path, more: Mapping[str, str]) -> Settings:
    """What a process of that home is given."""
    names = {"ENGINTEL_EVENTS_URL": "events_url", "ENGINTEL_VECTORS_URL": "vectors_url",
             "ENGINTEL_GRAPH_URL": "graph_url", "PINECONE_API_KEY": "pinecone_api_key"}  # fmt: skip
    told = {names[name]: value for name, value in more.items()}
    return Settings(home=str(home), now=NOW, deadline="60", **told)


async def answers_of(home: Path, more: Mapping[str, str]) -> Mapping[str, Any]:
    """What every reading tool says, while nobody fills anything."""
    async with EngineHolder(settings_of(home, more), fills=False).open() as holder:
        return {name: content_of(answer) for name, answer in (await answers(holder)).items()}


async def test_a_role_moves_and_every_answer_stays(sample_home: Path, moved: tuple[Store, dict[str, str]]) -> None:
    """Before it is filled its part is stale, and said to be; afterwards nobody can tell the difference."""
    store, more = moved
    before = await answers_of(sample_home, {})
    told = await asyncio.to_thread(succeed, sample_home, "migrate", **more)
    assert f"\n{store} (" in told

    empty = await answers_of(sample_home, more)
    for name in NEEDS[store]:
        assert empty[name]["coverage"][store]["state"] == "stale", name
        assert [note for note in empty[name]["notes"] if note.startswith(f"The {store} store is ")], name
    filled = await asyncio.to_thread(engintel, sample_home, "replay", "--store", store.value, **more)
    assert filled.returncode == 0, filled.stderr
    after = await answers_of(sample_home, more)
    # Vectors lie in one place at a time: whoever goes back has them made again.
    back = await asyncio.to_thread(engintel, sample_home, "replay", "--store", store.value)
    assert back.returncode == 0, back.stderr

    assert after == before
    assert await answers_of(sample_home, {}) == before
