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
from tests.engines.vectors import held_outside
from tests.engines.vectors import opened as opened_vectors

STORES = (
    "directory", "events", "vectors", "graph",
    "events@chdb", "events@clickhouse-http", "vectors@pinecone", "graph@neo4j",
)  # fmt: skip
"""Each store in PostgreSQL, and each in every other engine that it can be in."""
Make = Callable[[str], Awaitable[Projection]]
"""Makes the store under test for an organisation."""


@asynccontextmanager
async def making(store: str, request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Make]:
    """What makes one of `STORES`; its engine is started for whoever asks first."""
    role, _, engine = store.partition("@")
    async with AsyncExitStack() as stack:

        async def make(org: str) -> Projection:
            match role:
                case "directory":
                    return PostgresDirectory(database, org)
                case "events":
                    url = events_url_of(engine, request)
                    return await stack.enter_async_context(opened_events(url, database, org))
                case "vectors":
                    index = request.getfixturevalue("pinecone")
                    opened = opened_vectors(engine or "postgres", database, org, index)
                    return await stack.enter_async_context(opened)
                case _:
                    return await made.of(org)

        bolt = request.getfixturevalue("neo4j").url() if engine == "neo4j" else None
        made = await stack.enter_async_context(graphs_in(database, bolt))
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
