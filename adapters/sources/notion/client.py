"""Notion's API: pages, what stands below them, and the search that finds them.

Rules: https://developers.notion.com/reference/request-limits and .../reference/versioning
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from adapters.sources.http import JsonApi
from adapters.sources.patience import Upstream
from domain.errors import SourceAway

ADDRESS: Final = "https://api.notion.com"
VERSION: Final = "2025-09-03"
"""The first in which a database may have several data sources; a page is the same as before."""
REQUESTS_PER_SECOND: Final = 3
PAGE: Final = 100
_UPSTREAM: Final = Upstream("Notion", "ENGINTEL_NOTION_URL", "ENGINTEL_NOTION_TOKEN")

Json = dict[str, Any]


class NotionClient:
    """Asks Notion, three questions a second, as it wishes."""

    def __init__(self, token: str, url: str | None = None, *, rate: float = REQUESTS_PER_SECOND) -> None:
        """Name the account; nothing is sent.

        Args:
            token: of an integration.
            url: the API's address, to point at a stand-in.
            rate: questions a second at most.
        """
        headers = {"Authorization": f"Bearer {token}", "Notion-Version": VERSION}
        self._api = JsonApi(_UPSTREAM, url or ADDRESS, headers, gap=1 / rate)

    async def me(self) -> Json:
        """The integration itself."""
        return dict((await self._api.ask("GET", "/v1/users/me")).body)

    async def page(self, page_id: str) -> Json:
        """One page with its properties, also one in the trash.

        Raises:
            Refused: it is not there, or is not shared with us.
        """
        return dict((await self._api.ask("GET", f"/v1/pages/{page_id}")).body)

    async def newest_pages(self) -> AsyncIterator[list[Json]]:
        """Every page that is shared with us, the one that was edited last first."""
        place: str | None = None
        while True:
            question: Json = {
                "filter": {"property": "object", "value": "page"},
                "sort": {"timestamp": "last_edited_time", "direction": "descending"},
                "page_size": PAGE,
            }
            found = (await self._api.ask("POST", "/v1/search", json=question | _from(place))).body
            yield [entry for entry in _results(found) if entry.get("object") == "page"]
            place = _next(found)
            if place is None:
                return

    async def children(self, block_id: str) -> AsyncIterator[list[Json]]:
        """The blocks that stand directly below a block or a page."""
        async for results in self._list(f"/v1/blocks/{block_id}/children"):
            yield results

    async def property_items(self, page_id: str, property_id: str) -> list[Json]:
        """Everything in a property, of which a page shows the first 25."""
        return [entry async for page in self._list(f"/v1/pages/{page_id}/properties/{property_id}") for entry in page]

    async def _list(self, path: str) -> AsyncIterator[list[Json]]:
        place: str | None = None
        while True:
            query = {"page_size": str(PAGE)} | _from(place)
            found = (await self._api.ask("GET", path, query=query)).body
            yield _results(found)
            place = _next(found)
            if place is None:
                return

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()


def _from(place: str | None) -> dict[str, str]:
    return {"start_cursor": place} if place else {}


def _results(found: Json) -> list[Json]:
    results = found.get("results")
    if not isinstance(results, list) or not all(isinstance(entry, dict) for entry in results):
        raise SourceAway("What Notion answered is not a list: check ENGINTEL_NOTION_URL.")
    return results


def _next(found: Json) -> str | None:
    place = found.get("next_cursor")
    return place if found.get("has_more") and isinstance(place, str) else None
