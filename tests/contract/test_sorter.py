"""How the inbox is emptied into the log: everything once, in order, and one bad delivery costs itself alone."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.inbox.postgres import PostgresInbox
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from domain.deliveries import Delivery
from domain.errors import InvalidInput, PoisonEvent
from domain.events import Event
from domain.ports import Appended, EventLog, Inbox
from server.sorter import BATCH, Sorter
from tests.events import at
from tests.unit.deliveries.payloads_github import commit, push


def delivered(body: Any, name: str = "d-1", event: str = "push") -> Delivery:
    """A delivery of GitHub's."""
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery("github", {"x-github-event": event, "x-github-delivery": name}, written, at())


def pushed(number: int) -> Delivery:
    """The push of one commit, one of many."""
    return delivered(push(commit("a", id=f"{number:040x}"), after=f"{number:040x}"), f"d-{number}")


@pytest.fixture
def inbox(database: Database, org: str) -> Inbox:
    """What is emptied."""
    return PostgresInbox(database, org)


@pytest.fixture
def log(database: Database, org: str) -> EventLog:
    """Where it goes."""
    return PostgresLog(database, org)


@pytest.fixture
def sorter(database: Database, org: str, inbox: Inbox, log: EventLog) -> Sorter:
    """The sorter under test."""
    return Sorter(inbox, log, PostgresLeases(database, org))


async def in_the_log(log: EventLog, type_: str = "push") -> list[str]:
    """The ids of the events of a type, lane by lane."""
    entries = [entry for lane in await log.heads() for entry in await log.read(lane, 0, 10_000)]
    return [entry.event.id for entry in entries if entry.event and entry.event.type == type_]


async def test_what_lies_in_the_inbox_gets_into_the_log_once(inbox: Inbox, log: EventLog, sorter: Sorter) -> None:
    """However often it was delivered, and the inbox is empty afterwards."""
    for number in (1, 2, 1):
        await inbox.put([pushed(number)])

    assert await sorter.catch_up() == 3
    assert len(await in_the_log(log)) == 2
    assert await inbox.read(0, 10) == []
    assert await sorter.catch_up() == 0


async def test_one_that_cannot_be_read_is_put_aside_and_the_others_go_on(
    inbox: Inbox, log: EventLog, sorter: Sorter
) -> None:
    """With the reason, which says what was expected where."""
    await inbox.put([pushed(1), delivered({"sender": {}}, "odd"), pushed(2), delivered(b"[" * 100_000, "deep")])

    await sorter.catch_up()

    assert len(await in_the_log(log)) == 2
    refusals = await inbox.refusals()
    assert [refusal.key for refusal in refusals] == ["github:odd", "github:deep"]
    assert "'repository'" in refusals[0].reason
    assert "deep" in refusals[1].reason


async def test_what_was_put_aside_can_be_opened_again(inbox: Inbox, log: EventLog, sorter: Sorter) -> None:
    """As after an update that understands it; until then it stays."""
    await inbox.put([delivered({"sender": {}}, "odd")])
    await sorter.catch_up()
    await inbox.refuse(pushed(7), "github:understood-now", "nobody understood it")
    odd, understood = await inbox.refusals()

    assert await sorter.retry(understood.id) > 0
    with pytest.raises(InvalidInput, match="repository"):
        await sorter.retry(odd.id)
    with pytest.raises(InvalidInput, match="not in quarantine"):
        await sorter.retry(understood.id)

    assert len(await in_the_log(log)) == 1
    assert [refusal.id for refusal in await inbox.refusals()] == [odd.id]


class Picky(PostgresLog):
    """A log that cannot hold one commit, whatever else comes with it."""

    async def append(self, events: Sequence[Event], cursors: Mapping[str, Mapping[str, Any]] | None = None) -> Appended:
        if any(f"{7:040x}" in event.id for event in events):
            raise PoisonEvent("the log cannot hold it")
        return await super().append(events, cursors)


async def test_one_that_the_log_cannot_hold_is_put_aside_and_the_inbox_goes_on(
    database: Database, org: str, inbox: Inbox
) -> None:
    """A mistake in one delivery must not stop all those that come behind it."""
    log = Picky(database, org)
    await inbox.put([pushed(number) for number in (6, 7, 8)])

    await Sorter(inbox, log, PostgresLeases(database, org)).catch_up()

    assert len(await in_the_log(log)) == 2
    assert [(kept.key, kept.reason) for kept in await inbox.refusals()] == [("github:d-7", "the log cannot hold it")]
    assert await inbox.read(0, 10) == []


async def test_half_a_surrogate_pair_is_no_reason_to_lose_a_delivery(
    inbox: Inbox, log: EventLog, sorter: Sorter
) -> None:
    """Some programs send them, and a body is not refused for a title."""
    body = json.dumps(push(commit("a", message="half \ud83d of it"))).encode()
    await inbox.put([delivered(body)])

    await sorter.catch_up()

    assert len(await in_the_log(log, "commit")) == 1
    assert await inbox.refusals() == []


async def test_what_was_sorted_before_a_crash_is_recognised(inbox: Inbox, log: EventLog, sorter: Sorter) -> None:
    """The sacks were not forgotten yet, or the cursor was set back: nothing is there twice."""
    await inbox.put([pushed(1)])
    await inbox.put([pushed(2)])
    sacks = await inbox.read(0, 10)
    await sorter.catch_up()
    await inbox.put(list(sacks[0].deliveries))
    await log.append([], {"inbox": {"position": 0}})

    await sorter.catch_up()

    assert len(await in_the_log(log)) == 2


async def test_a_full_inbox_is_emptied_batch_by_batch(inbox: Inbox, log: EventLog, sorter: Sorter) -> None:
    """In pieces that a transaction and the memory can hold."""
    for start in range(0, 3 * BATCH, 100):
        await inbox.put([pushed(number) for number in range(start, start + 100)])

    assert await sorter.sort(0) == BATCH
    assert await sorter.catch_up() == 2 * BATCH
    assert len(await in_the_log(log)) == 3 * BATCH


async def test_two_sorters_at_once_put_everything_in_once_and_in_order(
    database: Database, org: str, inbox: Inbox, log: EventLog, sorter: Sorter
) -> None:
    """A lease keeps them apart; where it fails, the log does."""
    other = Sorter(inbox, log, PostgresLeases(database, org))
    for number in range(40):
        await inbox.put([pushed(number)])

    await asyncio.gather(sorter.catch_up(), other.catch_up())

    found = await in_the_log(log)
    assert len(found) == len(set(found)) == 40


async def test_a_running_sorter_takes_what_comes_and_leaves_its_lease_behind(
    database: Database, org: str, inbox: Inbox, log: EventLog, sorter: Sorter
) -> None:
    """So the next one need not wait for it to run out."""
    running = asyncio.create_task(sorter.run())
    await inbox.put([pushed(1)])
    async with asyncio.timeout(20):
        while not await in_the_log(log):
            await log.wait(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await inbox.put([pushed(2)])
    following = asyncio.create_task(Sorter(inbox, log, PostgresLeases(database, org)).run())
    async with asyncio.timeout(5):
        while len(await in_the_log(log)) < 2:
            await log.wait(1)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert isinstance(log, PostgresLog)
    await log.close()
    assert isinstance(inbox, PostgresInbox)
    await inbox.close()
