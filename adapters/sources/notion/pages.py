"""A page of Notion's, whole: its properties, and the text that stands below it."""

from datetime import datetime
from typing import Any, Final

from adapters.sources.deliveries import events_of
from adapters.sources.deliveries.fields import stamp
from adapters.sources.notion.client import Json, NotionClient
from adapters.sources.patience import Refused
from domain.events import Event

DEEPEST: Final = 8
"""How deep blocks are followed; below that there is nothing that anybody reads."""
BLOCKS_READ: Final = 3_000
"""Blocks of one page; a text of that length is cut anyway."""
_ELSEWHERE: Final = frozenset({"child_page", "child_database", "unsupported", "link_to_page"})
"""Blocks whose children are pages of their own, or cannot be asked for."""


async def fetch_page(client: NotionClient, page_id: str, now: datetime) -> list[Event]:
    """The events of one page as it is now: what a webhook's signal about it means.

    A page in the trash, or one that is no longer shared with us, is a document that was removed.

    Args:
        client: asks Notion.
        page_id: with hyphens or without.
        now: when this is.

    Raises:
        SourceUnusable: Notion does not answer this.
        InvalidInput: what it answers is no page.
    """
    try:
        page = await client.page(page_id)
    except Refused as error:
        if not error.not_for_us:
            raise
        return gone(page_id, now)
    return await page_events(client, page, now)


def gone(page_id: str, now: datetime) -> list[Event]:
    """The events of a page that can no longer be seen."""
    return _told({"object": "page", "id": page_id, "in_trash": True, "last_edited_time": stamp(now)}, now)


async def page_events(client: NotionClient, page: Json, now: datetime) -> list[Event]:
    """The events of a page whose properties are at hand."""
    if page.get("in_trash") or page.get("archived"):
        return _told(page, now)
    page_id = str(page["id"])
    properties = dict(page.get("properties") or {})
    for name, prop in properties.items():
        if isinstance(prop, dict) and prop.get("type") == "relation" and prop.get("has_more"):
            items = await client.property_items(page_id, str(prop.get("id")))
            related = [item["relation"] for item in items if isinstance(item.get("relation"), dict)]
            properties[name] = {**prop, "relation": related, "has_more": False}
    blocks = await _blocks(client, page_id)
    return _told({**page, "properties": properties, "blocks": blocks}, now)


def _told(page: Json, now: datetime) -> list[Event]:
    return events_of("notion", {}, page, received_at=now)


async def _blocks(client: NotionClient, page_id: str) -> list[Json]:
    """Every block of a page, each with its own below it."""
    top: list[Json] = []
    waiting: list[tuple[str, list[Json], int]] = [(page_id, top, 0)]
    read = 0
    while waiting and read < BLOCKS_READ:
        block_id, into, depth = waiting.pop(0)
        try:
            async for results in client.children(block_id):
                for block in results:
                    into.append(block)
                    read += 1
                    if _has_more_below(block) and depth < DEEPEST:
                        below: list[Json] = []
                        block["children"] = below
                        waiting.append((str(block["id"]), below, depth + 1))
                if read >= BLOCKS_READ:
                    break
        except Refused as error:
            # A synced block may show what is not shared with us; the rest of the page is.
            if not error.not_for_us:
                raise
    return top


def _has_more_below(block: Json) -> bool:
    kind: Any = block.get("type")
    return bool(block.get("has_children")) and kind not in _ELSEWHERE and isinstance(block.get("id"), str)
