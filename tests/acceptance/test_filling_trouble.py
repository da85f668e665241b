"""An engine that takes nothing: whoever fills it is told which role, which engine, what, and what to do.

It can be asked and looks well; that its disk is full, or that it is a replica that may only be read, shows when
something is written. Once that is mended, the same command fills it.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.shell import engintel, succeed
from tests.conftest import make_home, remove_home
from tests.engines.clickhouse import Face
from tests.engines.neo4j import Server
from tests.engines.pinecone import KEY, Pinecone

# Engines are shared with other tests, and what is put there stays; and a machine may be slow.
OURS = {"ENGINTEL_ORG": "in-trouble", "ENGINTEL_DEADLINE": "20"}


@pytest.fixture(scope="module")
def filled_home() -> Iterator[Path]:
    """A home with the sample organisation, whose stores are filled again and again."""
    home = make_home()
    try:
        done = engintel(home, "demo", "--no-serve", **OURS)
        assert done.returncode == 0, done.stderr
        yield home
    finally:
        remove_home(home)


def refused(home: Path, store: str, settings: Mapping[str, str]) -> str:
    """What is said when `store` cannot be filled."""
    done = engintel(home, "replay", "--store", store, **OURS, **settings)
    assert done.returncode == 1
    assert f"The {store} store is not available: " in done.stderr
    return done.stderr


def fill(home: Path, store: str, settings: Mapping[str, str]) -> None:
    """Fill `store` again."""
    done = engintel(home, "replay", "--store", store, **OURS, **settings)
    assert done.returncode == 0, done.stderr


def answer(home: Path, settings: Mapping[str, str], *call: str) -> dict[str, Any]:
    """What a tool says."""
    said: dict[str, Any] = json.loads(succeed(home, "call", *call, "--json", **OURS, **settings))
    return said


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("reader", "it may only be read: give a user that may also write, and not a replica that is read-only"),
        ("hurried", "it took too long: ask for a shorter time, or allow more with ?timeout="),
    ],
    ids=["to-be-read-only", "too-slow"],
)
def test_a_clickhouse_that_refuses_is_told(filled_home: Path, clickhouse_face: Face, user: str, why: str) -> None:
    """What it will not do for this user, it says itself."""
    database = f"of_{user}"
    succeed(filled_home, "migrate", **OURS, ENGINTEL_EVENTS_URL=clickhouse_face.url(database=database))
    theirs = {"ENGINTEL_EVENTS_URL": clickhouse_face.url(user, database=database)}

    assert f"ClickHouse at 127.0.0.1:{clickhouse_face.port}/{database}: {why}" in refused(filled_home, "events", theirs)


def test_a_clickhouse_whose_disk_is_full_is_told_and_filled_once_there_is_room(
    filled_home: Path, clickhouse_face: Face
) -> None:
    """It counts its free disk itself, and is told to want more of it than there is."""
    roomy, crowded = (
        {"ENGINTEL_EVENTS_URL": clickhouse_face.url(user, database="crowded")} for user in ("engintel", "crowded")
    )
    succeed(filled_home, "migrate", **OURS, **roomy)
    why = "its disk is full: free some space, or keep less with ?hot_days= and ?rollup_days="
    told = refused(filled_home, "events", crowded)
    assert f"ClickHouse at 127.0.0.1:{clickhouse_face.port}/crowded: {why}" in told

    fill(filled_home, "events", roomy)
    workload = answer(filled_home, roomy, "get_team_workload", "team=payments")
    assert workload["coverage"]["events"]["state"] == "ok"


def test_a_neo4j_that_may_only_be_read_is_told_and_filled_once_it_may_be_written(
    filled_home: Path, neo4j: Server
) -> None:
    """As a follower of a cluster, which is reached where the leader is meant."""
    there = {"ENGINTEL_GRAPH_URL": neo4j.url()}
    succeed(filled_home, "migrate", **OURS, **there)
    with neo4j.read_only():
        told = refused(filled_home, "graph", there)
    assert f"Neo4j at neo4j://{neo4j.address}/neo4j: it takes no writes; it is read-only, or a follower" in told

    fill(filled_home, "graph", there)
    impact = answer(filled_home, there, "get_dependency_impact", "project=payouts")
    assert impact["coverage"]["graph"]["state"] == "ok"


def test_a_namespace_that_somebody_deleted_is_told_and_filled_again(filled_home: Path, pinecone: Pinecone) -> None:
    """Pinecone finds nothing in it and calls that well: texts are found by their words meanwhile."""
    index = pinecone.index("emptied", 384)
    url = f"pinecone://emptied?host={pinecone.host('emptied')}"
    there = {"PINECONE_API_KEY": KEY, "ENGINTEL_VECTORS_URL": url}
    fill(filled_home, "vectors", there)
    question = ("search_docs", "query=runbook for late payouts")
    before = answer(filled_home, there, *question)
    [namespace] = [name for name in index.namespaces if name.endswith("project_docs")]
    del index.namespaces[namespace]

    why = f"Pinecone's index 'emptied' has no namespace {namespace} any more. `engintel replay --store vectors` fills"
    without = answer(filled_home, there, *question)
    assert any(note.startswith(f"Found by words alone: {why}") for note in without["notes"])
    assert without["passages"]
    ill = engintel(filled_home, "doctor", "--json", **OURS, **there)
    assert ill.returncode == 1
    rows = {row["part"]: row for row in json.loads(ill.stdout)["checks"]}
    assert rows["vectors"]["state"] == "down"
    assert why in rows["vectors"]["why"]

    fill(filled_home, "vectors", there)
    assert answer(filled_home, there, *question) == before
    succeed(filled_home, "doctor", **OURS, **there)
