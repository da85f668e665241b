"""An issue's changelog as the webhooks would have told it: each change with the issue as that change left it.

Jira shows an issue as it is now. Going back through the changelog and undoing each change shows it as it was, which is
what says when work began, and when it was done.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries import events_of
from adapters.sources.deliveries.jira_issues import POINT_FIELDS, SPRINT_FIELDS
from domain.events import Event

_HEADERS: Final = {"X-Atlassian-Webhook-Identifier": "backfill"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POINTS: Final = frozenset({"story points", "story point estimate"})
"""What sites call the field of story points."""
_CLOUD_ID: Final = 24
"""Characters of the shortest account id on Jira Cloud."""
_NO_HISTORY: Final = timedelta(seconds=2)
_ID: Final = re.compile(r"\d+")


def told(body: Mapping[str, Any]) -> list[Event]:
    """The events of a delivery that Jira would have sent.

    Raises:
        InvalidInput: what Jira answered is not of the shape that it documents.
    """
    return events_of("jira", _HEADERS, body, received_at=datetime.now(UTC))


def issue_events(
    issue: Mapping[str, Any],
    histories: Sequence[Mapping[str, Any]],
    comments: Sequence[Mapping[str, Any]],
    categories: Mapping[str, str],
) -> list[Event]:
    """What became of an issue, the oldest first: that it was made, every change, every comment.

    Args:
        issue: as it is now.
        histories: its whole changelog, in any order.
        comments: all of them.
        categories: of every status by its id and its name, for those that the issue is no longer in.
    """
    now = issue["fields"]
    deliveries = list(_changes(issue, histories, categories))
    updated, created = moment(now.get("updated")), moment(now.get("created"))
    if not histories and updated and created and updated - created > _NO_HISTORY:
        # Something changed that leaves no trace in the changelog: the issue as it stands is all that is known.
        deliveries.insert(0, _delivery("jira:issue_updated", now["updated"], issue))
    events = [event for delivery in reversed(deliveries) for event in told(delivery)]
    for comment in comments:
        body = {"webhookEvent": "comment_created", "comment": comment, "issue": issue}
        events += told(body)[:1]
    described = {event.id: event for event in events if event.type == "project_described"}
    return [*described.values(), *(event for event in events if event.type != "project_described")]


def _changes(
    issue: Mapping[str, Any], histories: Sequence[Mapping[str, Any]], categories: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Deliveries for every change, the newest first, and at last for the making of the issue."""
    fields = dict(issue["fields"])
    for history in sorted(histories, key=_age, reverse=True):
        changelog = {"id": history["id"], "items": history.get("items") or []}
        shown = {**issue, "fields": {**fields, "updated": history["created"]}}
        yield _delivery(
            "jira:issue_updated", history["created"], shown, user=history.get("author"), changelog=changelog
        )
        for item in reversed(changelog["items"]):
            fields |= _before(item, categories)
    made = {**issue, "fields": {**fields, "updated": fields.get("created")}}
    yield _delivery("jira:issue_created", fields.get("created"), made, user=fields.get("creator"))


def _delivery(kind: str, at: object, issue: Mapping[str, Any], **more: object) -> dict[str, Any]:
    when = moment(at)
    timestamp = round((when - _EPOCH) / timedelta(milliseconds=1)) if when else None
    return {"webhookEvent": kind, "timestamp": timestamp, "issue": issue, **more}


def _age(history: Mapping[str, Any]) -> tuple[datetime, int]:
    number = str(history.get("id"))
    return moment(history.get("created")) or _EPOCH, int(number) if number.isdecimal() else 0


def _before(item: Mapping[str, Any], categories: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an issue that one entry of a changelog changed, as they were before it."""
    field = _field_of(item)
    was, shown = item.get("from"), item.get("fromString")
    match field:
        case "status":
            category = categories.get(str(was)) or categories.get(str(shown).lower()) or "new"
            return {"status": {"name": shown or "Unknown", "statusCategory": {"key": category}}}
        case "assignee" | "reporter":
            value: Any = _account(str(was), shown) if was else None
        case "priority" | "issuetype":
            value = {"name": shown} if shown else None
        case "summary" | "description":
            value = shown or ""
        case "labels":
            value = str(shown or "").split()
        case "resolution":
            # When an earlier resolution was made is not said here; that there was none is.
            return {"resolutiondate": None}
        case _ if field in POINT_FIELDS:
            value = _number(shown)
        case _ if field in SPRINT_FIELDS:
            value = [{"id": int(number)} for number in _ID.findall(str(was or ""))]
        case _:
            return {}
    return {field: value}


def _field_of(item: Mapping[str, Any]) -> str:
    """Which field an entry of a changelog is about, by the name under which an issue shows it."""
    label = str(item.get("field") or "").lower()
    field = str(item.get("fieldId") or label)
    if label in _POINTS and field not in POINT_FIELDS:
        return POINT_FIELDS[0]
    if label == "sprint" and field not in SPRINT_FIELDS:
        return SPRINT_FIELDS[0]
    return field


def _account(account: str, name: object) -> dict[str, Any]:
    """Somebody by what a changelog keeps of an account: its id on Jira Cloud, its name on Jira Server."""
    cloud = ":" in account or len(account) >= _CLOUD_ID
    return {"accountId" if cloud else "name": account, "displayName": name}


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


def moment(text: object) -> datetime | None:
    """A time as Jira writes it: `2026-08-31T10:00:00.000+0200`."""
    try:
        then = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return then if then is not None and then.tzinfo else None
