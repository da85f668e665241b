"""Jira issues: the whole issue as every delivery carries it, and what has changed."""

import re
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.jira_text import text_of
from domain.events import Actor, Event, FieldChange, Issue, Source, StatusCategory
from domain.text import line

POINT_FIELDS: Final = ("customfield_10016",)
"""Where a site keeps story points: the first of these that holds a number counts."""
SPRINT_FIELDS: Final = ("customfield_10020",)
"""Where a site keeps the sprints of an issue."""

_Kind = Literal["issue_created", "issue_updated", "issue_deleted"]
_KINDS: Final[dict[str, _Kind]] = {
    "jira:issue_created": "issue_created",
    "jira:issue_updated": "issue_updated",
    "jira:issue_deleted": "issue_deleted",
}
_CATEGORIES: Final[dict[str, StatusCategory]] = {"new": "todo", "indeterminate": "doing", "done": "done"}
_MILLISECOND: Final = timedelta(milliseconds=1)
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]+")
_PROJECT_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_OLD_SPRINT: Final = re.compile(r"[\[,]id=([0-9]+)[,\]]")
"""How Jira Server writes a sprint: `com.atlassian.greenhopper.service.sprint.Sprint@1f2e[id=12,rapidViewId=3,...]`."""
_CHANGES_KEPT: Final = 50
_POINTS_LIMIT: Final = 1_000_000
"""No estimate: a time or an id that another site keeps in the same field."""


def account(user: Fields | None) -> Actor | None:
    """Somebody's account. Webhooks of Jira Cloud carry no mail; Jira Server knows no `accountId`."""
    if user is None:
        return None
    known_by = next((key for key in ("accountId", "key", "name") if key in user), "accountId")
    email = user.maybe_text("emailAddress")
    return Actor(
        source=Source.JIRA,
        external_id=user.name(known_by),
        username=user.maybe_text("name"),
        name=_in_speaking_order(user.maybe_text("displayName")),
        email=email.lower() if email else None,
        bot=user.maybe_text("accountType") == "app",
    )


def _in_speaking_order(name: str | None) -> str | None:
    """`Lovelace, Ada` as `Ada Lovelace`, so that the same person's names compare equal."""
    parts = [part.strip() for part in (name or "").split(",")]
    return f"{parts[1]} {parts[0]}" if len(parts) == 2 and all(parts) else name  # noqa: PLR2004 - last, first


def happened_at(body: Fields) -> datetime | None:
    """When Jira says that it happened; it writes milliseconds since 1970 on every delivery."""
    return body.instant("timestamp", unit=_MILLISECOND) if "timestamp" in body else None


def issue_key(issue: Fields) -> str:
    """The key of an issue."""
    key = issue.name("key")
    if not _KEY.fullmatch(key):
        raise issue.unexpected("key", "a key such as PAY-12", "another text")
    return key


def project_key(issue: Fields) -> str:
    """The key of the project that an issue is in."""
    fields = issue.maybe_child("fields")
    project = fields.maybe_child("project") if fields else None
    if project is None:
        return issue_key(issue).rpartition("-")[0]
    key = project.name("key")
    if not _PROJECT_KEY.fullmatch(key):
        raise project.unexpected("key", "a key such as PAY", "another text")
    return key


def site(thing: Fields) -> str | None:
    """The address of the Jira that something comes from; an app sees only the one of the API, which shows nothing."""
    home, rest, _ = (thing.url("self") or "").partition("/rest/")
    return home if rest and "//api.atlassian.com" not in home else None


def issue_event(kind: str, body: Fields) -> Event:
    """An issue as it stands, and what happened to it.

    Args:
        kind: Jira's name for that, a key of the kinds above.
        body: the payload.
    """
    issue = body.child("issue")
    key, fields, changelog = issue_key(issue), issue.child("fields"), body.maybe_child("changelog")
    created_at = fields.moment("created")
    updated_at = fields.maybe_moment("updated") or created_at
    # A delivery follows the change by some milliseconds; a deletion changes nothing that the issue itself could tell.
    at = happened_at(body) or updated_at
    if _KINDS[kind] == "issue_updated":
        change = changelog.identifier("id") if changelog and "id" in changelog else stamp(at)
        name = f"update:{change}"
    else:
        name = _KINDS[kind].removeprefix("issue_")
    return Event(
        id=f"jira:issue:{key}:{name}",
        source=Source.JIRA,
        occurred_at=created_at if _KINDS[kind] == "issue_created" else at,
        entity=f"issue:{key}",
        project=f"jira:{project_key(issue)}",
        actor=account(body.maybe_child("user")),
        body=_snapshot(_KINDS[kind], issue, fields, changelog),
    )


def _snapshot(kind: _Kind, issue: Fields, fields: Fields, changelog: Fields | None) -> Issue:
    key, status = issue_key(issue), fields.child("status")
    category, home = status.maybe_child("statusCategory"), site(issue)
    created_at = fields.moment("created")
    items = changelog.children("items")[:_CHANGES_KEPT] if changelog else []
    return Issue(
        type=kind,
        key=key,
        title=fields.text("summary"),
        text=text_of(fields, "description"),
        kind=_named(fields, "issuetype") or "",
        status=status.name("name"),
        category=_CATEGORIES.get((category.maybe_text("key") if category else None) or "", "todo"),
        priority=_named(fields, "priority"),
        assignee=account(fields.maybe_child("assignee")),
        reporter=account(fields.maybe_child("reporter")),
        points=_points(fields),
        sprints=_sprints(fields),
        labels=fields.texts("labels"),
        links=_links(fields),
        created_at=created_at,
        updated_at=fields.maybe_moment("updated") or created_at,
        resolved_at=fields.maybe_moment("resolutiondate"),
        changes=tuple(
            FieldChange(
                field=item.name("field"), before=item.maybe_text("fromString"), after=item.maybe_text("toString")
            )
            for item in items
        ),
        url=f"{home}/browse/{key}" if home else None,
    )


def _named(fields: Fields, key: str) -> str | None:
    thing = fields.maybe_child(key)
    return thing.maybe_text("name") if thing else None


def _points(fields: Fields) -> float | None:
    """Story points. The same field holds something else on another site, which is then no number."""
    for key in POINT_FIELDS:
        value = fields.raw(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _POINTS_LIMIT:
            return float(value)
    return None


def _sprints(fields: Fields) -> tuple[str, ...]:
    """Ids of every sprint the issue was in. The same field holds something else on another site."""
    values = [value for key in SPRINT_FIELDS for value in _as_list(fields.raw(key))]
    ids = (_sprint_id(value) for value in values)
    return tuple(dict.fromkeys(sprint_id for sprint_id in ids if sprint_id))


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - whatever a custom field holds
    return value if isinstance(value, list) else [value]


def _sprint_id(value: Any) -> str | None:  # noqa: ANN401 - whatever a custom field holds
    if isinstance(value, str):
        found = _OLD_SPRINT.search(value[:1_000])
        return found[1] if found else None
    sprint_id = value.get("id") if isinstance(value, dict) else None
    if isinstance(sprint_id, str):
        return line(sprint_id) or None
    return str(sprint_id) if type(sprint_id) is int and abs(sprint_id) < 2**63 else None


def _links(fields: Fields) -> tuple[str, ...]:
    """Keys of linked issues, whichever way the link points."""
    ends = (
        end for link in fields.children("issuelinks") for key in ("inwardIssue", "outwardIssue")
        if (end := link.maybe_child(key))
    )  # fmt: skip
    return tuple(dict.fromkeys(issue_key(end) for end in ends))
