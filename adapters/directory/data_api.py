"""The directory in Aurora PostgreSQL over the RDS Data API: the same tables, the same questions, another wire."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from adapters.directory.postgres import PostgresDirectory
from adapters.postgres.data_api import STORE, VARIABLE, DataApiDatabase, read_data_api
from adapters.postgres.database import Database, Sessions
from adapters.postgres.migrate import migrations, schema_version
from domain.errors import Misconfigured, StoreUnavailable
from domain.ports import Batch, Inspection

_COUNTED: Final[Mapping[str, str]] = {
    "people": "people",
    "projects": "projects",
    "work": "work_items",
    "documents": "documents",
}


class DataApiDirectory(PostgresDirectory):
    """The directory of one organisation, behind the Data API."""

    engine = STORE
    counted = _COUNTED

    def __init__(self, database: Sessions, org: str, near: Sessions | None = None, endpoint: str = "") -> None:
        """Bind it to its organisation; nothing is asked.

        Args:
            database: where its tables are.
            org: whose rows it sees.
            near: the same database over a connection, where the log is; None if there is no such way here.
            endpoint: what `inspect` tells of where it is.
        """
        super().__init__(database, org)
        self._near = near
        self._endpoint = endpoint

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` unless somebody else is at it; see `domain.ports.Projection`.

        Leases and quarantine are rows beside the directory's: in another database than the log's, nobody would see
        what was put aside.
        """
        if self._near is not None:
            if await _birth(self._near) != await _birth(self.database):
                raise StoreUnavailable(
                    STORE,
                    f"{VARIABLE} names another database than the log's. Name the one of ENGINTEL_DATABASE_URL",
                )
            self._near = None
        return await super().apply(batch)

    async def inspect(self) -> Inspection:
        """Ask the engine who it is."""
        async with self.database.owner() as connection:
            server = await connection.fetchval("SELECT current_setting('server_version')")
            schema = await schema_version(connection)
        newest = migrations()[-1][0]
        if schema > newest:
            raise Misconfigured(
                f"The database of {VARIABLE} has schema {schema} and this version of engintel knows {newest}: "
                "install the newer engintel."
            )
        return Inspection(engine=STORE, version=server, schema_version=f"{schema} of {newest}", endpoint=self._endpoint)

    async def migrate(self) -> Sequence[str]:
        """See that the schema is there: the API takes one statement at a time, and a migration has many.

        Raises:
            Misconfigured: it is not; the text says how it comes to be.
        """
        async with self.database.owner() as connection:
            schema = await schema_version(connection)
        newest = migrations()[-1][0]
        if schema < newest:
            raise Misconfigured(
                f"The database of {VARIABLE} has schema {schema} of {newest}, and the Data API cannot make the rest: "
                "run `engintel migrate` with ENGINTEL_DATABASE_URL=postgresql://… naming the same database."
            )
        return ()


async def _birth(database: Sessions) -> object:
    """When the schema was made: to the microsecond, so that it tells databases apart."""
    async with database.owner() as connection:
        return await connection.fetchval("SELECT taken_at FROM engintel.migrations ORDER BY version LIMIT 1")


@asynccontextmanager
async def open_data_api(url: str, database: Database, org: str) -> AsyncIterator[DataApiDirectory]:
    """The directory that `url` names, until the context is left. Nothing is asked yet.

    Args:
        url: `rds-data://CLUSTER?secret=…&database=…`.
        database: of the log, which is the same one over a connection.
        org: whose directory it is.

    Raises:
        Misconfigured: the URL will not do.
    """
    address = read_data_api(url)
    there = DataApiDatabase(address)
    try:
        yield DataApiDirectory(there, org, near=database, endpoint=f"{address.cluster}/{address.database}")
    finally:
        await there.close()
