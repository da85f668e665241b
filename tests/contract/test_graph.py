"""What every graph promises: who works on what, and what depends on what, over any number of steps."""

from collections.abc import Sequence

from domain.events import ManifestRemoved, Source
from domain.impact import Dependency
from tests.contract.filling import fill
from tests.engines.graphs import GraphEngine
from tests.events import ADA, GRACE, at, commit, event, github, issue, jira, manifest, pull, review, roadmap


def pairs(edges: Sequence[Dependency]) -> set[tuple[str, str]]:
    """Who needs whom."""
    return {(edge.dependent, edge.needed) for edge in edges}


async def test_everybody_who_did_something_is_a_contributor(graph: GraphEngine) -> None:
    """Authors, co-authors, reviewers, and whoever completed an issue."""
    api = "github:acme/api"
    done = issue("API-1", "Done", jira("j1", "Ada"))
    not_done = issue("API-2", "To Do", jira("j2", "Bob"))
    paired = commit("c1", ADA, co_authors=(GRACE,), project=api, hours=1)
    await fill(graph, paired, pull(1, author=github(1, "ada")), review(1, github(2, "grace")), done, not_done)

    found = {c.account for c in await graph.contributors([api, "jira:API"])}

    assert found == {ADA.key, GRACE.key, "github:1", "github:2", "jira:j1"}


async def test_a_contribution_has_its_first_and_last_time(graph: GraphEngine) -> None:
    """In whatever order they arrive."""
    await fill(graph, *(commit(f"c{h}", ADA, hours=h) for h in (5, 1, 9)))

    [contribution] = await graph.contributions([ADA.key])

    assert (contribution.project, contribution.first_at, contribution.last_at) == ("git:api", at(1), at(9))


async def test_projects_meet_in_a_package_whichever_comes_first(graph: GraphEngine) -> None:
    """One requires what the other provides: the manifest is the evidence."""
    await fill(graph, manifest("git:web", requires=("pypi:api", "pypi:unknown"), hours=1))
    assert await graph.dependencies(["git:web"], upstream=True, depth=3) == []

    await fill(graph, manifest("git:api", provides=("pypi:api",), hours=2))

    [edge] = await graph.dependencies(["git:web"], upstream=True, depth=3)
    assert (edge.dependent, edge.needed, edge.kind) == ("git:web", "git:api", "runtime")
    assert edge.evidence == "pyproject.toml requires pypi:api"
    assert pairs(await graph.dependencies(["git:api"], upstream=False, depth=1)) == {("git:web", "git:api")}


async def test_a_requirement_that_is_gone_is_no_dependency(graph: GraphEngine) -> None:
    """The newest manifest counts, and a removed one counts for nothing."""
    provided = manifest("git:api", provides=("pypi:api",))
    await fill(
        graph,
        provided,
        manifest("git:web", requires=("pypi:api",), hours=1),
        manifest("git:cli", requires=("pypi:api",)),
    )

    await fill(graph, manifest("git:web", hours=3), manifest("git:web", requires=("pypi:api",), hours=2))
    removed = ManifestRemoved(path="pyproject.toml")
    await fill(graph, event("gone", removed, project="git:cli", when=at(1), source=Source.GIT))

    assert await graph.dependencies(["git:api"], upstream=False, depth=1) == []


async def test_a_dependency_is_walked_through_every_name_of_a_project(graph: GraphEngine) -> None:
    """The manifest names the clone, the roadmap names its page: both are one project."""
    await fill(
        graph,
        manifest("git:core", provides=("pypi:core",)),
        manifest("git:api", requires=("pypi:core",)),
        roadmap("api", "git:api", "jira:API", depends_on=()),
        roadmap("shop", "github:acme/shop", depends_on=("notion:api",)),
    )

    edges = await graph.dependencies(["git:core"], upstream=False, depth=2)

    assert pairs(edges) == {("git:api", "git:core"), ("notion:shop", "notion:api")}


async def test_the_walk_ends_where_it_was_told_to(graph: GraphEngine) -> None:
    """A chain of five, three steps of it."""
    await fill(graph, *(roadmap(f"p{n}", depends_on=(f"notion:p{n - 1}",)) for n in range(1, 6)))

    near = await graph.dependencies(["notion:p0"], upstream=False, depth=3)

    assert pairs(near) == {(f"notion:p{n}", f"notion:p{n - 1}") for n in (1, 2, 3)}


async def test_cycles_end(graph: GraphEngine) -> None:
    """A needs B needs A."""
    await fill(graph, roadmap("a", depends_on=("notion:b",)), roadmap("b", depends_on=("notion:a",)))

    edges = await graph.dependencies(["notion:a"], upstream=False, depth=6)

    assert pairs(edges) == {("notion:a", "notion:b"), ("notion:b", "notion:a")}


async def test_a_roadmap_row_that_says_nothing_of_dependencies_changes_none(graph: GraphEngine) -> None:
    """Absent differs from empty."""
    await fill(graph, roadmap("a", depends_on=("notion:b",), hours=1), roadmap("a", depends_on=None, hours=2))
    assert len(await graph.dependencies(["notion:a"], upstream=True, depth=1)) == 1

    await fill(graph, roadmap("a", depends_on=(), hours=3))
    assert await graph.dependencies(["notion:a"], upstream=True, depth=1) == []


async def test_seen_since_is_kept_while_it_lasts(graph: GraphEngine) -> None:
    """How old the evidence is tells whether to believe it."""
    await fill(graph, *(roadmap("a", depends_on=("notion:b",), hours=h) for h in (1, 5, 9)))

    [edge] = await graph.dependencies(["notion:a"], upstream=True, depth=1)

    assert (edge.first_seen, edge.last_seen) == (at(1), at(9))
