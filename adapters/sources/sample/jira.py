"""Records as the webhooks that Jira sends about them. As in reality they carry no mail addresses.

Shapes: https://developer.atlassian.com/server/jira/platform/webhooks/
"""

from datetime import datetime, timedelta, timezone
from typing import Any, Final

from adapters.sources.sample.board import STATUS_IDS
from adapters.sources.sample.people import COMPANY, MAIL, Person
from adapters.sources.sample.records import (
    CATEGORIES,
    FieldChange,
    Issue,
    IssueChanged,
    IssueCommented,
    Sprint,
    SprintChanged,
)

Json = dict[str, Any]
JiraRecord = IssueChanged | IssueCommented | SprintChanged
_SITE: Final = f"https://jira.{MAIL}"
_SITE_TIME: Final = timezone(timedelta(hours=2))
"""The site's time zone: Jira writes times with its offset, whoever looks."""
_FIELD_IDS: Final = {"Sprint": "customfield_10020"}
_TYPE_IDS: Final = {"Story": "10001", "Task": "10002", "Bug": "10004", "Incident": "10010"}
_PRIORITY_IDS: Final = {"Highest": "1", "High": "2", "Medium": "3", "Low": "4"}


def delivery(record: JiraRecord, delivery_id: str) -> Json:
    """The webhook that tells of `record`."""
    return {
        "source": "jira",
        "headers": {
            "X-Atlassian-Webhook-Identifier": delivery_id,
            "User-Agent": "Atlassian HttpClient/4.2.1 / JIRA-10.3",
            "Content-Type": "application/json; charset=UTF-8",
        },
        "body": {"timestamp": int(record.at.timestamp() * 1000)} | _body(record),
    }


def _body(record: JiraRecord) -> Json:
    match record:
        case IssueChanged():
            return _issue_event(record)
        case IssueCommented():
            return {
                "webhookEvent": "comment_created",
                "comment": _comment(record),
                "issue": _brief(record.issue),
                "eventType": "primaryAction",
            }
        case SprintChanged():
            sprint = _sprint(record.sprint)
            sprint["self"] = f"{_SITE}/rest/agile/1.0/sprint/{record.sprint.id}"
            sprint["originBoardId"] = sprint.pop("boardId")
            return {"webhookEvent": f"sprint_{record.event}", "sprint": sprint}


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(_SITE_TIME).strftime("%Y-%m-%dT%H:%M:%S.000%z") if moment else None


def _zulu(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") if moment else None


def _user(person: Person) -> Json:
    return {
        "self": f"{_SITE}/rest/api/2/user?accountId={person.jira_id}",
        "accountId": person.jira_id,
        "displayName": person.jira_name,
        "active": True,
        "timeZone": "Europe/Berlin",
        "accountType": "atlassian",
    }


def _issue_event(record: IssueChanged) -> Json:
    body: Json = {
        "webhookEvent": f"jira:issue_{record.event}",
        "user": _user(record.actor),
        "issue": _issue(record.issue, record.sprints),
    }
    if record.event == "created":
        body["issue_event_type_name"] = "issue_created"
    elif record.event == "updated":
        body["issue_event_type_name"] = _event_type(record.changes)
        body["changelog"] = {
            "id": str(int(record.at.timestamp()) % 100_000_000 + record.issue.id),
            "items": [_change(change) for change in record.changes],
        }
    return body


def _event_type(changes: tuple[FieldChange, ...]) -> str:
    fields = {change.field for change in changes}
    if "assignee" in fields:
        return "issue_assigned"
    return "issue_generic" if "status" in fields else "issue_updated"


def _change(change: FieldChange) -> Json:
    return {
        "field": change.field,
        "fieldtype": "custom" if change.field in _FIELD_IDS else "jira",
        "fieldId": _FIELD_IDS.get(change.field, change.field),
        "from": change.before_id,
        "fromString": change.before,
        "to": change.after_id,
        "toString": change.after,
    }


def _issue(issue: Issue, sprints: tuple[Sprint, ...]) -> Json:
    brief = _brief(issue)
    fields = brief["fields"] | {
        "description": issue.text,
        "reporter": _user(issue.reporter),
        "creator": _user(issue.reporter),
        "labels": list(issue.labels),
        "created": _time(issue.created_at),
        "updated": _time(issue.updated_at),
        "resolution": {"id": "10000", "name": "Done"} if issue.resolved_at else None,
        "resolutiondate": _time(issue.resolved_at),
        "components": [],
        "fixVersions": [],
        "issuelinks": [],
        "subtasks": [],
        "customfield_10016": issue.points,
        "customfield_10020": [_sprint(sprint) for sprint in sprints] or None,
    }
    return brief | {"fields": fields}


def _brief(issue: Issue) -> Json:
    """An issue as Jira shows it beside a comment."""
    category = CATEGORIES[issue.status]
    return {
        "id": str(issue.id),
        "self": f"{_SITE}/rest/api/2/issue/{issue.id}",
        "key": issue.key,
        "fields": {
            "summary": issue.title,
            "issuetype": {"id": _TYPE_IDS[issue.kind], "name": issue.kind, "subtask": False},
            "project": {
                "id": str(issue.project.jira_id),
                "key": issue.project.key,
                "name": f"{COMPANY} {issue.project.name}",
                "projectTypeKey": "software",
            },
            "status": {
                "id": STATUS_IDS[issue.status],
                "name": issue.status,
                "statusCategory": {
                    "id": {"new": 2, "indeterminate": 4, "done": 3}[category],
                    "key": category,
                    "name": {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}[category],
                },
            },
            "priority": {"id": _PRIORITY_IDS[issue.priority], "name": issue.priority},
            "assignee": _user(issue.assignee) if issue.assignee else None,
        },
    }


def _comment(record: IssueCommented) -> Json:
    return {
        "self": f"{_SITE}/rest/api/2/issue/{record.issue.id}/comment/{record.id}",
        "id": str(record.id),
        "author": _user(record.author),
        "body": record.text,
        "updateAuthor": _user(record.author),
        "created": _time(record.at),
        "updated": _time(record.at),
        "jsdPublic": True,
    }


def _sprint(sprint: Sprint) -> Json:
    return {
        "id": sprint.id,
        "name": sprint.name,
        "state": sprint.state,
        "boardId": sprint.project.jira_id - 9_900,
        "goal": sprint.goal,
        "startDate": _zulu(sprint.starts_at),
        "endDate": _zulu(sprint.ends_at),
        "completeDate": _zulu(sprint.completed_at),
    }
