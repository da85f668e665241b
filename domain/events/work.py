"""What happens to planned work: issues, comments, sprints. Jira's and GitHub's issues share these."""

from typing import Literal

from domain.events.actors import Actor
from domain.frozen import Frozen, Utc

StatusCategory = Literal["todo", "doing", "done"]
"""Jira's `new`, `indeterminate` and `done`; a GitHub issue is `todo` while open and `done` once closed."""


class FieldChange(Frozen):
    """One entry of a changelog. `before` and `after` are what a person would read, not ids."""

    field: str
    before: str | None = None
    after: str | None = None


class Issue(Frozen):
    """An issue as it stood at one moment. The event's actor is who caused the change; the newest `updated_at` wins."""

    type: Literal["issue_created", "issue_updated", "issue_deleted"]
    key: str
    """`PAY-12`, or `owner/repo#12` for a GitHub issue."""
    title: str
    text: str = ""
    kind: str = ""
    """Jira's issue type: Story, Bug, Incident, and what else a site has."""
    status: str
    category: StatusCategory
    priority: str | None = None
    assignee: Actor | None = None
    reporter: Actor | None = None
    points: float | None = None
    sprints: tuple[str, ...] = ()
    """Ids of every sprint the issue was ever in, oldest first, as Jira keeps them."""
    labels: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """Keys of linked issues."""
    created_at: Utc
    updated_at: Utc
    resolved_at: Utc | None = None
    changes: tuple[FieldChange, ...] = ()
    url: str | None = None


class IssueComment(Frozen):
    """A comment on an issue. The event's actor wrote it."""

    type: Literal["issue_commented"] = "issue_commented"
    key: str
    comment_id: str
    text: str


class Sprint(Frozen):
    """A sprint as it stood at one moment."""

    type: Literal["sprint_created", "sprint_started", "sprint_updated", "sprint_closed"]
    sprint_id: str
    name: str
    board_id: str | None = None
    goal: str = ""
    starts_at: Utc | None = None
    ends_at: Utc | None = None
    completed_at: Utc | None = None
