"""Deliveries in the shapes that their senders document, of a made-up organisation, and how each of them is signed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

Json = dict[str, Any]

SECRET: Final = "soak-secret"  # noqa: S105 - protects a server on loopback that lives for minutes
_ALERTMANAGER: Final = f"alerts:{SECRET}"
SENT_AT: Final = 1_795_219_200
"""2026-11-21T00:00:00Z, where the clock of a soaked server stands still."""
_SHA: Final = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
_DAY: Final = "2026-11-20T18:30:00Z"
_UUID: Final = "367cba44-b6f3-4c92-81e7-6a2e9659efd4"


def repository() -> Json:
    """A repository as GitHub describes it."""
    return {
        "id": 1, "name": "api", "full_name": "made-up/api", "default_branch": "main", "description": "Pays people",
        "html_url": "https://github.com/made-up/api", "private": True, "owner": person(7),
    }  # fmt: skip


def person(number: int = 1) -> Json:
    """An account of GitHub's."""
    return {"id": number, "login": f"p{number}", "type": "User", "html_url": f"https://github.com/p{number}"}


def github(event: str, **rest: Any) -> tuple[str, Json, Json]:  # noqa: ANN401 - JSON
    """A delivery of GitHub's: sender, headers, payload."""
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": _UUID}
    return "github", headers, {**rest, "repository": repository(), "sender": person()}


def _push() -> tuple[str, Json, Json]:
    author = {"name": "Ada", "email": "ada@made-up.example", "username": "p1"}
    commit = {
        "id": _SHA, "message": "PAY-1: wait\n\nCo-authored-by: Bo <bo@made-up.example>", "timestamp": _DAY,
        "author": author, "committer": author, "added": ["a.py"], "removed": [], "modified": ["src/ä.py"],
        "url": f"https://github.com/made-up/api/commit/{_SHA}", "distinct": True,
    }  # fmt: skip
    return github(
        "push", ref="refs/heads/main", before="0" * 40, after=_SHA, forced=False, created=False, deleted=False,
        commits=[commit], head_commit=commit, pusher=author,
    )  # fmt: skip


def _pull() -> Json:
    branch = {"ref": "retry", "sha": _SHA, "repo": repository(), "user": person()}
    return {
        "id": 9, "number": 4, "title": "Wait longer", "body": "Closes #3", "state": "closed", "draft": False,
        "merged": True, "merged_at": _DAY, "closed_at": _DAY, "created_at": _DAY, "updated_at": _DAY, "user": person(),
        "merged_by": person(2), "requested_reviewers": [person(3)], "labels": [{"id": 1, "name": "hotfix"}],
        "head": branch, "base": {**branch, "ref": "main"}, "merge_commit_sha": _SHA, "additions": 3, "deletions": 1,
        "changed_files": 2, "html_url": "https://github.com/made-up/api/pull/4",
    }  # fmt: skip


def _pulls() -> tuple[str, Json, Json]:
    return github("pull_request", action="closed", number=4, pull_request=_pull())


def _review() -> tuple[str, Json, Json]:
    review = {"id": 5, "state": "approved", "body": "Fine", "submitted_at": _DAY, "user": person(2), "html_url": "x"}
    return github("pull_request_review", action="submitted", review=review, pull_request=_pull())


def _issue() -> tuple[str, Json, Json]:
    issue = {
        "id": 3, "number": 3, "title": "It waits", "body": "Too short", "state": "open", "user": person(),
        "assignee": person(2), "labels": [], "created_at": _DAY, "updated_at": _DAY, "closed_at": None,
        "html_url": "https://github.com/made-up/api/issues/3",
    }  # fmt: skip
    return github("issues", action="opened", issue=issue)


def _run() -> tuple[str, Json, Json]:
    run = {
        "id": 11, "name": "CI", "path": ".github/workflows/ci.yml", "head_branch": "main", "head_sha": _SHA,
        "run_attempt": 1, "conclusion": "failure", "status": "completed", "created_at": _DAY, "updated_at": _DAY,
        "run_started_at": _DAY, "html_url": "https://github.com/made-up/api/actions/runs/11", "actor": person(),
    }  # fmt: skip
    return github("workflow_run", action="completed", workflow_run=run)


def _deployment() -> tuple[str, Json, Json]:
    deployment = {
        "id": 12, "sha": _SHA, "ref": "main", "environment": "production", "created_at": _DAY, "creator": person(),
        "production_environment": True, "payload": {},
    }  # fmt: skip
    status = {
        "id": 13, "state": "success", "environment": "production", "created_at": _DAY, "creator": person(),
        "target_url": "https://ci.made-up.example/1",
    }  # fmt: skip
    return github("deployment_status", action="created", deployment=deployment, deployment_status=status)


def _release() -> tuple[str, Json, Json]:
    release = {
        "id": 14, "tag_name": "v1.2.0", "name": "1.2", "body": "All of it", "draft": False, "prerelease": False,
        "target_commitish": _SHA, "created_at": _DAY, "published_at": _DAY, "author": person(), "html_url": "x",
    }  # fmt: skip
    return github("release", action="published", release=release)


def _star() -> tuple[str, Json, Json]:
    return github("star", action="created", starred_at=_DAY)


def _jira_user() -> Json:
    return {"accountId": "5b10a2844c20165700ede21g", "displayName": "Ada", "accountType": "atlassian", "active": True}


def _jira_issue() -> Json:
    return {
        "id": "10002", "key": "PAY-1", "self": "https://made-up.atlassian.net/rest/api/2/issue/10002",
        "fields": {
            "summary": "Payouts wait", "description": "Too long", "issuetype": {"name": "Incident"},
            "status": {"name": "In Progress", "statusCategory": {"key": "indeterminate"}}, "labels": ["outage"],
            "priority": {"name": "High"}, "assignee": _jira_user(), "reporter": _jira_user(), "created": _DAY,
            "updated": _DAY, "resolutiondate": None, "customfield_10016": 3.0, "customfield_10020": [{"id": 1}],
            "project": {"key": "PAY", "name": "Payouts"}, "issuelinks": [{"inwardIssue": {"key": "PAY-2"}}],
        },
    }  # fmt: skip


def _jira(kind: str, **rest: Any) -> tuple[str, Json, Json]:  # noqa: ANN401 - JSON
    body = {"webhookEvent": kind, "timestamp": SENT_AT * 1_000, "user": _jira_user(), **rest}
    return "jira", {"X-Atlassian-Webhook-Identifier": _UUID}, body


def _jira_issues() -> tuple[str, Json, Json]:
    changes = {"id": "1", "items": [{"field": "status", "fromString": "To Do", "toString": "In Progress"}]}
    return _jira("jira:issue_updated", issue=_jira_issue(), changelog=changes)


def _jira_comment() -> tuple[str, Json, Json]:
    comment = {"id": "7", "author": _jira_user(), "body": "I look into it", "created": _DAY, "updated": _DAY}
    return _jira("comment_created", comment=comment, issue=_jira_issue())


def _jira_sprint() -> tuple[str, Json, Json]:
    sprint = {
        "id": 1, "name": "Sprint 1", "state": "closed", "goal": "Pay on time", "originBoardId": 2, "startDate": _DAY,
        "endDate": _DAY, "completeDate": _DAY,
    }  # fmt: skip
    return _jira("sprint_closed", sprint=sprint)


def _notion(kind: str, entity: str = "page") -> tuple[str, Json, Json]:
    body = {
        "id": "1782edd6-a853-4d4a-b02c-9c8c16f28e53", "timestamp": "2026-11-20T18:30:00.123Z", "workspace_id": _UUID,
        "workspace_name": "Made up", "subscription_id": _UUID, "integration_id": _UUID, "type": kind,
        "authors": [{"id": _UUID, "type": "person"}], "accessible_by": [{"id": _UUID, "type": "bot"}],
        "attempt_number": 1, "api_version": "2025-09-03", "entity": {"id": _UUID.replace("-", ""), "type": entity},
        "data": {"parent": {"id": _UUID, "type": "page"}, "updated_blocks": [{"id": _UUID, "type": "block"}]},
    }  # fmt: skip
    return "notion", {}, body


def _slack(event: Json) -> tuple[str, Json, Json]:
    body = {
        "token": "XXYYZZ", "team_id": "T123ABC456", "api_app_id": "A123ABC456", "type": "event_callback",
        "event_id": "Ev123ABC456", "event_time": SENT_AT, "event_context": "EC123", "is_ext_shared_channel": False,
        "authorizations": [{"team_id": "T123ABC456", "user_id": "U0BOT", "is_bot": True}], "event": event,
    }  # fmt: skip
    return "slack", {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}, body


def _slack_message() -> tuple[str, Json, Json]:
    event = {
        "type": "message", "channel": "C123ABC456", "user": "U1234567", "text": "PAY-1 is on fire",
        "ts": "1795219200.1", "event_ts": "1795219200.1", "channel_type": "channel",
        "blocks": [{"type": "rich_text", "elements": []}],
    }  # fmt: skip
    return _slack(event)


def _slack_member() -> tuple[str, Json, Json]:
    user = {
        "id": "U1234567", "team_id": "T123ABC456", "name": "ada", "deleted": False, "real_name": "Ada", "is_bot": False,
        "updated": SENT_AT, "is_email_confirmed": True,
        "profile": {"real_name": "Ada", "email": "ada@made-up.example", "status_text": "riding a train"},
    }  # fmt: skip
    return _slack({"type": "user_change", "user": user, "cache_ts": SENT_AT, "event_ts": "1795219200.1"})


def _alerts() -> tuple[str, Json, Json]:
    labels = {"alertname": "HighErrorRate", "service": "api", "severity": "critical", "instance": "10.0.0.1:9090"}
    alert = {
        "status": "firing", "labels": labels, "annotations": {"summary": "Every tenth request fails"},
        "startsAt": "2026-11-20T18:30:00.739266876Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.made-up.example/graph?g0.expr=x", "fingerprint": "1a30ba71cca2921f",
    }  # fmt: skip
    over = {**alert, "status": "resolved", "endsAt": "2026-11-20T19:00:00Z", "fingerprint": "2a30ba71cca2921f"}
    body = {
        "receiver": "engintel", "status": "firing", "alerts": [alert, over], "groupLabels": {"alertname": "x"},
        "commonLabels": labels, "commonAnnotations": {}, "externalURL": "https://alertmanager.made-up.example",
        "version": "4", "groupKey": '{}:{alertname="HighErrorRate"}', "truncatedAlerts": 0,
    }  # fmt: skip
    return "alertmanager", {}, body


DELIVERIES: Final[tuple[Callable[[], tuple[str, Json, Json]], ...]] = (
    _push, _pulls, _review, _issue, _run, _deployment, _release, _star, _jira_issues, _jira_comment, _jira_sprint,
    lambda: _notion("page.content_updated"), lambda: _notion("page.deleted"),
    lambda: _notion("comment.created", "comment"),
    _slack_message, _slack_member, _alerts,
)  # fmt: skip
"""What makes one delivery of each kind."""


def signature(sender: str, body: bytes, secret: str = SECRET) -> Mapping[str, str]:
    """The headers by which `sender` proves that a body is its own."""
    if sender == "alertmanager":
        return {"Authorization": f"Basic {base64.b64encode(_ALERTMANAGER.encode()).decode()}"}
    if sender == "slack":
        mac = hmac.new(secret.encode(), f"v0:{SENT_AT}:".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": str(SENT_AT), "X-Slack-Signature": f"v0={mac}"}
    name = {"github": "X-Hub-Signature-256", "jira": "X-Hub-Signature", "notion": "X-Notion-Signature"}[sender]
    return {name: "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


SECRETS: Final = {
    "ENGINTEL_GITHUB_WEBHOOK_SECRET": SECRET,
    "ENGINTEL_JIRA_WEBHOOK_SECRET": SECRET,
    "ENGINTEL_NOTION_WEBHOOK_TOKEN": SECRET,
    "ENGINTEL_SLACK_SIGNING_SECRET": SECRET,
    "ENGINTEL_ALERTMANAGER_TOKEN": _ALERTMANAGER,
}
"""What a soaked server is started with."""


def ordinary(number: int) -> tuple[str, Mapping[str, str], bytes]:
    """Delivery `number` as its sender would send it: sender, headers, body."""
    sender, headers, payload = DELIVERIES[number % len(DELIVERIES)]()
    body = json.dumps(payload).encode()
    return sender, {**headers, **signature(sender, body)}, body


LAST_WORDS: Final = "Seen after the storm"
_MANY: Final = 16
"""So many entities that every lane of the log has some."""


def told_last() -> list[tuple[str, Mapping[str, str], bytes]]:
    """Issues that nobody told of before, each with its key: by them it is seen that nothing is stuck."""
    told: list[tuple[str, Mapping[str, str], bytes]] = []
    for number in range(1, _MANY + 1):
        sender, headers, payload = _jira_issues()
        key = f"LAST-{number}"
        payload["issue"] |= {"id": str(90_000 + number), "key": key}
        payload["issue"]["fields"] |= {"summary": f"{LAST_WORDS} {number}", "project": {"key": "LAST", "name": "Last"}}
        body = json.dumps(payload).encode()
        named = {**headers, "X-Atlassian-Webhook-Identifier": f"last-{number}"}
        told.append((key, {**named, **signature(sender, body)}, body))
    return told
