"""The router over the real log and the real stores: everything arrives once, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from adapters.directory.postgres import PostgresDirectory
from adapters.events.postgres import PostgresEvents
from adapters.graph.postgres import PostgresGraph
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Connection, Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.projection import PostgresProjection
from adapters.postgres.quarantine import PostgresQuarantine
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import Event, envelope, git_actor
from domain.pacing import REPLAY_BATCH
from domain.ports import Batch, Leases
from domain.window import Window
from server.lag import Freshness
from server.router import Router
from tests.events import ADA, at, commit, issue, pull

ALWAYS = Window(since=at(-10_000), until=at(10_000))
POISON = git_actor("NUL \x00", "nul@acme.dev")
"""An author that no text column can hold, built past the door that cleans every text."""


class Rig:
    """A log, two stores and a router of one organisation."""

    def __init__(self, database: Database, org: str, leases: Leases | None = None) -> None:
        self.log = PostgresLog(database, org)
        self.quarantine = PostgresQuarantine(database, org)
        self.events = PostgresEvents(database, org)
        self.graph = PostgresGraph(database, org)
        self.directory = PostgresDirectory(database, org)
        self.projections: list[PostgresProjection] = [self.directory, self.events, self.graph]
        self.router = Router(self.log, self.projections, self.quarantine, leases)

    async def commits(self) -> int:
        """How many commits the event store counts."""
        return sum(row.n for row in await self.events.activity(ALWAYS, ("commit",)))


@pytest.fixture
async def rig(database: Database, org: str) -> AsyncIterator[Rig]:
    """Everything for one test."""
    made = Rig(database, org)
    yield made
    await made.log.close()


@pytest.fixture
async def other(database: Database, org: str) -> AsyncIterator[Rig]:
    """The same organisation as another process has it."""
    made = Rig(database, org)
    yield made
    await made.log.close()


async def test_everything_appended_arrives_in_every_store(rig: Rig) -> None:
    """After catching up the positions are the heads."""
    await rig.log.append([commit(f"c{n}", ADA, "a.py", hours=n) for n in range(1_200)])

    await rig.router.catch_up()

    heads = await rig.log.heads()
    for projection in rig.projections:
        assert await projection.positions() == heads
    assert await rig.commits() == 1_200


async def test_poison_is_put_aside_and_the_rest_goes_on(rig: Rig) -> None:
    """One event that no store can hold costs only itself, and is kept with its reason."""
    good = [commit(f"c{n}", ADA, "a.py") for n in range(300)]
    # Hidden from the log by its JSON, poison to every column of text.
    bad = commit("bad", POISON, "a.py")

    await rig.log.append([*good[:150], bad, *good[150:]])
    await rig.router.catch_up()

    assert await rig.commits() == 300
    held = await rig.quarantine.items()
    assert {(item.store.value, item.event_id) for item in held} == {
        (store, bad.id) for store in ("directory", "events", "graph")
    }
    assert all("cannot hold it" in item.reason for item in held)


async def test_an_event_that_can_be_applied_now_leaves_the_quarantine(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours, once mended, costs nothing."""
    real = PostgresEvents.project

    async def mistaken(self: PostgresEvents, connection: Connection, events: Sequence[Event]) -> None:
        if any(event.id.endswith(":c5") for event in events):
            raise KeyError("a mistake of ours")
        await real(self, connection, events)

    monkeypatch.setattr(PostgresEvents, "project", mistaken)
    await rig.log.append([commit(f"c{n}", ADA) for n in range(10)])
    await rig.router.catch_up()
    assert await rig.commits() == 9
    [held] = await rig.quarantine.items()
    monkeypatch.undo()

    await rig.router.retry(held)

    assert await rig.commits() == 10
    assert await rig.quarantine.items() == []


async def test_what_an_operator_has_to_mend_is_no_fault_of_an_event(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password, or a schema that is newer than the program: nothing is put aside, and nothing is lost."""

    async def refused(*_: object) -> None:
        raise Misconfigured("the graph does not accept the password")

    monkeypatch.setattr(PostgresGraph, "project", refused)
    await rig.log.append([commit(f"c{n}", ADA, "a.py") for n in range(10)])
    with pytest.raises(ExceptionGroup) as told:
        await rig.router.catch_up()
    assert told.group_contains(Misconfigured, match="does not accept the password")
    assert await rig.quarantine.items() == []
    monkeypatch.undo()

    await rig.router.catch_up()

    assert await rig.graph.positions() == await rig.log.heads()


async def test_a_store_that_is_away_holds_up_no_other(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each store is its own consumer: one waits, the others go on, and it catches up afterwards."""
    away = asyncio.Event()
    real = PostgresGraph.apply

    async def apply(self: PostgresGraph, batch: Batch) -> bool:
        if not away.is_set():
            raise StoreUnavailable("graph", "it is away")
        return await real(self, batch)

    monkeypatch.setattr(PostgresGraph, "apply", apply)
    async with running(rig.router):
        await rig.log.append([commit(f"c{n}", ADA) for n in range(50)])
        await reached(rig, rig.events)
        assert await rig.graph.positions() == {}
        away.set()
        await reached(rig, rig.graph)


async def test_two_routers_share_the_work_and_repeat_none_of_it(rig: Rig, other: Rig) -> None:
    """Two servers on one home both carry the log."""
    await rig.log.append([commit(f"c{n}", ADA, "a.py") for n in range(2_000)])

    await asyncio.gather(rig.router.catch_up(), other.router.catch_up())

    assert await rig.commits() == 2_000
    assert await rig.quarantine.items() == []


async def test_a_running_router_carries_what_others_append(rig: Rig, other: Rig) -> None:
    """News from another process wakes it."""
    async with running(rig.router):
        await other.log.append([pull(1), issue("API-1")])
        for projection in rig.projections:
            await reached(rig, projection)


async def test_what_several_stores_apply_is_decoded_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding is a third of the work of filling: stores at about the same place share it."""
    decoded = 0

    def decode(payload: str) -> Event:
        nonlocal decoded
        decoded += 1
        return envelope.decode(payload)

    monkeypatch.setattr("adapters.log.postgres.decode", decode)
    await rig.log.append([commit(f"c{n}", ADA, "a.py") for n in range(3_000)])

    await rig.router.catch_up()

    assert decoded == 3_000
    assert await rig.commits() == 3_000


async def test_a_store_that_is_filled_again_is_stale_until_it_is_full(rig: Rig) -> None:
    """It lacks most of what it had, however short ago that was received."""
    await rig.log.append([commit(f"c{n}", ADA) for n in range(20)])
    await rig.router.catch_up()
    await rig.events.reset()

    during = await Freshness(rig.log, rig.projections).coverage(at())
    assert {store: told.state for store, told in during.items()} == {
        "directory": "ok",
        "events": "stale",
        "graph": "ok",
    }
    await rig.router.catch_up()

    assert {told.state for told in (await Freshness(rig.log, rig.projections).coverage(at())).values()} == {"ok"}


async def test_a_replay_works_in_small_batches_and_rests_while_events_come_in(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And everything is there in the end, what came in meanwhile included."""
    rests: list[tuple[float, bool]] = []

    def resting(worked: float, *, busy: bool, late: bool) -> float:
        rests.append((worked, busy))
        return 0.0

    monkeypatch.setattr("server.consumer.replay_pause", resting)
    await rig.log.append([commit(f"c{n}", ADA) for n in range(1_000)])
    await rig.router.catch_up()
    sizes: list[int] = []
    real = PostgresEvents.apply

    async def apply(self: PostgresEvents, batch: Batch) -> bool:
        sizes.append(batch.upto - batch.after)
        return await real(self, batch)

    async with running(rig.router):
        await rig.log.append([commit("live", ADA)])
        await reached(rig, rig.events)
        monkeypatch.setattr(PostgresEvents, "apply", apply)
        await rig.events.reset()
        await rig.log.append([commit("meanwhile", ADA)])
        await reached(rig, rig.events)

    assert await rig.commits() == 1_002
    assert max(sizes) == REPLAY_BATCH
    assert [worked > 0 and busy for worked, busy in rests] == [True] * len(rests)
    assert rests


async def test_what_one_router_had_another_takes_over(database: Database, org: str) -> None:
    """With leases: one fills and the other stands by, until the first leaves."""
    rigs = [Rig(database, org, PostgresLeases(database, org)) for _ in range(2)]
    first, second = rigs
    async with running(second.router):
        async with running(first.router):
            await first.log.append([commit(f"c{n}", ADA) for n in range(50)])
            await reached(first, first.events)
        await first.log.append([commit(f"d{n}", ADA) for n in range(50)])
        await reached(second, second.events)
    for rig in rigs:
        await rig.log.close()

    assert await second.commits() == 100
    assert await PostgresLeases(database, org).current() == []


async def test_coverage_says_how_far_each_store_is_behind(rig: Rig) -> None:
    """Nothing applied yet is stale once it has waited."""
    assert {c.state for c in (await Freshness(rig.log, rig.projections).coverage(at())).values()} == {"ok"}
    await rig.log.append([commit("c1", ADA)])
    [entry] = [e for lane in range(4) for e in await rig.log.read(lane, 0, 1)]

    a_year_on = entry.received_at.replace(year=entry.received_at.year + 1)
    later = await Freshness(rig.log, rig.projections).coverage(a_year_on)

    assert {c.state for c in later.values()} == {"stale"}
    assert all(c.lag_seconds > 3e7 for c in later.values())


async def test_a_store_that_is_filled_for_the_first_time_is_stale_whatever_the_time(rig: Rig) -> None:
    """An engine taken into use is empty; a clock that is behind the log's must not make it look whole."""
    await rig.log.append([commit(f"c{n}", ADA, hours=n) for n in range(1_200)])

    empty = await Freshness(rig.log, rig.projections).coverage(at())
    await rig.router.catch_up()
    full = await Freshness(rig.log, rig.projections).coverage(at())

    assert {c.state for c in empty.values()} == {"stale"}
    assert {c.state for c in full.values()} == {"ok"}


@asynccontextmanager
async def running(router: Router) -> AsyncIterator[None]:
    """A router at work in the background."""
    task = asyncio.create_task(router.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def reached(rig: Rig, projection: PostgresProjection) -> None:
    """Wait, as long as it takes and the test may last, until a store is up with the log."""
    while await projection.positions() != await rig.log.heads():
        await rig.log.wait(0.02)
