"""How changes reach users: reads the raw events of one project and says what happened.

`domain.dora` turns this into figures.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Final

from domain.delivery.alerts import alert_incidents
from domain.delivery.ancestry import Ancestry
from domain.delivery.changes import read_pulls
from domain.delivery.deployments import read_deployments, with_failures
from domain.delivery.facts import CERTAINTY, Change, Delivery, Deployed, Failure, IssueFlow, Pickup, SprintResult
from domain.delivery.issues import flow, histories, incidents, sprint_results
from domain.delivery.remembered import Remembered
from domain.events import Alert, Event

DELIVERY_TYPES: Final = (
    "commit", "push", "pr_opened", "pr_ready", "pr_review_requested", "pr_updated", "pr_closed", "pr_merged",
    "pr_reopened", "pr_reviewed", "deployment", "issue_created", "issue_updated", "issue_deleted",
    "alert_firing", "alert_resolved",
)  # fmt: skip
"""The event types that `read_delivery` needs of its project."""
SPRINT_TYPES: Final = ("sprint_created", "sprint_started", "sprint_updated", "sprint_closed")
"""Those that belong to no project: a sprint is a board's, and its issues say whose it was."""

LOOKBACK: Final = timedelta(days=120)
"""How much earlier than the window events are read: a deployment's content is what no earlier one contained, and the
branch of a change may be much older than its merge."""

_REMEMBERED: Final = Remembered()


def read_delivery(events: Iterable[Event], bots: Collection[str] = ()) -> Delivery:
    """What `events` of one project say of its delivery.

    Args:
        events: of the types in `DELIVERY_TYPES` and `SPRINT_TYPES`, in any order, from `LOOKBACK` before the window
            of interest.
        bots: the account keys of programs, whose reviews do not count as the first one.
    """
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.id))
    return _REMEMBERED.of(ordered, bots, _read)


def _read(ordered: Sequence[Event], bots: frozenset[str]) -> Delivery:
    ancestry = Ancestry(ordered)
    changes, pickups = read_pulls(ordered, ancestry, bots)
    deployments, undeployed = read_deployments(ordered, changes, ancestry)
    issues = histories(ordered)
    broken = sorted([*incidents(issues), *alert_incidents(ordered)], key=lambda each: (each.created_at, each.key))
    return Delivery(
        changes=tuple(changes.values()),
        deployments=with_failures(deployments, changes, broken),
        undeployed=undeployed,
        pickups=tuple(pickups),
        flows=tuple(way for states in issues.values() if (way := flow(states))),
        sprints=tuple(sprint_results(ordered, issues)),
        alerts_left_out=sum(event.body.left_out for event in ordered if isinstance(event.body, Alert)),
        reported=frozenset(event.type for event in ordered),
    )


__all__ = [
    "CERTAINTY",
    "DELIVERY_TYPES",
    "LOOKBACK",
    "SPRINT_TYPES",
    "Change",
    "Delivery",
    "Deployed",
    "Failure",
    "IssueFlow",
    "Pickup",
    "SprintResult",
    "read_delivery",
]
