"""Comments on issues, on pull requests and on lines of code. GitHub lists them for a whole repository."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from adapters.sources.github.work import OVERLAP, Reading
from adapters.sources.walk import by_change
from domain.ports.polls import Portion


async def comments(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Comments below issues and pull requests."""
    search = reading.search("issues/comments")
    walk = by_change(search, cursor, start=reading.start, overlap=OVERLAP, grain=timedelta(seconds=1))
    async for items, moved in walk:
        found = reading.gathering()
        for item in items:
            issue: dict[str, Any] = {"number": _number(item.body.get("issue_url"))}
            if "/pull/" in str(item.body.get("html_url")):
                issue["pull_request"] = {}
            body = {"action": "created", "comment": item.body, "issue": issue}
            with found.one(f"comment {item.key}"):
                found.add(reading.told("issue_comment", body))
        yield Portion(found.events, moved, read=len(items), notes=found.notes)


async def code_comments(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Comments on lines of pull requests."""
    search = reading.search("pulls/comments")
    walk = by_change(search, cursor, start=reading.start, overlap=OVERLAP, grain=timedelta(seconds=1))
    async for items, moved in walk:
        found = reading.gathering()
        for item in items:
            pull = {"number": _number(item.body.get("pull_request_url"))}
            body = {"action": "created", "comment": item.body, "pull_request": pull}
            with found.one(f"comment {item.key}"):
                found.add(reading.told("pull_request_review_comment", body))
        yield Portion(found.events, moved, read=len(items), notes=found.notes)


def _number(url: object) -> int | None:
    """The number at the end of an address of the API."""
    last = url.rpartition("/")[2] if isinstance(url, str) else ""
    return int(last) if last.isdecimal() else None
