"""One world in every graph: what one engine answers, the other does, whatever order it was filled in."""

import random
import uuid
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.database import Database
from domain.errors import InvalidInput
from domain.events import Event, git_actor
from domain.impact import reached_by
from domain.ports import Batch
from tests.contract.filling import fill
from tests.contract.test_projection import reordered
from tests.engines.graphs import GraphEngine, Graphs, graphs_in, held
from tests.engines.neo4j import Server
from tests.events import at, commit, github, issue, jira, manifest, pull, review, roadmap

PEOPLE = [git_actor(name, f"{number}@acme.dev") for number, name in enumerate(["Zoë Lefèvre", "王小明", "Óscar 🚀"])]
PEOPLE += [git_actor(f"Person {number}", f"{number}@acme.dev") for number in range(3, 50)]
PROJECTS = [f"git:p{number}" for number in range(12)]
CHAIN = 7


def world(seed: int = 4, commits: int = 600) -> list[Event]:
    """50 people, 12 projects; a chain of packages 6 deep, cycles, manifests that change, and what chance adds."""
    chance = random.Random(seed)
    events: list[Event] = []
    for number in range(commits):
        who, where = chance.choice(PEOPLE), chance.choice(PROJECTS)
        file = chance.choice(["a.py", "b.ts", "c.go", "README.md"])
        events.append(commit(f"c{number}", who, file, hours=chance.random() * 900, project=where))
        if number % 5 == 0:
            login = github(number % 40, f"user{number % 40}")
            events.append(pull(number, author=login, hours=number, project=f"github:acme/{where[4:]}"))
            events.append(review(number, github((number + 7) % 40, "x"), hours=number + 1.5))
            events.append(issue(f"P{number % 12}-{number}", "Done", jira(f"j{number % 30}", "Jo"), hours=number))
    for number, project in enumerate(PROJECTS):
        provides = (f"pypi:p{number}", f"npm:p{number}") if number % 3 else (f"pypi:p{number}",)
        for hour in range(3):
            wanted = {f"pypi:p{chance.randrange(12)}" for _ in range(hour)}
            if 0 < number < CHAIN:
                wanted.add(f"pypi:p{number - 1}")
            if number in {8, 9}:
                wanted.add(f"pypi:p{17 - number}")  # 8 and 9 need each other
            events.append(manifest(project, provides=provides, requires=tuple(sorted(wanted)), hours=hour))
        events.append(manifest(project, requires=(f"npm:p{(number + 5) % 12}",), path="package.json", hours=number))
    events += [
        roadmap(
            f"page{number}", PROJECTS[number], f"github:acme/p{number}", f"jira:P{number}",
            depends_on=(f"notion:page{(number * 5 + 3) % 12}",) if number % 4 else None, hours=number,
            name=f"Prøject {number}", owner_team=f"Team {number % 4}",
        )
        for number in range(12)
    ]  # fmt: skip
    events.append(roadmap("page3", PROJECTS[3], depends_on=(), hours=50))
    return events


@pytest.fixture
async def both(database: Database, neo4j: Server) -> AsyncIterator[tuple[Graphs, Graphs]]:
    """Graphs in PostgreSQL and in Neo4j."""
    async with graphs_in(database, None) as one, graphs_in(database, neo4j.url()) as other:
        yield one, other


async def in_batches(graph: GraphEngine, events: Sequence[Event], sizes: Sequence[int]) -> None:
    """Fill in batches of these sizes, over and over."""
    begin, turn = 0, 0
    while begin < len(events):
        size = sizes[turn % len(sizes)]
        await fill(graph, *events[begin : begin + size])
        begin, turn = begin + size, turn + 1


async def answers(graph: GraphEngine, projects: Sequence[str], accounts: Sequence[str]) -> dict[str, object]:
    """Everything that a graph can be asked."""
    told: dict[str, object] = {
        "contributors": await graph.contributors(projects),
        "contributions": await graph.contributions(accounts),
    }
    for project in projects:
        for upstream in (True, False):
            for depth in (1, 7):
                told[f"{project} {upstream} {depth}"] = await graph.dependencies(
                    [project], upstream=upstream, depth=depth
                )
    return told


async def test_both_engines_give_the_same_answers(both: tuple[Graphs, Graphs], org: str) -> None:
    """In the same order, whatever batches they were filled by."""
    one, other = await both[0].of(org), await both[1].of(f"{org}-elsewhere")
    await in_batches(one, world(), [len(world())])
    await in_batches(other, reordered(world(), 3), [400, 1, 77])
    projects = [*PROJECTS, "notion:page4", "github:acme/p5", "jira:P3", "git:nobody", "git:☃"]
    accounts = [*(person.key for person in PEOPLE), "jira:j1", "github:7", "nobody"]

    theirs = await answers(other, projects, accounts)

    assert await answers(one, projects, accounts) == theirs
    assert theirs["contributors"]


async def test_a_change_reaches_six_projects_down_the_chain(graph: GraphEngine) -> None:
    """And cycles are seen as such."""
    await fill(graph, *world(commits=0))

    edges = await graph.dependencies(["git:p0"], upstream=False, depth=7)

    reached, _ = reached_by("git:p0", edges, "breaking_change", 7)
    assert {f"git:p{number}" for number in range(1, CHAIN)} <= {project.project for project in reached}
    assert any(project.in_cycle for project in reached)


async def test_names_of_any_script_are_told_as_they_are(graph: GraphEngine) -> None:
    """Byte for byte."""
    await fill(graph, *(commit(f"u{n}", person, "a.py", project="git:项目 ü") for n, person in enumerate(PEOPLE[:3])))

    found = await graph.contributors(["git:项目 ü"])

    assert {contribution.account for contribution in found} == {person.key for person in PEOPLE[:3]}


async def test_a_batch_may_be_empty_or_huge(graph: GraphEngine) -> None:
    """The position moves either way."""
    assert await graph.apply(Batch(lane=2, after=0, upto=7, events=()))
    events = [commit(f"h{n}", PEOPLE[n % 50], f"f{n}.py", hours=n / 10, project=PROJECTS[n % 12]) for n in range(5_000)]
    assert await graph.apply(Batch(lane=2, after=7, upto=5_007, events=tuple(events)))

    assert await graph.positions() == {2: 5_007}
    [*found] = await graph.contributors(PROJECTS)
    assert len(found) == len({(n % 50, n % 12) for n in range(5_000)})
    assert max(found, key=lambda c: c.last_at).last_at == at(499.9)


async def test_nothing_is_asked_for_nothing(graph: GraphEngine) -> None:
    """No names, no steps: no answer."""
    await fill(graph, *world()[:50])

    assert await graph.contributors([]) == []
    assert await graph.contributions([]) == []
    assert await graph.dependencies([], upstream=True, depth=3) == []
    assert await graph.dependencies(PROJECTS, upstream=True, depth=0) == []


async def test_a_walk_that_meets_too_much_is_refused_and_not_cut(
    graph: GraphEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an answer would look like a whole one."""
    for module in ("adapters.graph.postgres", "adapters.graph.neo4j"):
        monkeypatch.setattr(f"{module}.MOST_DEPENDENCIES", 5)
    await fill(graph, *(roadmap(f"p{n}", depends_on=("notion:hub",)) for n in range(6)))

    with pytest.raises(InvalidInput, match="within 2 steps: ask again with a smaller depth"):
        await graph.dependencies(["notion:hub"], upstream=False, depth=2)


async def test_an_organisation_sees_nothing_of_another(graphs: Graphs, org: str) -> None:
    """Two with the same names, filled by turns: each is as if it were alone."""
    mine, theirs, alone = [await graphs.of(f"{org}-{name}") for name in ("mine", "theirs", "alone")]
    small, smaller = world(4, 60), world(5, 60)
    for begin in range(0, len(small), 90):
        await fill(mine, *small[begin : begin + 90])
        await fill(theirs, *smaller[begin : begin + 90])
    await in_batches(alone, small, [90])

    assert await held(mine) == await held(alone)
    await theirs.reset()
    assert await held(mine) == await held(alone)
    assert not any((await held(theirs)).values())


names = st.sampled_from(["a", "b", "c", "ü"])
packages = st.lists(names.map("pypi:{}".format), max_size=3).map(tuple)
hours = st.integers(0, 6)
happenings = st.one_of(
    st.builds(
        lambda n, h, p, r: manifest(f"git:{n}", provides=p, requires=r, hours=h), names, hours, packages, packages
    ),
    st.builds(
        lambda n, refs, needs, h: roadmap(n, *(f"git:{r}" for r in refs), depends_on=needs, hours=h),
        names,
        st.lists(names, max_size=2),
        st.none() | st.lists(names.map("notion:{}".format), max_size=2).map(tuple),
        hours,
    ),
    st.builds(lambda n, h: commit(f"{n}{h}", PEOPLE[h], f"{n}.py", hours=h, project=f"git:{n}"), names, hours),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(happenings, max_size=14), seed=st.integers(0, 5), sizes=st.lists(st.integers(1, 9), min_size=1))
async def test_any_events_in_any_order_and_twice_make_the_same_graph(
    both: tuple[Graphs, Graphs], events: list[Event], seed: int, sizes: list[int]
) -> None:
    """Entities in any order, batches of any size, everything again on top: PostgreSQL's answers are the measure."""
    run = uuid.uuid4().hex[:10]
    one = await both[0].of(f"{run}-one")
    other, again = await both[1].of(f"{run}-other"), await both[1].of(f"{run}-again")
    await fill(one, *events)
    await fill(other, *events)
    await in_batches(again, reordered(events, seed), sizes)
    whole = await held(again)
    projects = [f"{kind}:{name}" for kind in ("git", "notion") for name in ("a", "b", "c", "ü")]
    accounts = [person.key for person in PEOPLE[:7]]

    assert whole == await held(other)
    assert await answers(again, projects, accounts) == await answers(one, projects, accounts)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=st.lists(happenings, min_size=1, max_size=10))
async def test_everything_again_on_top_changes_nothing(both: tuple[Graphs, Graphs], events: list[Event]) -> None:
    """A replay, in other batches than the first time."""
    graph = await both[1].of(f"again-{uuid.uuid4().hex[:10]}")
    newest = [e for e in events if not any(o.entity == e.entity and o.occurred_at > e.occurred_at for o in events)]
    await fill(graph, *newest)
    before = await held(graph)

    await graph.rewind(0)
    await in_batches(graph, newest, [1])

    assert await held(graph) == before
