"""A stand-in for Notion: pages, the blocks below them, and a search that gives the last edit first."""

from typing import Any

from tests.polling.web import Reply, Request, Site
from tests.unit.deliveries.payloads import block, page, prop, rich

Json = dict[str, Any]


def page_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def a_page(number: int, minute: int, title: str = "", properties: Json | None = None, **fields: Any) -> Json:
    """A page that was edited at a minute of an hour."""
    told = page(properties or {"title": prop("title", rich(title or f"Page {number}"))})
    del told["blocks"]
    return {**told, "id": page_id(number), "last_edited_time": f"2026-08-31T09:{minute:02}:00.000Z", **fields}


def a_block(number: int, text: str, *, below: bool = False, kind: str = "paragraph") -> Json:
    return {**block(kind, text), "id": page_id(900_000 + number), "has_children": below}


class NotionSite(Site):
    """Notion with some pages that are shared with us."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Json] = {}
        self.blocks: dict[str, list[Json]] = {}
        self.relations: dict[str, list[Json]] = {}
        self.page_limit = 100

    def add(self, told: Json, *blocks: Json) -> None:
        self.pages[told["id"]] = told
        self.blocks[told["id"]] = list(blocks)

    def answer(self, request: Request) -> Reply:  # noqa: PLR0911 - a table of routes
        if request.headers.get("notion-version") != "2025-09-03":
            return Reply(400, {"code": "missing_version", "message": "Notion-Version header is missing"})
        match request.path.removeprefix("/v1/").split("/"):
            case ["users", "me"]:
                return Reply(body={"object": "user", "type": "bot", "name": "engintel"})
            case ["search"]:
                shown = [each for each in self.pages.values() if not each["in_trash"]]
                newest = sorted(shown, key=lambda each: (each["last_edited_time"], each["id"]), reverse=True)
                return self._list(request.body, newest)
            case ["pages", number]:
                found = self.pages.get(number)
                return Reply(body=found) if found else Reply(404, {"code": "object_not_found", "message": "No page"})
            case ["pages", number, "properties", _]:
                return self._list(request.query, self.relations[number])
            case ["blocks", number, "children"]:
                return self._list(request.query, self.blocks.get(number, []))
        return Reply(404, {"message": "Not found"})

    def _list(self, asked: Any, entries: list[Json]) -> Reply:
        start = int(asked.get("start_cursor") or 0)
        size = min(self.page_limit, int(asked["page_size"]))
        more = len(entries) > start + size
        place = str(start + size) if more else None
        results = entries[start : start + size]
        return Reply(body={"object": "list", "results": results, "has_more": more, "next_cursor": place})
