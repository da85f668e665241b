"""A stand-in for Jira: Cloud with its search by tokens, or Server with its search by numbers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.polling.web import Reply, Request, Site
from tests.unit.deliveries.payloads import jira_issue, jira_user

Json = dict[str, Any]
_UPDATED = re.compile(r'project = "(\w+)" AND updated >= "([\d :-]+)" ORDER BY updated ASC')
STATUSES = {"Open": ("1", "new"), "In Progress": ("3", "indeterminate"), "In Review": ("4", "indeterminate"),
            "Done": ("5", "done")}  # fmt: skip


def status(name: str) -> Json:
    number, category = STATUSES[name]
    return {"id": number, "name": name, "statusCategory": {"key": category}}


def moved(number: int, when: str, before: str, after: str) -> Json:
    """An entry of a changelog: somebody moved the issue."""
    item = {"field": "status", "fieldId": "status", "from": STATUSES[before][0], "fromString": before,
            "to": STATUSES[after][0], "toString": after}  # fmt: skip
    return {"id": str(number), "created": when, "author": jira_user("712020:grace", "Grace Hopper"), "items": [item]}


def an_issue(number: int, updated: str, *histories: Json, comments: Sequence[Json] = (), **fields: Any) -> Json:
    """An issue with its changelog, the newest change first, as Jira Cloud gives it."""
    told = jira_issue(f"PAY-{number}", updated=updated, creator=jira_user(), **fields)
    told["id"] = str(10_000 + number)
    told["fields"]["comment"] = {"comments": list(comments), "total": len(comments)}
    told["changelog"] = {"histories": list(histories)[::-1], "total": len(histories)}
    return told


class JiraSite(Site):
    """Jira with the project PAY."""

    def __init__(self, *, cloud: bool = True, zone: str = "Europe/Berlin") -> None:
        super().__init__()
        self.cloud = cloud
        self.zone = zone
        self.issues: dict[str, Json] = {}
        self.boards: list[Json] = []
        self.sprints: dict[int, list[Json]] = {}
        self.page_limit = 100
        self.shown_histories = 100

    def add(self, *issues: Json) -> None:
        self.issues |= {issue["key"]: issue for issue in issues}

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 - a table of routes
        path = request.path
        if path == "/rest/api/2/serverInfo":
            return Reply(body={"versionNumbers": [9, 4, 0], "deploymentType": "Cloud" if self.cloud else "Server"})
        if path.startswith("/rest/agile/1.0/board"):
            return self._agile(request)
        match path.removeprefix("/rest/api/2/").split("/"):
            case ["myself"]:
                return Reply(body={"displayName": "Bot", "timeZone": self.zone})
            case ["field"]:
                return Reply(body=[{"id": "summary", "clauseNames": ["summary"]}])
            case ["project", key]:
                return Reply(body={"key": key, "id": "1"}) if key == "PAY" else Reply(404, {"errorMessages": ["No"]})
            case ["status"]:
                return Reply(body=[status(name) for name in STATUSES])
            case ["search", "jql"] if self.cloud:
                return self._search(request)
            case ["search"] if not self.cloud:
                return self._search(request)
            case ["issue", key, "changelog"]:
                histories = self.issues[key]["changelog"]["histories"][::-1]
                start = int(request.query["startAt"])
                page = histories[start : start + self.page_limit]
                return Reply(body={"values": page, "total": len(histories), "startAt": start})
        return Reply(404, {"errorMessages": ["There is nothing here."]})

    def _search(self, request: Request) -> Reply:
        asked = _UPDATED.match(request.query["jql"])
        assert asked, request.query["jql"]
        since = datetime.strptime(asked[2], "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(self.zone))
        found = sorted(
            (i for i in self.issues.values() if updated(i) >= since.astimezone(UTC)),
            key=lambda i: (updated(i), int(i["id"])),
        )
        start = int(request.query.get("nextPageToken" if self.cloud else "startAt", 0))
        size = min(self.page_limit, int(request.query["maxResults"]))
        page = [self._shown(issue) for issue in found[start : start + size]]
        if not self.cloud:
            return Reply(body={"issues": page, "startAt": start, "total": len(found), "maxResults": size})
        last = start + size >= len(found)
        return Reply(body={"issues": page, "isLast": last, **({} if last else {"nextPageToken": str(start + size)})})

    def _shown(self, issue: Json) -> Json:
        changelog = issue["changelog"]
        return {**issue, "changelog": {**changelog, "histories": changelog["histories"][: self.shown_histories]}}

    def _agile(self, request: Request) -> Reply:
        words = request.path.removeprefix("/rest/agile/1.0/board").strip("/").split("/")
        values = self.boards if words == [""] else self.sprints.get(int(words[0]), [])
        start = int(request.query.get("startAt", 0))
        page = values[start : start + 2]
        last = start + 2 >= len(values)
        return Reply(body={"values": page, "startAt": start, "maxResults": 2, "isLast": last, "total": len(values)})


def updated(issue: Json) -> datetime:
    return datetime.fromisoformat(issue["fields"]["updated"])
