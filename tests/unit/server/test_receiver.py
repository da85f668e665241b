"""How deliveries share their way into the log: nobody is told "we have it" before it is so."""

import asyncio
from collections.abc import Sequence

import pytest

from domain.errors import PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.ports import Appended
from server.webhooks import BATCH, Receiver
from tests.events import commit


class Log:
    """A way into a log that opens when the test says so."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked = asyncio.Event()
        self.batches: list[list[str]] = []
        self.away = False

    async def append(self, events: Sequence[Event]) -> Appended:
        self.asked.set()
        await self.opened.wait()
        if self.away:
            raise StoreUnavailable("log", "it is being moved")
        self.batches.append([event.id for event in events])
        return Appended(new=len(events))


async def waiting(receiver: Receiver, log: Log, count: int) -> list[asyncio.Task[None]]:
    """So many deliveries, the first of which is on its way and the others behind it."""
    tasks = [asyncio.create_task(receiver.accept([commit(f"c{n}")])) for n in range(count)]
    await log.asked.wait()
    return tasks


async def test_what_comes_while_one_is_on_its_way_goes_together() -> None:
    """Each commit of the log costs the disk the same, whatever it holds."""
    log = Log()
    tasks = await waiting(Receiver(log.append), log, BATCH + 3)
    assert not any(task.done() for task in tasks)
    log.opened.set()
    await asyncio.gather(*tasks)

    assert [len(batch) for batch in log.batches] == [BATCH, 3]
    assert [id_ for batch in log.batches for id_ in batch] == [commit(f"c{n}").id for n in range(BATCH + 3)]


async def test_when_too_many_wait_the_next_is_asked_to_come_again() -> None:
    """Instead of using up the memory; those that wait are not disturbed."""
    log = Log()
    receiver = Receiver(log.append, waiting_limit=2)
    first = asyncio.create_task(receiver.accept([commit("first")]))
    await log.asked.wait()
    others = [asyncio.create_task(receiver.accept([commit(f"c{n}")])) for n in range(2)]
    await asyncio.sleep(0)  # both have run up to where they wait

    with pytest.raises(StoreUnavailable, match="too many"):
        await receiver.accept([commit("late")])
    log.opened.set()
    await asyncio.gather(first, *others)
    await receiver.accept([commit("late")])
    assert len([id_ for batch in log.batches for id_ in batch]) == 4


async def test_when_the_log_is_away_everybody_who_waits_is_told() -> None:
    """And it is tried again for whoever comes next."""
    log = Log()
    receiver = Receiver(log.append)
    tasks = await waiting(receiver, log, 3)
    log.away = True
    log.opened.set()
    assert [type(told) for told in await asyncio.gather(*tasks, return_exceptions=True)] == [StoreUnavailable] * 3

    log.away = False
    await receiver.accept([commit("next")])
    assert log.batches == [[commit("next").id]]


async def test_one_that_cannot_be_kept_costs_nobody_else_theirs() -> None:
    """Whoever shares a commit with it is told that they are safe, and it is told that it is not."""
    kept: list[str] = []

    async def append(events: Sequence[Event]) -> Appended:
        if any("poison" in event.id for event in events):
            raise PoisonEvent("the log cannot hold it")
        kept.extend(event.id for event in events)
        return Appended(new=len(events))

    receiver = Receiver(append)
    names = ("before", "poison", "after")
    told = await asyncio.gather(*(receiver.accept([commit(name)]) for name in names), return_exceptions=True)

    assert [type(each) for each in told] == [type(None), PoisonEvent, type(None)]
    assert kept == [commit("before").id, commit("after").id]


async def test_a_mistake_of_ours_leaves_nobody_waiting() -> None:
    """A sender that hears nothing holds a connection until it gives up, and the next ones wait behind it."""

    async def append(events: Sequence[Event]) -> Appended:
        raise KeyError(len(events))

    receiver = Receiver(append)
    async with asyncio.timeout(10):
        told = await asyncio.gather(*(receiver.accept([commit(f"c{n}")]) for n in range(3)), return_exceptions=True)

    assert [type(each) for each in told] == [KeyError] * 3


async def test_a_sender_that_goes_away_takes_nobody_else_along() -> None:
    """It may be kept all the same: what it sends again is recognised."""
    log = Log()
    tasks = await waiting(Receiver(log.append), log, 3)
    tasks[1].cancel()
    log.opened.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in told] == [type(None), asyncio.CancelledError, type(None)]
