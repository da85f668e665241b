"""The engines that every suite is run over. An engine that is not there is skipped with a reason, never passed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from adapters.catalog import EVENTS as EVENTS_ENGINES
from adapters.catalog import opener
from adapters.directory.data_api import DataApiDirectory
from adapters.directory.postgres import PostgresDirectory
from adapters.events.postgres import PostgresEvents
from adapters.postgres.data_api import DataApiDatabase, read_data_api
from adapters.postgres.database import Database
from adapters.vectors.hybrid import HybridVectors
from domain.ports import EventLog
from tests.contract.absence import apply_absence
from tests.contract.filling import FilledEvents
from tests.engines import rds_data
from tests.engines.aws import ENVIRONMENT
from tests.engines.clickhouse import Face
from tests.engines.graphs import ENGINES as GRAPHS
from tests.engines.graphs import GraphEngine, Graphs, graphs_in
from tests.engines.logs import ENGINES, RUN, Entrance, entered
from tests.engines.pinecone import Pinecone
from tests.engines.postgres import Guarded
from tests.engines.postgres import guarded as guarded_server
from tests.engines.rds_data import RdsData
from tests.engines.vectors import ENGINES as VECTORS
from tests.engines.vectors import opened as opened_vectors

EVENTS = ("postgres", "chdb", "clickhouse-http")
"""Every engine of the events: ClickHouse in process, and over its HTTP."""


@pytest.fixture(scope="session")
async def data_api(database: Database) -> AsyncIterator[RdsData]:
    """What plays the RDS Data API before the database that all tests share."""
    with pytest.MonkeyPatch.context() as patch, rds_data.running(await socket_url(database)) as api:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield api


@pytest.fixture(scope="session")
async def data_api_database(data_api: RdsData) -> AsyncIterator[DataApiDatabase]:
    """Transactions over the RDS Data API."""
    opened = DataApiDatabase(read_data_api(data_api_url(data_api)))
    yield opened
    await opened.close()


async def socket_url(database: Database) -> str:
    """The address of an embedded database, for others than the program."""
    async with database.owner() as connection:
        place = await connection.fetchrow(
            "SELECT current_user AS name, current_database() AS db, current_setting('unix_socket_directories') AS dir"
        )
    return f"postgresql://{place['name']}@/{place['db']}?host={place['dir']}"


def data_api_url(api: RdsData) -> str:
    """What an operator would set."""
    return f"rds-data://{rds_data.CLUSTER}?secret={rds_data.SECRET}&database=engintel&endpoint={api.url}"


@pytest.fixture(params=["postgres", "data-api"])
def directory(request: pytest.FixtureRequest, database: Database, org: str) -> PostgresDirectory:
    """The directory under test, over each wire."""
    return directory_of(request, database, org)


def directory_of(request: pytest.FixtureRequest, database: Database, org: str) -> PostgresDirectory:
    """A directory of any organisation, over the wire that the test is run for."""
    if request.node.callspec.params.get("directory") == "data-api":
        return DataApiDirectory(request.getfixturevalue("data_api_database"), org)
    return PostgresDirectory(database, org)


@pytest.fixture(params=EVENTS)
def events_url(request: pytest.FixtureRequest) -> str | None:
    """Where the events are: each engine in turn."""
    apply_absence(request, request.param)
    return events_url_of(request.param, request)


def events_url_of(engine: str, request: pytest.FixtureRequest) -> str | None:
    """The address of an engine that is started for whoever asks first; None for PostgreSQL."""
    match engine:
        case "chdb":
            url: str = request.getfixturevalue("chdb_url")
            return url
        case "clickhouse-http":
            face: Face = request.getfixturevalue("clickhouse_face")
            return face.url()
    return None


@pytest.fixture
async def events(events_url: str | None, database: Database, org: str) -> AsyncIterator[FilledEvents]:
    """The events under test."""
    async with opened_events(events_url, database, org) as opened:
        yield opened


@asynccontextmanager
async def opened_events(url: str | None, database: Database, org: str) -> AsyncIterator[FilledEvents]:
    """The events of an organisation."""
    if url is None:
        yield PostgresEvents(database, org)
        return
    async with opener("ENGINTEL_EVENTS_URL", url, EVENTS_ENGINES)(url, database, org) as events:
        yield events


@pytest.fixture(params=VECTORS)
async def vectors(
    request: pytest.FixtureRequest, database: Database, org: str, pinecone: Pinecone
) -> AsyncIterator[HybridVectors]:
    """The vectors under test: in each engine in turn."""
    async with opened_vectors(request.param, database, org, pinecone) as store:
        yield store


@pytest.fixture(params=GRAPHS)
def graph_url(request: pytest.FixtureRequest) -> str | None:
    """Where the graph is: Neo4j's address, or None for PostgreSQL."""
    return request.getfixturevalue("neo4j").url() if request.param == "neo4j" else None


@pytest.fixture
async def graphs(database: Database, graph_url: str | None) -> AsyncIterator[Graphs]:
    """Graphs of any organisation in the engine under test."""
    async with graphs_in(database, graph_url) as made:
        yield made


@pytest.fixture
async def graph(graphs: Graphs, org: str) -> GraphEngine:
    """The graph under test."""
    return await graphs.of(org)


@pytest.fixture(params=ENGINES)
def log_url(request: pytest.FixtureRequest) -> str | None:
    """Where the stream before the log is: each engine in turn, and none."""
    return url_of(request.param, request)


def url_of(engine: str, request: pytest.FixtureRequest) -> str | None:
    """The address of an engine that is started for whoever asks first."""
    match engine:
        case "kafka":
            broker = request.getfixturevalue("kafka")
            return f"kafka://{broker.plain}?prefix=test-{RUN}.&partitions=2"
        case "sqs" | "kinesis":
            endpoint = request.getfixturevalue("aws")
            url = f"{engine}://test-{RUN}?region=eu-central-1&endpoint={endpoint}&create=yes"
            return f"{url}&visibility=2" if engine == "sqs" else url  # nobody waits long for a drain that died
    return None


@pytest.fixture
async def entrance(database: Database, org: str, log_url: str | None) -> AsyncIterator[Entrance]:
    """The log under test, with what is before it."""
    async with entered(database, org, log_url) as opened:
        yield opened


@pytest.fixture
def log(entrance: Entrance) -> EventLog:
    """The log under test."""
    return entrance.log


@pytest.fixture(scope="session")
def guarded() -> Iterator[Guarded]:
    """A server that asks guests for their passwords; each test invites its own."""
    with guarded_server() as server:
        yield server
