"""Small GitHub deliveries in the shape of the real ones, with all that a test does not care about filled in."""

from datetime import datetime
from typing import Any

from adapters.sources.deliveries import events_of
from domain.events import Event
from tests.unit.deliveries.payloads import RECEIVED_AT, Json

DELIVERY = "7d1c0f3e-4a56-11f0-8e21-2f1a9c0b6d44"
ZEROS = "0" * 40
REPOSITORY = "acme/api"


def sha(letter: str) -> str:
    """A commit's name."""
    return letter * 40


def github(event: str, body: object, *, delivery: str = DELIVERY, received_at: datetime = RECEIVED_AT) -> list[Event]:
    """The events of a GitHub delivery."""
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery, "Content-Type": "application/json"}
    return events_of("github", headers, body, received_at=received_at)


def user(number: int = 1, login: str = "ada", **fields: Any) -> Json:
    """An account."""
    return {"id": number, "login": login, "type": "User", "site_admin": False, **fields}


BOT = user(9, "dependabot[bot]", type="Bot")


def repository(**fields: Any) -> Json:
    """What every delivery says of its repository."""
    return {
        "id": 71,
        "name": REPOSITORY.partition("/")[2],
        "full_name": REPOSITORY,
        "html_url": f"https://github.com/{REPOSITORY}",
        "description": "Answers everybody",
        "default_branch": "main",
        **fields,
    }


def envelope(**fields: Any) -> Json:
    """A payload with the parts that all have."""
    return {"repository": repository(), "sender": user(2, "grace"), **fields}


def commit(letter: str, message: str = "Change things", **fields: Any) -> Json:
    """A commit as a push lists it."""
    return {
        "id": sha(letter),
        "distinct": True,
        "message": message,
        "timestamp": "2026-08-31T18:30:00+02:00",
        "author": {"name": "Ada Lovelace", "email": "ada@acme.example", "username": "ada"},
        "committer": {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"},
        "added": [],
        "modified": ["src/answer.py"],
        "removed": [],
        **fields,
    }


def push(*commits: Json, branch: str = "main", before: str = "a" * 40, **fields: Any) -> Json:
    """A push of some commits."""
    after = commits[-1]["id"] if commits else ZEROS
    told = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "created": before == ZEROS,
        "deleted": not commits,
        "forced": False,
        "commits": list(commits),
        "head_commit": commits[-1] if commits else None,
        "pusher": {"name": "grace", "email": "grace@acme.example"},
        "repository": repository(pushed_at=1_788_256_800),
    }
    return envelope(**(told | fields))


def pull(**fields: Any) -> Json:
    """An open pull request."""
    return {
        "id": 501,
        "number": 12,
        "state": "open",
        "title": "Answer faster",
        "body": "Because people wait.",
        "user": user(),
        "draft": False,
        "html_url": f"https://github.com/{REPOSITORY}/pull/12",
        "created_at": "2026-08-31T08:00:00Z",
        "updated_at": "2026-08-31T10:00:00Z",
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": sha("e"),
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "head": {"ref": "faster", "sha": sha("b"), "repo": None},
        "base": {"ref": "main", "sha": sha("a")},
        "merged": False,
        "merged_by": None,
        "additions": 30,
        "deletions": 4,
        "changed_files": 2,
        **fields,
    }


MERGED: Json = {
    "state": "closed",
    "merged": True,
    "merged_at": "2026-08-31T11:00:00Z",
    "closed_at": "2026-08-31T11:00:00Z",
    "updated_at": "2026-08-31T11:00:01Z",
    "merged_by": user(2, "grace"),
}


def pull_request(action: str, /, *, about: Json | None = None, **fields: Any) -> Json:
    """A change of a pull request; `about` goes beside it."""
    return envelope(action=action, number=12, pull_request=pull(**fields), **(about or {}))


def review(action: str = "submitted", state: str = "approved", **fields: Any) -> Json:
    """A review. The pull request beside it lacks what only its own deliveries have."""
    shown = pull(updated_at="2026-08-31T10:30:05Z", **fields.pop("pull_request", {}))
    for missing in ("merged", "merged_by", "additions", "deletions", "changed_files"):
        del shown[missing]
    given = {
        "id": 801,
        "user": user(3, "linus"),
        "body": "Good.",
        "state": state,
        "submitted_at": "2026-08-31T10:30:00Z",
        "html_url": f"https://github.com/{REPOSITORY}/pull/12#pullrequestreview-801",
        **fields,
    }
    return envelope(action=action, review=given, pull_request=shown)


def issue(**fields: Any) -> Json:
    """An open issue."""
    return {
        "id": 601,
        "number": 40,
        "state": "open",
        "title": "It is slow",
        "body": "Very.",
        "user": user(5, "visitor"),
        "assignee": None,
        "labels": [{"id": 1, "name": "bug"}],
        "html_url": f"https://github.com/{REPOSITORY}/issues/40",
        "created_at": "2026-08-30T08:00:00Z",
        "updated_at": "2026-08-30T09:00:00Z",
        "closed_at": None,
        **fields,
    }


def comment(**fields: Any) -> Json:
    """A comment."""
    return {
        "id": 701,
        "user": user(3, "linus"),
        "body": "I see it too.",
        "created_at": "2026-08-30T10:00:00Z",
        "updated_at": "2026-08-30T10:00:00Z",
        **fields,
    }


def run(**fields: Any) -> Json:
    """A finished attempt of a workflow."""
    return {
        "id": 901,
        "name": "ci",
        "run_attempt": 2,
        "head_branch": "main",
        "head_sha": sha("c"),
        "status": "completed",
        "conclusion": "success",
        "created_at": "2026-08-31T11:00:00Z",
        "run_started_at": "2026-08-31T11:05:00Z",
        "updated_at": "2026-08-31T11:15:00Z",
        "html_url": f"https://github.com/{REPOSITORY}/actions/runs/901",
        "actor": user(),
        "triggering_actor": user(2, "grace"),
        **fields,
    }


def deployment(state: str, environment: str = "production", status: Json | None = None, **fields: Any) -> Json:
    """A deployment that reached a state."""
    return envelope(
        action="created",
        deployment_status={
            "id": 1101,
            "state": state,
            "environment": environment,
            "creator": BOT,
            "created_at": "2026-08-31T12:10:00Z",
            "target_url": "https://ci.acme.example/1101",
            **(status or {}),
        },
        deployment={
            "id": 1001,
            "sha": sha("c"),
            "ref": "main",
            "environment": environment,
            "creator": user(2, "grace"),
            "created_at": "2026-08-31T12:00:00Z",
            **fields,
        },
    )


def release(action: str = "published", **fields: Any) -> Json:
    """A published version."""
    told = {
        "id": 1201,
        "tag_name": "v1.2.0",
        "name": "The fast one",
        "target_commitish": sha("c"),
        "body": "- faster",
        "draft": False,
        "prerelease": False,
        "author": user(2, "grace"),
        "created_at": "2026-08-20T00:00:00Z",
        "published_at": "2026-08-31T13:00:00Z",
        "html_url": f"https://github.com/{REPOSITORY}/releases/tag/v1.2.0",
        **fields,
    }
    return envelope(action=action, release=told)


def membership(action: str = "added", scope: str = "team", **team: Any) -> Json:
    """Somebody joins a team, or leaves it."""
    told = {"id": 55, "name": "Core Team", "slug": "core", **team}
    organization = {"login": "acme", "id": 3}
    return {
        "action": action,
        "scope": scope,
        "member": user(),
        "sender": user(2, "grace"),
        "team": told,
        "organization": organization,
    }
