"""An engine that will not do: whoever operates the program is told which role, which engine, what, and what to do.

One store so configured costs its part of an answer and nothing else, and no secret is told to anybody.
"""

import gc
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
from neo4j import GraphDatabase

from domain.routing import Store
from server.cli.main import run
from tests.acceptance.program import NOW, start
from tests.engines import clickhouse, neo4j
from tests.engines.certificates import self_signed
from tests.engines.clickhouse_face import PASSWORDS
from tests.engines.neo4j import Server
from tests.engines.pinecone import KEY, Pinecone

SECRET = "hunter2-never-told"
CALLS = {
    Store.EVENTS: ("get_team_workload", "team=payments"),
    Store.VECTORS: ("search_docs", "query=runbook for late payouts"),
    Store.GRAPH: ("get_dependency_impact", "project=payouts"),
}
Setting = Callable[[pytest.FixtureRequest], dict[str, str]]


@dataclass(frozen=True)
class Trouble:
    """What is wrong with the engine of a role.

    Shape:
        settings: as the operator wrote them.
        says: what he has to be told, whatever else is.
    """

    name: str
    store: Store
    settings: Setting
    says: tuple[str, ...]


def clickhouse_at(place: str, **more: str) -> dict[str, str]:
    """A ClickHouse that was set up by hand."""
    return {"ENGINTEL_EVENTS_URL": f"clickhouse://engintel:{SECRET}@{place}", **more}


def neo4j_at(place: str) -> dict[str, str]:
    """A Neo4j, likewise."""
    return {"ENGINTEL_GRAPH_URL": f"neo4j://neo4j:{SECRET}@{place}"}


def pinecone_at(index: str, host: str, key: str = SECRET) -> dict[str, str]:
    """An index of Pinecone, likewise."""
    return {"ENGINTEL_VECTORS_URL": f"pinecone://{index}?host={host}", "PINECONE_API_KEY": key}


def face(request: pytest.FixtureRequest) -> clickhouse.Face:
    """The server that speaks ClickHouse's HTTP."""
    found: clickhouse.Face = request.getfixturevalue("clickhouse_face")
    return found


def bolt(request: pytest.FixtureRequest) -> Server:
    """The Neo4j that all tests share."""
    found: Server = request.getfixturevalue("neo4j")
    return found


def index_of(request: pytest.FixtureRequest, name: str, dimension: int | None, key: str = KEY) -> dict[str, str]:
    """The stand-in for Pinecone, with an index of that name unless there is to be none."""
    pinecone: Pinecone = request.getfixturevalue("pinecone")
    if dimension is not None:
        pinecone.index(name, dimension)
    return pinecone_at(name, pinecone.host(name), key)


def expired(request: pytest.FixtureRequest) -> dict[str, str]:
    """A ClickHouse whose certificate ran out, though we trust who signed it."""
    certificate = self_signed(request.getfixturevalue("tmp_path"), "127.0.0.1", days=(-60, -1))
    opened = ExitStack()
    request.addfinalizer(opened.close)
    port = opened.enter_context(clickhouse.behind_certificate(certificate))
    place = f"127.0.0.1:{port}/engintel?ca={certificate.certificate}"
    return {"ENGINTEL_EVENTS_URL": f"clickhouses://engintel:{SECRET}@{place}"}


def newer_clickhouse(request: pytest.FixtureRequest) -> dict[str, str]:
    """A ClickHouse that a later version of the program has prepared."""
    server = face(request)
    password = PASSWORDS["engintel"]
    with closing(
        clickhouse_connect.get_client(host="127.0.0.1", port=server.port, username="engintel", password=password)
    ) as client:
        client.command("CREATE DATABASE IF NOT EXISTS later")
        client.command("CREATE OR REPLACE TABLE later.migrations (version UInt32) ENGINE = MergeTree ORDER BY version")
        client.command("INSERT INTO later.migrations (version) VALUES (99)")
    return {"ENGINTEL_EVENTS_URL": server.url(database="later")}


def newer_neo4j(request: pytest.FixtureRequest) -> dict[str, str]:
    """A Neo4j, likewise; afterwards it is as before."""
    server = bolt(request)
    driver = GraphDatabase.driver(f"bolt://{server.address}", auth=(neo4j.USER, neo4j.PASSWORD))

    before = driver.execute_query("MATCH (s:Schema {name: 'engintel'}) RETURN s.version AS version").records
    put = "MERGE (s:Schema {name: 'engintel'}) SET s.version = $version"
    driver.execute_query(put, version=99)
    request.addfinalizer(driver.close)
    if before:
        request.addfinalizer(lambda: driver.execute_query(put, version=before[0]["version"]))
    else:
        request.addfinalizer(lambda: driver.execute_query("MATCH (s:Schema {name: 'engintel'}) DELETE s"))
    return {"ENGINTEL_GRAPH_URL": server.url()}


def silent(request: pytest.FixtureRequest) -> str:
    """Something that takes connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    request.addfinalizer(listener.close)
    return f"127.0.0.1:{listener.getsockname()[1]}"


TROUBLES = [
    Trouble("events-unknown-host", Store.EVENTS, lambda _: clickhouse_at("clickhouse.invalid/engintel"),
            ("ClickHouse", "clickhouse.invalid")),
    Trouble("events-refused", Store.EVENTS, lambda _: clickhouse_at("127.0.0.1:1/engintel"),
            ("ClickHouse", "cannot be reached")),
    Trouble("events-silent", Store.EVENTS, lambda request: clickhouse_at(f"{silent(request)}/engintel?timeout=1"),
            ("ClickHouse", "does not answer in time")),
    Trouble("graph-silent", Store.GRAPH, lambda request: {**neo4j_at(silent(request)), "ENGINTEL_DEADLINE": "3"},
            ("neo4j", "did not answer", "ENGINTEL_GRAPH_URL")),
    Trouble("vectors-silent", Store.VECTORS,
            lambda request: {**pinecone_at("sample", f"http://{silent(request)}"), "ENGINTEL_DEADLINE": "3"},
            ("pinecone", "did not answer", "ENGINTEL_VECTORS_URL")),
    Trouble("events-wrong-password", Store.EVENTS,
            lambda request: {"ENGINTEL_EVENTS_URL": face(request).url(password=SECRET)},
            ("ClickHouse", "password", "ENGINTEL_EVENTS_URL")),
    Trouble("events-no-database", Store.EVENTS,
            lambda request: {"ENGINTEL_EVENTS_URL": face(request).url(database="nowhere", create="no")},
            ("ClickHouse", "no database of that name", "create=yes")),
    Trouble("events-expired-certificate", Store.EVENTS, expired, ("ClickHouse", "certificate has expired")),
    Trouble("events-newer-schema", Store.EVENTS, newer_clickhouse,
            ("ClickHouse", "schema 99", "install the newer engintel")),
    Trouble("graph-newer-schema", Store.GRAPH, newer_neo4j, ("Neo4j", "schema 99", "install the newer engintel")),
    Trouble("graph-unknown-host", Store.GRAPH, lambda _: neo4j_at("neo4j.invalid"),
            ("Neo4j", "neo4j.invalid", "ENGINTEL_GRAPH_URL")),
    Trouble("graph-refused", Store.GRAPH, lambda _: neo4j_at("127.0.0.1:1"), ("Neo4j", "127.0.0.1:1")),
    Trouble("graph-wrong-password", Store.GRAPH, lambda request: neo4j_at(bolt(request).address),
            ("Neo4j", "password", "ENGINTEL_GRAPH_URL")),
    Trouble("graph-no-database", Store.GRAPH,
            lambda request: {"ENGINTEL_GRAPH_URL": f"{bolt(request).url()}/nowhere"},
            ("Neo4j", "no database of that name", "ENGINTEL_GRAPH_URL")),
    Trouble("vectors-unknown-host", Store.VECTORS,
            lambda _: pinecone_at("sample", "https://sample.pinecone.invalid"), ("Pinecone", "ENGINTEL_VECTORS_URL")),
    Trouble("vectors-wrong-key", Store.VECTORS, lambda request: index_of(request, "locked", 384, SECRET),
            ("Pinecone", "does not accept the key", "PINECONE_API_KEY")),
    Trouble("vectors-no-index", Store.VECTORS, lambda request: index_of(request, "nowhere", None),
            ("Pinecone", "'nowhere'", "ENGINTEL_VECTORS_URL")),
    Trouble("vectors-wrong-dimension", Store.VECTORS, lambda request: index_of(request, "narrow", 8),
            ("Pinecone", "8 numbers", "ENGINTEL_VECTORS_URL")),
]  # fmt: skip


# Neo4j's driver leaves a socket whose connection was refused to the collector; it goes with the test that it is of.
pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(params=TROUBLES, ids=lambda trouble: trouble.name)
def trouble(request: pytest.FixtureRequest, sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trouble]:
    """One engine that will not do, in the environment of whatever command is run."""
    given: Trouble = request.param
    # What is wrong is to be heard of on a slow machine, too, where a refusal takes its time.
    ours = {"ENGINTEL_HOME": str(sample_home), "ENGINTEL_NOW": NOW, "ENGINTEL_DEADLINE": "20"}
    for name, value in {**ours, **given.settings(request)}.items():
        monkeypatch.setenv(name, value)
    yield given
    gc.collect()


def checked(trouble: Trouble, told: str) -> None:
    """`told` says what is wrong with which role, and what to do."""
    assert trouble.store.value in told
    for words in trouble.says:
        assert words in told, (words, told)
    assert "Traceback" not in told
    assert "Error" not in told.replace("ServiceUnavailable", "Error"), told


def test_doctor_and_answers_say_what_is_wrong_and_what_to_do(
    trouble: Trouble, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is well, the answers are there without that part, and nobody hears of the password."""
    assert run(["doctor", "--json"]) == 1
    doctor = capfd.readouterr()
    rows = {row["part"]: row for row in json.loads(doctor.out)["checks"]}
    assert rows[trouble.store.value]["state"] == "down"
    checked(trouble, rows[trouble.store.value]["why"])
    assert {rows[store.value]["state"] for store in list(Store)[:4] if store is not trouble.store} == {"ok"}

    tool, argument = CALLS[trouble.store]
    assert run(["call", tool, argument, "--json"]) == 0
    call = capfd.readouterr()
    content: dict[str, Any] = json.loads(call.out)
    assert content["coverage"][trouble.store.value]["state"] == "down"
    [missing] = [note for note in content["notes"] if "missing" in note]
    assert missing.startswith(f"The {trouble.store} part of this answer is missing: ")

    assert SECRET not in doctor.out + doctor.err + call.out + call.err + caplog.text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ENGINTEL_EVENTS_URL", f"clickhose://engintel:{SECRET}@127.0.0.1"),
        ("ENGINTEL_EVENTS_URL", f"clickhouse://engintel:{SECRET}#x@127.0.0.1"),
        ("ENGINTEL_GRAPH_URL", f"neo4j://neo4j:{SECRET}/x@127.0.0.1?nonsense=1"),
        ("ENGINTEL_VECTORS_URL", f"pinecone://sample?host={SECRET}"),
        ("ENGINTEL_DEADLINE", "soon"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named_before_anything_is_served(home: Path, setting: str, value: str) -> None:
    """In one line; what was written there may be a password."""
    process = start(home, "doctor", **{setting: value})
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert setting in out + err
    assert SECRET not in out + err
    assert "Traceback" not in out + err


def test_the_demo_is_not_poured_into_engines_that_may_hold_something_else(home: Path) -> None:
    """It is told which settings to leave out, and nothing is made anywhere."""
    elsewhere = {"ENGINTEL_EVENTS_URL": f"clickhouse://engintel:{SECRET}@127.0.0.1:1", "ENGINTEL_LOG_URL": SECRET}
    process = start(home, "demo", "--no-serve", **elsewhere)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "unset ENGINTEL_LOG_URL, ENGINTEL_EVENTS_URL for it" in out + err
    assert SECRET not in out + err
    assert not home.exists() or not any(home.iterdir())
