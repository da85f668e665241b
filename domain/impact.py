"""What a change to a project reaches: every path, not only the names at its end."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final, Literal

from domain.answers import Evidence
from domain.errors import InvalidInput
from domain.frozen import Frozen, Utc

EdgeKind = Literal["runtime", "build", "test", "optional", "declared"]
ChangeKind = Literal["delay", "outage", "breaking_change"]

_STRENGTH: Final[Mapping[EdgeKind, int]] = {"declared": 0, "runtime": 1, "build": 2, "optional": 3, "test": 4}

CARRIES: Final[Mapping[ChangeKind, frozenset[EdgeKind]]] = {
    "delay": frozenset({"declared", "runtime", "build", "optional", "test"}),
    "outage": frozenset({"declared", "runtime", "optional"}),
    "breaking_change": frozenset({"declared", "runtime", "build", "optional", "test"}),
}
"""Which dependencies pass a change on: an outage stops who runs against the project, not who tests with it."""
MOST_DEPENDENCIES: Final = 50_000
"""How many edges one walk may give: nobody reads more, and a hub's whole neighbourhood would take all memory."""


class Dependency(Frozen):
    """`dependent` needs `needed`, and how that is known. Both are project references."""

    dependent: str
    needed: str
    kind: EdgeKind
    evidence: str
    """The manifest and the package, or the page, that says so."""
    first_seen: Utc
    last_seen: Utc


class Reached(Frozen):
    """A project that a change reaches. `path` leads from the changed project to it, both included."""

    project: str
    distance: int
    path: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    in_cycle: bool = False


def reached_by(
    project: str, dependencies: Iterable[Dependency], change: ChangeKind, depth: int
) -> tuple[list[Reached], bool]:
    """What a change of kind `change` to `project` reaches within `depth` steps, nearest first.

    Args:
        project: the id of the project that changes.
        dependencies: edges between project ids, in any order; those that do not carry the change are left out.
        change: what happens.
        depth: how many steps are followed.

    Returns:
        the projects reached by their shortest and best supported path, and whether anything lies beyond `depth`.
    """
    dependents: dict[str, dict[str, list[Dependency]]] = defaultdict(lambda: defaultdict(list))
    for edge in dependencies:
        if edge.kind in CARRIES[change] and edge.dependent != edge.needed:
            dependents[edge.needed][edge.dependent].append(edge)
    paths: dict[str, tuple[str, ...]] = {project: (project,)}
    waiting = deque([project])
    beyond = False
    while waiting:
        at = waiting.popleft()
        for dependent in sorted(dependents[at], key=lambda d: (_best(dependents[at][d]), d)):
            if dependent not in paths:
                if len(paths[at]) > depth:
                    beyond = True
                else:
                    paths[dependent] = (*paths[at], dependent)
                    waiting.append(dependent)
    found = [
        Reached(
            project=name,
            distance=len(path) - 1,
            path=path,
            evidence=tuple(
                evidence_of(edge)
                for needed, dependent in pairwise(path)
                for edge in sorted(dependents[needed][dependent], key=lambda e: (_STRENGTH[e.kind], e.evidence))
            ),
            in_cycle=_returns_to(name, dependents),
        )
        for name, path in paths.items()
        if name != project
    ]
    return sorted(found, key=lambda r: (r.distance, r.project)), beyond


def _returns_to(project: str, dependents: Mapping[str, Mapping[str, object]]) -> bool:
    """Whether following dependents from `project` leads back to it."""
    seen: set[str] = set()
    waiting = list(dependents.get(project, ()))
    while waiting:
        at = waiting.pop()
        if at == project:
            return True
        if at not in seen:
            seen.add(at)
            waiting.extend(dependents.get(at, ()))
    return False


def _best(edges: Iterable[Dependency]) -> int:
    return min(_STRENGTH[edge.kind] for edge in edges)


def too_many(depth: int) -> InvalidInput:
    """That a walk of `depth` steps meets more edges than are given."""
    return InvalidInput(
        f"More than {MOST_DEPENDENCIES:,} dependencies lie within {depth} steps: ask again with a smaller depth."
    )


def evidence_of(edge: Dependency) -> Evidence:
    """How a dependency is known, in a sentence, with where it can be looked up."""
    return Evidence(
        kind=edge.kind,
        text=f"{edge.dependent} depends on {edge.needed}, seen since {edge.first_seen:%Y-%m-%d}",
        at=edge.last_seen,
        source=edge.evidence,
    )
