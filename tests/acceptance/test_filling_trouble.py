"""An engine that takes nothing: whoever fills it is told which role, which engine, what, and what to do.

It can be asked and looks well; that its disk is full, or that it is a replica that may only be read, shows when
something is written. Once that is mended, the same command fills it.
"""

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.cli.main import run
from tests.acceptance.program import NOW
from tests.conftest import make_home, remove_home
from tests.engines.clickhouse import Face
from tests.engines.neo4j import Server
from tests.engines.pinecone import KEY, Pinecone

ORG = "in-trouble"
"""Engines are shared with other tests, and what is put there stays."""

# Neo4j's driver leaves sockets to the collector; they go with the test that they are of.
pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def filled_home() -> Iterator[Path]:
    """A home with the sample organisation, whose stores are filled again and again."""
    home = make_home()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINTEL_HOME", str(home))
        patch.setenv("ENGINTEL_NOW", NOW)
        patch.setenv("ENGINTEL_ORG", ORG)
        try:
            assert run(["demo", "--no-serve"]) == 0
            yield home
        finally:
            remove_home(home)


@pytest.fixture(autouse=True)
def _operated(filled_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every command is about that home, on a machine that may be slow."""
    for name, value in {"HOME": str(filled_home), "NOW": NOW, "ORG": ORG, "DEADLINE": "20"}.items():
        monkeypatch.setenv(f"ENGINTEL_{name}", value)
    yield
    gc.collect()


def refused(store: str, capfd: pytest.CaptureFixture[str]) -> str:
    """What is said when `store` cannot be filled: one line, without a traceback or a password."""
    capfd.readouterr()
    assert run(["replay", "--store", store]) == 1
    told = capfd.readouterr()
    assert f"The {store} store is not available: " in told.err
    assert "Traceback" not in told.out + told.err
    return told.err


def answer(capfd: pytest.CaptureFixture[str], *call: str) -> dict[str, Any]:
    """What a tool says."""
    capfd.readouterr()
    assert run(["call", *call, "--json"]) == 0
    said: dict[str, Any] = json.loads(capfd.readouterr().out)
    return said


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("reader", "it may only be read: give a user that may also write, and not a replica that is read-only"),
        ("hurried", "it took too long: ask for a shorter time, or allow more with ?timeout="),
    ],
    ids=["to-be-read-only", "too-slow"],
)
def test_a_clickhouse_that_refuses_is_told(
    user: str, why: str, clickhouse_face: Face, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What it will not do for this user, it says itself."""
    monkeypatch.setenv("ENGINTEL_EVENTS_URL", clickhouse_face.url(database=f"of_{user}"))
    assert run(["migrate"]) == 0
    monkeypatch.setenv("ENGINTEL_EVENTS_URL", clickhouse_face.url(user, database=f"of_{user}"))

    assert f"ClickHouse at 127.0.0.1:{clickhouse_face.port}/of_{user}: {why}" in refused("events", capfd)


def test_a_clickhouse_whose_disk_is_full_is_told_and_filled_once_there_is_room(
    clickhouse_face: Face, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It counts its free disk itself, and is told to want more of it than there is."""
    monkeypatch.setenv("ENGINTEL_EVENTS_URL", clickhouse_face.url(database="crowded"))
    assert run(["migrate"]) == 0
    monkeypatch.setenv("ENGINTEL_EVENTS_URL", clickhouse_face.url("crowded", database="crowded"))
    why = "its disk is full: free some space, or keep less with ?hot_days= and ?rollup_days="
    assert f"ClickHouse at 127.0.0.1:{clickhouse_face.port}/crowded: {why}" in refused("events", capfd)

    monkeypatch.setenv("ENGINTEL_EVENTS_URL", clickhouse_face.url(database="crowded"))
    assert run(["replay", "--store", "events"]) == 0
    assert answer(capfd, "get_team_workload", "team=payments")["coverage"]["events"]["state"] == "ok"


def test_a_neo4j_that_may_only_be_read_is_told_and_filled_once_it_may_be_written(
    neo4j: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As a follower of a cluster, which is reached where the leader is meant."""
    monkeypatch.setenv("ENGINTEL_GRAPH_URL", neo4j.url())
    assert run(["migrate"]) == 0
    with neo4j.read_only():
        told = refused("graph", capfd)
    assert f"Neo4j at neo4j://{neo4j.address}/neo4j: it takes no writes; it is read-only, or a follower" in told

    assert run(["replay", "--store", "graph"]) == 0
    assert answer(capfd, "get_dependency_impact", "project=payouts")["coverage"]["graph"]["state"] == "ok"


def test_a_namespace_that_somebody_deleted_is_told_and_filled_again(
    pinecone: Pinecone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pinecone finds nothing in it and calls that well: texts are found by their words meanwhile."""
    index = pinecone.index("emptied", 384)
    monkeypatch.setenv("PINECONE_API_KEY", KEY)
    monkeypatch.setenv("ENGINTEL_VECTORS_URL", f"pinecone://emptied?host={pinecone.host('emptied')}")
    assert run(["replay", "--store", "vectors"]) == 0
    question = ("search_docs", "query=runbook for late payouts")
    before = answer(capfd, *question)
    [namespace] = [name for name in index.namespaces if name.endswith("project_docs")]
    del index.namespaces[namespace]

    why = f"Pinecone's index 'emptied' has no namespace {namespace} any more. `engintel replay --store vectors` fills"
    without = answer(capfd, *question)
    assert any(note.startswith(f"Found by words alone: {why}") for note in without["notes"])
    assert without["passages"]
    assert run(["doctor", "--json"]) == 1
    rows = {row["part"]: row for row in json.loads(capfd.readouterr().out)["checks"]}
    assert rows["vectors"]["state"] == "down"
    assert why in rows["vectors"]["why"]

    assert run(["replay", "--store", "vectors"]) == 0
    assert answer(capfd, *question) == before
    assert run(["doctor"]) == 0
