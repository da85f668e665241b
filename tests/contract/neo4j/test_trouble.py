"""Neo4j that cannot be reached or used: whoever set it up is told what to do, and whoever asks why it is missing."""

import ssl
from pathlib import Path

import pytest

from adapters.graph.neo4j import Neo4jGraph, open_neo4j
from adapters.postgres.database import Database
from domain.errors import EngintelError, Misconfigured, StoreUnavailable
from tests.contract.filling import fill
from tests.contract.neo4j.story import batch, story
from tests.engines.certificates import Authority
from tests.engines.cutting import wired
from tests.engines.graphs import Graphs
from tests.engines.neo4j import PASSWORD, Server
from tests.events import ADA, commit


@pytest.mark.parametrize("scheme", ["bolt+ssc", "neo4j+ssc", "neo4j", "bolt"])
async def test_it_is_spoken_to_over_tls(scheme: str, database: Database, org: str, neo4j: Server) -> None:
    """Certificates are checked against an authority, or not at all, as the URL says."""
    ca = "" if scheme.endswith("ssc") else f"?ca={neo4j.authority}"
    async with open_neo4j(f"{neo4j.url(scheme)}{ca}", database, org) as graph:
        assert (await graph.inspect()).endpoint.startswith(f"{scheme}://127.0.0.1:")


async def refusals(url: str, database: Database, org: str) -> tuple[str, str]:
    """What an operator is told, and what a reader of an answer; neither says anything secret."""
    async with open_neo4j(url, database, org) as graph:
        with pytest.raises((Misconfigured, StoreUnavailable)) as asked:
            await graph.inspect()
        with pytest.raises(StoreUnavailable) as used:
            await graph.contributors(["git:api"])
    for error in (asked.value, used.value):
        assert isinstance(error, EngintelError)
        assert "secret" not in f"{error} {error!r}"
        assert "wo%rd" not in f"{error} {error!r}"
        assert "graph store" in str(error)
        assert "Neo4j at " in str(error)
    return str(asked.value), str(used.value)


async def test_a_wrong_password_is_told(database: Database, org: str, neo4j: Server) -> None:
    """As the operator's trouble where the store is set up, as the store's where it is used."""
    operator, reader = await refusals(f"neo4j://neo4j:secret@{neo4j.address}", database, org)

    assert operator.startswith("The graph store will not do: Neo4j at neo4j://127.0.0.1:")
    assert "refuses the user or the password" in operator
    async with open_neo4j(f"neo4j://neo4j:secret@{neo4j.address}", database, org) as graph:
        with pytest.raises(StoreUnavailable):  # and no event is poison for it
            await graph.apply(batch(*story()))
    assert "ENGINTEL_GRAPH_URL" in reader


async def test_an_unknown_host_is_told(database: Database, org: str) -> None:
    """By what to correct."""
    operator, _ = await refusals("bolt://neo4j:secret@nowhere.invalid", database, org)

    assert "no host of that name: correct ENGINTEL_GRAPH_URL" in operator


async def test_nobody_listening_is_told(database: Database, org: str) -> None:
    """A port that is closed."""
    operator, _ = await refusals("neo4j://neo4j:secret@127.0.0.1:1", database, org)

    assert "nothing listens there" in operator


async def test_an_unknown_database_is_told(database: Database, org: str, neo4j: Server) -> None:
    """By where its name stands."""
    operator, _ = await refusals(f"{neo4j.url()}/elsewhere", database, org)

    assert "no database of that name" in operator


async def test_an_expired_certificate_is_told(database: Database, org: str, neo4j: Server, tmp_path: Path) -> None:
    """Not as a connection that fails for no reason."""
    authority = Authority(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    expired = authority.sign("127.0.0.1", days=(-60, -1))
    tls.load_cert_chain(expired.certificate, expired.key)
    async with wired(neo4j.address, tls) as wire:
        operator, _ = await refusals(f"{neo4j.url('bolt', wire.address)}?ca={authority.bundle}", database, org)

    assert "its certificate has expired" in operator


async def test_a_certificate_of_nobody_known_is_told(database: Database, org: str, neo4j: Server) -> None:
    """With both ways out."""
    operator, _ = await refusals(neo4j.url("neo4j+s"), database, org)

    assert "signed by nobody known here" in operator
    assert "+ssc://" in operator


async def test_a_follower_is_told(graph: Neo4jGraph, neo4j: Server) -> None:
    """It answers and takes nothing: the position stays, and nothing is put aside for it."""
    await fill(graph, *story())
    with neo4j.read_only():
        with pytest.raises(StoreUnavailable, match="takes no writes; it is read-only, or a follower"):
            await graph.apply(batch(commit("c9", ADA, "x.py"), after=5))
        assert await graph.contributions([ADA.key])

    assert await graph.positions() == {0: 5}


async def test_a_query_that_takes_too_long_is_ended_and_told(database: Database, org: str, neo4j: Server) -> None:
    """By the server: it must not go on for nobody."""
    async with open_neo4j(f"{neo4j.url()}?timeout=1", database, org) as graph:
        with (
            pytest.raises(StoreUnavailable, match=r"took too long and was ended \(1 s; the option `timeout`"),
            graph.bolt.place.translated(using=True),
        ):
            await graph.bolt.read(lambda step: step.run("UNWIND range(1, 1000000000000) AS n RETURN count(n)"))


async def test_a_schema_that_is_newer_than_the_program_is_told(graph: Neo4jGraph, graphs: Graphs, org: str) -> None:
    """And nothing is written."""
    await graph.bolt.write(lambda step: step.run("MATCH (s:Schema {name: 'engintel'}) SET s.version = 99"))
    try:
        for asked in (graph.inspect(), graph.migrate()):
            with pytest.raises(Misconfigured, match="it has schema 99 and this version of engintel knows 1"):
                await asked
        fresh = await graphs.of(org)
        with pytest.raises(StoreUnavailable, match="schema 99"):
            await fresh.apply(batch(*story()))
    finally:
        await graph.bolt.write(lambda step: step.run("MATCH (s:Schema {name: 'engintel'}) SET s.version = 1"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("neo4j://neo4j@host", "it names a user without a password"),
        ("neo4j://neo4j:secret@host/a/b", "one name may stand behind the host"),
        ("neo4j://neo4j:secret@host?tiemout=3", "has no option tiemout; there are timeout, connections, ca"),
        ("neo4j://neo4j:secret@host?timeout=0", "timeout is '0': expected 1 to 600"),
        ("neo4j://neo4j:secret@host?ca=/nowhere", "ca names no file"),
        ("neo4j://neo4j:secret@", "expected one host, or host:port"),
        ("http://neo4j:secret@host", "expected it to begin with neo4j://"),
    ],
)
async def test_a_url_that_will_not_do_is_refused_before_anything_is_connected(
    url: str, why: str, database: Database, org: str
) -> None:
    """With the name of the variable, and without the secret."""
    with pytest.raises(Misconfigured, match="ENGINTEL_GRAPH_URL") as refused:
        async with open_neo4j(url, database, org):
            pass

    assert why in str(refused.value)
    assert "secret" not in str(refused.value)
    assert PASSWORD not in str(refused.value)
