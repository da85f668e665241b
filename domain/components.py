"""Which things are one thing: connected components, independent of the order in which links became known."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(nodes: Iterable[Node], links: Iterable[tuple[Node, Node]]) -> list[list[Node]]:
    """Group `nodes` so that linked ones are together; a link to something that is no node still joins.

    Returns:
        the groups, each in the order of `nodes`, in the order of their first members.
    """
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in links:
        parent[root(left)] = root(right)
    groups: dict[Node, list[Node]] = {}
    for node in dict.fromkeys(nodes):
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())
