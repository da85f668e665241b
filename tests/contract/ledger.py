"""An event store that also writes down in which order it was given what, and refuses what it is told to refuse."""

from collections.abc import Sequence

from adapters.events.postgres import PostgresEvents
from adapters.postgres.database import Connection, Database
from domain.events import Event


class Ledger(PostgresEvents):
    """Its rows are written by the transaction that applies, without any care for what is there already."""

    tables: tuple[str, ...] = (*PostgresEvents.tables, "applied")  # type: ignore[assignment]  # one more than the class above

    def __init__(self, database: Database, org: str) -> None:
        """See `PostgresProjection`; nothing is poison at first."""
        super().__init__(database, org)
        self.poison: set[str] = set()

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Apply, unless there is poison in it."""
        await super().project(connection, events)
        for event in events:
            if event.id in self.poison:
                raise KeyError("a mistake of ours")
            await connection.execute("INSERT INTO applied (org, event) VALUES ($1, $2)", self.org, event.id)

    async def applied(self) -> list[str]:
        """The ids of what was applied, in order."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch("SELECT event FROM applied WHERE org = $1 ORDER BY n", self.org)
        return [row["event"] for row in rows]

    async def forget(self, ids: Sequence[str]) -> None:
        """Strike what is going to be applied again."""
        async with self.database.session(self.org) as connection:
            await connection.execute("DELETE FROM applied WHERE org = $1 AND event = ANY ($2)", self.org, list(ids))


async def make_table(database: Database) -> None:
    """The ledger's table."""
    async with database.owner() as connection:
        await connection.execute(
            "CREATE TABLE applied (n bigserial, org text NOT NULL, event text NOT NULL); SELECT protect('applied');"
            "GRANT USAGE ON SEQUENCE applied_n_seq TO engintel_app"
        )


async def drop_table(database: Database) -> None:
    """Away with it."""
    async with database.owner() as connection:
        await connection.execute("DROP TABLE applied")
