"""The log as a table: contiguous positions in each lane, deduplication in the step that appends."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError

from adapters.postgres.database import Connection, Database, json_text, load_queries, rows_changed
from domain.errors import EngintelError, LeaseLost
from domain.events import Event, decode, encode
from domain.frozen import Utc
from domain.ports import Appended, Entry, Quarantined, lane_of
from domain.routing import Store

_SQL: Final = load_queries("adapters.log", "postgres.sql")
_CHANNEL: Final = "engintel_log"


class PostgresLog:
    """The log of one organisation; see `domain.ports.EventLog`."""

    def __init__(self, database: Database, org: str) -> None:
        """Bind the log to one organisation; nothing is read or written.

        Args:
            database: where it is.
            org: whose it is.
        """
        self._database = database
        self._org = org
        self._news = asyncio.Event()
        self._listener: Connection | None = None

    async def append(self, events: Sequence[Event], cursors: Mapping[str, Mapping[str, Any]] | None = None) -> Appended:
        """Add what is new of `events`, and set `cursors`, in one transaction."""
        unique: dict[str, Event] = {}
        for event in events:
            unique.setdefault(event.id, event)
        by_lane: dict[int, list[Event]] = defaultdict(list)
        for event in unique.values():
            by_lane[lane_of(event.entity)].append(event)
        async with self._database.session(self._org) as connection:
            new = await self._insert(connection, by_lane, list(unique)) if by_lane else 0
            for source, cursor in (cursors or {}).items():
                moved = await connection.execute(_SQL["move_cursor"], self._org, source, json_text(cursor))
                if rows_changed(moved) == 0:
                    raise LeaseLost(source)
            if new:
                await connection.execute(_SQL["announce"], self._org)
        return Appended(new=new, known=len(events) - new)

    async def _insert(self, connection: Connection, by_lane: Mapping[int, Sequence[Event]], ids: Sequence[str]) -> int:
        lanes = sorted(by_lane)
        await connection.execute(_SQL["make_lanes"], self._org, lanes)
        heads = {row["lane"]: row["head"] for row in await connection.fetch(_SQL["lock_lanes"], self._org, lanes)}
        known = {row["event_id"] for row in await connection.fetch(_SQL["known_ids"], self._org, ids)}
        rows: list[tuple[int, int, str, str]] = []
        for lane in lanes:
            for event in by_lane[lane]:
                if event.id not in known:
                    heads[lane] += 1
                    rows.append((lane, heads[lane], event.id, encode(event).decode()))
        if rows:
            await connection.execute(_SQL["insert_entries"], self._org, *map(list, zip(*rows, strict=True)))
            await connection.execute(_SQL["move_heads"], self._org, lanes, [heads[lane] for lane in lanes])
        return len(rows)

    async def read(self, lane: int, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries of `lane` that follow `after`."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["read_lane"], self._org, lane, after, limit)
        return [_entry(lane, row["position"], row["received_at"], row["payload"]) for row in rows]

    async def heads(self) -> Mapping[int, int]:
        """For each lane the last position."""
        async with self._database.session(self._org, readonly=True) as connection:
            return {row["lane"]: row["head"] for row in await connection.fetch(_SQL["heads"], self._org)}

    async def cursor(self, source: str) -> Mapping[str, Any] | None:
        """Where `source` is to go on reading."""
        async with self._database.session(self._org, readonly=True) as connection:
            text = await connection.fetchval(_SQL["cursor"], self._org, source)
        return json.loads(text) if text is not None else None

    async def waiting_since(self, lane: int, after: int) -> Utc | None:
        """When the entry that follows `after` was received."""
        async with self._database.session(self._org, readonly=True) as connection:
            moment: Utc | None = await connection.fetchval(_SQL["waiting_since"], self._org, lane, after)
            return moment

    async def wait(self, seconds: float) -> None:
        """Return once something may have been appended by anybody, or after `seconds`.

        One connection listens for as long as the log is in use. Without it (the database is restarting) this is a
        plain wait, after which the caller looks anyway.
        """
        with suppress(EngintelError):
            await self._listen()
        # Not `wait_for`, which in Python 3.11 loses a cancellation that comes together with the news.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def _listen(self) -> None:
        if self._listener is not None and not self._listener.is_closed():
            return
        self._listener = await self._database.dedicated()
        await self._listener.add_listener(_CHANNEL, lambda *_: self._news.set())

    async def close(self) -> None:
        """Give the listening connection back."""
        if self._listener is not None:
            await self._listener.close(timeout=1)
            self._listener = None


def _entry(lane: int, position: int, received_at: Utc, payload: str) -> Entry:
    try:
        return Entry(lane=lane, position=position, received_at=received_at, event=decode(payload))
    except ValidationError:
        return Entry(lane=lane, position=position, received_at=received_at, event=None, payload=payload)


class PostgresQuarantine:
    """Poison events of one organisation; see `domain.ports.Quarantine`."""

    def __init__(self, database: Database, org: str) -> None:
        """Bind the quarantine to one organisation.

        Args:
            database: where it is.
            org: whose it is.
        """
        self._database = database
        self._org = org

    async def put(self, item: Quarantined) -> None:
        """Keep `item`; keeping it again changes its reason only."""
        place = (item.store, item.lane, item.position)
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["put_aside"], self._org, *place, item.event_id, item.reason)

    async def items(self) -> Sequence[Quarantined]:
        """Everything that is kept, oldest first."""
        async with self._database.session(self._org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["put_asides"], self._org)
        return [Quarantined(**row) for row in rows]

    async def remove(self, store: Store, lane: int, position: int) -> bool:
        """Forget one; False if it was not there."""
        async with self._database.session(self._org) as connection:
            return rows_changed(await connection.execute(_SQL["remove"], self._org, store, lane, position)) == 1
