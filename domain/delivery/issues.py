"""The way of issues to done, incidents among them, and what sprints completed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from domain.delivery.facts import IssueFlow, SprintResult
from domain.events import Event, Issue, Sprint
from domain.frozen import Frozen, Utc

_INCIDENTS: Final = frozenset({"incident", "outage"})
_BLOCKED: Final = frozenset({"blocked", "on hold", "impeded"})


class Incident(Frozen):
    """Something that broke, as the tracker knows it."""

    key: str
    text: str
    created_at: Utc
    resolved_at: Utc | None


def histories(events: Iterable[Event]) -> dict[str, list[Issue]]:
    """Every state of every issue that was not deleted, oldest first, whatever order it was delivered in."""
    states: dict[str, list[Issue]] = {}
    for event in events:
        if isinstance(event.body, Issue):
            states.setdefault(event.body.key, []).append(event.body)
    ordered = {key: sorted(issue, key=lambda i: i.updated_at) for key, issue in states.items()}
    return {key: issue for key, issue in ordered.items() if all(s.type != "issue_deleted" for s in issue)}


def incidents(issues: Mapping[str, Sequence[Issue]]) -> list[Incident]:
    """The issues that are incidents, in the order in which they began."""
    found = [
        Incident(
            key=key,
            text=f"{states[-1].title}\n{states[0].text}\n{states[-1].text}",
            created_at=states[-1].created_at,
            resolved_at=states[-1].resolved_at or _last_done(states),
        )
        for key, states in issues.items()
        if states[-1].kind.lower() in _INCIDENTS or any(label.lower() in _INCIDENTS for label in states[-1].labels)
    ]
    return sorted(found, key=lambda incident: (incident.created_at, incident.key))


def flow(states: Sequence[Issue]) -> IssueFlow | None:
    """The way of one issue, or None while it is not done."""
    done_at = _last_done(states)
    if done_at is None:
        return None
    last = states[-1]
    started = next((s.updated_at for s in states if s.category == "doing"), None)
    pairs = list(pairwise(states))
    return IssueFlow(
        key=last.key,
        started_at=started,
        done_at=done_at,
        reopened=sum(a.category == "done" and b.category != "done" for a, b in pairs),
        blocked_seconds=sum(
            (b.updated_at - a.updated_at).total_seconds() for a, b in pairs if a.status.lower() in _BLOCKED
        ),
        points=last.points,
        sprints=last.sprints,
    )


def _last_done(states: Sequence[Issue]) -> datetime | None:
    """When the issue last became done, if it is. A reopened issue's first resolution is not its end."""
    if states[-1].category != "done":
        return None
    done_at = states[-1].updated_at
    for state in reversed(states):
        if state.category != "done":
            break
        done_at = state.updated_at
    return done_at


def sprint_results(events: Iterable[Event], issues: Mapping[str, Sequence[Issue]]) -> list[SprintResult]:
    """What every closed sprint completed: the points of issues done in it between its start and its end."""
    newest: dict[str, Sprint] = {}
    for event in events:
        if isinstance(event.body, Sprint):
            known = newest.get(event.body.sprint_id)
            newest[event.body.sprint_id] = event.body if known is None else _later(known, event.body)
    held = {sprint for states in issues.values() for sprint in states[-1].sprints}
    boards = {sprint.board_id for sprint in newest.values() if sprint.sprint_id in held} - {None}
    results = []
    for sprint in newest.values():
        # Sprints belong to boards. One without issues of this project still counts on a board that had others with.
        ours = sprint.sprint_id in held or sprint.board_id in boards
        if ours and sprint.completed_at and sprint.starts_at:
            start, end = sprint.starts_at, sprint.completed_at
            members = [states for states in issues.values() if sprint.sprint_id in states[-1].sprints]
            done = [states for states in members if (at := _last_done(states)) and start <= at <= end]
            added = [states for states in members if _joined(states, sprint.sprint_id) > start]
            results.append(
                SprintResult(
                    sprint_id=sprint.sprint_id,
                    name=sprint.name,
                    completed_at=end,
                    completed_points=sum(states[-1].points or 0 for states in done),
                    added_points=sum(states[-1].points or 0 for states in added),
                )
            )
    return sorted(results, key=lambda result: (result.completed_at, result.sprint_id))


def _later(known: Sprint, heard: Sprint) -> Sprint:
    """Of two states of a sprint the one that is further along: a sprint is only ever completed once."""
    return heard if heard.completed_at or not known.completed_at else known


def _joined(states: Sequence[Issue], sprint_id: str) -> datetime:
    return next((s.updated_at for s in states if sprint_id in s.sprints), states[-1].updated_at)
