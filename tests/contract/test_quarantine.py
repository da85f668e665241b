"""Quarantine: poison costs its own entity its place, nobody else anything, and order survives what is done with it."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

import pytest

from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.projection import PostgresProjection
from adapters.postgres.quarantine import PostgresQuarantine
from domain.errors import InvalidInput, PoisonEvent
from domain.events import Event
from domain.ports import LANES, Quarantined
from domain.routing import Store
from server.router import Router
from tests.contract.ledger import Ledger, drop_table, make_table
from tests.events import ADA, issue


class Rig:
    """A log, one store and a router."""

    def __init__(self, database: Database, org: str) -> None:
        self.database, self.org = database, org
        self.log = PostgresLog(database, org)
        self.quarantine = PostgresQuarantine(database, org)
        self.store = Ledger(database, org)
        self.projections: list[PostgresProjection] = [self.store]
        self.router = Router(self.log, self.projections, self.quarantine)

    async def carry(self, *events: Event) -> None:
        """Append, and fill."""
        await self.log.append(events)
        await self.router.catch_up()

    async def applied(self, *about: str) -> list[str]:
        """What was applied of these issues, in order."""
        return [event for event in await self.store.applied() if not about or event.split(":")[2] in about]

    async def held(self) -> list[tuple[str, bool]]:
        """What is in quarantine, with whether it waits."""
        items = sorted(await self.quarantine.items(), key=lambda item: (item.lane, item.position))
        return [(item.event_id, item.waiting) for item in items]

    async def item(self, event: Event) -> Quarantined:
        """One that is in quarantine."""
        [found] = [item for item in await self.quarantine.items() if item.event_id == event.id]
        return found


@pytest.fixture(scope="module", autouse=True)
async def table(database: Database) -> AsyncIterator[None]:
    """The table that the ledger writes to."""
    await make_table(database)
    yield
    await drop_table(database)


@pytest.fixture
async def rig(database: Database, org: str) -> AsyncIterator[Rig]:
    """Everything for one test."""
    made = Rig(database, org)
    yield made
    await made.log.close()


@contextmanager
def poisonous(rig: Rig, *events: Event) -> Iterator[None]:
    """These events cannot be applied for a while."""
    rig.store.poison |= {event.id for event in events}
    yield
    rig.store.poison -= {event.id for event in events}


def story(key: str, length: int = 4) -> list[Event]:
    """An issue that changes so often."""
    return [issue(key, "To Do", ADA, hours=hour) for hour in range(length)]


def ids(events: Sequence[Event]) -> list[str]:
    """Their ids."""
    return [event.id for event in events]


async def test_later_events_of_the_entity_wait_and_others_do_not(rig: Rig) -> None:
    """In the same batch and in later ones."""
    bad, other = story("BAD-1", 6), story("GOOD-1", 6)
    with poisonous(rig, bad[1]):
        await rig.carry(*bad[:3], *other[:3])
        await rig.carry(*bad[3:], *other[3:])

    assert await rig.applied("GOOD-1") == ids(other)
    assert await rig.applied("BAD-1") == ids(bad[:1])
    assert await rig.held() == [(bad[1].id, False), *((event.id, True) for event in bad[2:])]
    assert await rig.store.positions() == await rig.log.heads()


async def test_retry_applies_the_poison_and_then_in_order_what_waited(rig: Rig) -> None:
    """As if nothing had been."""
    bad = story("BAD-1", 6)
    with poisonous(rig, bad[1]):
        await rig.carry(*bad)
        with pytest.raises(PoisonEvent, match="KeyError"):
            await rig.router.retry(await rig.item(bad[1]))
        assert len(await rig.held()) == 5

    assert await rig.router.retry(await rig.item(bad[1])) == 5

    assert await rig.applied() == ids(bad)
    assert await rig.held() == []


async def test_drop_gives_up_the_poison_and_applies_what_waited(rig: Rig) -> None:
    """The rest of the entity's story is told."""
    bad = story("BAD-1", 5)
    with poisonous(rig, bad[1]):
        await rig.carry(*bad)
        assert await rig.router.drop(await rig.item(bad[1])) == 3

    assert await rig.applied() == ids([bad[0], *bad[2:]])
    assert await rig.held() == []


async def test_what_waits_may_be_poison_itself(rig: Rig) -> None:
    """Then it becomes the one that the rest waits for, with its own reason."""
    bad = story("BAD-1", 5)
    with poisonous(rig, bad[1], bad[3]):
        await rig.carry(*bad)
        with pytest.raises(PoisonEvent):
            await rig.router.drop(await rig.item(bad[1]))
        assert await rig.applied() == ids([bad[0], bad[2]])
        assert await rig.held() == [(bad[3].id, False), (bad[4].id, True)]

    assert await rig.router.retry(await rig.item(bad[3])) == 2
    assert await rig.applied() == ids([bad[0], *bad[2:]])


async def test_one_that_waits_cannot_be_retried_before_its_turn(rig: Rig) -> None:
    """The refusal names the one that can; given up it may be at any time."""
    bad = story("BAD-1", 4)
    with poisonous(rig, bad[0]):
        await rig.carry(*bad)
        first, second = await rig.item(bad[0]), await rig.item(bad[1])
        with pytest.raises(InvalidInput, match=f"waits behind events/{first.lane}/{first.position}"):
            await rig.router.retry(second)
        assert await rig.router.drop(second) == 0

    await rig.router.retry(first)
    assert await rig.applied() == ids([bad[0], *bad[2:]])


async def test_what_a_crash_left_waiting_behind_nothing_is_applied_by_the_next_router(rig: Rig) -> None:
    """Dropping is two steps, and the process may end between them."""
    bad = story("BAD-1", 4)
    with poisonous(rig, bad[0]):
        await rig.carry(*bad)
    poison = await rig.item(bad[0])
    await rig.quarantine.remove(poison.store, poison.lane, poison.position)

    await rig.carry(issue("OTHER-1", hours=99), issue("BAD-1", hours=99))

    assert await rig.applied("BAD-1") == [*ids(bad[1:]), issue("BAD-1", hours=99).id]
    assert await rig.held() == []


async def test_filling_again_forgets_the_quarantine_and_meets_it_again(rig: Rig) -> None:
    """A mistake that was mended meanwhile costs nothing; one that was not is found again."""
    bad = story("BAD-1", 4)
    with poisonous(rig, bad[1]):
        await rig.carry(*bad)
        await rig.store.reset()
        assert await rig.held() == []
        await rig.router.catch_up()
        assert await rig.held() == [(bad[1].id, False), (bad[2].id, True), (bad[3].id, True)]
    await rig.store.rewind(0)
    await rig.router.catch_up()

    assert await rig.held() == []
    assert (await rig.applied())[-4:] == ids(bad)


async def test_an_event_of_another_version_is_kept_with_what_follows_it(rig: Rig) -> None:
    """Its id and entity are read where they can be, and it waits for a version that knows it."""
    bad = story("BAD-1", 3)
    await rig.carry(*bad)
    async with rig.database.owner() as connection:
        await connection.execute("SELECT set_config('engintel.org', $1, false)", rig.org)
        await connection.execute(
            """UPDATE log SET payload = replace(payload, '"type":"issue_updated"', '"type":"issue_dreamt_of"') """
            "WHERE org = $1 AND event_id = $2", rig.org, bad[1].id,
        )  # fmt: skip
    await rig.store.reset()
    rig.router = Router(rig.log, rig.projections, rig.quarantine)  # the first one remembers the event as it was
    await rig.router.catch_up()

    assert await rig.held() == [(bad[1].id, False), (bad[2].id, True)]
    [first, _] = await rig.quarantine.items()
    assert first.reason == "it is of a kind that this version cannot read"
    with pytest.raises(PoisonEvent, match="cannot read"):
        await rig.router.retry(await rig.item(bad[1]))
    assert await rig.quarantine.counts() == {(Store.EVENTS, False): 1, (Store.EVENTS, True): 1}
    assert first.lane < LANES
