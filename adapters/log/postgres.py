"""The log as a table: contiguous positions in each lane, deduplication in the step that appends."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import ValidationError

from adapters.postgres.bound import Bound
from adapters.postgres.database import Connection, Database, json_text, load_queries, rows_changed
from adapters.postgres.listening import News
from domain.errors import LeaseLost
from domain.events import Event, decode, encode
from domain.frozen import Utc
from domain.ports import Appended, Entry, lane_of

_SQL: Final = load_queries("adapters.log", "postgres.sql")
_CHANNEL: Final = "engintel_log"


class PostgresLog(Bound):
    """The log of one organisation; see `domain.ports.EventLog`."""

    def __init__(self, database: Database, org: str) -> None:
        """See `Bound`."""
        super().__init__(database, org)
        self._news = News(database, _CHANNEL)
        self._readers: list[Callable[[Sequence[Entry]], None]] = []

    async def append(self, events: Sequence[Event], cursors: Mapping[str, Mapping[str, Any]] | None = None) -> Appended:
        """Add what is new of `events`, and set `cursors`, in one transaction."""
        told = [(event.id, event.entity, partial(_text, event)) for event in events]
        async with self._database.session(self._org) as connection:
            placed = await add(connection, self._org, told, cursors or {})
        if placed and self._readers:
            by_id = {event.id: event for event in reversed(events)}
            entries = [Entry(lane=p.lane, position=p.position, received_at=p.at, event=by_id[p.id]) for p in placed]
            for reader in self._readers:
                reader(entries)
        return Appended(new=len(placed), known=len(events) - len(placed))

    def tell(self, reader: Callable[[Sequence[Entry]], None]) -> None:
        """Let `reader` have every entry that this process appends from now on, once it is durable."""
        self._readers.append(reader)

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
        """Return once something may have been appended by anybody, or after `seconds`."""
        await self._news.wait(seconds)

    async def close(self) -> None:
        """Give the listening connection back."""
        await self._news.close()


Told: TypeAlias = tuple[str, str, Callable[[], str]]
"""An event's id, its entity, and what gives its payload: a known event need not be written out."""


class Placed(NamedTuple):
    """Where a new event has come to lie, and when."""

    lane: int
    position: int
    id: str
    at: Utc


async def add(
    connection: Connection, org: str, events: Sequence[Told], cursors: Mapping[str, Mapping[str, Any]]
) -> list[Placed]:
    """Add what is new of `events`, in order, and set `cursors`, inside the caller's transaction. Gives what is new."""
    unique: dict[str, Told] = {}
    for event in events:
        unique.setdefault(event[0], event)
    by_lane: dict[int, list[Told]] = defaultdict(list)
    for event in unique.values():
        by_lane[lane_of(event[1])].append(event)
    placed = await _insert(connection, org, by_lane, list(unique)) if by_lane else []
    for source, cursor in cursors.items():
        moved = await connection.execute(_SQL["move_cursor"], org, source, json_text(cursor))
        if rows_changed(moved) == 0:
            raise LeaseLost(source)
    if placed:
        await connection.execute(_SQL["announce"], org)
    return placed


async def _insert(
    connection: Connection, org: str, by_lane: Mapping[int, Sequence[Told]], ids: Sequence[str]
) -> list[Placed]:
    lanes = sorted(by_lane)
    await connection.execute(_SQL["make_lanes"], org, lanes)
    locked = await connection.fetch(_SQL["lock_lanes"], org, lanes)
    heads, now = {row["lane"]: row["head"] for row in locked}, locked[0]["now"]
    known = {row["event_id"] for row in await connection.fetch(_SQL["known_ids"], org, ids)}
    placed: list[Placed] = []
    rows: list[tuple[int, int, str, str]] = []
    for lane in lanes:
        for event_id, _, payload in by_lane[lane]:
            if event_id not in known:
                heads[lane] += 1
                placed.append(Placed(lane, heads[lane], event_id, now))
                rows.append((lane, heads[lane], event_id, payload()))
    if rows:
        await connection.execute(_SQL["insert_entries"], org, *map(list, zip(*rows, strict=True)))
        await connection.execute(_SQL["move_heads"], org, lanes, [heads[lane] for lane in lanes])
    return placed


def _text(event: Event) -> str:
    return encode(event).decode()


def _entry(lane: int, position: int, received_at: Utc, payload: str) -> Entry:
    try:
        return Entry(lane=lane, position=position, received_at=received_at, event=decode(payload))
    except ValidationError:
        return Entry(lane=lane, position=position, received_at=received_at, event=None, payload=payload)
