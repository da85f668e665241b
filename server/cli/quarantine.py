"""`engintel quarantine`: what could not be read, or could not be applied to a store, and what becomes of it."""

import argparse
import json
from collections.abc import Sequence
from typing import Final

from domain.errors import InvalidInput
from domain.events import encode
from domain.ports import Quarantined, Refusal
from domain.routing import Store
from server.bootstrap import Engine, open_engine
from server.settings import load_settings

INBOX: Final = "inbox"
"""Where deliveries are that nobody could read; the other items are events, in a store."""


async def list_(_: argparse.Namespace) -> int:
    """List deliveries that could not be read and events that could not be applied."""
    async with open_engine(load_settings()) as engine:
        refusals = await engine.inbox.refusals()
        items = await engine.quarantine.items()
    for refusal in refusals:
        print(f"{INBOX}/{refusal.id}  {refusal.key}  {refusal.reason}")
    for item in items:
        print(f"{_place(item)}  {item.event_id or '(unreadable)'}  {_reason(item, items)}")
    if not items and not refusals:
        print("nothing is in quarantine")
    return 0


async def show(arguments: argparse.Namespace) -> int:
    """Show one, with its delivery or its event."""
    async with open_engine(load_settings()) as engine:
        item = await _item(engine, arguments.item)
        if isinstance(item, Refusal):
            delivery = await engine.inbox.refused(item.id)
            headers, body = (delivery.headers, delivery.body) if delivery else ({}, b"")
            told = {**item.model_dump(mode="json"), "headers": dict(headers), "body": body.decode(errors="replace")}
        else:
            entries = await engine.log.read(item.lane, item.position - 1, 1)
            event = entries[0].event if entries else None
            written = json.loads(encode(event)) if event else {"payload": entries[0].payload if entries else None}
            told = {**item.model_dump(mode="json"), "event": written}
    print(json.dumps(told, ensure_ascii=False, indent=2))
    return 0


async def retry(arguments: argparse.Namespace) -> int:
    """Read one delivery again; or apply one event again, and then those that waited behind it."""
    async with open_engine(load_settings()) as engine:
        item = await _item(engine, arguments.item)
        if isinstance(item, Refusal):
            told = f"was read: {await engine.sorter.retry(item.id)} events"
        else:
            told = f"was applied{_followers(await engine.router.retry(item) - 1)}"
    print(f"{arguments.item} {told}")
    return 0


async def drop(arguments: argparse.Namespace) -> int:
    """Give one up. Of an event, those that waited behind it are applied; it stays in the log."""
    async with open_engine(load_settings()) as engine:
        item = await _item(engine, arguments.item)
        applied = 0
        if isinstance(item, Refusal):
            await engine.inbox.drop(item.id)
        else:
            applied = await engine.router.drop(item)
    print(f"{arguments.item} was dropped from quarantine{_followers(applied)}")
    return 0


def _place(item: Quarantined) -> str:
    return f"{item.store.value}/{item.lane}/{item.position}"


def _reason(item: Quarantined, items: Sequence[Quarantined]) -> str:
    """Why `item` is there; of one that waits, behind which it does."""
    same = [other for other in items if (other.store, other.entity) == (item.store, item.entity)]
    first = min(same, key=lambda other: other.position)
    return f"waits behind {_place(first)}" if item.waiting and first is not item else item.reason


def _followers(count: int) -> str:
    return f", and {count} that waited behind it {'was' if count == 1 else 'were'} applied" if count > 0 else ""


async def _item(engine: Engine, text: str) -> Quarantined | Refusal:
    found: Quarantined | Refusal | None
    try:
        where, _, rest = text.partition("/")
        if where == INBOX:
            number = int(rest)
            found = next((refusal for refusal in await engine.inbox.refusals() if refusal.id == number), None)
        else:
            lane, position = rest.split("/")
            place = (Store(where), int(lane), int(position))
            items = await engine.quarantine.items()
            found = next((item for item in items if (item.store, item.lane, item.position) == place), None)
    except ValueError:
        raise InvalidInput(
            f"{text!r} names nothing: expected STORE/LANE/POSITION or {INBOX}/NUMBER, as `quarantine list` prints."
        ) from None
    if found is None:
        raise InvalidInput(f"{text!r} is not in quarantine: `engintel quarantine list` prints what is.")
    return found
