"""What was delivered: changes, the deployments that first contain them, and the way of issues to done."""

from typing import Final, Literal

from domain.frozen import Frozen, Utc


class Change(Frozen):
    """A merged pull request. A moment is None where no event tells it."""

    number: int
    title: str
    author: str | None
    bot: bool
    first_commit_at: Utc | None
    opened_at: Utc
    ready_at: Utc | None
    """When it last stopped being a draft before its first review; a draft's waiting is nobody's delay."""
    first_review_at: Utc | None
    """The first review by a person other than the author."""
    merged_at: Utc
    merge_sha: str | None
    reverts: tuple[int, ...] = ()
    """Numbers of the pull requests that it says it reverts."""
    reverts_shas: tuple[str, ...] = ()
    hotfix: bool = False


class Pickup(Frozen):
    """A pull request, merged or not, from ready for review to the first review by a person other than its author."""

    number: int
    bot: bool
    """Its author is a program."""
    ready_at: Utc
    reviewed_at: Utc


class Failure(Frozen):
    """Why a deployment counts as failed. The kinds stand from the most to the least certain."""

    kind: Literal["incident", "revert", "hotfix", "same_service_incident"]
    evidence: str
    restored_at: Utc | None


CERTAINTY: Final = ("incident", "revert", "hotfix", "same_service_incident")
"""The kinds of failures, the most certain first."""


class Deployed(Frozen):
    """One successful production deployment and what it was the first to bring.

    `contains` is None when the deployed commit is not connected to any known history: its content is unknown, which
    differs from empty.
    """

    deployment_id: str
    sha: str
    requested_at: Utc
    finished_at: Utc
    contains: tuple[int, ...] | None
    failures: tuple[Failure, ...] = ()
    unplanned: bool = False
    """It brought a revert or a hotfix."""


class IssueFlow(Frozen):
    """The way of one issue that is done: when work began and ended, how often it came back, how long it was blocked."""

    key: str
    started_at: Utc | None
    done_at: Utc
    reopened: int
    blocked_seconds: float
    points: float | None
    sprints: tuple[str, ...]


class SprintResult(Frozen):
    """A closed sprint and what was completed in it."""

    sprint_id: str
    name: str
    completed_at: Utc
    completed_points: float
    added_points: float
    """Points of issues that came in after it had begun; completed or not."""


class Delivery(Frozen):
    """What one project delivered, oldest first."""

    changes: tuple[Change, ...] = ()
    deployments: tuple[Deployed, ...] = ()
    undeployed: tuple[int, ...] = ()
    """Merged pull requests that no known deployment contains."""
    pickups: tuple[Pickup, ...] = ()
    flows: tuple[IssueFlow, ...] = ()
    sprints: tuple[SprintResult, ...] = ()
    alerts_left_out: int = 0
    """Alerts that were never told, because their notifications had no room for them."""
    reported: frozenset[str] = frozenset()
    """The event types of which there was at least one."""
