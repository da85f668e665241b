"""The composition root: the only place that knows which engine fills which role."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from adapters.actions.postgres import PostgresAudit, PostgresConfirmations, PostgresOutbox
from adapters.directory.postgres import PostgresDirectory
from adapters.embedders.lexical import LexicalEmbedder
from adapters.events.postgres import PostgresEvents
from adapters.graph.postgres import PostgresGraph
from adapters.log.postgres import PostgresLog, PostgresQuarantine
from adapters.postgres.database import Database
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.migrate import migrate
from adapters.postgres.polls import PostgresPolls
from adapters.vectors.postgres import PostgresVectors
from domain.ports import (
    Audit,
    Confirmations,
    Directory,
    EventLog,
    Events,
    Graph,
    JiraWriter,
    Outbox,
    Polls,
    Projection,
    Quarantine,
    SlackWriter,
    Vectors,
)
from server.courier import Courier
from server.polling import Pollers, Polling
from server.router import Router
from server.settings import Settings
from server.sources import polled_sources
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
    courier: Courier
    polls: Polls
    polling: Polling
    pollers: Pollers

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
        polls = PostgresPolls(database, org)
        polling = Polling(log, PostgresLeases(database, org), polls)
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
            router=Router(log, projections, quarantine),
            confirmations=PostgresConfirmations(database, org),
            outbox=outbox,
            audit=audit,
            courier=Courier(outbox, audit, cache(lambda: _jira(settings)), cache(lambda: _slack(settings))),
            polls=polls,
            polling=polling,
            pollers=Pollers(polling, lambda: polled_sources(settings, settings.clock)),
        )


def _jira(settings: Settings) -> JiraWriter | None:
    if not settings.jira_url or not settings.jira_token:
        return None
    from adapters.actions.jira import JiraClient  # noqa: PLC0415 - a quarter of a second, for those who write only

    return JiraClient(settings.jira_url, settings.jira_token, settings.jira_user)


def _slack(settings: Settings) -> SlackWriter | None:
    if not settings.slack_token:
        return None
    from adapters.actions.slack import SlackClient  # noqa: PLC0415 - as above

    return SlackClient(settings.slack_token, settings.slack_url)
