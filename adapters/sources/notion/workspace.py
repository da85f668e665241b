"""A Notion workspace as a source: what is shared with the integration, and what no longer is."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries.fields import stamp
from adapters.sources.deliveries.notion_rows import dashed
from adapters.sources.gathering import Gathering
from adapters.sources.notion.client import NotionClient
from adapters.sources.notion.pages import fetch_page, page_events
from adapters.sources.walk import Ranked, newest_first
from domain.errors import SourceAway
from domain.events import Event
from domain.ports.polls import Portion

OVERLAP: Final = timedelta(minutes=2)
"""Notion tells the minute of an edit only, and its search is some seconds behind."""
LOOKS_FOR_GONE_EVERY: Final = timedelta(hours=6)
_AT_ONCE: Final = 10
"""Pages in one step of the log: each costs a question for every list of blocks in it."""


class NotionWorkspace:
    """What an integration sees; see `domain.ports.PolledSource`."""

    name = "notion"

    def __init__(
        self, client: NotionClient, now: Callable[[], datetime], *, start: datetime | None = None
    ) -> None:  # fmt: skip
        """Name who asks; nothing is asked.

        Args:
            client: asks Notion.
            now: tells the time.
            start: pages that were not edited after this are not read the first time.
        """
        self.client = client
        self.now = now
        self.start = start

    async def check(self) -> str:
        """Which integration we are."""
        return str((await self.client.me()).get("name") or "an integration")

    def listings(self) -> "Sequence[_Pages | _Gone]":
        """What was edited, then what is gone."""
        return [_Pages(self), _Gone(self)]

    async def close(self) -> None:
        """Let go of the connections."""
        await self.client.close()


class _Pages:
    """Pages by their last edit; see `domain.ports.Listing`."""

    name = "notion#pages"

    def __init__(self, workspace: NotionWorkspace) -> None:
        self._workspace = workspace

    async def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """Pages that were edited since `cursor`."""
        workspace = self._workspace
        walk = newest_first(
            _ranked(workspace.client),
            cursor,
            again_from=lambda floor: stamp(datetime.fromisoformat(floor) - OVERLAP),
            lowest=stamp(workspace.start.replace(microsecond=0)) if workspace.start else None,
        )
        async for fresh, moved in walk:
            found = Gathering("Notion")
            for entry in fresh:
                with found.one(f"page {entry.body.get('url') or entry.body.get('id')}"):
                    found.add(await page_events(workspace.client, entry.body, workspace.now()))
            yield Portion(found.events, moved, read=len(fresh), notes=found.notes)


async def _ranked(client: NotionClient) -> AsyncIterator[list[Ranked]]:
    async for pages in client.newest_pages():
        try:
            ranked = [Ranked(stamp(datetime.fromisoformat(page["last_edited_time"])), page) for page in pages]
        except (KeyError, ValueError, TypeError) as error:
            raise SourceAway("Notion answered with a page that has no time of its last edit.") from error
        for first in range(0, len(ranked), _AT_ONCE):
            yield ranked[first : first + _AT_ONCE]


class _Gone:
    """Pages that were there and are no more: Notion's search does not tell of those. See `domain.ports.Listing`."""

    name = "notion#gone"

    def __init__(self, workspace: NotionWorkspace) -> None:
        self._workspace = workspace

    async def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """Compare what is there with what was there, now and then."""
        workspace, known = self._workspace, cursor or {}
        now = workspace.now()
        if "looked_at" in known and now - datetime.fromisoformat(known["looked_at"]) < LOOKS_FOR_GONE_EVERY:
            return
        there = {dashed(str(page.get("id"))) async for pages in workspace.client.newest_pages() for page in pages}
        events: list[Event] = []
        for page_id in sorted(set(known.get("pages", ())) - there):
            # The search may be behind: whether a page is gone, it says itself.
            told = await fetch_page(workspace.client, page_id, now)
            if all(event.type == "doc_removed" for event in told):
                events += told
            else:
                there.add(page_id)
        yield Portion(events, {"looked_at": stamp(now), "pages": sorted(there)}, read=len(events))
