"""What every store outside PostgreSQL inherits: a batch is put whole, known again after a crash, by one at a time."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.outside import OutsideProjection
from adapters.postgres.quarantine import PostgresQuarantine
from domain.errors import PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.ports import Batch, Quarantined
from domain.routing import Store
from tests.events import ADA, commit

LONG = timedelta(minutes=5)
OVER = timedelta(0)


class Shelf(OutsideProjection):
    """A folder as an engine: a file an event, and a journal of the tokens that came."""

    store = Store.EVENTS

    def __init__(self, database: Database, org: str, folder: Path) -> None:
        super().__init__(database, org)
        self.folder = folder
        self.then: Callable[[], None] = lambda: None
        """What befalls it after everything was put and before anybody knows."""

    async def birth(self) -> str:
        return self.folder.name

    async def put(self, token: str, placed: Sequence[tuple[int, Event]]) -> None:
        events = [event for _, event in placed]
        if any(event.entity == "commit:poison" for event in events):
            raise PoisonEvent("the shelf cannot hold it")
        with (self.folder / "journal").open("a") as journal:
            journal.write(f"{token}\n")
        for event in events:
            (self.folder / event.id.replace("/", "_")).touch()
        self.then()

    async def empty(self) -> None:
        for file in self.folder.iterdir():
            file.unlink()

    @property
    def tokens(self) -> list[str]:
        journal = self.folder / "journal"
        return journal.read_text().split() if journal.exists() else []

    @property
    def kept(self) -> int:
        return sum(file.name != "journal" for file in self.folder.iterdir())


@pytest.fixture
def shelf(database: Database, org: str, tmp_path: Path) -> Shelf:
    """A store in an engine of its own."""
    return Shelf(database, org, tmp_path)


def batch(*shas: str, after: int = 0) -> Batch:
    """Commits as a batch of lane 0."""
    events = tuple(commit(sha, ADA, "a.py") for sha in shas)
    return Batch(lane=0, after=after, upto=after + len(events), events=events)


def away() -> None:
    """The connection is gone before the answer comes."""
    raise StoreUnavailable("events", "the connection was lost")


async def test_what_was_put_before_a_crash_is_put_again_under_the_same_token(shelf: Shelf) -> None:
    """So that the engine can see that it has it already."""
    shelf.then = away
    with pytest.raises(StoreUnavailable):
        await shelf.apply(batch("a", "b", "c"))
    after_the_crash = Shelf(shelf.database, shelf.org, shelf.folder)

    assert (await after_the_crash.standing()).positions == {}
    assert (await after_the_crash.standing()).begun == {0: 3}
    assert await after_the_crash.apply(batch("a", "b", "c"))
    assert shelf.tokens[0] == shelf.tokens[1]
    assert (await after_the_crash.standing()).positions == {0: 3}
    assert (await after_the_crash.standing()).begun == {}


async def test_a_batch_with_other_events_has_another_token(shelf: Shelf) -> None:
    """What waited in quarantine at the first attempt and is free at the second must not be taken for put."""
    shelf.then = away
    with pytest.raises(StoreUnavailable):
        await shelf.apply(batch("a", "b"))
    shelf.then = lambda: None

    assert await shelf.apply(batch("a", "b").model_copy(update={"events": batch("a").events, "positions": (1,)}))
    assert shelf.tokens[0] != shelf.tokens[1]


async def test_a_batch_from_another_place_is_refused(shelf: Shelf) -> None:
    """Somebody else was there meanwhile: nothing is put."""
    assert await shelf.apply(batch("a"))

    assert not await shelf.apply(batch("a"))
    assert not await shelf.apply(batch("c", after=2))
    assert await shelf.apply(batch("b", after=1))
    assert shelf.kept == 2


async def test_of_two_that_put_the_same_batch_at_once_one_does(shelf: Shelf) -> None:
    """The store's lock is held while the engine is at it."""
    done = await asyncio.gather(*(shelf.apply(batch("a", "b")) for _ in range(4)))

    assert sorted(done) == [False, False, False, True]
    assert len(shelf.tokens) == 1


async def test_a_lease_that_ran_out_puts_nothing(shelf: Shelf) -> None:
    """A worker that slept for too long finds that its share went to another."""
    leases = PostgresLeases(shelf.database, shelf.org)
    lost = await leases.take("fill:events", "a", OVER)
    now = await leases.take("fill:events", "b", LONG)

    assert not await shelf.apply(batch("a").model_copy(update={"lease": lost}))
    assert shelf.kept == 0
    assert await shelf.apply(batch("a").model_copy(update={"lease": now}))


async def test_poison_puts_nothing_and_moves_nothing(shelf: Shelf) -> None:
    """The router then halves the batch; the halves have bounds of their own."""
    with pytest.raises(PoisonEvent):
        await shelf.apply(batch("a", "poison"))

    assert (shelf.kept, (await shelf.standing()).positions) == (0, {})
    assert await shelf.apply(batch("a"))
    poison = Quarantined(
        store=Store.EVENTS, lane=0, position=2, event_id="x", entity="commit:poison", reason="it is", since=ADA_AT
    )
    aside = Batch(lane=0, after=1, upto=2, events=(), aside=(poison,))
    assert await shelf.apply(aside)
    assert await shelf.apply(batch("poison", after=2))
    assert [item.waiting for item in await PostgresQuarantine(shelf.database, shelf.org).items()] == [False, True]
    assert shelf.kept == 1


async def test_what_comes_out_of_quarantine_is_put_once(shelf: Shelf) -> None:
    """A crash between the engine and the quarantine leaves it there, and it is put again under the same token."""
    event = commit("late", ADA, "a.py")
    item = Quarantined(
        store=Store.EVENTS, lane=0, position=1, event_id=event.id, entity=event.entity, reason="was", since=ADA_AT
    )
    assert await shelf.apply(Batch(lane=0, after=0, upto=1, events=(), aside=(item,)))
    shelf.then = away
    with pytest.raises(StoreUnavailable):
        await shelf.release(item, event)
    shelf.then = lambda: None

    assert await shelf.release(item, event)
    assert not await shelf.release(item, event)
    assert shelf.tokens[0] == shelf.tokens[1]
    assert shelf.kept == 1


async def test_a_store_that_is_filled_again_forgets_which_batch_was_begun(shelf: Shelf) -> None:
    """It comes again in other batches, and says until when it is behind what it was."""
    assert await shelf.apply(batch("a", "b"))
    shelf.then = away
    with pytest.raises(StoreUnavailable):
        await shelf.apply(batch("c", "d", after=2))
    shelf.then = lambda: None
    await shelf.rewind(0)

    standing = await shelf.standing()
    assert (standing.positions, standing.begun, standing.again_upto) == ({}, {}, {0: 2})
    assert shelf.kept == 4
    assert await shelf.apply(batch("a"))


async def test_a_store_that_was_emptied_is_at_the_beginning(shelf: Shelf) -> None:
    """Nothing of it is left."""
    assert await shelf.apply(batch("a", "b"))
    await shelf.reset()

    assert (shelf.kept, (await shelf.standing()).positions) == (0, {})
    assert await shelf.apply(batch("a", "b"))


async def test_an_engine_that_is_new_is_filled_from_the_beginning(shelf: Shelf, tmp_path: Path) -> None:
    """And the one before it goes on where it was, should it be taken into use again."""
    assert await shelf.apply(batch("a", "b"))
    (tmp_path / "other").mkdir()
    other = Shelf(shelf.database, shelf.org, tmp_path / "other")

    assert (await other.standing()).positions == {}
    assert await other.apply(batch("a"))
    assert (await shelf.standing()).positions == {0: 2}


async def test_an_organisation_knows_nothing_of_another(shelf: Shelf, database: Database, tmp_path: Path) -> None:
    """Positions are an organisation's own."""
    assert await shelf.apply(batch("a", "b"))

    assert (await Shelf(database, f"{shelf.org}-b", tmp_path).standing()).positions == {}


ADA_AT = commit("a", ADA, "a.py").occurred_at
