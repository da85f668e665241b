"""Which engine fills each role: PostgreSQL, unless a URL names another. None is connected before it is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from adapters.catalog import DIRECTORY, EVENTS, GRAPH, VECTORS, opener
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


@asynccontextmanager
async def open_directory(settings: Settings, database: Database) -> AsyncIterator[DirectoryEngine]:
    """The directory, in PostgreSQL or behind the RDS Data API."""
    if settings.directory_url is None:
        yield PostgresDirectory(database, settings.organisation)
        return
    opens = opener("ENGINTEL_DIRECTORY_URL", settings.directory_url, DIRECTORY)
    async with opens(settings.directory_url, database, settings.organisation) as directory:
        yield directory


@asynccontextmanager
async def open_events(settings: Settings, database: Database) -> AsyncIterator[EventsEngine]:
    """The events, in PostgreSQL or in ClickHouse."""
    if settings.events_url is None:
        yield PostgresEvents(database, settings.organisation)
        return
    opens = opener("ENGINTEL_EVENTS_URL", settings.events_url, EVENTS)
    async with opens(settings.events_url, database, settings.organisation) as events:
        yield events


@asynccontextmanager
async def open_vectors(settings: Settings, database: Database) -> AsyncIterator[VectorsEngine]:
    """The vectors, in PostgreSQL or in Pinecone, made by the embedder that is asked for."""
    org = settings.organisation
    asked = {"api_key": settings.openai_api_key, "base_url": settings.openai_base_url}
    async with open_embedder(settings.embedder, database, org, **asked) as embedder:
        if settings.vectors_url is None:
            yield PostgresVectors(database, org, embedder)
            return
        opens = opener("ENGINTEL_VECTORS_URL", settings.vectors_url, VECTORS)
        there = (settings.vectors_url, database, org)
        async with opens(*there, embedder=embedder, api_key=settings.pinecone_api_key) as vectors:
            yield vectors


@asynccontextmanager
async def open_graph(settings: Settings, database: Database) -> AsyncIterator[GraphEngine]:
    """The graph, in PostgreSQL or in Neo4j."""
    if settings.graph_url is None:
        yield PostgresGraph(database, settings.organisation)
        return
    opens = opener("ENGINTEL_GRAPH_URL", settings.graph_url, GRAPH)
    async with opens(settings.graph_url, database, settings.organisation) as graph:
        yield graph
