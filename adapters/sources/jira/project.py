"""A Jira project as a source: its issues in the order in which they changed, and the sprints of its boards."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries.raw import digest
from adapters.sources.gathering import Gathering
from adapters.sources.jira.client import JiraReader
from adapters.sources.jira.history import issue_events, moment, told
from adapters.sources.jira.jql import updated_since
from adapters.sources.patience import Refused
from adapters.sources.walk import Item, Place, by_change
from domain.errors import SourceAway, SourceUnusable
from domain.events import Event
from domain.ports.polls import Portion

OVERLAP: Final = timedelta(minutes=3)
"""How far back is looked again: Jira's index may be behind its issues, and JQL knows minutes only."""
_BAD_REQUEST: Final = 400


class JiraProject:
    """One project; see `domain.ports.PolledSource`."""

    def __init__(self, reader: JiraReader, project: str, *, start: datetime | None = None) -> None:
        """Name the project; nothing is asked.

        Args:
            reader: asks Jira.
            project: its key.
            start: issues that did not change after this are not read the first time.
        """
        self.project = project.upper()
        self.name = f"jira:{self.project}"
        self.reader = reader
        self.start = start

    async def check(self) -> str:
        """Who we are there, once Jira has shown the project to us."""
        # Without this a wrong token reads as an empty project: to strangers, Jira shows nothing.
        account = await self.reader.myself()
        try:
            await self.reader.project(self.project)
        except Refused as error:
            raise SourceUnusable(
                f"Jira shows no project {self.project} to this account: check its key, and what the account may see."
            ) from error
        return str(account.get("displayName") or account.get("name") or "an account")

    def listings(self) -> "Sequence[_Issues | _Sprints]":
        """Issues, then sprints."""
        return [_Issues(self), _Sprints(self)]

    async def close(self) -> None:
        """Let go of the connections."""
        self.reader.close()


class _Issues:
    """Issues with their changelogs and comments; see `domain.ports.Listing`."""

    def __init__(self, project: JiraProject) -> None:
        self.name = f"{project.name}#issues"
        self._project = project

    async def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """Issues that changed since `cursor`."""
        reader, project = self._project.reader, self._project.project
        zone = (await reader.myself()).get("timeZone")
        categories = await reader.statuses()

        async def search(since: datetime, place: Place | None) -> tuple[list[Item], Place | None]:
            question = updated_since(project, since, zone if isinstance(zone, str) else None)
            issues, following = await reader.search(question, place)
            items = [_item(issue) for issue in issues]
            # What was asked for is earlier than `since` by up to a day where the account's time zone is not known.
            return [item for item in items if item.at >= _minute(since)], following

        walk = by_change(
            search, cursor, start=self._project.start, overlap=OVERLAP, grain=timedelta(minutes=1)
        )  # fmt: skip
        async for items, moved in walk:
            found = Gathering("Jira")
            for item in items:
                with found.one(str(item.body.get("key"))):
                    found.add(await self._events(item.body, categories))
            yield Portion(found.events, moved, read=len(items), notes=found.notes)

    async def _events(self, issue: Mapping[str, Any], categories: Mapping[str, str]) -> list[Event]:
        changelog = issue.get("changelog") or {}
        histories = list(changelog.get("histories") or ())
        if int(changelog.get("total") or 0) > len(histories):
            histories = await self._project.reader.rest_of(issue["key"], "changelog", "values", 0)
        comment = issue["fields"].get("comment") or {}
        comments = list(comment.get("comments") or ())
        if int(comment.get("total") or 0) > len(comments):
            comments = await self._project.reader.rest_of(issue["key"], "comment", "comments", 0)
        # In a thread: an issue with a long history takes a while, in which others on this loop wait for an answer.
        return await asyncio.to_thread(issue_events, issue, histories, comments, categories)


def _item(issue: dict[str, Any]) -> Item:
    fields = issue.get("fields")
    at = moment(fields.get("updated")) if isinstance(fields, dict) else None
    if at is None or not isinstance(issue.get("id"), str):
        raise SourceAway("Jira answered with an issue that has no id or no time of its last change.")
    return Item(issue["id"], at, issue)


def _minute(since: datetime) -> datetime:
    return since.replace(second=0, microsecond=0)


class _Sprints:
    """The sprints of a project's boards; see `domain.ports.Listing`."""

    def __init__(self, project: JiraProject) -> None:
        self.name = f"{project.name}#sprints"
        self._project = project

    async def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """Sprints that are new or that changed since `cursor`."""
        known: dict[str, str] = dict((cursor or {}).get("sprints", {}))
        try:
            boards = await self._project.reader.boards(self._project.project)
        except Refused as error:
            if not error.not_for_us:
                raise
            yield Portion((), cursor or {}, notes=[f"sprints were not read: {error}"])
            return
        for board in boards:
            sprints = await self._of_board(board)
            news = [sprint for sprint in sprints if known.get(str(sprint["id"])) != digest(sprint)]
            known |= {str(sprint["id"]): digest(sprint) for sprint in news}
            found = Gathering("Jira")
            for sprint in news:
                with found.one(f"sprint {sprint['id']}"):
                    found.add(_sprint_events(sprint))
            yield Portion(found.events, {"sprints": dict(known)}, read=len(news), notes=found.notes)

    async def _of_board(self, board: Mapping[str, Any]) -> list[dict[str, Any]]:
        if board.get("type") == "kanban":
            return []
        try:
            return await self._project.reader.sprints(board["id"])
        except Refused as error:
            if error.status == _BAD_REQUEST or error.not_for_us:  # a board without sprints, whatever its type says
                return []
            raise


def _sprint_events(sprint: Mapping[str, Any]) -> list[Event]:
    """What became of a sprint. What was said at its start is what is said of it now, but for its end."""
    state = str(sprint.get("state") or "").lower()
    if state == "future":
        return told({"webhookEvent": "sprint_created", "sprint": sprint})
    started = {**sprint, "state": "active", "completeDate": None}
    events = told({"webhookEvent": "sprint_started", "timestamp": _stamp(sprint, "startDate"), "sprint": started})
    if state == "closed":
        at = _stamp(sprint, "completeDate")
        events += told({"webhookEvent": "sprint_closed", "timestamp": at, "sprint": sprint})
    return events


def _stamp(sprint: Mapping[str, Any], key: str) -> int | None:
    at = moment(sprint.get(key))
    return round(at.timestamp() * 1_000) if at else None
