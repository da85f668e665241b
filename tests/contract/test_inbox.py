"""What the inbox promises: what was put stays, in order, until it is forgotten."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbox.postgres import PostgresInbox
from adapters.inbox.sacks import pack, unpack
from adapters.postgres.database import Database
from domain.deliveries import Delivery
from domain.ports import Inbox
from tests.events import at


def delivery(name: str, body: bytes = b"{}") -> Delivery:
    """A delivery that is known by its headers."""
    return Delivery("github", {"x-github-event": "push", "x-github-delivery": name}, body, at())


def names(deliveries: list[Delivery]) -> list[str]:
    """What they are known by."""
    return [each.headers["x-github-delivery"] for each in deliveries]


@pytest.fixture
async def inbox(database: Database, org: str) -> AsyncIterator[Inbox]:
    """The inbox under test."""
    under_test = PostgresInbox(database, org)
    yield under_test
    await under_test.close()


async def all_of(inbox: Inbox) -> list[Delivery]:
    """Everything that lies there."""
    return [each for sack in await inbox.read(0, 1_000) for each in sack.deliveries]


async def test_what_was_put_is_read_back_to_the_byte(inbox: Inbox) -> None:
    """The body decides whether a signature was right: not one byte may change."""
    odd = delivery("odd", bytes(range(256)) * 40)

    await inbox.put([odd, delivery("plain")])

    assert await all_of(inbox) == [odd, delivery("plain")]


@given(st.lists(st.builds(delivery, st.text(max_size=20), st.binary(max_size=300)), max_size=20))
def test_packing_loses_nothing(deliveries: list[Delivery]) -> None:
    """Whatever is put into a sack comes out of it."""
    assert unpack(pack(deliveries)) == deliveries


async def test_positions_have_no_gaps_even_when_many_put_at_once(inbox: Inbox) -> None:
    """A sorter that has opened a sack can never miss an earlier one."""
    await asyncio.gather(*(inbox.put([delivery(f"{n}-{k}") for k in range(3)]) for n in range(12)))

    sacks = await inbox.read(0, 100)
    assert [sack.position for sack in sacks] == list(range(1, 13))
    assert await inbox.head() == 12
    assert len(set(names(await all_of(inbox)))) == 36


async def test_as_many_sacks_are_read_as_hold_what_is_wanted(inbox: Inbox) -> None:
    """One more than would be too few, and one at least, however large it is."""
    for n, size in enumerate((2, 3, 4, 9)):
        await inbox.put([delivery(f"{n}-{k}") for k in range(size)])

    assert [sack.position for sack in await inbox.read(0, 1)] == [1]
    assert [sack.position for sack in await inbox.read(0, 5)] == [1, 2]
    assert [sack.position for sack in await inbox.read(0, 6)] == [1, 2, 3]
    assert [sack.position for sack in await inbox.read(3, 2)] == [4]


async def test_reading_goes_on_after_a_position(inbox: Inbox) -> None:
    """A page follows the page before it."""
    for n in range(5):
        await inbox.put([delivery(str(n))])

    assert [sack.position for sack in await inbox.read(2, 2)] == [3, 4]


async def test_what_is_forgotten_is_gone_and_its_place_is_not_given_again(inbox: Inbox) -> None:
    """Otherwise what comes next would lie before where the sorter stands."""
    await inbox.put([delivery("a")])
    await inbox.put([delivery("b")])

    await inbox.forget(2)
    await inbox.put([delivery("c")])

    assert [sack.position for sack in await inbox.read(0, 10)] == [3]
    assert await inbox.head() == 3


async def test_waiting_since_tells_when_the_next_sack_came(inbox: Inbox) -> None:
    """Lag begins at the door."""
    assert await inbox.waiting_since(0) is None

    await inbox.put([delivery("a")])

    assert await inbox.waiting_since(0) is not None
    assert await inbox.waiting_since(1) is None


async def test_waiting_ends_when_something_is_put(database: Database, org: str, inbox: Inbox) -> None:
    """By any process."""
    await inbox.wait(0)  # begins to listen
    waiting = asyncio.create_task(inbox.wait(60))
    await PostgresInbox(database, org).put([delivery("news")])

    async with asyncio.timeout(10):
        await waiting


async def test_what_cannot_be_read_is_kept_once_with_the_newest_reason(inbox: Inbox) -> None:
    """A delivery that is sent again is the same one."""
    odd = delivery("odd", b"[")
    await inbox.refuse(odd, "github:odd", "first")
    await inbox.refuse(odd, "github:odd", "second")

    [kept] = await inbox.refusals()
    assert await inbox.refused_count() == 1
    assert (kept.source, kept.key, kept.reason, kept.since) == ("github", "github:odd", "second", at())
    assert await inbox.refused(kept.id) == odd
    assert await inbox.drop(kept.id)
    assert not await inbox.drop(kept.id)
    assert await inbox.refused(kept.id) is None


async def test_an_organisation_sees_nothing_of_another(database: Database, org: str, inbox: Inbox) -> None:
    """Neither what it was sent nor what it could not read."""
    other = PostgresInbox(database, f"{org}-other")
    await inbox.put([delivery("mine")])
    await inbox.refuse(delivery("mine"), "github:mine", "odd")

    assert await all_of(other) == []
    assert await other.head() == 0
    assert await other.refusals() == []
    await other.forget(10)
    assert names(await all_of(inbox)) == ["mine"]
