"""Graphs in Neo4j alone, for the suites that are about it."""

from collections.abc import AsyncIterator

import pytest

from adapters.graph.neo4j import Neo4jGraph
from adapters.postgres.database import Database
from tests.engines.graphs import Graphs, graphs_in
from tests.engines.neo4j import Server


@pytest.fixture
async def graphs(database: Database, neo4j: Server) -> AsyncIterator[Graphs]:
    """Graphs of any organisation in Neo4j."""
    async with graphs_in(database, neo4j.url()) as made:
        yield made


@pytest.fixture
async def graph(graphs: Graphs, org: str) -> Neo4jGraph:
    """The graph under test."""
    made = await graphs.of(org)
    assert isinstance(made, Neo4jGraph)
    await made.migrate()
    return made
