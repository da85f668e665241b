"""The composition root: the only place that knows which engine fills which role."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from adapters.actions.postgres import PostgresAudit, PostgresConfirmations, PostgresOutbox
from adapters.actions.runner import PostgresAutomations
from adapters.directory.postgres import PostgresDirectory
from adapters.embedders.lexical import LexicalEmbedder
from adapters.events.postgres import PostgresEvents
from adapters.graph.postgres import PostgresGraph
from adapters.log.postgres import PostgresLog, PostgresQuarantine
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from adapters.vectors.postgres import PostgresVectors
from domain.actions import Upstream
from domain.ports import (
    Audit,
    Confirmations,
    Directory,
    EventLog,
    Events,
    Graph,
    Outbox,
    Projection,
    Quarantine,
    Vectors,
    Writer,
)
from server.automations import Automations, load_rules
from server.courier import Courier
from server.router import Router
from server.settings import Settings
from tools.context import ToolContext


@dataclass(frozen=True)
class Engine:
    """The running program, for one organisation."""

    settings: Settings
    database: Database
    log: EventLog
    quarantine: Quarantine
    directory: Directory
    events: Events
    vectors: Vectors
    graph: Graph
    projections: tuple[Projection, ...]
    router: Router
    confirmations: Confirmations
    outbox: Outbox
    audit: Audit
    automations: Automations
    courier: Courier

    def now(self) -> datetime:
        """The present moment."""
        return self.settings.clock()

    def context(self) -> ToolContext:
        """What one call of a tool works with."""
        return ToolContext(
            now=self.now(),
            directory=self.directory,
            events=self.events,
            vectors=self.vectors,
            graph=self.graph,
            freshness=self.router,
            writes=self.settings.write_policy,
            automations=self.automations,
        )


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[Engine]:
    """Start what `settings` ask for, bring the schema up to date, and on the way out let go of everything.

    Raises:
        Misconfigured: a setting will not do.
        StoreUnavailable: a database cannot be reached.
    """
    org = settings.organisation
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings.database_url, settings.home_folder).open())
        await migrate(database)
        log = PostgresLog(database, org)
        stack.push_async_callback(log.close)
        quarantine = PostgresQuarantine(database, org)
        directory = PostgresDirectory(database, org)
        events = PostgresEvents(database, org)
        vectors = PostgresVectors(database, org, LexicalEmbedder())
        graph = PostgresGraph(database, org)
        projections = (directory, events, vectors, graph)
        outbox = PostgresOutbox(database, org)
        audit = PostgresAudit(database, org)
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
        consumers = (*projections, runner) if automations.active else projections
        if automations.active:
            await runner.positions()  # where the log ends now, before anything can be accepted
        yield Engine(
            settings=settings,
            database=database,
            log=log,
            quarantine=quarantine,
            directory=directory,
            events=events,
            vectors=vectors,
            graph=graph,
            projections=projections,
            router=Router(log, consumers, quarantine),
            confirmations=PostgresConfirmations(database, org),
            outbox=outbox,
            audit=audit,
            automations=automations,
            courier=courier,
        )


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
