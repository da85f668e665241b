"""The engines that every suite is run over. An engine that is not there is skipped with a reason, never passed."""

import pytest

from adapters.directory.postgres import PostgresDirectory
from adapters.embedders.lexical import LexicalEmbedder
from adapters.events.postgres import PostgresEvents
from adapters.graph.postgres import PostgresGraph
from adapters.postgres.database import Database
from adapters.vectors.postgres import PostgresVectors


@pytest.fixture
def directory(database: Database, org: str) -> PostgresDirectory:
    """The directory under test."""
    return PostgresDirectory(database, org)


@pytest.fixture
def events(database: Database, org: str) -> PostgresEvents:
    """The events under test."""
    return PostgresEvents(database, org)


@pytest.fixture
def vectors(database: Database, org: str) -> PostgresVectors:
    """The vectors under test."""
    return PostgresVectors(database, org, LexicalEmbedder())


@pytest.fixture
def graph(database: Database, org: str) -> PostgresGraph:
    """The graph under test."""
    return PostgresGraph(database, org)
