"""Records as the webhooks that GitHub sends about them.

Shapes: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from functools import singledispatch
from typing import Any, Final

from adapters.sources.sample import github_objects as objects
from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import Project
from adapters.sources.sample.records import (
    DeploymentChanged,
    GitHubCommented,
    GitHubIssueChanged,
    Joined,
    PullRequestChanged,
    Pushed,
    Record,
    Released,
    Reviewed,
    RunCompleted,
    Starred,
)

Json = dict[str, Any]
_NOBODY: Final = "0" * 40
"""What GitHub writes for a commit where a branch begins or ends."""
_EVENTS: Final[dict[type, str]] = {
    Pushed: "push",
    PullRequestChanged: "pull_request",
    Reviewed: "pull_request_review",
    GitHubIssueChanged: "issues",
    GitHubCommented: "issue_comment",
    RunCompleted: "workflow_run",
    DeploymentChanged: "deployment_status",
    Released: "release",
    Joined: "membership",
    Starred: "star",
}


def delivery(record: Record, delivery_id: str) -> Json:
    """The webhook that tells of `record`.

    Raises:
        TypeError: GitHub does not tell of such a thing.
    """
    return {
        "source": "github",
        "headers": {
            "X-GitHub-Event": _EVENTS[type(record)],
            "X-GitHub-Delivery": delivery_id,
            "X-GitHub-Hook-Installation-Target-Type": "organization",
            "User-Agent": "GitHub-Hookshot/8f2c1d0",
            "Content-Type": "application/json",
        },
        "body": _body(record),
    }


def _envelope(project: Project, sender: Person) -> Json:
    return {
        "repository": objects.repository(project),
        "organization": objects.organization(),
        "sender": objects.user(sender),
    }


@singledispatch
def _body(record: Record) -> Json:
    raise TypeError(f"{type(record).__name__!r} is not GitHub's: expected one of {sorted(_EVENTS.values())}")


@_body.register
def _(record: Pushed) -> Json:
    project, before, after = record.project, record.before or _NOBODY, record.after or _NOBODY
    commits = [objects.commit(commit, record) for commit in record.commits]
    body: Json = {
        "ref": f"refs/heads/{record.branch}",
        "before": before,
        "after": after,
        "created": record.before is None,
        "deleted": record.after is None,
        "forced": record.forced,
        "base_ref": None,
        "compare": f"https://github.com/{project.repo}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "pusher": {"name": record.pusher.login, "email": record.pusher.web_signatures[-1].email},
    }
    body |= _envelope(project, record.pusher)
    # In this event alone GitHub gives the repository's times as seconds since 1970.
    body["repository"] |= {"pushed_at": int(record.at.timestamp()), "master_branch": project.branch}
    return body


@_body.register
def _(record: PullRequestChanged) -> Json:
    body: Json = {
        "action": record.action,
        "number": record.pr.number,
        "pull_request": objects.pull_request(record.pr),
    }
    if record.reviewer:
        body["requested_reviewer"] = objects.user(record.reviewer)
    if record.before:
        body |= {"before": record.before, "after": record.pr.commits[-1].sha}
    return body | _envelope(record.pr.project, record.actor)


@_body.register
def _(record: Reviewed) -> Json:
    body = {
        "action": "submitted",
        "review": objects.review(record),
        "pull_request": objects.pull_request(record.pr),
    }
    return body | _envelope(record.pr.project, record.reviewer)


@_body.register
def _(record: GitHubIssueChanged) -> Json:
    body = {"action": record.action, "issue": objects.issue(record.issue)}
    return body | _envelope(record.issue.project, record.actor)


@_body.register
def _(record: GitHubCommented) -> Json:
    body = {
        "action": "created",
        "issue": objects.issue(record.subject),
        "comment": objects.comment(record),
    }
    return body | _envelope(record.subject.project, record.author)


@_body.register
def _(record: RunCompleted) -> Json:
    body = {"action": "completed", "workflow_run": objects.run(record)}
    return body | _envelope(record.project, record.actor)


@_body.register
def _(record: DeploymentChanged) -> Json:
    body = {
        "action": "created",
        "deployment_status": objects.deployment_status(record),
        "deployment": objects.deployment(record),
    }
    return body | _envelope(record.deployment.project, record.deployment.creator)


@_body.register
def _(record: Released) -> Json:
    body = {"action": "published", "release": objects.release(record)}
    return body | _envelope(record.project, record.author)


@_body.register
def _(record: Joined) -> Json:
    return {
        "action": "added",
        "scope": "team",
        "member": objects.user(record.member),
        "team": objects.team(record.team),
        "organization": objects.organization(),
        "sender": objects.user(record.actor),
    }


@_body.register
def _(record: Starred) -> Json:
    return {"action": "created", "starred_at": objects.time(record.at)} | _envelope(record.project, record.actor)
