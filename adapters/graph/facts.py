"""What events say of the graph, whatever engine keeps it: pure, and the same for all of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from domain.events import (
    Commit,
    Event,
    Issue,
    Manifest,
    ManifestRemoved,
    ProjectDescribed,
    PullRequest,
    Requirement,
    Review,
)
from domain.impact import Dependency
from domain.skills import skill_of
from domain.text import slug

Sight: TypeAlias = tuple[str, str, datetime]
Span: TypeAlias = tuple[datetime, datetime]
Key: TypeAlias = tuple[str, str]


def contributions(event: Event) -> Iterator[Sight]:
    """Who contributed to what: authors, co-authors, reviewers, and whoever completed an issue."""
    body = event.body
    if event.project is None:
        return
    if isinstance(body, Commit):
        for author in body.co_authors:
            yield author.key, event.project, event.occurred_at
    if isinstance(body, Commit | PullRequest | Review) and event.actor:
        yield event.actor.key, event.project, event.occurred_at
    elif isinstance(body, Issue) and body.category == "done" and body.assignee:
        yield body.assignee.key, event.project, event.occurred_at


def skills(event: Event) -> Iterator[Sight]:
    """Who touched which skill."""
    body = event.body
    if isinstance(body, Commit) and event.actor:
        touched = {skill for file in body.files if (skill := skill_of(file.path))}
        for author in (event.actor, *body.co_authors):
            for skill in touched:
                yield author.key, skill, event.occurred_at


def spans(seen: Iterable[Sight]) -> dict[Key, Span]:
    """The time between the first and the last sight of each pair; order and repetition are no matter."""
    found: dict[Key, Span] = {}
    for left, right, at in seen:
        first, last = found.get((left, right), (at, at))
        found[left, right] = (min(first, at), max(last, at))
    return dict(sorted(found.items()))


def evidence_of_manifest(path: str, package: str, spec: str) -> str:
    """How a dependency between packages is known."""
    return f"{path} requires {package}{f' {spec}' if spec else ''}"


@dataclass(frozen=True)
class Needed:
    """One package that a manifest requires, and since when."""

    spec: str
    scope: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class ManifestState:
    """What is known of one package file of a project. One that was removed provides and requires nothing."""

    changed_at: datetime
    provides: frozenset[str] = frozenset()
    requires: Mapping[str, Needed] = field(default_factory=dict)


def with_manifest(state: ManifestState | None, event: Event) -> ManifestState | None:
    """`state` after `event`, which is a manifest or its removal; an older one changes nothing."""
    at, body = event.occurred_at, event.body
    if state is not None and state.changed_at > at:
        return state
    if not isinstance(body, Manifest):
        return ManifestState(changed_at=at)
    known = state.requires if state else {}
    return ManifestState(
        changed_at=at,
        provides=frozenset(body.provides),
        requires={wanted.package: _needed(wanted, known.get(wanted.package), at) for wanted in body.requires},
    )


def _needed(wanted: Requirement, known: Needed | None, at: datetime) -> Needed:
    return Needed(
        spec=wanted.spec,
        scope=wanted.scope,
        first_seen=min(known.first_seen, at) if known else at,
        last_seen=max(known.last_seen, at) if known else at,
    )


@dataclass(frozen=True)
class Declared:
    """One project that a page says is needed, and since when."""

    evidence: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class Description:
    """What one page says of a project.

    Shape:
        refs: other names of the project.
        declared: by reference, what it needs.
        team: the id and the name of the team that owns it, if one does.
    """

    changed_at: datetime
    refs: frozenset[str] = frozenset()
    declared: Mapping[str, Declared] = field(default_factory=dict)
    team: tuple[str, str] | None = None


def with_description(state: Description | None, event: Event) -> tuple[Description | None, frozenset[str]]:
    """`state` after `event`, which describes a project, and the references that it names; an older one changes nothing.

    What a page says nothing of stays as it was.
    """
    at, body = event.occurred_at, event.body
    assert isinstance(body, ProjectDescribed)
    if state is not None and state.changed_at > at:
        return state, frozenset()
    known = state or Description(changed_at=at)
    declared = known.declared
    if body.depends_on is not None:
        evidence = evidence_of_page(event, body)
        declared = {needed: _declared(evidence, known.declared.get(needed), at) for needed in body.depends_on}
    team = known.team
    if body.owner_team is not None:
        team = (slug(body.owner_team), body.owner_team) if slug(body.owner_team) else None
    described = Description(changed_at=at, refs=frozenset(body.refs), declared=declared, team=team)
    return described, frozenset({*body.refs, *(body.depends_on or ())})


def _declared(evidence: str, known: Declared | None, at: datetime) -> Declared:
    return Declared(
        evidence=evidence,
        first_seen=min(known.first_seen, at) if known else at,
        last_seen=max(known.last_seen, at) if known else at,
    )


def evidence_of_page(event: Event, body: ProjectDescribed) -> str:
    """How a declared dependency is known: where the page is, or which one it was."""
    return body.url or f"{event.source} page of {body.name or event.project}"


def in_order(found: Iterable[Dependency], *, upstream: bool) -> list[Dependency]:
    """Dependencies in the order in which every engine gives them."""
    if upstream:
        return sorted(found, key=lambda d: (d.dependent, d.needed, d.kind, d.evidence))
    return sorted(found, key=lambda d: (d.needed, d.dependent, d.kind, d.evidence))


def is_manifest(event: Event) -> bool:
    """Whether `event` changes what a package file says."""
    return isinstance(event.body, Manifest | ManifestRemoved) and event.project is not None
