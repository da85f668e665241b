"""Log and router as a state machine: any appending, any interruption, any replay, and the stores tell the same story.

The model is plain Python: which events were ever acknowledged. Interruptions are real ones: the connection of whoever
is working is terminated by the server in the middle of it.
"""

import asyncio
import uuid
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from adapters.events.postgres import PostgresEvents
from adapters.graph.neo4j import Neo4jGraph
from adapters.graph.neo4j_bolt import Bolt
from adapters.graph.postgres import PostgresGraph
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from adapters.postgres.projection import PostgresProjection
from adapters.postgres.quarantine import PostgresQuarantine
from domain.errors import StoreUnavailable
from domain.events import Event
from domain.ports import LANES
from domain.window import Window
from server.router import Router
from tests.conftest import make_home, remove_home
from tests.engines.graphs import ENGINES, GraphEngine
from tests.events import ADA, GRACE, at, commit

ALWAYS = Window(since=at(-10_000), until=at(10_000))
shas = st.integers(0, 60).map(lambda n: f"sha{n}")
commits = st.builds(lambda sha, author: commit(sha, author, f"{sha}.py"), shas, st.sampled_from([ADA, GRACE]))


class LogAndRouter(RuleBasedStateMachine):
    """One organisation with a log and two stores."""

    loop: asyncio.AbstractEventLoop
    database: Database
    graph_url: str | None

    def __init__(self) -> None:
        super().__init__()
        org = f"machine-{uuid.uuid4().hex[:12]}"
        self.log = PostgresLog(self.database, org)
        self.quarantine = PostgresQuarantine(self.database, org)
        self.events = PostgresEvents(self.database, org)
        self.bolt = Bolt(self.graph_url, org) if self.graph_url else None
        self.graph: GraphEngine = (
            Neo4jGraph(self.bolt, self.database, org) if self.bolt else PostgresGraph(self.database, org)
        )
        self.stores: list[PostgresProjection | Neo4jGraph] = [self.events, self.graph]
        self.router = Router(self.log, self.stores, self.quarantine)
        self.acknowledged: dict[str, Event] = {}
        self.org = org

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run to the end."""
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        """Let go of Neo4j."""
        if self.bolt is not None:
            self.do(self.bolt.close())

    @rule(batch=st.lists(commits, max_size=12))
    def append(self, batch: list[Event]) -> None:
        """What is acknowledged stays; the first of two with one id counts."""
        new = {event.id for event in batch} - self.acknowledged.keys()
        appended = self.do(self.log.append(batch))
        assert appended.new == len(new)
        for event in batch:
            self.acknowledged.setdefault(event.id, event)

    @rule(batch=st.lists(commits, min_size=1, max_size=12))
    def append_from_two_processes(self, batch: list[Event]) -> None:
        """A race of the same delivery."""

        async def race() -> None:
            await asyncio.gather(self.log.append(batch), PostgresLog(self.database, self.org).append(batch))

        self.do(race())
        for event in batch:
            self.acknowledged.setdefault(event.id, event)

    @rule(batch=st.lists(commits, min_size=1, max_size=12))
    def append_and_lose_the_connection(self, batch: list[Event]) -> None:
        """Whether it arrived is not known; saying it again settles it."""
        self.do(self.interrupted(self.log.append(batch)))
        self.do(self.log.append(batch))
        for event in batch:
            self.acknowledged.setdefault(event.id, event)

    @rule()
    def carry(self) -> None:
        """The router catches up."""
        self.do(self.router.catch_up())

    @rule()
    def carry_and_lose_the_connection(self) -> None:
        """The router dies in the middle of it."""
        self.do(self.interrupted(self.router.catch_up()))

    @rule()
    def carry_with_two_routers(self) -> None:
        """Two servers at the same stores."""
        other = Router(self.log, self.stores, self.quarantine)

        async def both() -> None:
            await asyncio.gather(self.router.catch_up(), other.catch_up())

        self.do(both())

    @rule(store=st.integers(0, 1), position=st.integers(0, 20))
    def rewind(self, store: int, position: int) -> None:
        """Somebody replays from a position."""
        self.do(self.stores[store].rewind(position))

    @rule(store=st.integers(0, 1))
    def reset(self, store: int) -> None:
        """Somebody rebuilds a store."""
        self.do(self.stores[store].reset())

    async def interrupted(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do `work` while the server terminates every connection that is busy with it."""
        task = asyncio.ensure_future(work)
        await asyncio.sleep(0)
        async with self.database.owner() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'engintel'"
            )
        with suppress(StoreUnavailable, ExceptionGroup):
            await task

    @invariant()
    def the_log_holds_each_acknowledged_event_once_without_gaps(self) -> None:
        """Nothing acknowledged is lost, nothing is there twice, no position is missing."""

        async def everything() -> list[str]:
            ids = []
            for lane in range(LANES):
                entries = await self.log.read(lane, 0, 1_000)
                assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
                ids += [entry.event.id for entry in entries if entry.event]
            return ids

        assert sorted(self.do(everything())) == sorted(self.acknowledged)

    @precondition(lambda self: self.acknowledged)
    @rule()
    def after_catching_up_the_stores_tell_what_the_log_holds(self) -> None:
        """Each commit is counted once for its author, in both stores, whatever happened before."""
        self.do(self.router.catch_up())
        expected: dict[str, int] = {}
        for event in self.acknowledged.values():
            assert event.actor is not None
            expected[event.actor.key] = expected.get(event.actor.key, 0) + 1
        counted = self.do(self.events.activity(ALWAYS, ("commit",)))
        assert {row.account: row.n for row in counted} == expected
        contributors = self.do(self.graph.contributors(["git:api"]))
        assert {contribution.account for contribution in contributors} == expected.keys()
        assert self.do(self.quarantine.items()) == []


@pytest.fixture
def machine_home() -> Any:
    """A home for the machine, which runs outside the tests' event loop."""
    home = make_home()
    yield home
    remove_home(home)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_history_of_appending_failing_and_replaying_loses_or_repeats_anything(
    machine_home: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """Hypothesis looks for a history that does, with the graph in either engine."""
    LogAndRouter.graph_url = request.getfixturevalue("neo4j").url() if engine == "neo4j" else None
    loop = asyncio.new_event_loop()
    database = Database(None, machine_home)
    opened = database.open()
    loop.run_until_complete(opened.__aenter__())
    try:
        loop.run_until_complete(migrate(database))
        LogAndRouter.loop, LogAndRouter.database = loop, database
        run_state_machine_as_test(
            LogAndRouter,
            settings=settings(
                max_examples=40 if engine == "postgres" else 4,
                stateful_step_count=25 if engine == "postgres" else 20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.run_until_complete(opened.__aexit__(None, None, None))
        loop.close()
