"""What a change reaches: by real edges, along shortest paths, and with its limits said."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.impact import CARRIES, ChangeKind, Dependency, EdgeKind, Reached, reached_by
from tests.unit.domain.builders import at

KINDS: tuple[EdgeKind, ...] = get_args(EdgeKind)
STRONGEST_FIRST: tuple[EdgeKind, ...] = ("declared", "runtime", "build", "optional", "test")
CHANGES: tuple[ChangeKind, ...] = get_args(ChangeKind)


def needs(dependent: str, needed: str, kind: EdgeKind = "runtime", evidence: str = "pyproject.toml") -> Dependency:
    return Dependency(
        dependent=dependent, needed=needed, kind=kind, evidence=evidence, first_seen=at(0), last_seen=at(9)
    )


NAMES = st.sampled_from("abcdef")
EDGES = st.lists(st.builds(needs, NAMES, NAMES, st.sampled_from(KINDS), st.sampled_from(["x", "y"])), max_size=14)


def reach(*edges: Dependency, change: ChangeKind = "breaking_change", depth: int = 5) -> list[Reached]:
    """What a change to `a` reaches."""
    return reached_by("a", edges, change, depth)[0]


def steps(edges: list[Dependency], change: ChangeKind) -> set[tuple[str, str]]:
    """The steps that a change of this kind can take."""
    return {(edge.needed, edge.dependent) for edge in edges if edge.kind in CARRIES[change]}


def distances(edges: list[Dependency], change: ChangeKind) -> dict[str, int]:
    """How far each project lies from `a`, found ring by ring."""
    allowed = steps(edges, change)
    rings = [{"a"}]
    while ring := {b for a, b in allowed if a in rings[-1]} - set().union(*rings):
        rings.append(ring)
    return {name: distance for distance, ring in enumerate(rings) for name in ring}


@given(EDGES, st.sampled_from(CHANGES), st.integers(0, 6))
def test_what_is_reached_is_what_lies_within_the_depth_by_shortest_paths(
    edges: list[Dependency], change: ChangeKind, depth: int
) -> None:
    """And whether anything lies beyond is said exactly when it does."""
    found, beyond = reached_by("a", edges, change, depth)
    far = distances(edges, change)
    assert {each.project: each.distance for each in found} == {
        name: distance for name, distance in far.items() if 0 < distance <= depth
    }
    assert beyond == any(distance > depth for distance in far.values())


@given(EDGES, st.sampled_from(CHANGES))
def test_every_path_begins_at_what_changes_and_each_step_is_an_edge(
    edges: list[Dependency], change: ChangeKind
) -> None:
    """A name without its path cannot be checked, and a path with an invented step convinces nobody."""
    for each in reached_by("a", edges, change, 6)[0]:
        assert (each.path[0], each.path[-1], len(each.path)) == ("a", each.project, each.distance + 1)
        assert set(pairwise(each.path)) <= steps(edges, change)


@given(EDGES, st.sampled_from(CHANGES))
def test_every_step_is_shown_with_all_that_says_so(edges: list[Dependency], change: ChangeKind) -> None:
    """Is this edge current, and how do we know: by whichever manifest, and since when."""
    for each in reached_by("a", edges, change, 6)[0]:
        expected = [
            (edge.kind, edge.evidence)
            for needed, dependent in pairwise(each.path)
            for edge in edges
            if (edge.needed, edge.dependent) == (needed, dependent) and edge.kind in CARRIES[change]
        ]
        assert sorted((fact.kind, fact.source or "") for fact in each.evidence) == sorted(expected)


@given(st.data(), EDGES, st.sampled_from(CHANGES), st.integers(0, 6))
def test_the_order_of_edges_is_no_matter(
    data: st.DataObject, edges: list[Dependency], change: ChangeKind, depth: int
) -> None:
    """A graph and a table give the same answer."""
    assert reached_by("a", data.draw(st.permutations(edges)), change, depth) == reached_by("a", edges, change, depth)


@given(EDGES, st.sampled_from(CHANGES))
def test_a_project_is_in_a_cycle_exactly_when_it_needs_itself_in_the_end(
    edges: list[Dependency], change: ChangeKind
) -> None:
    """Whoever releases it first breaks the other."""
    allowed = {step for step in steps(edges, change) if step[0] != step[1]}
    for each in reached_by("a", edges, change, 6)[0]:
        reachable = {b for a, b in allowed if a == each.project}
        while more := {b for a, b in allowed if a in reachable} - reachable:
            reachable |= more
        assert each.in_cycle == (each.project in reachable)


def test_a_cycle_ends_and_is_said() -> None:
    """a needs c needs b needs a."""
    found = reach(needs("b", "a"), needs("c", "b"), needs("a", "c"), needs("d", "c"))
    assert [(each.project, each.distance, each.in_cycle) for each in found] == [
        ("b", 1, True),
        ("c", 2, True),
        ("d", 3, False),
    ]


def test_a_project_that_needs_itself_is_not_reached_by_itself() -> None:
    """A package of a monorepo names its neighbour."""
    assert reached_by("a", [needs("a", "a"), needs("b", "b")], "delay", 3) == ([], False)


def test_a_change_goes_to_those_who_need_and_not_to_those_who_are_needed() -> None:
    """Turned around, it would warn the wrong half of the company."""
    assert [each.project for each in reach(needs("b", "a"), needs("a", "z"))] == ["b"]


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        ("outage", {"declared", "runtime", "optional"}),
        ("delay", {"declared", "runtime", "build", "test", "optional"}),
        ("breaking_change", {"declared", "runtime", "build", "test", "optional"}),
    ],
)
def test_an_outage_stops_who_runs_against_it_and_not_who_builds_or_tests_with_it(
    change: ChangeKind, reached: set[str]
) -> None:
    """Nobody is woken at night for a test fixture; a breaking change breaks those too."""
    assert {each.project for each in reach(*(needs(kind, "a", kind) for kind in KINDS), change=change)} == reached


def test_an_outage_does_not_pass_through_a_test_dependency_either() -> None:
    """What lies behind it runs without."""
    assert reach(needs("b", "a", "test"), needs("c", "b"), change="outage") == []


def test_of_two_shortest_paths_the_better_supported_one_is_shown() -> None:
    """What somebody declared or what runs, before what only tests."""
    edges = [needs("b", "a", "test"), needs("c", "a"), needs("d", "b"), needs("d", "c")]
    assert [each.path for each in reach(*edges) if each.project == "d"] == [("a", "c", "d")]


def test_an_edge_is_as_strong_as_the_best_that_says_so_and_that_is_told_first() -> None:
    """Declared by somebody, then needed to run, to build, as an option, and last to test."""
    told = [needs("b", "a", kind, source) for kind, source in zip(STRONGEST_FIRST, "edcba", strict=True)]
    (reached,) = reach(*told)
    assert [fact.kind for fact in reached.evidence] == list(STRONGEST_FIRST)
    edges = [
        needs("b", "a", "test"),
        needs("b", "a", "runtime"),
        needs("c", "a", "build"),
        needs("d", "c"),
        needs("d", "b"),
    ]
    assert [each.path for each in reach(*edges) if each.project == "d"] == [("a", "b", "d")]


def test_the_nearest_come_first() -> None:
    """They are told first."""
    found = reach(needs("z", "a"), needs("b", "z"), needs("m", "a"))
    assert [(each.project, each.distance) for each in found] == [("m", 1), ("z", 1), ("b", 2)]


def test_what_lies_beyond_the_depth_is_said_to_be_there() -> None:
    """A cut that is not said looks like the end."""
    chain = [needs("b", "a"), needs("c", "b"), needs("d", "c")]
    assert [each.project for each in reach(*chain, depth=2)] == ["b", "c"]
    assert reached_by("a", chain, "delay", 2)[1]
    assert not reached_by("a", chain, "delay", 3)[1]
    assert reached_by("a", chain, "delay", 0) == ([], True)


def test_an_edge_says_since_when_and_until_when_it_was_seen() -> None:
    """`Is this edge current?` is the first thing that a lead asks."""
    (fact,) = reach(needs("b", "a", "runtime", "pyproject.toml: acme-a"))[0].evidence
    assert (fact.kind, fact.at, fact.source) == ("runtime", at(9), "pyproject.toml: acme-a")
    assert fact.text == "b depends on a, seen since 2026-03-02"
