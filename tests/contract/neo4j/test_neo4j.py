"""Neo4j where it differs from a store in PostgreSQL: two databases, a network between them, a server to be pleased."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.graph.neo4j import Neo4jGraph
from adapters.graph.neo4j_bolt import CYPHER
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.quarantine import PostgresQuarantine
from domain.errors import StoreUnavailable
from domain.ports import Quarantined
from domain.routing import Store
from tests.contract.filling import fill
from tests.contract.neo4j.story import batch, story
from tests.engines.cutting import Wire, wired
from tests.engines.graphs import Graphs, held
from tests.engines.neo4j import Server
from tests.events import ADA, GRACE, at, commit, manifest, roadmap

COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""Bolt's message COMMIT, as a chunk of its own."""


@pytest.fixture
async def wire(neo4j: Server) -> AsyncIterator[Wire]:
    """The way to the server, which can be cut."""
    async with wired(neo4j.address) as between:
        yield between


@pytest.fixture
async def far(graphs: Graphs, org: str, neo4j: Server, wire: Wire, graph: Neo4jGraph) -> Neo4jGraph:
    """The same graph at the other end of the wire."""
    made = await graphs.of(org, neo4j.url("bolt", wire.address))
    assert isinstance(made, Neo4jGraph)
    await made.migrate()
    return made


@pytest.fixture
def quarantine(database: Database, org: str) -> PostgresQuarantine:
    """What was put aside."""
    return PostgresQuarantine(database, org)


def poison(position: int, entity: str = "manifest:git:x:pyproject.toml") -> Quarantined:
    """Something that cannot be applied."""
    return Quarantined(
        store=Store.GRAPH, lane=0, position=position, event_id=f"bad{position}", entity=entity, reason="no", since=at()
    )


async def test_what_was_committed_and_not_heard_of_is_found_where_it_is(
    far: Neo4jGraph, graph: Neo4jGraph, graphs: Graphs, wire: Wire
) -> None:
    """The answer to a commit is lost: nothing is lost with it, and nothing is applied twice."""
    wire.after = COMMIT
    with pytest.raises(StoreUnavailable, match="while it committed"):
        await far.apply(batch(*story()))
    wire.after = None

    assert wire.cuts == 1
    assert await far.positions() == {0: 5}
    assert not await far.apply(batch(*story()))
    other = await graphs.of(f"{graph.org}-other")
    await fill(other, *story())
    assert await held(graph) == await held(other)


@pytest.mark.parametrize(("word", "again"), [(COMMIT, False), (b"MERGE (u:User", True)])
async def test_what_was_cut_before_it_was_committed_is_not_there(
    far: Neo4jGraph, wire: Wire, word: bytes, *, again: bool
) -> None:
    """Neither effect nor position. The driver tries again by itself what cannot have been committed."""
    wire.before = word
    with pytest.raises(StoreUnavailable):
        await far.apply(batch(*story()))
    wire.before = None

    assert (wire.cuts > 1) == again
    assert await far.positions() == {}
    assert not any((await held(far)).values())


async def test_a_crash_between_quarantine_and_position_loses_nothing_and_doubles_nothing(
    far: Neo4jGraph, graph: Neo4jGraph, quarantine: PostgresQuarantine, wire: Wire
) -> None:
    """What was put aside for a batch that was never applied does not count: the batch comes again."""
    first, *rest = story()
    aside = poison(2, entity=rest[0].entity)
    wire.before = b"SET place.position"
    with pytest.raises(StoreUnavailable):
        await far.apply(batch(first, rest[0], aside=(aside,)))
    wire.before = None
    assert [(item.position, item.waiting) for item in await quarantine.items()] == [(2, False), (3, True)]
    assert await graph.positions() == {}

    mended = batch(first, *rest)
    assert await graph.apply(mended)

    assert await quarantine.items() == []
    assert await graph.positions() == {0: 5}
    assert await graph.dependencies(["git:web"], upstream=True, depth=1) != []


async def test_what_was_put_aside_for_nothing_cannot_be_released(
    far: Neo4jGraph, graph: Neo4jGraph, quarantine: PostgresQuarantine, wire: Wire
) -> None:
    """It comes again with its batch; releasing it now would apply it before what stands before it."""
    wire.before = b"SET place.position"
    event = story()[1]
    with pytest.raises(StoreUnavailable):
        await far.apply(batch(aside=(poison(1, entity=event.entity),)))
    [item] = await quarantine.items()

    assert not await graph.release(item, event)

    assert await quarantine.items() == []
    assert not any((await held(graph)).values())


async def test_poison_is_put_aside_with_what_waits_behind_it(graph: Neo4jGraph, quarantine: PostgresQuarantine) -> None:
    """Also in later batches; it is released in order."""
    one, two = manifest("git:a", requires=("pypi:x",), hours=1), manifest("git:a", requires=("pypi:y",), hours=2)
    assert await graph.apply(batch(aside=(poison(1, entity=one.entity),)))
    assert await graph.apply(batch(two, commit("c", ADA, "a.py"), after=1))
    assert [(item.position, item.waiting) for item in await quarantine.items()] == [(1, False), (2, True)]
    first, second = await quarantine.items()

    assert not await graph.release(second, two)
    assert await graph.release(first, one)
    assert await graph.release(second, two)

    assert await quarantine.items() == []
    assert (await graph.tally())["manifests"] == 1
    await fill(graph, manifest("git:y", provides=("pypi:y",)), manifest("git:x", provides=("pypi:x",)))
    [edge] = await graph.dependencies(["git:a"], upstream=True, depth=1)
    assert edge.needed == "git:y"


async def test_a_worker_with_an_older_lease_is_refused_by_the_graph_itself(
    graph: Neo4jGraph, database: Database, org: str
) -> None:
    """It may have asked PostgreSQL while its lease still counted, and slept since."""
    leases = PostgresLeases(database, org)
    for holder in ("first", "second", "third"):
        newer = await leases.take("share:graph", holder, timedelta(0))
    newer = await leases.take("share:graph", "third", timedelta(minutes=1))
    older = await leases.take("another", "sleeper", timedelta(minutes=1))  # counts in PostgreSQL, with a smaller token
    assert newer is not None
    assert older is not None
    assert older.token < newer.token

    assert await graph.apply(batch(story()[0], lease=newer))

    assert not await graph.apply(batch(story()[1], after=1, lease=older))
    assert not await graph.apply(batch(story()[1], after=1, lease=newer.model_copy(update={"token": 1})))
    assert await graph.apply(batch(story()[1], after=1, lease=newer))


async def test_a_graph_that_was_half_emptied_is_emptied_before_anything_is_applied(
    far: Neo4jGraph, graph: Neo4jGraph, wire: Wire
) -> None:
    """Nobody believes meanwhile that what is gone is there."""
    await fill(graph, *story())
    before = await held(graph)
    wire.before = b"MATCH (n:Package"
    with pytest.raises(StoreUnavailable):
        await far.reset()
    wire.before = None
    assert await graph.positions() == {}
    assert (await graph.standing()).again_upto == {0: 5}
    assert any((await held(graph)).values())

    assert not await graph.apply(batch(*story()))
    assert not any((await held(graph)).values())
    assert await graph.apply(batch(*story()))

    assert await held(graph) == before


async def test_a_replay_says_what_is_no_news(graph: Neo4jGraph) -> None:
    """Up to where the lane was, until it is there again."""
    await fill(graph, *story())
    await graph.rewind(2)

    standing = await graph.standing()

    assert (standing.positions, standing.again_upto) == ({0: 2}, {0: 5})
    assert await graph.apply(batch(*story()[2:], after=2))
    assert (await graph.standing()).again_upto == {}


async def test_the_model_can_be_looked_at(graph: Neo4jGraph) -> None:
    """People, teams, projects and skills by name, for whoever opens Neo4j's own browser."""
    await fill(graph, *story())

    rows = await graph.bolt.read(
        lambda step: step.run(
            "MATCH (u:User {org: $org})-[:CONTRIBUTES_TO]->(p:Project)-[:DEPENDS_ON]->(q:Project) "
            "MATCH (u)-[:HAS_SKILL]->(s:Skill) OPTIONAL MATCH (t:Team)-[:OWNS]->(:Project)-[:SAME_AS]->(q) "
            "RETURN u.account, p.ref, q.ref, s.name, t.name ORDER BY u.account"
        )
    )

    assert [list(row) for row in rows] == [
        [ADA.key, "git:api", "notion:p2", "Python", None],
        [GRACE.key, "git:web", "git:api", "TypeScript", "Core"],
    ]
    owners = await graph.bolt.read(
        lambda step: step.run("MATCH (t:Team {org: $org})-[:OWNS]->(p:Project) RETURN t.id, t.name, p.ref")
    )
    assert [list(row) for row in owners] == [["core", "Core", "notion:p1"]]
    await fill(graph, roadmap("p1", "git:api", hours=6, owner_team="Payments"))
    owners = await graph.bolt.read(lambda step: step.run("MATCH (t:Team {org: $org}) RETURN t.name"))
    assert [list(row) for row in owners] == [["Payments"]]


async def test_it_says_who_it_is_and_how_much_it_holds(graph: Neo4jGraph, neo4j: Server) -> None:
    """For doctor."""
    await fill(graph, *story())

    told = await graph.inspect()

    assert (told.engine, told.version, told.schema_version) == ("Neo4j community", "5.26.12", "1 of 1")
    assert told.endpoint == f"neo4j://{neo4j.address}/neo4j"
    assert await graph.migrate() == ()
    counts = await graph.tally()
    assert counts == {
        "projects": 4, "users": 2, "contributions": 2, "skills": 2, "manifests": 2, "dependencies": 2,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(CYPHER))
def test_every_statement_is_of_one_organisation(name: str) -> None:
    """Each clause that looks for a node by its label looks among those of the organisation."""
    lines = [line for line in CYPHER[name].splitlines() if not line.startswith("//")]
    text = " ".join(lines)
    for word in ("MATCH", "MERGE", "CREATE"):
        for clause in text.split(f"{word} ")[1:]:
            head = clause
            for other in ("MATCH ", "MERGE ", "CREATE ", "WHERE ", "SET ", "WITH ", "RETURN ", "DELETE ", "UNWIND "):
                head = head.split(other)[0]
            assert ":" not in head.split("[")[0] or "org: $org" in head, head
    assert "$org" in text


async def test_nothing_leads_from_one_organisation_to_another(graph: Neo4jGraph, graphs: Graphs) -> None:
    """The same names in both."""
    other = await graphs.of(f"{graph.org}-other")
    await fill(graph, *story())
    await fill(other, *story())

    rows = await graph.bolt.read(
        lambda step: step.run("MATCH (a {org: $org})-[r]-(b) WHERE b.org <> $org RETURN count(r)")
    )

    assert rows[0][0] == 0
