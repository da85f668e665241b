"""Small deliveries of Jira, Notion and Prometheus, with everything that a test does not care about filled in."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from adapters.sources.deliveries import events_of
from domain.events import Event, decode, encode

Json = dict[str, Any]

RECEIVED_AT = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
SITE = "https://jira.acme.example"
PAGE = "3f2a1c9e-5b7d-4e8f-9a0b-1c2d3e4f5a6b"
OTHER_PAGE = "8c4e2a1b-6d5f-4a3b-8c7d-9e0f1a2b3c4d"


def jira(body: object, *, identifier: str = "hook-1") -> list[Event]:
    """The events of a Jira delivery."""
    headers = {"X-Atlassian-Webhook-Identifier": identifier}
    return events_of("jira", headers, body, received_at=RECEIVED_AT)


def notion(body: object) -> list[Event]:
    """The events of a Notion page."""
    return events_of("notion", {}, body, received_at=RECEIVED_AT)


def prometheus(body: object, query: str | None = None) -> list[Event]:
    """The events of an answer of Prometheus."""
    headers = {"X-Prometheus-Query": query} if query else {}
    return events_of("prometheus", headers, body, received_at=RECEIVED_AT)


def types(events: Iterable[Event]) -> list[str]:
    """The types of `events`."""
    return [event.type for event in events]


def ids(events: Iterable[Event]) -> list[str]:
    """The ids of `events`."""
    return [event.id for event in events]


def survives(event: Event) -> bool:
    """Whether the log gives `event` back as it was."""
    return decode(encode(event)) == event


# Jira -------------------------------------------------------------------------------------------------------------


def jira_user(account: str = "712020:ada", name: str = "Lovelace, Ada", **fields: Any) -> Json:
    """An account."""
    return {"accountId": account, "displayName": name, "accountType": "atlassian", "active": True, **fields}


def jira_issue(key: str = "PAY-12", **fields: Any) -> Json:
    """An issue with all its fields."""
    return {
        "id": "10012",
        "key": key,
        "self": f"{SITE}/rest/api/2/issue/10012",
        "fields": {
            "summary": "Pay on Sundays",
            "description": "Banks are closed.\n\nWe are not.",
            "issuetype": {"id": "10001", "name": "Story"},
            "project": {"id": "10000", "key": "PAY", "name": "Payments"},
            "status": {"name": "In Review", "statusCategory": {"id": 4, "key": "indeterminate"}},
            "priority": {"name": "High"},
            "assignee": jira_user(),
            "reporter": jira_user("712020:grace", "Grace Hopper"),
            "labels": ["banks"],
            "created": "2026-08-20T10:00:00.000+0200",
            "updated": "2026-08-31T10:00:00.000+0200",
            "resolutiondate": None,
            "issuelinks": [],
            "customfield_10016": 3.0,
            "customfield_10020": None,
            **fields,
        },
    }


def issue_event(kind: str, issue: Json | None = None, **fields: Any) -> Json:
    """A change of an issue."""
    return {
        "timestamp": 1_788_163_201_250,
        "webhookEvent": f"jira:issue_{kind}",
        "user": jira_user("712020:grace", "Grace Hopper"),
        "issue": issue or jira_issue(),
        **fields,
    }


def sprint_event(kind: str, state: str, **fields: Any) -> Json:
    """A change of a sprint."""
    sprint = {
        "id": 77,
        "name": "PAY 14",
        "state": state,
        "originBoardId": 5,
        "goal": "Sundays",
        "createdDate": "2026-08-17T08:00:00.000Z",
        "startDate": "2026-08-18T08:00:00.000Z",
        "endDate": "2026-09-01T08:00:00.000Z",
        **fields,
    }
    return {"timestamp": 1_788_163_201_250, "webhookEvent": f"sprint_{kind}", "sprint": sprint}


# Notion -----------------------------------------------------------------------------------------------------------


def rich(*texts: str) -> list[Json]:
    """A rich text in pieces."""
    return [{"type": "text", "plain_text": text, "text": {"content": text}} for text in texts]


def prop(kind: str, content: object) -> Json:
    """A property of a page."""
    return {"id": "x", "type": kind, kind: content}


def block(kind: str, *texts: str, **content: Any) -> Json:
    """A block of a page."""
    return {"object": "block", "type": kind, kind: {"rich_text": rich(*texts), **content}}


def page(properties: Json | None = None, *blocks: Json, **fields: Any) -> Json:
    """A page as Notion's API returns it, with its blocks."""
    return {
        "object": "page",
        "id": PAGE,
        "created_time": "2026-08-01T08:00:00.000Z",
        "last_edited_time": "2026-08-31T09:15:00.000Z",
        "last_edited_by": {"object": "user", "id": OTHER_PAGE},
        "parent": {"type": "database_id", "database_id": OTHER_PAGE},
        "archived": False,
        "in_trash": False,
        "url": "https://www.notion.so/Page-3f2a",
        "properties": {"title": prop("title", rich("Runbook"))} if properties is None else properties,
        "blocks": list(blocks),
        **fields,
    }


def roster_row(**columns: Json) -> Json:
    """The properties of a row of the roster."""
    return {
        "Name": prop("title", rich("Ada ", "Lovelace")),
        "Email": prop("email", "Ada@Acme.example"),
        "GitHub": prop("rich_text", rich("ada")),
        "Jira": prop("rich_text", rich("712020:ada")),
        "Slack": prop("rich_text", rich("U0ADA")),
        "Team": prop("select", {"name": "Payments"}),
        "Role": prop("select", {"name": "Engineer"}),
        "Allocation": prop("number", 0.8),
        "Away until": prop("date", {"start": "2026-09-14", "end": None, "time_zone": None}),
        **columns,
    }


def roadmap_row(**columns: Json) -> Json:
    """The properties of a row of the roadmap."""
    return {
        "Name": prop("title", rich("Payments API")),
        "Summary": prop("rich_text", rich("Pays people")),
        "Repository": prop("rich_text", rich("acme/api")),
        "Jira project": prop("rich_text", rich("PAY")),
        "Owner team": prop("select", {"name": "Payments"}),
        "Status": prop("status", {"name": "At risk"}),
        "Priority": prop("select", {"name": "High"}),
        "Target date": prop("date", {"start": "2026-12-01"}),
        "Slack channel": prop("rich_text", rich("#proj-pay")),
        "Depends on": prop("relation", [{"id": OTHER_PAGE.replace("-", "")}]),
        **columns,
    }


# Prometheus -------------------------------------------------------------------------------------------------------


def matrix(*series: tuple[Json, list[list[Any]]]) -> Json:
    """The answer to a range query."""
    result = [{"metric": metric, "values": values} for metric, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}
