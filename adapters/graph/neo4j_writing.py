"""What events do to the graph in Neo4j: what is there is read, the new state worked out, the difference written.

All of it happens in one transaction that nobody else of the organisation can be in, with one statement for all rows of
a kind. Whatever is applied again, or in another order between entities, leaves the same graph.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from neo4j.time import DateTime

from adapters.graph.facts import (
    Declared,
    Description,
    Key,
    ManifestState,
    Needed,
    contributions,
    evidence_of_manifest,
    is_manifest,
    skills,
    spans,
    with_description,
    with_manifest,
)
from adapters.graph.neo4j_bolt import Step
from domain.events import Event, ManifestRemoved, ProjectDescribed
from domain.events import Manifest as ManifestBody
from domain.projects import canonical_refs


async def take_in(step: Step, events: Sequence[Event]) -> None:
    """Apply `events` in order."""
    described, named = await _descriptions(step, [event for event in events if _describes(event)])
    refs = {event.project for event in events if event.project} | named
    await step.each("put_refs", sorted(refs), "refs")
    await step.each("put_contributions", _rows(spans(seen for event in events for seen in contributions(event))))
    await step.each("put_skills", _rows(spans(seen for event in events for seen in skills(event))))
    if described:
        await _describe(step, described)
    await _put_manifests(step, [event for event in events if is_manifest(event)])


def _rows(found: Mapping[Key, tuple[datetime, datetime]]) -> list[list[object]]:
    return [[*pair, *span] for pair, span in found.items()]


def _describes(event: Event) -> bool:
    return isinstance(event.body, ProjectDescribed) and event.project is not None


async def _descriptions(
    step: Step, events: Sequence[Event]
) -> tuple[dict[str, tuple[Description | None, Description]], set[str]]:
    """By reference, what pages said and now say of projects; and every reference that they named on the way."""
    refs = sorted({event.project for event in events if event.project})
    known: dict[str, Description] = {}
    for ref, changed_at, others, owners, needed in await step.each("descriptions", refs, "refs"):
        known[ref] = Description(
            changed_at=_moment(changed_at),
            refs=frozenset(others),
            declared={name: Declared(why, _moment(since), _moment(until)) for name, why, since, until in needed},
            team=(owners[0][0], owners[0][1]) if owners else None,
        )
    now, named = dict(known), set[str]()
    for event in events:
        assert event.project is not None
        state, told = with_description(now.get(event.project), event)
        named |= told
        if state is not None:
            now[event.project] = state
    return {ref: (known.get(ref), state) for ref, state in now.items() if state is not known.get(ref)}, named


async def _describe(step: Step, described: Mapping[str, tuple[Description | None, Description]]) -> None:
    await step.rows(
        "describe", rows=[{"ref": ref, "changed_at": now.changed_at} for ref, (_, now) in described.items()]
    )
    await _name_again(step, described)
    await _own(step, described)
    dropped, put = [], []
    for ref, (before, now) in described.items():
        dropped += [{"ref": ref, "needed": needed} for needed in _gone(before.declared if before else (), now.declared)]
        put += [{"ref": ref, "needed": needed, **vars(why)} for needed, why in now.declared.items()]
    await step.each("drop_declared", dropped)
    await step.each("put_declared", put)


async def _name_again(step: Step, described: Mapping[str, tuple[Description | None, Description]]) -> None:
    """Write which references are said to be one project; their dependencies then lead from and to another one."""
    dropped, put = [], []
    for ref, (before, now) in described.items():
        others = now.refs - {ref}
        dropped += [{"ref": ref, "other": other} for other in _gone(before.refs if before else (), others)]
        put += [{"ref": ref, "other": other} for other in sorted(others)]
    if not dropped and not put:
        return
    await step.each("drop_same", dropped)
    await step.each("put_same", put)
    touched = {name for row in (*dropped, *put) for name in row.values()}
    found = await step.rows("wholes", refs=sorted(touched))
    was = {ref: canonical for ref, canonical, _ in found}
    to = canonical_refs(was, [(ref, other) for ref, _, others in found for other in others])
    moved = [{"ref": ref, "was": was[ref], "to": to[ref]} for ref in was if to[ref] != was[ref]]
    await step.each("set_canonical", moved)
    await step.each("move_dependents", moved)
    await step.each("move_needed", moved)


async def _own(step: Step, described: Mapping[str, tuple[Description | None, Description]]) -> None:
    changed = {ref: (before, now) for ref, (before, now) in described.items() if now.team != (before and before.team)}
    await step.each("drop_owners", [ref for ref, (before, _) in changed.items() if before and before.team], "refs")
    owners = [{"ref": ref, "id": now.team[0], "name": now.team[1]} for ref, (_, now) in changed.items() if now.team]
    await step.each("put_owners", owners)
    await step.each("drop_teams", [before.team[0] for before, _ in changed.values() if before and before.team], "ids")


async def _put_manifests(step: Step, events: Sequence[Event]) -> None:
    before = await _manifests(step, sorted({_place(event) for event in events}))
    now = dict(before)
    for event in events:
        state = with_manifest(now.get(_place(event)), event)
        if state is not None:
            now[_place(event)] = state
    changed = {place: state for place, state in now.items() if state is not before.get(place)}
    await step.each("put_manifests", [{**_named(place), "changed_at": s.changed_at} for place, s in changed.items()])
    dropped = _pairs({p: _gone(before[p].provides, state.provides) for p, state in changed.items() if p in before})
    put = _pairs({p: _gone(state.provides, before[p].provides if p in before else ()) for p, state in changed.items()})
    await step.each("drop_provides", dropped)
    await step.each("put_provides", put)
    await step.each("unlink_provided", dropped)
    unneeded = await _require(step, before, changed)
    await step.each("link_provided", put)
    await step.each("drop_packages", sorted({row["package"] for row in (*dropped, *unneeded)}), "names")


async def _require(
    step: Step, before: Mapping[Key, ManifestState], changed: Mapping[Key, ManifestState]
) -> list[dict[str, Any]]:
    """Write what manifests require; gives what they do not any more."""
    dropped = _pairs({p: _gone(before[p].requires, state.requires) for p, state in changed.items() if p in before})
    await step.each("drop_requires", dropped)
    await step.each("unlink_required", dropped)
    put = [
        {
            **_named(place),
            "package": package,
            **vars(needed),
            "evidence": evidence_of_manifest(place[1], package, needed.spec),
        }
        for place, state in changed.items()
        for package, needed in state.requires.items()
        if place not in before or before[place].requires.get(package) != needed
    ]
    await step.each("put_requires", put)
    await step.each("link_required", put)
    return dropped


async def _manifests(step: Step, places: Sequence[Key]) -> dict[Key, ManifestState]:
    found = await step.each("manifests", [list(place) for place in places], "keys")
    return {
        (project, path): ManifestState(
            changed_at=_moment(changed_at),
            provides=frozenset(provides),
            requires={name: Needed(spec, scope, *map(_moment, seen)) for name, spec, scope, *seen in requires},
        )
        for project, path, changed_at, provides, requires in found
    }


def _place(event: Event) -> Key:
    assert event.project is not None
    assert isinstance(event.body, ManifestBody | ManifestRemoved)
    return event.project, event.body.path


def _named(place: Key) -> dict[str, Any]:
    return {"project": place[0], "path": place[1]}


def _pairs(packages: Mapping[Key, Sequence[str]]) -> list[dict[str, Any]]:
    return [{**_named(place), "package": package} for place, names in packages.items() for package in names]


def _gone(before: Iterable[str], now: Iterable[str]) -> list[str]:
    return sorted(set(before) - set(now))


def _moment(told: DateTime) -> datetime:
    return told.to_native().astimezone(UTC)  # the driver names the zone, and would store the name
