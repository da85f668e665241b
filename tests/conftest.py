"""What tests share: one real embedded PostgreSQL, and an organisation of its own for each test."""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.events.clickhouse import open_chdb
from adapters.postgres.database import Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrate import migrate
from tests.engines import aws as moto
from tests.engines import clickhouse
from tests.engines import kafka as brokers
from tests.engines import neo4j as servers
from tests.engines import openai as embeddings
from tests.engines import pinecone as indexes


def make_home() -> Path:
    """A new folder for a home that any user can reach: as root, the server runs under another account.

    pytest's own temporary folders are closed to others.
    """
    folder = Path(tempfile.mkdtemp(prefix="engintel-test-"))
    folder.chmod(0o711)
    return folder / "home"


def remove_home(home: Path) -> None:
    """Stop whatever runs in a home and delete it."""
    if (home / "postgres").exists():
        EmbeddedPostgres(home).remove()
    shutil.rmtree(home.parent)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of the test's own."""
    folder = make_home()
    yield folder
    remove_home(folder)


@pytest.fixture(scope="session")
async def database() -> AsyncIterator[Database]:
    """A migrated database that all tests share; what keeps them apart is the organisation."""
    folder = await asyncio.to_thread(make_home)
    async with Database(None, folder).open() as opened:
        await migrate(opened)
        yield opened
    await asyncio.to_thread(remove_home, folder)


@pytest.fixture
def org() -> str:
    """An organisation that nobody else has."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def kafka() -> Iterator[brokers.Broker]:
    """A real broker that all tests share."""
    try:
        with brokers.running() as broker:
            yield broker
    except brokers.Unavailable as error:
        pytest.skip(f"no Kafka here: {error}")


@pytest.fixture(scope="session")
def neo4j() -> Iterator[servers.Server]:
    """A real Neo4j server that all tests share."""
    try:
        with servers.running() as server:
            yield server
    except servers.Unavailable as error:
        pytest.skip(f"no Neo4j here: {error}")


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The address of a server that plays AWS, and an environment that signs requests to it."""
    with pytest.MonkeyPatch.context() as patch, moto.running() as url:
        for name, value in moto.ENVIRONMENT.items():
            patch.setenv(name, value)
        yield url


@pytest.fixture(scope="session")
def shared_pinecone() -> Iterator[indexes.Pinecone]:
    """A stand-in for Pinecone that all tests share."""
    with indexes.running() as standing:
        yield standing


@pytest.fixture
def pinecone(shared_pinecone: indexes.Pinecone) -> Iterator[indexes.Pinecone]:
    """The stand-in for Pinecone, with nothing wrong; what a test makes wrong is mended after it."""
    yield shared_pinecone
    shared_pinecone.mend()


@pytest.fixture(scope="session")
def shared_openai() -> Iterator[embeddings.OpenAI]:
    """A stand-in for OpenAI that all tests share."""
    with embeddings.running() as standing:
        yield standing


@pytest.fixture
def openai(shared_openai: embeddings.OpenAI) -> Iterator[embeddings.OpenAI]:
    """The stand-in for OpenAI, with nothing wrong and nothing paid for yet."""
    yield shared_openai
    shared_openai.mend()


@pytest.fixture(scope="session")
async def chdb_url(database: Database) -> AsyncIterator[str]:
    """The one folder that ClickHouse's engine has in this process, kept open: to open it takes a second."""
    try:
        with clickhouse.folder() as folder:
            async with open_chdb(f"chdb://{folder}", database, "keeper") as events:
                await events.migrate()
                yield f"chdb://{folder}"
    except clickhouse.Unavailable as error:
        pytest.skip(f"no ClickHouse here: {error}")


@pytest.fixture(scope="session")
def clickhouse_face() -> Iterator[clickhouse.Face]:
    """A server that speaks ClickHouse's HTTP over its engine."""
    try:
        with clickhouse.serving() as face:
            yield face
    except clickhouse.Unavailable as error:
        pytest.skip(f"no ClickHouse here: {error}")
