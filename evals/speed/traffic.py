"""What a busy organisation's GitHub sends: real-shaped deliveries, 7 KB in the median, each one signed and new.

Writing JSON would cost the load generator more than the receiver's whole work. So bodies are written once, with a
number in them that stands for everything that is new in a delivery, and only that number is put in afterwards.
"""

import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

SECRET: Final = "bench"  # noqa: S105 - protects a server on loopback that lives for a minute
REPOSITORIES: Final = 200
PEOPLE: Final = 500
_NEW: Final = 7_777_777_777
"""Stands for the number of the delivery; as long as every number that takes its place."""
_FIRST: Final = 1_000_000_000
_VARIANTS: Final = 40
"""Bodies of each kind, which differ in who and where."""
_MOMENT: Final = "2026-11-20T18:30:00Z"
_ADDRESSES: Final = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones",
    "notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams",
    "trees",
)  # fmt: skip

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of delivery: GitHub's name for it, how many of a hundred it is, and how a body of it is made."""

    event: str
    share: int
    body: Callable[["Place"], Json]


@dataclass(frozen=True)
class Place:
    """Who does something, and where."""

    repository: int
    person: int

    def address(self, rest: str = "") -> str:
        """An address in the API, below the repository."""
        return f"https://api.github.com/repos/made-up/service-{self.repository}{rest}"

    def account(self, offset: int = 0) -> Json:
        """An account, with the addresses that GitHub adds to each."""
        number = (self.person + offset) % PEOPLE
        url = f"https://api.github.com/users/person-{number}"
        parts = ("followers", "following", "gists", "starred", "subscriptions", "orgs", "repos", "events")
        return {
            "login": f"person-{number}", "id": 10_000 + number, "node_id": f"U_{number:012d}", "type": "User",
            "site_admin": False, "url": url, "html_url": f"https://github.com/person-{number}",
            "avatar_url": f"https://avatars.githubusercontent.com/u/{10_000 + number}?v=4",
            **{f"{part}_url": f"{url}/{part}" for part in parts},
        }  # fmt: skip

    def where(self) -> Json:
        """The repository, as every delivery tells of it."""
        name = f"service-{self.repository}"
        return {
            "id": 70_000 + self.repository, "node_id": f"R_{self.repository:012d}", "name": name,
            "full_name": f"made-up/{name}", "private": True, "owner": self.account(1), "fork": False,
            "html_url": f"https://github.com/made-up/{name}", "description": f"What {name} is for",
            "default_branch": "main", "language": "Python", "topics": [], "visibility": "private",
            "url": self.address(), **{f"{part}_url": self.address(f"/{part}{{/any}}") for part in _ADDRESSES},
        }  # fmt: skip

    def envelope(self, **fields: Any) -> Json:  # noqa: ANN401 - JSON
        """A payload with the parts that all have."""
        return {**fields, "repository": self.where(), "sender": self.account()}


def _push(place: Place) -> Json:
    author = {"name": f"Person {place.person}", "email": f"p{place.person}@made-up.example",
              "username": f"person-{place.person}"}  # fmt: skip
    commit = {
        "id": f"{'c' * 30}{_NEW}", "tree_id": f"{'d' * 30}{_NEW}", "distinct": True, "timestamp": _MOMENT,
        "message": f"Change {_NEW}\n\n{'Because of what was said about it last week. ' * 5}",
        "url": f"https://github.com/made-up/service-{place.repository}/commit/{_NEW}",
        "author": author, "committer": author, "added": [], "removed": [],
        "modified": [f"src/part{place.person % 7}/file{n}.py" for n in range(3)],
    }  # fmt: skip
    return place.envelope(
        ref="refs/heads/main", before=f"{'b' * 30}{_NEW}", after=commit["id"], created=False, deleted=False,
        forced=False, pusher=author, commits=[commit], head_commit=commit,
    )  # fmt: skip


def _pull(place: Place, state: str = "open") -> Json:
    branch = {"label": "made-up:topic", "ref": "topic", "sha": f"{'e' * 30}{_NEW}", "user": place.account()}
    return {
        "id": _NEW, "node_id": f"PR_{_NEW}", "number": _NEW, "state": state, "title": f"Change {_NEW}", "locked": False,
        "user": place.account(), "body": "It was slow, and now it is not. " * 10, "draft": False, "merged": False,
        "html_url": f"https://github.com/made-up/service-{place.repository}/pull/{_NEW}", "assignees": [], "labels": [],
        "requested_reviewers": [place.account(3)], "requested_teams": [], "head": branch,
        "base": {**branch, "ref": "main"}, "created_at": _MOMENT, "updated_at": _MOMENT, "closed_at": None,
        "merged_at": None, "merge_commit_sha": None, "commits": 2, "additions": 10, "deletions": 3, "changed_files": 2,
    }  # fmt: skip


def _pull_request(place: Place) -> Json:
    return place.envelope(action="opened", number=_NEW, pull_request=_pull(place))


def _review(place: Place) -> Json:
    review = {"id": _NEW, "user": place.account(3), "body": "Well done.", "state": "approved",
              "submitted_at": _MOMENT, "commit_id": f"{'e' * 30}{_NEW}"}  # fmt: skip
    return place.envelope(action="submitted", review=review, pull_request=_pull(place))


def _issue_comment(place: Place) -> Json:
    issue = {
        "id": _NEW, "number": _NEW, "title": f"Slow since {_NEW}", "user": place.account(), "labels": [],
        "state": "open", "created_at": _MOMENT, "updated_at": _MOMENT, "body": "Since yesterday. " * 20,
    }  # fmt: skip
    comment = {"id": _NEW, "user": place.account(5), "created_at": _MOMENT, "updated_at": _MOMENT,
               "body": "I had a look, and it is the index. " * 5}  # fmt: skip
    return place.envelope(action="created", issue=issue, comment=comment)


def _workflow_run(place: Place) -> Json:
    run = {
        "id": _NEW, "name": "tests", "head_branch": "main", "head_sha": f"{'f' * 30}{_NEW}", "run_number": 7,
        "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "success", "workflow_id": 9,
        "created_at": _MOMENT, "updated_at": _MOMENT, "run_started_at": _MOMENT, "actor": place.account(),
    }  # fmt: skip
    return place.envelope(action="completed", workflow_run=run, workflow={"id": 9, "name": "tests"})


def _check_run(place: Place) -> Json:
    run = {"id": _NEW, "name": "unit tests", "head_sha": f"{'f' * 30}{_NEW}", "status": "completed",
           "conclusion": "success", "started_at": _MOMENT, "completed_at": _MOMENT}  # fmt: skip
    return place.envelope(action="completed", check_run=run)


def _deployment_status(place: Place) -> Json:
    deployment = {"id": _NEW, "sha": f"{'c' * 30}{_NEW}", "ref": "main", "task": "deploy", "environment": "production",
                  "created_at": _MOMENT, "updated_at": _MOMENT, "creator": place.account()}  # fmt: skip
    status = {"id": _NEW, "state": "success", "environment": "production", "creator": place.account(),
              "created_at": _MOMENT, "updated_at": _MOMENT}  # fmt: skip
    return place.envelope(action="created", deployment=deployment, deployment_status=status)


KINDS: Final = (
    Kind("push", 27, _push),
    Kind("pull_request", 15, _pull_request),
    Kind("pull_request_review", 8, _review),
    Kind("issue_comment", 10, _issue_comment),
    Kind("workflow_run", 17, _workflow_run),
    Kind("check_run", 20, _check_run),
    Kind("deployment_status", 3, _deployment_status),
)


class Traffic:
    """Signed deliveries, each new. The same seed and numbers give the same ones."""

    def __init__(self, seed: int = 1) -> None:
        """Write the bodies that all the others are made of."""
        self._random = random.Random(seed)  # noqa: S311 - a load, not a secret
        self._templates = [self._template(kind) for kind in KINDS for _ in range(_VARIANTS)]
        self._weights = [kind.share for kind in KINDS for _ in range(_VARIANTS)]
        self._order = self._random.choices(self._templates, self._weights, k=10_007)
        self.median = sorted(sum(map(len, body)) for _, body in self._order)[len(self._order) // 2]

    def request(self, number: int) -> bytes:
        """The whole request of delivery `number`, counted from 0, as it goes over the wire."""
        head, pieces = self._order[number % len(self._order)]
        new = b"%d" % (_FIRST + number)
        body = new.join(pieces)
        mac = hmac.digest(SECRET.encode(), body, "sha256").hex().encode()
        return b"%s%s\r\nX-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n%s" % (
            head, new, mac, len(body), body,
        )  # fmt: skip

    def delivery(self, number: int) -> tuple[dict[str, str], bytes]:
        """Headers and body of delivery `number`."""
        head, _, body = self.request(number).partition(b"\r\n\r\n")
        rows = (row.partition(": ") for row in head.decode().splitlines()[1:])
        return {name: value for name, _, value in rows}, body

    def _template(self, kind: Kind) -> tuple[bytes, list[bytes]]:
        place = Place(self._random.randrange(REPOSITORIES), self._random.randrange(PEOPLE))
        head = (
            "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: GitHub-Hookshot/044aadd\r\n"
            f"Accept: */*\r\nContent-Type: application/json\r\nX-GitHub-Event: {kind.event}\r\n"
            "X-GitHub-Hook-ID: 292430182\r\nX-GitHub-Hook-Installation-Target-Type: organization\r\n"
            "X-GitHub-Delivery: 2c0d1f3e-4a56-11f0-8e21-"
        )
        body = json.dumps(kind.body(place), separators=(",", ":")).encode()
        return head.encode(), body.split(str(_NEW).encode())


def request_of(kind: Kind, place: Place, number: int) -> tuple[dict[str, str], bytes]:
    """Headers and body of one delivery of `kind`; `number` has ten digits and is what it is known by."""
    body = json.dumps(kind.body(place)).replace(str(_NEW), str(number)).encode()
    mac = hmac.digest(SECRET.encode(), body, "sha256").hex()
    headers = {
        "Content-Type": "application/json", "X-GitHub-Event": kind.event, "X-GitHub-Delivery": f"probe-{number}",
        "X-Hub-Signature-256": f"sha256={mac}",
    }  # fmt: skip
    return headers, body
