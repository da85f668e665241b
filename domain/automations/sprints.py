"""What a closed sprint completed, in words that can be defended: counted as velocity is, or said not to be known."""

from collections.abc import Sequence
from datetime import datetime

from domain.delivery.issues import flow, histories, sprint_results
from domain.events import Event, Sprint
from domain.text import count


def sprint_summary(event: Event, events: Sequence[Event], now: datetime) -> str | None:
    """What the sprint of `event` completed, or None if it is no closed sprint.

    Args:
        event: the closing of a sprint.
        events: of issues and sprints, from well before it began.
        now: when this is said.
    """
    sprint = event.body
    if not isinstance(sprint, Sprint) or sprint.completed_at is None:
        return None
    if sprint.starts_at is None:
        return "what it completed is not known: Jira does not say when it began"
    issues = histories(events)
    members = [states for states in issues.values() if sprint.sprint_id in states[-1].sprints]
    if not members:
        return "what it completed is not known: no issue of it was seen"
    ended = [(states, way.done_at) for states in members if (way := flow(states))]
    done = [states for states, at in ended if sprint.starts_at <= at <= sprint.completed_at]
    told = f"{len(done)} of {count(len(members), 'issue')} done between its start and its end"
    if any(states[-1].points is not None for states in members):
        results = sprint_results([*events, event], issues)
        result = next(each for each in results if each.sprint_id == sprint.sprint_id)
        unrated = sum(states[-1].points is None for states in members)
        told += f", with {result.completed_points:g} story points"
        told += f" (and {result.added_points:g} points added after it began)" if result.added_points else ""
        told += f"; {count(unrated, 'issue has', 'issues have')} no points" if unrated else ""
    else:
        told += "; none has story points"
    return f"{told}; as known at {now:%H:%M} UTC"
