"""Lists that change while they are read: nothing is lost, for any list and any changes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.jira.jql import updated_since
from adapters.sources.walk import Item, Ranked, by_change, newest_first

START = datetime(2026, 6, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
Times = dict[str, int]
"""When each entry changed last, in seconds after the start."""


class Board:
    """A list in the order of change. With every page that is asked for, something of it changes."""

    def __init__(self, times: Times, changes: Sequence[tuple[str, int]], grain: int, size: int) -> None:
        self.times = dict(times)
        self.changes = list(changes)
        self._grain = grain
        self._size = size
        self._clock = max([0, *times.values()])

    async def search(self, since: datetime, place: Any) -> tuple[list[Item], Any]:
        floor = int((since - START) / SECOND) // self._grain * self._grain
        entries = sorted((at, key) for key, at in self.times.items() if at >= floor)
        page = entries[place or 0 : (place or 0) + self._size]
        following = (place or 0) + self._size if len(entries) > (place or 0) + self._size else None
        if self.changes:
            key, later = self.changes.pop(0)
            self._clock += later
            self.times[key] = self._clock
        return [Item(key, START + at * SECOND, at) for at, key in page], following


KEYS = st.sampled_from([f"entry-{number}" for number in range(12)])


@settings(max_examples=300, deadline=None)
@given(
    times=st.dictionaries(KEYS, st.integers(0, 200), max_size=12),
    changes=st.lists(st.tuples(KEYS, st.integers(0, 3)), max_size=25),
    grain=st.sampled_from([1, 60]),
    size=st.integers(1, 4),
    cut=st.integers(1, 6),
)
def test_the_last_state_of_every_entry_is_seen(
    times: Times, changes: list[tuple[str, int]], grain: int, size: int, cut: int
) -> None:
    """Over readings that are cut short, each going on from the cursor of the one before."""
    board = Board(times, changes, grain, size)
    told: set[tuple[str, int]] = set()

    async def read(cursor: dict[str, Any] | None, pages: int) -> dict[str, Any] | None:
        count = 0
        options = {"overlap": timedelta(seconds=5), "grain": timedelta(seconds=grain), "start": START}
        async for items, moved in by_change(board.search, cursor, **options):  # type: ignore[arg-type]
            told.update((item.key, item.body) for item in items)
            cursor, count = moved, count + 1
            if count == pages:
                break
        return cursor

    async def readings() -> None:
        cursor = None
        for _ in range(4):
            cursor = await read(cursor, cut)
        cursor = await read(cursor, -1)
        board.changes.clear()
        await read(cursor, -1)

    asyncio.run(readings())
    assert {(key, at) for key, at in board.times.items()} <= told


@settings(max_examples=200, deadline=None)
@given(
    first=st.lists(st.integers(0, 50), max_size=15),
    later=st.lists(st.integers(0, 3), max_size=10),
    size=st.integers(1, 4),
    cuts=st.lists(st.integers(1, 4), max_size=3),
)
def test_every_entry_of_a_list_that_grows_is_seen(  # noqa: C901 - the list, its reader, and who cuts it short
    first: list[int], later: list[int], size: int, cuts: list[int]
) -> None:
    entries = [(rank, number) for number, rank in enumerate(sorted(first))]
    coming = list(later)
    told: set[tuple[int, int]] = set()

    async def pages() -> AsyncIterator[list[Ranked]]:
        place = 0
        while True:
            newest = sorted(entries, reverse=True)
            page = newest[place : place + size]
            yield [Ranked(rank, (rank, number)) for rank, number in page]
            place += size
            if coming:  # something new comes in, with which the rest shifts
                entries.append((max([0, *(rank for rank, _ in entries)]) + coming.pop(0), len(entries)))
            if place >= len(newest):
                return

    async def read(cursor: dict[str, Any] | None, upto: int) -> dict[str, Any] | None:
        count = 0
        async for fresh, moved in newest_first(pages(), cursor, again_from=lambda floor: floor - 4):
            told.update(entry.body for entry in fresh)
            cursor, count = moved, count + 1
            if count == upto:
                break
        return cursor

    async def readings() -> None:
        cursor = None
        for cut in cuts:
            cursor = await read(cursor, cut)
        for _ in range(len(later) + 1):
            cursor = await read(cursor, -1)
        coming.clear()
        await read(await read(cursor, -1), -1)

    asyncio.run(readings())
    assert set(entries) <= told


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Kiritimati",
         "America/St_Johns", "Pacific/Pago_Pago", "UTC", "Africa/Casablanca"]  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    since=st.integers(0, 10 * 366 * 24 * 60).map(
        lambda minutes: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    ),
    zone=st.sampled_from(ZONES),
    fold=st.integers(0, 1),
    known=st.booleans(),
)
def test_jira_is_never_asked_for_less(since: datetime, zone: str, fold: int, known: bool) -> None:
    """In whichever zone Jira reads the time, and whichever of two equal local times it takes it for."""
    question = updated_since("PAY", since, zone if known else None)
    text = question.partition('updated >= "')[2].partition('"')[0]
    understood = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone), fold=fold)
    assert understood.astimezone(UTC) <= since
    assert since - understood.astimezone(UTC) <= (timedelta(hours=4) if known else timedelta(hours=27))
