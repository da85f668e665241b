"""The router as a state machine: poison, retry, drop, replay, lost connections, lost leases, two workers.

The model is plain Python: what was acknowledged, in order, and what a person gave up. At every moment a store must
have told each entity's story in order, without a gap and without a repetition, up to where its quarantine begins.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from adapters.graph.neo4j_bolt import Bolt
from adapters.log.postgres import PostgresLog
from adapters.postgres.consumers import PostgresConsumers
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.migrate import migrate
from adapters.postgres.quarantine import PostgresQuarantine
from domain.errors import PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.ports import LANES, Batch, Lease, Quarantined
from server import shares
from server.router import Router
from tests.conftest import make_home, remove_home
from tests.contract.ledger import Ledger, make_table
from tests.engines.graphs import ENGINES
from tests.engines.ledgers import Neo4jLedger
from tests.events import ADA, issue

KEYS = ("A-1", "B-1", "C-1", "D-1", "E-1")
changes = st.lists(st.sampled_from(KEYS), min_size=1, max_size=10)


class RouterMachine(RuleBasedStateMachine):
    """One organisation with one store, filled by two workers."""

    loop: asyncio.AbstractEventLoop
    database: Database
    graph_url: str | None

    def __init__(self) -> None:
        super().__init__()
        self.org = f"machine-{uuid.uuid4().hex[:12]}"
        self.log = PostgresLog(self.database, self.org)
        self.quarantine = PostgresQuarantine(self.database, self.org)
        self.leases = PostgresLeases(self.database, self.org)
        self.bolt = Bolt(self.graph_url, self.org) if self.graph_url else None
        self.store: Ledger | Neo4jLedger = (
            Neo4jLedger(self.bolt, self.database, self.org) if self.bolt else Ledger(self.database, self.org)
        )
        self.routers = [self.worker(), self.worker()]
        self.stories: dict[str, list[str]] = defaultdict(list)
        self.given_up: set[str] = set()
        self.count = 0

    def worker(self) -> Router:
        """A process of its own, as far as leases can tell."""
        consumers = PostgresConsumers(self.database, self.org)
        return Router(self.log, [self.store], self.quarantine, self.leases, consumers)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run to the end."""
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        """Let go of Neo4j."""
        if self.bolt is not None:
            self.do(self.bolt.close())

    @initialize(keys=changes)
    def begin(self, keys: list[str]) -> None:
        """There is something."""
        self.append(keys, poison=set())

    @rule(keys=changes, poison=st.sets(st.integers(0, 9), max_size=2))
    def append(self, keys: list[str], poison: set[int]) -> None:
        """Issues change; some of the changes cannot be applied as things are."""
        events: list[Event] = []
        for key in keys:
            self.count += 1
            events.append(issue(key, "To Do", ADA, hours=self.count))
            self.stories[events[-1].entity].append(events[-1].id)
        self.store.poison |= {events[n].id for n in poison if n < len(events)}
        self.do(self.log.append(events))

    @rule(which=st.integers(0, 1))
    def carry(self, which: int) -> None:
        """A worker catches up."""
        self.do(self.routers[which].catch_up())

    @rule()
    def carry_with_two_workers(self) -> None:
        """Both at once."""

        async def both() -> None:
            await asyncio.gather(*(router.catch_up() for router in self.routers))

        self.do(both())

    @rule(turns=st.integers(0, 30))
    def carry_and_lose_every_connection(self, turns: int) -> None:
        """At some point on the way."""
        self.do(self.interrupted(self.routers[0].catch_up(), turns))

    @rule(turns=st.integers(0, 30))
    def carry_and_be_cancelled(self, turns: int) -> None:
        """A worker is told to leave at some point on the way."""

        async def cancelled() -> None:
            task = asyncio.ensure_future(self.routers[0].catch_up())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

        self.do(cancelled())

    @rule(name=st.sampled_from(["mended", "still poison"]))
    def retry(self, name: str) -> None:
        """Somebody tries the oldest poison again, after mending it or without."""
        if item := self.first():
            if name == "mended":
                self.store.poison.discard(item.event_id)
            with suppress(PoisonEvent):
                self.do(self.routers[1].retry(item))

    @rule(turns=st.integers(0, 30))
    def retry_and_lose_every_connection(self, turns: int) -> None:
        """In the middle of what waited."""
        if item := self.first():
            self.store.poison.discard(item.event_id)
            self.do(self.interrupted(self.routers[1].retry(item), turns))

    @rule()
    def drop(self) -> None:
        """Somebody gives the oldest poison up."""
        if item := self.first():
            self.given_up.add(item.event_id)
            with suppress(PoisonEvent):
                self.do(self.routers[1].drop(item))

    @rule()
    def drop_and_crash(self) -> None:
        """What waited is free, and nobody applies it yet."""
        if item := self.first():
            self.given_up.add(item.event_id)
            self.do(self.quarantine.remove(item.store, item.lane, item.position))

    @rule()
    def reset(self) -> None:
        """Somebody has the store filled again."""
        self.do(self.store.reset())
        self.given_up.clear()

    @rule(position=st.integers(0, 12))
    def rewind(self, position: int) -> None:
        """Somebody replays from a position: what was applied since then is going to be applied again."""
        self.do(self.store.rewind(position))
        again = [id_ for lane in range(LANES) for place, id_ in self.do(self.ids(lane)) if place > position]
        self.do(self.store.forget(again))
        self.given_up -= set(again)

    @rule(lane=st.integers(0, LANES - 1))
    def a_worker_without_its_lease_changes_nothing(self, lane: int) -> None:
        """It was paused, its lease ran out and somebody else took it; then it goes on."""

        async def late() -> bool:
            name = f"{shares.SHARE}{self.store.store.value}"
            # Where a crashed worker's lease has not run out yet, it is an older one that was lost.
            lost = await self.leases.take(name, "paused", timedelta(0)) or Lease(name=name, holder="paused", token=0)
            at = (await self.store.positions()).get(lane, 0)
            entries = await self.log.read(lane, at, 5)
            events = tuple(entry.event for entry in entries if entry.event is not None)
            return await self.store.apply(Batch(lane=lane, after=at, upto=at + len(entries), events=events, lease=lost))

        assert not self.do(late())

    def first(self) -> Quarantined | None:
        """The oldest poison."""
        return next((item for item in self.do(self.quarantine.items()) if not item.waiting), None)

    async def ids(self, lane: int) -> list[tuple[int, str]]:
        """What a lane holds."""
        entries = await self.log.read(lane, 0, 10_000)
        return [(entry.position, entry.event.id) for entry in entries if entry.event]

    async def interrupted(self, work: Coroutine[Any, Any, Any], turns: int) -> None:
        """Do `work` while the server terminates every connection that is busy with it."""
        task = asyncio.ensure_future(work)
        for _ in range(turns):
            await asyncio.sleep(0)
        async with self.database.owner() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'engintel'"
            )
        with suppress(StoreUnavailable, PoisonEvent, ExceptionGroup):
            await task

    @invariant()
    def each_story_is_told_in_order_once_and_up_to_where_its_quarantine_begins(self) -> None:
        """Whatever has passed was applied, waits, or was given up; exactly one of the three."""
        applied, held = self.do(self.store.applied()), self.do(self.quarantine.items())
        passed = self.do(self.store.positions())
        seen = {id_ for lane in range(LANES) for at, id_ in self.do(self.ids(lane)) if at <= passed.get(lane, 0)}
        assert len(applied) == len(set(applied)), "something was applied twice"
        kept = [item.event_id for item in held]
        assert len(kept) == len(set(kept))
        assert not set(applied) & set(kept)
        assert set(applied) | set(kept) | (self.given_up & seen) == seen, "something is lost"
        for story in self.stories.values():
            told = [id_ for id_ in applied if id_ in set(story)]
            waits = [id_ for id_ in story if id_ in set(kept)]
            assert told == [id_ for id_ in story if id_ in set(told)], "out of order"
            if told and waits:
                assert story.index(told[-1]) < story.index(waits[0]), "something overtook poison"

    @rule()
    def once_everything_is_mended_every_store_tells_every_story_whole(self) -> None:
        """Only what a person gave up is missing, and nothing is left in quarantine."""
        self.store.poison.clear()
        self.do(self.routers[0].catch_up())
        while item := self.first():
            self.do(self.routers[0].retry(item))
        assert self.do(self.quarantine.items()) == []
        applied = self.do(self.store.applied())
        for story in self.stories.values():
            whole = [id_ for id_ in story if id_ not in self.given_up]
            assert [id_ for id_ in applied if id_ in set(story)] == whole


@pytest.fixture
def machine_home() -> Iterator[Path]:
    """A home for the machine, which runs outside the tests' event loop."""
    home = make_home()
    yield home
    remove_home(home)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_history_makes_the_router_lose_repeat_or_overtake(
    machine_home: Path, monkeypatch: pytest.MonkeyPatch, engine: str, request: pytest.FixtureRequest
) -> None:
    """Hypothesis looks for a history that does, with a store in PostgreSQL and one in Neo4j."""
    RouterMachine.graph_url = request.getfixturevalue("neo4j").url() if engine == "neo4j" else None
    monkeypatch.setattr(shares, "LASTS", 0.2)  # a lease whose holder lost its connection is soon free
    monkeypatch.setattr(shares, "ROUND", 0.05)
    loop = asyncio.new_event_loop()
    database = Database(None, machine_home)
    opened = database.open()
    loop.run_until_complete(opened.__aenter__())
    try:
        loop.run_until_complete(migrate(database))
        loop.run_until_complete(make_table(database))
        RouterMachine.loop, RouterMachine.database = loop, database
        run_state_machine_as_test(
            RouterMachine,
            settings=settings(
                max_examples=30 if engine == "postgres" else 4,
                stateful_step_count=25 if engine == "postgres" else 20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.run_until_complete(opened.__aexit__(None, None, None))
        loop.close()
