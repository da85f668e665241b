"""Deliveries that GitHub could not hand over: it keeps them for some days, and they tell what no list tells.

A delivery that was answered 2xx is durable here, so only the others are fetched. They go through the same mapper, with
their own headers; what is known already is recognised by its id.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.sources.deliveries import events_of
from adapters.sources.github.work import Reading
from adapters.sources.patience import Refused
from adapters.sources.walk import Ranked, newest_first
from domain.errors import InvalidInput
from domain.events import Event
from domain.ports.polls import Portion

RECEIVER: Final = "/webhooks/github"
"""Where our own webhooks lead; deliveries to anybody else are nobody's business here."""
_ACKNOWLEDGED: Final = range(200, 300)


async def missed_deliveries(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """What deliveries told that reached nobody."""
    known: dict[str, Any] = dict((cursor or {}).get("hooks", {}))
    try:
        hooks = await reading.client.all(f"{reading.path}/hooks")
    except Refused as error:
        if not error.not_for_us:
            raise
        note = "deliveries that were missed were not looked for: the token may not read webhooks"
        yield Portion((), cursor or {}, notes=[note])
        return
    ours = [hook for hook in hooks if _leads_here(hook)]
    known = {str(hook["id"]): known.get(str(hook["id"])) for hook in ours}
    for hook in ours:
        hook_id, handed_over = str(hook["id"]), set[str]()
        pages = _deliveries(reading, f"{reading.path}/hooks/{hook_id}/deliveries")
        async for fresh, moved in newest_first(pages, known[hook_id]):
            handed_over |= {str(entry.body.get("guid")) for entry in fresh if _acknowledged(entry.body)}
            missed = [entry.body for entry in reversed(fresh) if str(entry.body.get("guid")) not in handed_over]
            events: list[Event] = []
            notes: list[str] = []
            for delivery in missed:
                told, unread = await _fetch(reading, hook_id, delivery)
                events += told
                notes += unread
            known[hook_id] = moved
            yield Portion(events, {"hooks": dict(known)}, read=len(missed), notes=notes)


def _leads_here(hook: Mapping[str, Any]) -> bool:
    config = hook.get("config")
    url = config.get("url") if isinstance(config, dict) else None
    return isinstance(url, str) and urlsplit(url).path.rstrip("/").endswith(RECEIVER)


def _acknowledged(delivery: Mapping[str, Any]) -> bool:
    return delivery.get("status_code") in _ACKNOWLEDGED


async def _deliveries(reading: Reading, path: str) -> AsyncIterator[Sequence[Ranked]]:
    """The deliveries of a webhook, newest first; GitHub gives this list by cursors, not by numbers."""
    place: str | None = None
    while True:
        entries, place = await reading.client.page(path, {"cursor": place} if place else None)
        yield [Ranked(int(entry["id"]), entry) for entry in entries]
        if place is None:
            return


async def _fetch(reading: Reading, hook_id: str, delivery: Mapping[str, Any]) -> tuple[list[Event], list[str]]:
    """The events of one delivery, or a note of why there are none."""
    path = f"{reading.path}/hooks/{hook_id}/deliveries/{delivery['id']}"
    try:
        request = (await reading.client.one(path)).get("request") or {}
        headers = {str(name): str(value) for name, value in (request.get("headers") or {}).items()}
        named = {"X-GitHub-Event": str(delivery.get("event")), "X-GitHub-Delivery": str(delivery.get("guid"))}
        kept = {name.lower() for name in headers}
        headers |= {name: value for name, value in named.items() if name.lower() not in kept}
        return events_of("github", headers, request.get("payload"), received_at=datetime.now(UTC)), []
    except (InvalidInput, Refused) as error:
        return [], [f"delivery {delivery.get('guid')} could not be fetched: {error}"]
