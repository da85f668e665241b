"""A stand-in for GitHub's API: one repository, its lists in pages as GitHub gives them."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.polling.web import Reply, Request, Site
from tests.unit.deliveries.payloads_github import pull, repository, user

Json = dict[str, Any]
ROOT = "/repos/acme/api"
START = datetime.fromisoformat("2026-06-01T08:00:00Z")


def at(minutes: float) -> str:
    """A time, so many minutes after the beginning."""
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def sha_of(number: int) -> str:
    return hashlib.sha1(str(number).encode()).hexdigest()


def a_pull(number: int, minute: float, **fields: Any) -> Json:
    """A pull request that was opened at a minute and merged five minutes later."""
    ended = {"state": "closed", "merged": True, "merged_at": at(minute + 5), "closed_at": at(minute + 5)}
    told = pull(
        id=5_000_000 + number, number=number, title=f"Change {number}", created_at=at(minute),
        updated_at=at(minute + 5), merged_by=user(2, "grace"), **ended,
    )  # fmt: skip
    return {**told, **fields}


class GitHubSite(Site):
    """GitHub with `acme/api` on it."""

    def __init__(self) -> None:
        super().__init__()
        self.repository = repository(updated_at=at(0), pushed_at=at(0))
        self.issues: dict[int, Json] = {}
        self.pulls: dict[int, Json] = {}
        self.reviews: dict[int, list[Json]] = {}
        self.events: list[Json] = []
        self.comments: list[Json] = []
        self.code_comments: list[Json] = []
        self.commits: list[Json] = []
        self.deployments: list[Json] = []
        self.statuses: dict[int, list[Json]] = {}
        self.runs: list[Json] = []
        self.releases: list[Json] = []
        self.hooks: list[Json] = []
        self.deliveries: dict[int, list[Json]] = {}
        self.page_limit = 100
        self.not_modified = 0

    def add_pull(self, told: Json, *reviews: Json) -> None:
        self.pulls[told["number"]] = told
        self.reviews[told["number"]] = list(reviews)

    def add_commit(self, number: int, **fields: Any) -> Json:
        """A commit on top of the others."""
        parents = [{"sha": self.commits[-1]["sha"]}] if self.commits else []
        signed = {"name": "Ada Lovelace", "email": "ada@acme.example", "date": at(number)}
        commit = {
            "sha": sha_of(number),
            "commit": {"message": f"Change {number}\n\nBecause.", "author": signed, "committer": signed},
            "author": user(),
            "parents": parents,
            "files": [{"filename": f"src/part{number}.py", "additions": 3, "deletions": 1, "status": "modified"}],
            **fields,
        }
        self.commits.append(commit)
        return commit

    def add_event(self, name: str, minute: float, of: Json) -> None:
        """A change of state of an issue or a pull request, of which this list shows the present state."""
        told = of if "head" not in of else {**of, "pull_request": {}}
        number = 1 + len(self.events)
        self.events.append(
            {"id": number, "event": name, "created_at": at(minute), "actor": user(2, "grace"), "issue": told}
        )

    def work(self) -> list[Json]:
        """What GitHub lists as issues: both kinds, the oldest change first."""
        kept = ("id", "number", "title", "body", "state", "user", "created_at", "updated_at", "closed_at", "labels")
        pulls = [{**{key: p[key] for key in kept}, "pull_request": {"url": "x"}} for p in self.pulls.values()]
        return sorted([*self.issues.values(), *pulls], key=lambda entry: (entry["updated_at"], entry["id"]))

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/v3")
        if path == "/rate_limit":
            return Reply(body={"resources": {"core": {"limit": 5_000, "remaining": 4_990}}})
        if path == ROOT:
            return Reply(body=self.repository)
        if not path.startswith(f"{ROOT}/"):
            return Reply(404, {"message": "Not Found"})
        return self._of(path.removeprefix(f"{ROOT}/").split("/"), request)

    def _of(self, words: Sequence[str], request: Request) -> Reply:  # noqa: C901, PLR0911, PLR0912 - a table of routes
        since = request.query.get("since", "")
        match words:
            case ["issues"]:
                return self._list(request, [e for e in self.work() if e["updated_at"] >= since])
            case ["issues", "events"]:
                return self._list(request, self.events[::-1])
            case ["issues", "comments"]:
                return self._list(request, [c for c in self.comments if c["updated_at"] >= since])
            case ["pulls", "comments"]:
                return self._list(request, [c for c in self.code_comments if c["updated_at"] >= since])
            case ["pulls", number]:
                return Reply(body=self.pulls[int(number)])
            case ["pulls", number, "reviews"]:
                return self._list(request, self.reviews[int(number)])
            case ["commits"]:
                if not self.commits:
                    return Reply(409, {"message": "Git Repository is empty."})
                shas = [commit["sha"] for commit in self.commits]
                tip = request.query.get("sha", "main")
                upto = shas.index(tip) + 1 if tip in shas else len(shas)
                shown = [c for c in self.commits[:upto] if c["commit"]["author"]["date"] >= since]
                return self._list(request, [_bare(c) for c in reversed(shown)])
            case ["commits", sha]:
                [commit] = [c for c in self.commits if c["sha"] == sha]
                return self._list(request, commit["files"], within=commit, key="files")
            case ["compare", span]:
                base, head = span.split("...")
                shas = [commit["sha"] for commit in self.commits]
                if base not in shas:
                    return Reply(404, {"message": "Not Found"})
                ahead = self.commits[shas.index(base) + 1 : shas.index(head) + 1]
                return self._list(request, [_bare(c) for c in ahead], within={}, key="commits")
            case ["deployments"]:
                return self._list(request, sorted(self.deployments, key=_age, reverse=True))
            case ["deployments", number]:
                return Reply(body=next(d for d in self.deployments if d["id"] == int(number)))
            case ["deployments", number, "statuses"]:
                return self._list(request, self.statuses.get(int(number), [])[::-1])
            case ["actions", "runs"]:
                runs = sorted(self.runs, key=_age, reverse=True)
                return self._list(request, runs, within={"total_count": len(runs)}, key="workflow_runs")
            case ["releases"]:
                return self._list(request, sorted(self.releases, key=_age, reverse=True))
            case ["hooks"]:
                return self._list(request, self.hooks)
            case ["hooks", number, "deliveries"]:
                return self._deliveries(request, int(number))
            case ["hooks", number, "deliveries", delivery]:
                found = next(d for d in self.deliveries[int(number)] if d["id"] == int(delivery))
                return Reply(body=found)
        return Reply(404, {"message": "Not Found"})

    def _list(self, request: Request, entries: Sequence[Json], within: Json | None = None, key: str = "") -> Reply:
        size = min(self.page_limit, int(request.query.get("per_page", 30)))
        page = int(request.query.get("page", 1))
        some = list(entries[(page - 1) * size : page * size])
        headers = {}
        if page * size < len(entries):
            query = "&".join(f"{name}={value}" for name, value in {**request.query, "page": page + 1}.items())
            headers["Link"] = f'<{self.url}{request.path}?{query}>; rel="next", <{self.url}/x?page=99>; rel="last"'
        body: Any = some if within is None else {**within, key: some}
        etag = f'W/"{hashlib.sha256(json.dumps(body).encode()).hexdigest()}"'
        if request.headers.get("if-none-match") == etag:
            self.not_modified += 1
            return Reply(304, headers={"ETag": etag})
        return Reply(body=body, headers={**headers, "ETag": etag})

    def _deliveries(self, request: Request, hook: int) -> Reply:
        """GitHub gives these by cursors, newest first, without their payloads."""
        size = min(self.page_limit, int(request.query.get("per_page", 30)))
        upto = int(request.query.get("cursor", 10**12))
        there = sorted((d for d in self.deliveries[hook] if d["id"] <= upto), key=lambda d: -int(d["id"]))
        headers = {}
        if len(there) > size:
            headers["Link"] = f'<{self.url}{request.path}?per_page={size}&cursor={there[size]["id"]}>; rel="next"'
        return Reply(body=[{k: v for k, v in d.items() if k != "request"} for d in there[:size]], headers=headers)


def _age(entry: Json) -> tuple[str, int]:
    return entry["created_at"], entry["id"]


def _bare(commit: Json) -> Json:
    """A commit as lists show it."""
    return {key: value for key, value in commit.items() if key != "files"}
