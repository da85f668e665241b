"""Who polls, and when: one of many, whenever it is due, and nobody who lost the right to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import LeaseLost, SourceAway, SourceUnusable
from domain.events import Event, ProjectDescribed, Source
from domain.ports import Portion
from server import polling as polling_module
from server.polling import Pollers, Turn
from tests.polling.conftest import Desk

LONG = timedelta(minutes=5)
SOON = timedelta(milliseconds=1)


def an_event(number: int) -> Event:
    return Event(
        id=f"counted:{number}", source=Source.ENGINTEL, occurred_at=datetime(2026, 9, 1, tzinfo=UTC),
        entity=f"project:{number}", body=ProjectDescribed(name=str(number)),
    )  # fmt: skip


class Numbers:
    """A source of numbers. `before` is called ahead of each, and may wait or fail."""

    name = "numbers"

    def __init__(self, upto: int = 3) -> None:
        self.upto = upto
        self.read_count = 0
        self.checks = 0
        self.closed = False
        self.before: Callable[[int], Any] = lambda _: None

    async def check(self) -> str:
        self.checks += 1
        return "here"

    def listings(self) -> "Sequence[_Listing]":
        return [_Listing(self)]

    async def close(self) -> None:
        self.closed = True


class _Listing:
    name = "numbers#all"

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    async def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        for number in range((cursor or {"at": 0})["at"] + 1, self._numbers.upto + 1):
            if (wait := self._numbers.before(number)) is not None:
                await wait
            self._numbers.read_count += 1
            yield Portion([an_event(number)], {"at": number}, read=1)


async def test_of_many_that_poll_at_once_one_reads(another: Callable[..., Desk]) -> None:
    sources = [Numbers(20) for _ in range(5)]
    desks = [another() for _ in sources]
    await asyncio.gather(*(desk.polling.poll(Turn(source, LONG)) for desk, source in zip(desks, sources, strict=True)))
    assert sorted(source.read_count for source in sources) == [0, 0, 0, 0, 20]
    assert await desks[0].types() == {"project_described": 20}


async def test_a_source_is_polled_when_it_is_due(desk: Desk, another: Callable[..., Desk]) -> None:
    """Whichever process asks: the time of the last poll is everybody's."""
    source = Numbers()
    assert await desk.polling.poll(Turn(source, LONG))
    assert await another().polling.poll(Turn(source, LONG)) is None
    assert source.checks == 1
    assert 0 < await another().polling.due_in(Turn(source, LONG)) <= LONG.total_seconds()
    assert await another().polling.poll(Turn(source, SOON)) is not None


async def test_a_source_that_fails_is_asked_ever_more_rarely(desk: Desk) -> None:
    waits = []
    for _ in range(9):
        await desk.polls.record("numbers", "it is down")
        waits.append((await desk.polls.due_in("numbers", timedelta(seconds=100), timedelta(hours=1))).total_seconds())
    assert [round(wait / 100) for wait in waits] == [2, 4, 8, 16, 32, 36, 36, 36, 36]
    await desk.polls.record("numbers")
    assert (await desk.polls.due_in("numbers", timedelta(seconds=100), timedelta(hours=1))).total_seconds() <= 100


async def test_who_lost_the_lease_moves_no_cursor(
    desk: Desk, another: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was suspended in the midst of a poll comes back after another has read everything."""
    monkeypatch.setattr(polling_module, "LEASE", timedelta(seconds=0.2))
    monkeypatch.setattr(polling_module, "_RENEWED_EVERY", 3_600)  # it sleeps, and so does what would renew its lease
    slow, quick = Numbers(2), Numbers(9)
    asleep, wakes = asyncio.Event(), asyncio.Event()

    async def sleep() -> None:
        asleep.set()
        await wakes.wait()

    slow.before = lambda number: sleep() if number == 2 else None
    sleeping = asyncio.create_task(desk.polling.backfill(slow, lambda *_: None))
    await asleep.wait()
    await another().polling.backfill(quick, lambda *_: None)
    wakes.set()

    with pytest.raises(LeaseLost):
        await sleeping
    cursor = await desk.log.cursor("numbers#all")
    assert cursor is not None
    assert cursor["at"] == 9
    assert await desk.types() == {"project_described": 9}


async def test_a_lease_that_is_lost_ends_the_reading(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_module, "_RENEWED_EVERY", 0.01)
    source = Numbers()
    begun = asyncio.Event()

    async def never() -> None:
        begun.set()
        await asyncio.Event().wait()

    source.before = lambda _: never()
    reading = asyncio.create_task(desk.polling.backfill(source, lambda *_: None))
    await begun.wait()
    taken = None
    async with asyncio.timeout(10):
        while not taken:  # as if it had run out: the row is made anybody's, and somebody takes it
            async with desk.leases._database.session(desk.leases._org) as connection:  # noqa: SLF001
                await connection.execute("UPDATE leases SET expires_at = 'epoch', holder = 'gone'")
            taken = await desk.leases.take("poll:numbers", "somebody else", LONG)
            await asyncio.sleep(0)
        with pytest.raises(LeaseLost):
            await reading
    assert await desk.leases.holds(taken)


async def test_a_backfill_takes_over_from_one_that_was_killed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease runs out; until then nobody knows that it is dead."""
    assert await desk.leases.take("poll:numbers", "killed", timedelta(seconds=0.3))
    monkeypatch.setattr(polling_module, "_TURN_WAIT", 10)
    assert (await desk.backfill(Numbers())).read == 3


async def test_a_backfill_beside_a_living_one_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_module, "_TURN_WAIT", 0)
    assert await desk.leases.take("poll:numbers", "alive", LONG)
    with pytest.raises(SourceUnusable, match="Another engintel is reading numbers"):
        await desk.backfill(Numbers())


async def test_pollers_go_on_when_one_source_is_down_and_another_breaks(desk: Desk) -> None:
    """Whatever becomes of one, the others are polled; and it is written down for `engintel doctor`."""
    down, broken, fine = Numbers(), Numbers(), Numbers()
    for source, name in ((down, "down"), (broken, "broken"), (fine, "fine")):
        source.name = name

    def is_down(_: int) -> None:
        raise SourceAway("It does not answer.")

    async def breaks() -> str:
        raise ZeroDivisionError

    down.before, broken.check = is_down, breaks  # type: ignore[method-assign]
    pollers = Pollers(desk.polling, lambda: [Turn(source, timedelta(seconds=60)) for source in (down, broken, fine)])
    running = asyncio.create_task(pollers.run())
    async with asyncio.timeout(20):
        while len(entries := await desk.polls.entries()) < 3:
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    told = {entry.source: entry.problem for entry in entries}
    assert told == {
        "broken": "a mistake of ours; the log has more",
        "down": "numbers#all: It does not answer.",
        "fine": None,
    }
    assert down.closed
    assert fine.closed


async def test_a_cursor_without_a_fence_moves_as_before(desk: Desk) -> None:
    await desk.log.append([], {"git": {"head": 1}})
    await desk.log.append([], {"git": {"head": 2}})
    assert await desk.log.cursor("git") == {"head": 2}


async def test_a_smaller_fence_appends_nothing(desk: Desk) -> None:
    await desk.log.append([], {"x": {"at": 5, "fence": 2}})
    with pytest.raises(LeaseLost):
        await desk.log.append([an_event(1)], {"x": {"at": 3, "fence": 1}})
    assert await desk.events() == []
    await desk.log.append([an_event(1)], {"x": {"at": 3, "fence": 2}})
    assert await desk.log.cursor("x") == {"at": 3, "fence": 2}
