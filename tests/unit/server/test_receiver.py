"""How deliveries share their way into the inbox: nobody is told "we have it" before it is so."""

import asyncio
from collections.abc import Sequence

import pytest

from domain.deliveries import Delivery
from domain.errors import PoisonEvent, StoreUnavailable
from server.receiver import BATCH, BATCH_BYTES, Receiver
from tests.events import at


def delivery(name: str, size: int = 0) -> Delivery:
    """A delivery that is known by its headers."""
    return Delivery("github", {"x-github-delivery": name}, b" " * size, at())


def names(deliveries: Sequence[Delivery]) -> list[str]:
    """What they are known by."""
    return [each.headers["x-github-delivery"] for each in deliveries]


class Inbox:
    """A way into an inbox that opens when the test says so."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked = asyncio.Event()
        self.batches: list[list[str]] = []
        self.away = False

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        self.asked.set()
        await self.opened.wait()
        if self.away:
            raise StoreUnavailable("inbox", "it is being moved")
        self.batches.append(names(deliveries))


async def waiting(receiver: Receiver, inbox: Inbox, count: int) -> list[asyncio.Task[None]]:
    """So many deliveries, the first of which is on its way and the others behind it."""
    tasks = [asyncio.create_task(receiver.accept(delivery(f"c{n}"))) for n in range(count)]
    await inbox.asked.wait()
    return tasks


async def test_what_comes_while_one_is_on_its_way_goes_together() -> None:
    """Each commit costs the disk the same, whatever it holds."""
    inbox = Inbox()
    tasks = await waiting(Receiver(inbox.put), inbox, BATCH + 3)
    assert not any(task.done() for task in tasks)
    inbox.opened.set()
    await asyncio.gather(*tasks)

    assert [len(batch) for batch in inbox.batches] == [BATCH, 3]
    assert [name for batch in inbox.batches for name in batch] == [f"c{n}" for n in range(BATCH + 3)]


async def test_when_too_many_wait_the_next_is_asked_to_come_again() -> None:
    """Instead of using up the memory; those that wait are not disturbed."""
    inbox = Inbox()
    receiver = Receiver(inbox.put, waiting_limit=2)
    first = asyncio.create_task(receiver.accept(delivery("first")))
    await inbox.asked.wait()
    others = [asyncio.create_task(receiver.accept(delivery(f"c{n}"))) for n in range(2)]
    await asyncio.sleep(0)  # both have run up to where they wait

    with pytest.raises(StoreUnavailable, match="too many"):
        await receiver.accept(delivery("late"))
    inbox.opened.set()
    await asyncio.gather(first, *others)
    await receiver.accept(delivery("late"))
    assert sum(map(len, inbox.batches)) == 4


async def test_when_the_inbox_is_away_everybody_who_waits_is_told() -> None:
    """And it is tried again for whoever comes next."""
    inbox = Inbox()
    receiver = Receiver(inbox.put)
    tasks = await waiting(receiver, inbox, 3)
    inbox.away = True
    inbox.opened.set()
    assert [type(told) for told in await asyncio.gather(*tasks, return_exceptions=True)] == [StoreUnavailable] * 3

    inbox.away = False
    await receiver.accept(delivery("next"))
    assert inbox.batches == [["next"]]


async def test_one_that_cannot_be_kept_costs_nobody_else_theirs() -> None:
    """Whoever shares a commit with it is told that they are safe, and it is told that it is not."""
    kept: list[str] = []

    async def put(deliveries: Sequence[Delivery]) -> None:
        if "poison" in names(deliveries):
            raise PoisonEvent("the inbox cannot hold it")
        kept.extend(names(deliveries))

    receiver = Receiver(put)
    sent = ("before", "poison", "after")
    told = await asyncio.gather(*(receiver.accept(delivery(name)) for name in sent), return_exceptions=True)

    assert [type(each) for each in told] == [type(None), PoisonEvent, type(None)]
    assert kept == ["before", "after"]


async def test_a_mistake_of_ours_leaves_nobody_waiting() -> None:
    """A sender that hears nothing holds a connection until it gives up, and the next ones wait behind it."""

    async def put(deliveries: Sequence[Delivery]) -> None:
        raise KeyError(len(deliveries))

    receiver = Receiver(put)
    async with asyncio.timeout(10):
        told = await asyncio.gather(*(receiver.accept(delivery(f"c{n}")) for n in range(3)), return_exceptions=True)

    assert [type(each) for each in told] == [KeyError] * 3


async def test_a_sender_that_goes_away_takes_nobody_else_along() -> None:
    """It may be kept all the same: what it sends again is recognised."""
    inbox = Inbox()
    tasks = await waiting(Receiver(inbox.put), inbox, 3)
    tasks[1].cancel()
    inbox.opened.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in told] == [type(None), asyncio.CancelledError, type(None)]


async def test_large_ones_share_a_commit_with_fewer() -> None:
    """What is written at once stays small enough to be written soon."""
    inbox = Inbox()
    receiver = Receiver(inbox.put)
    tasks = [asyncio.create_task(receiver.accept(delivery(f"c{n}", BATCH_BYTES // 2))) for n in range(4)]
    await inbox.asked.wait()
    inbox.opened.set()
    await asyncio.gather(*tasks)

    assert [len(batch) for batch in inbox.batches] == [2, 2]


async def test_when_too_much_waits_the_next_is_asked_to_come_again() -> None:
    """Few deliveries can be many bytes."""
    inbox = Inbox()
    receiver = Receiver(inbox.put, waiting_bytes=1_000)
    first = asyncio.create_task(receiver.accept(delivery("first")))
    await inbox.asked.wait()
    large = asyncio.create_task(receiver.accept(delivery("large", 2_000)))
    await asyncio.sleep(0)  # it has run up to where it waits

    with pytest.raises(StoreUnavailable, match="too many"):
        await receiver.accept(delivery("late"))
    inbox.opened.set()
    await asyncio.gather(first, large)
    await receiver.accept(delivery("late"))
    assert [name for batch in inbox.batches for name in batch] == ["first", "large", "late"]


async def test_draining_waits_for_whatever_is_on_its_way() -> None:
    """A server that stops tells its last senders first."""
    inbox = Inbox()
    receiver = Receiver(inbox.put)
    task = asyncio.create_task(receiver.accept(delivery("last")))
    await inbox.asked.wait()
    inbox.opened.set()
    await receiver.drain()
    await task

    assert inbox.batches == [["last"]]
