"""Which engine fills each role: PostgreSQL, unless a URL names another. None is connected before it is asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, Protocol

from adapters.catalog import DIRECTORY, EVENTS, GRAPH, VECTORS, Engine, opener
from adapters.directory.postgres import PostgresDirectory
from adapters.embedders.catalog import open_embedder
from adapters.events.postgres import PostgresEvents
from adapters.graph.postgres import PostgresGraph
from adapters.postgres.database import Database
from adapters.vectors.postgres import PostgresVectors
from domain.ports import Directory, Events, Graph, StoreEngine, Vectors
from server.settings import Settings


class DirectoryEngine(Directory, StoreEngine, Protocol):
    """Answers as a directory does and is filled as a store is."""


class EventsEngine(Events, StoreEngine, Protocol):
    """Answers as events do and is filled as a store is."""


class VectorsEngine(Vectors, StoreEngine, Protocol):
    """Answers as vectors do and is filled as a store is."""


class GraphEngine(Graph, StoreEngine, Protocol):
    """Answers as a graph does and is filled as a store is."""


def open_directory(settings: Settings, database: Database) -> AbstractAsyncContextManager[DirectoryEngine]:
    """The directory, in PostgreSQL or behind the RDS Data API."""
    where = (database, settings.organisation)
    outside = _outside("ENGINTEL_DIRECTORY_URL", settings.directory_url, DIRECTORY, *where)
    return outside or nullcontext(PostgresDirectory(*where))


def open_events(settings: Settings, database: Database) -> AbstractAsyncContextManager[EventsEngine]:
    """The events, in PostgreSQL or in ClickHouse."""
    where = (database, settings.organisation)
    outside = _outside("ENGINTEL_EVENTS_URL", settings.events_url, EVENTS, *where)
    return outside or nullcontext(PostgresEvents(*where))


@asynccontextmanager
async def open_vectors(settings: Settings, database: Database) -> AsyncIterator[VectorsEngine]:
    """The vectors, in PostgreSQL or in Pinecone, made by the embedder that is asked for."""
    where = (database, settings.organisation)
    key, url = settings.openai_api_key, settings.openai_base_url
    async with open_embedder(settings.embedder, *where, api_key=key, base_url=url) as embedder:
        more = {"embedder": embedder, "api_key": settings.pinecone_api_key}
        outside = _outside("ENGINTEL_VECTORS_URL", settings.vectors_url, VECTORS, *where, **more)
        async with outside or nullcontext(PostgresVectors(*where, embedder)) as vectors:
            yield vectors


def open_graph(settings: Settings, database: Database) -> AbstractAsyncContextManager[GraphEngine]:
    """The graph, in PostgreSQL or in Neo4j."""
    where = (database, settings.organisation)
    return _outside("ENGINTEL_GRAPH_URL", settings.graph_url, GRAPH, *where) or nullcontext(PostgresGraph(*where))


def _outside(
    variable: str, url: str | None, engines: Mapping[str, Engine], *where: object, **more: object
) -> AbstractAsyncContextManager[Any] | None:
    """The engine that `url` names; None if there is none, and the role stays in PostgreSQL."""
    if url is None:
        return None
    opened: AbstractAsyncContextManager[Any] = opener(variable, url, engines)(url, *where, **more)
    return opened
