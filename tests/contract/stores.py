"""Every store in every engine, as one suite fills it and looks into it past its own questions."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from adapters.directory.postgres import PostgresDirectory
from adapters.events.clickhouse import ClickHouseEvents
from adapters.graph.neo4j import Neo4jGraph
from adapters.postgres.database import Database
from adapters.postgres.projection import PostgresProjection
from adapters.vectors.hybrid import HybridVectors
from domain.ports import Projection
from tests.contract.conftest import events_url_of, opened_events
from tests.engines import graphs
from tests.engines.clickhouse_content import content
from tests.engines.graphs import graphs_in
from tests.engines.neo4j import Server
from tests.engines.pinecone import Pinecone
from tests.engines.vectors import held_outside
from tests.engines.vectors import opened as opened_vectors

STORES = (
    "directory", "events", "vectors", "graph",
    "events@chdb", "events@clickhouse-http", "vectors@pinecone", "graph@neo4j",
)  # fmt: skip
"""Each store in PostgreSQL, and each in every other engine that it can be in."""
Make = Callable[[str], Awaitable[Projection]]
"""Makes the store under test for an organisation."""


def address_of(store: str, request: pytest.FixtureRequest) -> str | None:
    """Where the engine of one of `STORES` is, which is started for whoever asks first; None: in PostgreSQL."""
    _, _, engine = store.partition("@")
    if engine == "neo4j":
        server: Server = request.getfixturevalue("neo4j")
        return server.url()
    return events_url_of(engine, request)


@asynccontextmanager
async def making(store: str, address: str | None, database: Database, pinecone: Pinecone) -> AsyncIterator[Make]:
    """What makes one of `STORES`, whose engine is at `address`."""
    role, _, engine = store.partition("@")
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(graphs_in(database, address)) if role == "graph" else None

        async def make(org: str) -> Projection:
            match role:
                case "directory":
                    return PostgresDirectory(database, org)
                case "events":
                    return await stack.enter_async_context(opened_events(address, database, org))
                case "vectors":
                    opened = opened_vectors(engine or "postgres", database, org, pinecone)
                    return await stack.enter_async_context(opened)
                case _:
                    assert made is not None
                    return await made.of(org)

        yield make


async def held(store: Projection) -> dict[str, list[str]]:
    """Everything that a store holds of its organisation, as text, by table or kind; the organisation is left out."""
    if isinstance(store, ClickHouseEvents):
        found = await content(store.server, store.org)
        return {kind: [text.replace(store.org, "ORG") for text in texts] for kind, texts in found.items()}
    assert isinstance(store, PostgresProjection | Neo4jGraph)
    outside = held_outside(store) if isinstance(store, HybridVectors) else {}
    found = {kind: [text.replace(store.org, "ORG") for text in texts] for kind, texts in outside.items()}
    return {**found, **await graphs.held(store)}
