"""Documents that were signalled are fetched: once each, again after a crash, and none because of another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from adapters.events.postgres import PostgresEvents
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from domain.errors import SourceUnusable, StoreUnavailable
from domain.events import DocumentSignal, Event
from server.signals import TOGETHER, Fetch, Signals
from tests.contract.filling import fill
from tests.events import at, document, event

NOW = at(48)


def signal(name: str, page: str = "p1", reason: str = "page.content_updated", *, hours: float = 40) -> Event:
    """A signal of Notion's."""
    told = DocumentSignal(object_id=page, kind="page", reason=reason)
    return event(f"notion:signal:{name}", told, entity=f"doc:notion:{page}", project=None, when=at(hours))


class Desk:
    """A log, a store of events, and a source that is asked; `down` are the pages that it cannot give."""

    def __init__(self, database: Database, org: str) -> None:
        self.log = PostgresLog(database, org)
        self.events = PostgresEvents(database, org)
        self.leases = PostgresLeases(database, org)
        self.asked: list[str] = []
        self.down: set[str] = set()

    async def told(self, *events: Event) -> None:
        """Append, and take to the store."""
        await self.log.append(events)
        await fill(self.events, *events)

    async def fetch(self, wanted: DocumentSignal) -> Sequence[Event]:
        self.asked.append(wanted.object_id)
        if wanted.object_id in self.down:
            raise SourceUnusable(f"The page {wanted.object_id} is not shared with us.")
        return [document(wanted.object_id, "Its text")]

    def signals(self, fetch: Fetch | None = None) -> Signals:
        return Signals(self.log, self.events, self.leases, fetch or self.fetch, lambda: NOW)

    async def kept(self) -> list[Event]:
        """Every document that is in the log."""
        entries = [entry for lane in await self.log.heads() for entry in await self.log.read(lane, 0, 1_000)]
        return [entry.event for entry in entries if entry.event and entry.event.type == "doc_changed"]


@pytest.fixture
def desk(database: Database, org: str) -> Desk:
    return Desk(database, org)


async def test_a_page_is_fetched_once_however_often_it_was_signalled(desk: Desk) -> None:
    """Somebody types, and Notion says so every minute."""
    await desk.told(signal("a"), signal("b", hours=41), signal("c", "p2"))
    signals = desk.signals()
    assert await signals.step() == (2, 0)
    assert await signals.step() == (0, 0)
    assert sorted(desk.asked) == ["p1", "p2"]
    assert len(await desk.kept()) == 2

    await desk.told(signal("d", hours=42))
    assert await desk.signals().step() == (1, 0)
    assert desk.asked[-1] == "p1"


async def test_what_was_signalled_late_is_fetched_too(desk: Desk) -> None:
    """Notion tries again for a day, and newer signals were done before."""
    await desk.told(signal("a", hours=47))
    await desk.signals().step()
    await desk.told(signal("late", "p2", hours=30))
    assert await desk.signals().step() == (1, 0)
    assert desk.asked == ["p1", "p2"]


async def test_one_that_cannot_be_fetched_holds_up_no_other_and_is_tried_again(desk: Desk) -> None:
    """Even where there are more of them than are fetched at a time."""
    bad = [signal(f"bad{n}", f"bad{n}") for n in range(TOGETHER + 3)]
    desk.down = {f"bad{n}" for n in range(TOGETHER + 3)}
    await desk.told(*bad, signal("good", "good", hours=41))
    signals = desk.signals()
    assert await signals.step() == (0, 0)
    assert await signals.step() == (1, 0)
    assert await signals.step() == (0, TOGETHER + 3)
    desk.down.clear()
    assert await signals.step() == (TOGETHER, 0)
    assert await signals.step() == (3, 0)
    assert len(await desk.kept()) == TOGETHER + 4


async def test_what_was_fetched_and_not_appended_is_fetched_again(desk: Desk) -> None:
    """A crash in between loses nothing."""
    await desk.told(signal("a"))

    def away() -> Callable[[DocumentSignal], Awaitable[Sequence[Event]]]:
        async def fetch(_: DocumentSignal) -> Sequence[Event]:
            raise StoreUnavailable("log", "it is being moved")

        return fetch

    with pytest.raises(StoreUnavailable):
        await desk.signals(away()).step()
    assert await desk.signals().step() == (1, 0)
    assert len(await desk.kept()) == 1


async def test_a_page_that_comes_back_as_it_was_is_news(desk: Desk) -> None:
    """The log knows its words already, and the stores that it was removed after they were written."""
    await desk.told(signal("a"))
    await desk.signals().step()
    await desk.told(signal("back", reason="page.undeleted", hours=44))
    await desk.signals().step()
    first, again = sorted(await desk.kept(), key=lambda each: each.occurred_at)
    assert first.body == again.body
    assert again.occurred_at == at(44)


async def test_while_another_process_fetches_this_one_does_not(desk: Desk) -> None:
    """Sources count how often they are asked."""
    await desk.told(signal("a"))
    first, second = desk.signals(), desk.signals()
    assert await first.turn() == (1, 0)
    await desk.told(signal("b", "p2"))
    assert await second.turn() == (0, 0)
    assert await first.turn() == (1, 0)


async def test_it_goes_on_until_it_is_told_to_stop_and_leaves_the_work_to_the_next(desk: Desk) -> None:
    """Whoever starts next need not wait for a lease to run out."""
    seen = asyncio.Event()

    async def fetch(wanted: DocumentSignal) -> Sequence[Event]:
        seen.set()
        return await desk.fetch(wanted)

    await desk.told(signal("a"))
    running = asyncio.create_task(desk.signals(fetch).run())
    async with asyncio.timeout(10):
        await seen.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    desk.asked.clear()
    await desk.told(signal("b", "p2"))
    assert (await desk.signals().turn())[0] >= 1
