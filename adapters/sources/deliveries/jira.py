"""Jira webhooks as events: issues, comments, sprints.

Shapes: https://developer.atlassian.com/server/jira/platform/webhooks/
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.jira_issues import (
    account,
    happened_at,
    issue_event,
    issue_key,
    project_key,
    site,
)
from adapters.sources.deliveries.jira_text import text_of
from adapters.sources.deliveries.raw import digest, excerpt, raw_event
from domain.errors import InvalidInput
from domain.events import Event, IssueComment, ProjectDescribed, Source, Sprint
from domain.text import line

_ISSUES: Final = frozenset({"jira:issue_created", "jira:issue_updated", "jira:issue_deleted"})
_COMMENTS: Final = frozenset({"comment_created", "comment_updated"})
_SPRINTS: Final[dict[str, Literal["sprint_created", "sprint_started", "sprint_updated", "sprint_closed"]]] = {
    "sprint_created": "sprint_created",
    "sprint_started": "sprint_started",
    "sprint_updated": "sprint_updated",
    "sprint_closed": "sprint_closed",
}


def jira_events(headers: Mapping[str, str], body: object, received_at: datetime) -> list[Event]:
    """The events that one delivery tells.

    Args:
        headers: with names in lower case.
        body: the payload as parsed from JSON.
        received_at: when it reached us.

    Raises:
        InvalidInput: it is not a delivery of Jira's.
    """
    kind = Fields(body, "a Jira delivery").name("webhookEvent")
    payload = Fields(body, f"a Jira {kind} delivery")
    if kind in _ISSUES:
        return _with_project(issue_event(kind, payload), payload)
    if kind in _COMMENTS:
        return _with_project(_comment(payload), payload)
    if kind in _SPRINTS:
        return [_sprint(kind, payload, received_at)]
    return [_raw(kind, payload, headers, received_at)]


def _comment(payload: Fields) -> Event:
    """A comment, by the id that it keeps however often it is edited."""
    comment, issue = payload.child("comment"), payload.child("issue")
    comment_id, key = comment.identifier("id"), issue_key(issue)
    return Event(
        id=f"jira:comment:{comment_id}",
        source=Source.JIRA,
        occurred_at=comment.moment("created"),
        entity=f"issue:{key}",
        project=f"jira:{project_key(issue)}",
        actor=account(comment.maybe_child("author")),
        body=IssueComment(key=key, comment_id=comment_id, text=text_of(comment, "body")),
    )


def _sprint(kind: str, payload: Fields, received_at: datetime) -> Event:
    """A sprint as it stands. Jira names no project here: a sprint belongs to a board, which may show several."""
    sprint = payload.child("sprint")
    sprint_id, state = sprint.identifier("id"), (sprint.maybe_text("state") or "").lower()
    told = Sprint(
        type=_SPRINTS[kind],
        sprint_id=sprint_id,
        name=sprint.text("name"),
        board_id=sprint.identifier("originBoardId") if "originBoardId" in sprint else None,
        goal=sprint.body("goal"),
        starts_at=sprint.maybe_moment("startDate"),
        ends_at=sprint.maybe_moment("endDate"),
        # One that was opened again keeps the date of its first end.
        completed_at=sprint.maybe_moment("completeDate") if kind == "sprint_closed" or state == "closed" else None,
    )
    content = told.model_dump(mode="json", include={"name", "goal", "starts_at", "ends_at", "completed_at"})
    return Event(
        id=f"jira:{kind.replace('_', ':')}:{sprint_id}:{state}:{digest(content)}",
        source=Source.JIRA,
        occurred_at=happened_at(payload) or told.completed_at or received_at,
        entity=f"sprint:jira:{sprint_id}",
        actor=account(payload.maybe_child("user")),
        body=told,
    )


def _with_project(event: Event, payload: Fields) -> list[Event]:
    """`event`, and what its delivery says of the project; a digest in its id lets the log keep one for each change."""
    issue = payload.child("issue")
    fields = issue.maybe_child("fields")
    project = fields.maybe_child("project") if fields else None
    if project is None:
        return [event]
    home, key = site(issue), project_key(issue)
    told = ProjectDescribed(name=project.maybe_text("name"), url=f"{home}/browse/{key}" if home else None)
    described = Event(
        id=f"jira:{key}:described:{digest(told.name, told.url)}",
        source=Source.JIRA,
        occurred_at=event.occurred_at,
        entity=f"project:jira:{key}",
        project=f"jira:{key}",
        body=told,
    )
    return [event, described]


def _raw(kind: str, payload: Fields, headers: Mapping[str, str], received_at: datetime) -> Event:
    """A delivery that is not understood; whatever is odd about it is no reason to refuse it."""
    # An older Jira Server sends no such header; its payload holds the millisecond.
    identifier = line(headers.get("x-atlassian-webhook-identifier", "")) or digest(excerpt(payload.whole))
    try:
        at = happened_at(payload) or received_at
    except InvalidInput:
        at = received_at
    try:
        project = f"jira:{project_key(payload.child('issue'))}"
    except InvalidInput:
        project = None
    try:
        actor = account(payload.maybe_child("user"))
    except InvalidInput:
        actor = None
    return raw_event(Source.JIRA, identifier, kind, payload.whole, at=at, project=project, actor=actor)
