"""Pull requests and issues, in the order in which they changed, as the webhooks would have told them.

GitHub's list of issues holds both, and it alone can be asked for what changed since a time. Each pull request costs two
questions more: its whole self, and its reviews.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries import events_of
from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.github import description
from adapters.sources.deliveries.github_envelope import Envelope
from adapters.sources.gathering import Gathering
from adapters.sources.github.client import GitHubClient
from adapters.sources.walk import Item, Place, by_change
from domain.errors import SourceAway
from domain.events import Event
from domain.ports.polls import Portion

OVERLAP: Final = timedelta(minutes=2)
"""How far back the list is looked at again: what changes last may show up late."""
_AT_ONCE: Final = 25
"""Pull requests and issues in one step of the log: so many are asked for again after a crash."""
_SOON: Final = timedelta(seconds=2)
"""What GitHub changes by itself right after a merge or a close is no news."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading of a repository works with.

    Shape:
        client: asks GitHub.
        repository: what GitHub says of the repository, as deliveries carry it.
        start: nothing that ended before this is read the first time.
    """

    client: GitHubClient
    repository: Mapping[str, Any]
    start: datetime | None

    @property
    def path(self) -> str:
        """Where the repository is in the API."""
        return f"/repos/{self.repository['full_name']}"

    def told(self, name: str, body: Mapping[str, Any]) -> list[Event]:
        """The events of a delivery that GitHub would have sent, without what it says of the repository.

        Raises:
            InvalidInput: what GitHub answered is not of the shape that it documents.
        """
        headers = {"X-GitHub-Event": name, "X-GitHub-Delivery": "backfill"}
        delivery = {"repository": self.repository, **body}
        events = events_of("github", headers, delivery, received_at=datetime.now(UTC))
        return [event for event in events if event.type != "project_described"]

    def described(self) -> Event:
        """What GitHub says of the repository itself."""
        now = datetime.now(UTC)
        body = Fields({"repository": self.repository}, "what GitHub says of a repository")
        at = _moment(self.repository, "updated_at") or now
        return description(Envelope("", body, str(self.repository["full_name"]), now), at)

    def gathering(self) -> Gathering:
        """Where the events of a portion are collected."""
        return Gathering("GitHub")

    def search(self, path: str, **parameters: object) -> "Search":
        """A search in the order of change for `by_change`."""
        return Search(self.client, f"{self.path}/{path}", parameters)


class Search:
    """A list of GitHub's that can be asked for what changed since a time."""

    def __init__(self, client: GitHubClient, path: str, parameters: Mapping[str, object]) -> None:
        self._client = client
        self._path = path
        self._parameters = parameters
        self._first = True

    async def __call__(self, since: datetime, place: Place | None) -> tuple[Sequence[Item], Place | None]:
        """One page of what changed at or after `since`."""
        text = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {**self._parameters, "sort": "updated", "direction": "asc", "since": text, "page": place or "1"}
        entries, following = await self._client.page(self._path, query, remember=self._first)
        self._first = False
        try:
            items = [Item(str(e["id"]), datetime.fromisoformat(e["updated_at"]), e) for e in entries]
        except (KeyError, ValueError, TypeError) as error:
            raise SourceAway("GitHub answered with a list whose entries have no id or time.") from error
        return items, following


async def work(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Pull requests with their reviews, and issues."""
    described = [reading.described()]
    walk = by_change(
        reading.search("issues", state="all"), cursor, start=reading.start, overlap=OVERLAP, grain=timedelta(seconds=1)
    )
    async for items, moved in walk:
        for first in range(0, len(items), _AT_ONCE):
            some = items[first : first + _AT_ONCE]
            found = reading.gathering()
            found.add(described)
            described = []
            for item in some:
                number = item.body.get("number")
                with found.one(f"#{number}"):
                    whole = "pull_request" in item.body
                    found.add(await _pull(reading, number) if whole else issue_events(reading, item.body))
            # Within a page the cursor knows what of it was read; the rest is asked for again.
            yield Portion(found.events, _until(moved, items, first + len(some)), read=len(some), notes=found.notes)


def _until(moved: Mapping[str, Any], items: Sequence[Item], count: int) -> dict[str, Any]:
    """The cursor after the first `count` of a page."""
    if count >= len(items):
        return dict(moved)
    rest = {item.key for item in items[count:]}
    seen = {key: at for key, at in moved["seen"].items() if key not in rest}
    return {**moved, "since": items[count - 1].at.astimezone(UTC).isoformat(), "seen": seen}


async def _pull(reading: Reading, number: object) -> list[Event]:
    pull = await reading.client.one(f"{reading.path}/pulls/{number}")
    reviews = await reading.client.all(f"{reading.path}/pulls/{number}/reviews")
    return pull_events(reading, pull, reviews)


def pull_events(reading: Reading, pull: Mapping[str, Any], reviews: Sequence[Mapping[str, Any]]) -> list[Event]:
    """What became of a pull request: that it was opened, reviewed, closed or merged, and how it stands now.

    What happens once has the id that the webhook gives it. The present state has one of its own, by its time.
    """
    created, updated = _moment(pull, "created_at"), _moment(pull, "updated_at")
    told = [*reading.told("pull_request", {"action": "opened", "pull_request": _as_opened(pull, PULL_LATER)})]
    for review in reviews:
        body = {"action": "submitted", "review": review, "pull_request": pull}
        events = reading.told("pull_request_review", body) if review.get("state") != "PENDING" else []
        told += [event for event in events if event.type == "pr_reviewed"]
    ended = _moment(pull, "merged_at") or _moment(pull, "closed_at")
    if pull.get("state") == "closed":
        told += reading.told("pull_request", {"action": "closed", "pull_request": pull})
    if updated and created and updated - max(created, ended or created) > _SOON:
        told += reading.told("pull_request", {"action": "seen", "pull_request": pull})
    return told


def issue_events(reading: Reading, issue: Mapping[str, Any]) -> list[Event]:
    """What became of an issue: that it was opened and closed, and how it stands now."""
    created, updated, closed = (_moment(issue, key) for key in ("created_at", "updated_at", "closed_at"))
    opened = {"action": "opened", "issue": _as_opened(issue, _ISSUE_LATER), "sender": issue.get("user")}
    told = reading.told("issues", opened)
    if issue.get("state") == "closed" and closed:
        at_closing = {**issue, "updated_at": issue["closed_at"]}
        told += reading.told("issues", {"action": "closed", "issue": at_closing, "sender": issue.get("closed_by")})
    if updated and created and updated - max(created, closed or created) > _SOON:
        told += reading.told("issues", {"action": "seen", "issue": issue})
    return told


PULL_LATER: Final[Mapping[str, Any]] = {
    "state": "open", "merged": False, "merged_at": None, "closed_at": None, "merged_by": None,
    "merge_commit_sha": None, "requested_reviewers": [], "requested_teams": [], "labels": [],
    "additions": None, "deletions": None, "changed_files": None,
}  # fmt: skip
"""What a pull request does not have while it is open, or did not have at first."""
_ISSUE_LATER: Final[Mapping[str, Any]] = {"state": "open", "closed_at": None, "assignee": None, "labels": []}


def _as_opened(thing: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Something as it stood when it was opened, without what came `later`. Nobody knows what its title was then."""
    if thing.get("updated_at") == thing.get("created_at"):
        return dict(thing)
    return {**thing, **later, "updated_at": thing.get("created_at")}


def _moment(thing: Mapping[str, Any], key: str) -> datetime | None:
    try:
        return datetime.fromisoformat(thing[key]) if thing.get(key) else None
    except (ValueError, TypeError):
        return None
