"""`engintel migrate`, `replay` and `quarantine`: keeping the stores true to the log."""

import argparse
import json
from collections.abc import Sequence

from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate as take_steps
from domain.errors import InvalidInput
from domain.events import encode
from domain.ports import Quarantined
from domain.routing import Store
from server.bootstrap import Engine, open_engine
from server.cli.ingest import fill
from server.cli.logs import log_to
from server.settings import load_settings


async def migrate(_: argparse.Namespace) -> int:
    """Bring the database to this version's schema."""
    settings = load_settings()
    async with Database(settings.database_url, settings.home_folder).open() as database:
        taken = await take_steps(database)
    print(f"took {len(taken)} steps: {', '.join(map(str, taken))}" if taken else "nothing to do: the schema is current")
    return 0


async def replay(arguments: argparse.Namespace) -> int:
    """Fill stores again: from nothing, or from a position on top of what is there."""
    settings = load_settings()
    log_to(settings)
    async with open_engine(settings) as engine:
        heads = await engine.log.heads()
        chosen = [p for p in engine.projections if arguments.store in {None, p.store.value}]
        for projection in chosen:
            if arguments.position is None:
                await projection.reset()
            else:
                await projection.rewind(max(0, arguments.position))
        await fill(engine)
    names = ", ".join(projection.store.value for projection in chosen)
    print(f"filled {names} from {sum(heads.values())} log entries")
    return 0


async def quarantine_list(_: argparse.Namespace) -> int:
    """List events that could not be applied."""
    async with open_engine(load_settings()) as engine:
        items = await engine.quarantine.items()
    for item in items:
        print(f"{_place(item)}  {item.event_id or '(unreadable)'}  {_reason(item, items)}")
    if not items:
        print("nothing is in quarantine")
    return 0


async def quarantine_show(arguments: argparse.Namespace) -> int:
    """Show one event that could not be applied."""
    async with open_engine(load_settings()) as engine:
        item = await _item(engine, arguments.item)
        entries = await engine.log.read(item.lane, item.position - 1, 1)
    event = entries[0].event if entries else None
    told = json.loads(encode(event)) if event else {"payload": entries[0].payload if entries else None}
    print(json.dumps({**item.model_dump(mode="json"), "event": told}, ensure_ascii=False, indent=2))
    return 0


async def quarantine_retry(arguments: argparse.Namespace) -> int:
    """Apply one event again, and then those that waited behind it."""
    async with open_engine(load_settings()) as engine:
        applied = await engine.router.retry(await _item(engine, arguments.item))
    print(f"{arguments.item} was applied{_followers(applied - 1)}")
    return 0


async def quarantine_drop(arguments: argparse.Namespace) -> int:
    """Give up one event that could not be applied, and apply those that waited behind it. It stays in the log."""
    async with open_engine(load_settings()) as engine:
        applied = await engine.router.drop(await _item(engine, arguments.item))
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


async def _item(engine: Engine, text: str) -> Quarantined:
    try:
        store, lane, position = text.split("/")
        place = (Store(store), int(lane), int(position))
    except ValueError:
        raise InvalidInput(
            f"{text!r} names no event: expected STORE/LANE/POSITION, as `quarantine list` prints."
        ) from None
    for item in await engine.quarantine.items():
        if (item.store, item.lane, item.position) == place:
            return item
    raise InvalidInput(f"{text!r} is not in quarantine: `engintel quarantine list` prints what is.")
