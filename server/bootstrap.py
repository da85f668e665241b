"""The composition root: the only place that knows which engine fills which role."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Final, TypeVar

from adapters.actions.postgres import PostgresAudit, PostgresConfirmations, PostgresOutbox
from adapters.actions.postgres_automations import PostgresAutomations
from adapters.inbox.postgres import PostgresInbox
from adapters.log.catalog import make_stream
from adapters.log.landing import PostgresLanding
from adapters.log.postgres import PostgresLog
from adapters.log.streamed import StreamedLog
from adapters.postgres.consumers import PostgresConsumers
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.migrate import migrate
from adapters.postgres.polls import PostgresPolls
from adapters.postgres.quarantine import PostgresQuarantine
from domain.actions import Upstream
from domain.events import DocumentSignal, Event
from domain.ports import (
    Audit,
    Confirmations,
    Consumers,
    DeadLetters,
    Directory,
    EventLog,
    Events,
    Graph,
    Inbox,
    Leases,
    Outbox,
    Polls,
    Quarantine,
    StoreEngine,
    Stream,
    Vectors,
    Writer,
)
from domain.routing import Store
from server.automations import Automations, load_rules
from server.courier import Courier
from server.drain import Drain
from server.guard import Budget, Guard, guarded
from server.lag import Freshness
from server.polling import Pollers, Polling
from server.router import Router
from server.settings import Settings
from server.signals import Signals
from server.sorter import Sorter
from server.sources import polled_sources
from server.stores import open_directory, open_events, open_graph, open_vectors
from server.worker import Duty
from tools.context import ToolContext


@dataclass(frozen=True)
class Engine:
    """The running program, for one organisation."""

    settings: Settings
    database: Database
    leases: Leases
    inbox: Inbox
    log: EventLog
    sorter: Sorter
    quarantine: Quarantine
    directory: Directory
    events: Events
    vectors: Vectors
    graph: Graph
    projections: tuple[StoreEngine, ...]
    """The stores."""
    carried: tuple[StoreEngine, ...]
    """Whatever the router keeps up with the log: the stores, and automations where there are any."""
    consumers: Consumers
    router: Router
    confirmations: Confirmations
    outbox: Outbox
    audit: Audit
    automations: Automations
    courier: Courier
    polls: Polls
    polling: Polling
    pollers: Pollers
    duties: Mapping[str, Duty]
    """What a worker does beside filling the stores, by name."""
    dead_letters: DeadLetters
    stream: Stream | None = None
    drain: Drain | None = None
    """Carries the stream into the log. Both are there if `ENGINTEL_LOG_URL` is set."""
    _guards: dict[str, Guard] = field(default_factory=dict)

    async def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Bring everything that was sent into the log, and the log into every store; see `Router.catch_up`."""
        await self.sorter.catch_up()
        if self.drain is not None:
            await self.drain.catch_up()
        await self.router.catch_up(progress)

    def now(self) -> datetime:
        """The present moment."""
        return self.settings.clock()

    def within(self, seconds: float) -> "Engine":
        """The same program for somebody who has no more time: its ports answer, or are away, before that is up.

        What is begun under `duties` or carried by the courier takes the time that it takes.
        """
        budget = Budget(seconds)

        def bounded(port: Port, name: str) -> Port:
            part = name.partition(" ")[0]
            guard = self._guards.setdefault(name, Guard(part, self.settings.engine_called(part)))
            return guarded(port, guard, budget)

        return replace(
            self,
            directory=bounded(self.directory, Store.DIRECTORY),
            events=bounded(self.events, Store.EVENTS),
            vectors=bounded(self.vectors, Store.VECTORS),
            graph=bounded(self.graph, Store.GRAPH),
            # Where a store stands may be known where its content is not: each is asked for itself.
            projections=tuple(bounded(store, f"{store.store} position") for store in self.projections),
            carried=tuple(bounded(store, f"{store.store} position") for store in self.carried),
            automations=bounded(self.automations, Store.AUTOMATIONS),
            log=bounded(self.log, _DATABASE),
            inbox=bounded(self.inbox, _DATABASE),
            quarantine=bounded(self.quarantine, _DATABASE),
            consumers=bounded(self.consumers, _DATABASE),
            outbox=bounded(self.outbox, _DATABASE),
            leases=bounded(self.leases, _DATABASE),
            confirmations=bounded(self.confirmations, _DATABASE),
        )

    def context(self) -> ToolContext:
        """What one call of a tool works with, for as long as an answer may take."""
        timely = self.within(self.settings.deadline_seconds)
        return ToolContext(
            now=timely.now(),
            directory=timely.directory,
            events=timely.events,
            vectors=timely.vectors,
            graph=timely.graph,
            freshness=Freshness(timely.log, timely.projections, timely.inbox),
            writes=timely.settings.write_policy,
            automations=timely.automations,
        )


_DATABASE: Final = "PostgreSQL"
"""What is always there: the log, and whatever else belongs to no store."""
Port = TypeVar("Port")


@asynccontextmanager
async def open_stream(settings: Settings) -> AsyncIterator[Stream | None]:
    """The stream before the log, if there is to be one. It connects when it is used, and needs no database.

    Raises:
        Misconfigured: its address will not do, or its driver is not installed.
    """
    if settings.log_url is None:
        yield None
        return
    stream = make_stream(settings.log_url, settings.organisation)
    try:
        yield stream
    finally:
        await stream.close()


@asynccontextmanager
async def open_engine(settings: Settings, stream: Stream | None = None) -> AsyncIterator[Engine]:
    """Start what `settings` ask for, bring the schema up to date, and on the way out let go of everything.

    Args:
        settings: of this process.
        stream: the stream before the log, if it was opened already.

    Raises:
        Misconfigured: a setting will not do.
        StoreUnavailable: a database cannot be reached.
    """
    org = settings.organisation
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings.database_url, settings.home_folder).open())
        await migrate(database)
        kept = PostgresLog(database, org)
        stack.push_async_callback(kept.close)
        leases = PostgresLeases(database, org)
        landing = PostgresLanding(database, org)
        stream = stream or await stack.enter_async_context(open_stream(settings))
        drain = Drain(stream, landing, leases) if stream else None
        if drain is not None:
            stack.push_async_callback(drain.leave)
        log = StreamedLog(stream, kept) if stream else kept
        inbox = PostgresInbox(database, org)
        stack.push_async_callback(inbox.close)
        sorter = Sorter(inbox, log, leases)
        quarantine = PostgresQuarantine(database, org)
        directory = await stack.enter_async_context(open_directory(settings, database))
        events = await stack.enter_async_context(open_events(settings, database))
        vectors = await stack.enter_async_context(open_vectors(settings, database))
        graph = await stack.enter_async_context(open_graph(settings, database))
        projections = (directory, events, vectors, graph)
        outbox = PostgresOutbox(database, org)
        audit = PostgresAudit(database, org)
        consumers = PostgresConsumers(database, org)
        polls = PostgresPolls(database, org)
        polling = Polling(log, leases, polls)
        pollers = Pollers(polling, lambda: polled_sources(settings, settings.clock))
        writers: Mapping[Upstream, Callable[[], Writer | None]] = {
            "jira": cache(lambda: _jira(settings)),
            "slack": cache(lambda: _slack(settings)),
        }
        courier = Courier(outbox, audit, writers, settings.write_policy)
        automations = Automations(
            load_rules(settings), directory=directory, events=events, log=log, own_accounts=outbox.own_accounts,
            writes=settings.write_policy, site=settings.jira_url, now=settings.clock,
        )  # fmt: skip
        runner = PostgresAutomations(database, org, automations.decide, log.heads, courier.wake)
        # Not among the projections: there is nothing in it that a replay could fill again.
        carried = (*projections, runner) if automations.active else projections
        if automations.active:
            await runner.positions()  # where the log ends now, before anything can be accepted
        duties: Mapping[str, Duty | None] = {
            "sorter": sorter,
            "drain": drain,
            "pollers": pollers,
            "signals": _signals(settings, log, events, leases, stack),
            "courier": courier,
        }
        yield Engine(
            settings=settings,
            database=database,
            leases=leases,
            inbox=inbox,
            log=log,
            sorter=sorter,
            quarantine=quarantine,
            directory=directory,
            events=events,
            vectors=vectors,
            graph=graph,
            projections=projections,
            consumers=consumers,
            carried=carried,
            router=Router(log, carried, quarantine, leases, consumers),
            confirmations=PostgresConfirmations(database, org),
            outbox=outbox,
            audit=audit,
            courier=courier,
            automations=automations,
            polls=polls,
            polling=polling,
            pollers=pollers,
            duties={name: duty for name, duty in duties.items() if duty is not None},
            dead_letters=landing,
            stream=stream,
            drain=drain,
        )


def _signals(
    settings: Settings, log: EventLog, events: Events, leases: Leases, stack: AsyncExitStack
) -> Signals | None:
    """What fetches the pages that Notion only says have changed; None without a token to fetch them with."""
    if not settings.notion_token:
        return None
    from adapters.sources.notion import NotionClient, fetch_page  # noqa: PLC0415 - for those who use Notion

    client = NotionClient(settings.notion_token, settings.notion_url)
    stack.push_async_callback(client.close)

    async def fetch(signal: DocumentSignal) -> Sequence[Event]:
        # Databases are left to the poller, which finds out which of their pages changed.
        return await fetch_page(client, signal.object_id, settings.clock()) if signal.kind == "page" else ()

    return Signals(log, events, leases, fetch, settings.clock)


def _jira(settings: Settings) -> Writer | None:
    if not settings.jira_url or not settings.jira_token:
        return None
    from adapters.actions.jira import JiraClient  # noqa: PLC0415 - a quarter of a second, for those who write only

    return JiraClient(settings.jira_url, settings.jira_token, settings.jira_user)


def _slack(settings: Settings) -> Writer | None:
    if not settings.slack_token:
        return None
    from adapters.actions.slack import SlackClient  # noqa: PLC0415 - as above

    return SlackClient(settings.slack_token, settings.slack_url)
