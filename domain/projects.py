"""What is built here: the names that sources have for a project, and the project behind them."""

from collections.abc import Iterable, Sequence
from typing import Final

from domain.components import components
from domain.frozen import Frozen
from domain.text import slug

_SOURCE_ORDER: Final = ("git", "github", "jira", "notion")
"""Whose name for a project becomes its id: the repository's before the tracker's."""


class ProjectRef(Frozen):
    """A project as one source names it: `git:api`, `github:acme/api`, `jira:API`, `notion:Payments API`."""

    ref: str
    name: str | None = None

    @property
    def source(self) -> str:
        """The source that names it."""
        return self.ref.partition(":")[0]


class Project(Frozen):
    """A project and everything that sources say of it."""

    id: str
    name: str
    refs: tuple[str, ...]
    description: str = ""
    owner_team: str | None = None
    status: str | None = None
    priority: str | None = None
    target_date: str | None = None
    slack_channel: str | None = None
    url: str | None = None

    @property
    def label(self) -> str:
        """How errors and lists name it."""
        return f"{self.name} ({self.id})" if self.name != self.id else self.id


def resolve_projects(refs: Iterable[ProjectRef], links: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """The projects behind `refs`: for each its id and its references, best known first.

    Only an explicit link joins two references (a clone's remote, a roadmap row). The id is the shortest name that
    no better-known project has: the clone's folder, then the repository, then the tracker's key, then the whole
    reference. It depends on which references exist, not on the order in which they appeared.
    """
    by_ref = {ref.ref: ref for ref in refs}
    groups = [sorted(group, key=_rank) for group in components(sorted(by_ref), links)]
    taken: set[str] = set()
    resolved = []
    for group in sorted(groups, key=lambda members: _rank(members[0])):
        chosen = next(name for name in _names([by_ref[ref] for ref in group]) if name not in taken)
        taken.add(chosen)
        resolved.append((chosen, tuple(group)))
    return resolved


def service_ref(name: str) -> str | None:
    """The reference of whatever runs as the service `name`: it is the project with that id, if there is one.

    None for a name without a letter or digit.
    """
    plain = slug(name)
    return f"service:{plain}" if plain else None


def canonical_refs(refs: Iterable[str], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For every reference the one that stands for its whole project, whatever else is known."""
    return {ref: min(group, key=_rank) for group in components(sorted(refs), links) for ref in group}


def _rank(ref: str) -> tuple[int, str]:
    source = ref.partition(":")[0]
    return (_SOURCE_ORDER.index(source) if source in _SOURCE_ORDER else len(_SOURCE_ORDER), ref)


def _names(group: Sequence[ProjectRef]) -> Iterable[str]:
    for ref in group:
        external = ref.ref.partition(":")[2]
        if ref.source == "git":
            yield external
        elif ref.source == "notion":
            yield slug(ref.name or "") or external
        else:
            yield slug(external.rpartition("/")[2]) or external
    for ref in group:
        yield ref.ref.partition(":")[2]
    for ref in group:
        yield ref.ref
