"""Which things are one thing, whatever order the links came in."""

from hypothesis import given
from hypothesis import strategies as st

from domain.components import components

NODES = st.lists(st.integers(0, 12), max_size=13)
LINKS = st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=20)
"""Some link to what is no node."""


def reachable(start: int, links: list[tuple[int, int]]) -> set[int]:
    """What can be reached from `start`, found the slow way."""
    seen = {start}
    while found := {b for pair in links for a, b in (pair, pair[::-1]) if a in seen} - seen:
        seen |= found
    return seen


@given(NODES, LINKS)
def test_two_nodes_are_together_exactly_when_links_lead_from_one_to_the_other(
    nodes: list[int], links: list[tuple[int, int]]
) -> None:
    """Compared with a search that nobody could get wrong."""
    groups = components(nodes, links)
    assert sorted(node for group in groups for node in group) == sorted(set(nodes))
    for group in groups:
        assert set(group) == reachable(group[0], links) & set(nodes)


@given(NODES, LINKS)
def test_the_order_of_links_is_no_matter(nodes: list[int], links: list[tuple[int, int]]) -> None:
    """Webhooks come in any order, and either end may be told first."""
    turned = [(b, a) for a, b in reversed(links)]
    assert components(nodes, turned) == components(nodes, links)


def test_a_link_to_something_that_is_no_node_still_joins() -> None:
    """Two accounts point at a third that was never seen itself."""
    assert components(["a", "b", "c"], [("a", "ghost"), ("ghost", "c")]) == [["a", "c"], ["b"]]


def test_groups_stand_in_the_order_of_their_first_members() -> None:
    """What is shown first should not change from run to run."""
    assert components([3, 1, 2, 4], [(4, 1)]) == [[3], [1, 4], [2]]


def test_a_chain_of_a_hundred_thousand_links_is_no_trouble() -> None:
    """No recursion, and no quadratic walk."""
    length = 100_000
    assert len(components(range(length), [(n, n + 1) for n in range(length - 1)])) == 1
