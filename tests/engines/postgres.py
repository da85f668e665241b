"""A PostgreSQL of the tests' own that asks guests for their passwords, as one across a network does."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from adapters.postgres.embedded import EmbeddedPostgres
from tests.conftest import make_home, remove_home

PASSWORD = "not-to-be-seen"


@dataclass(frozen=True)
class Guarded:
    """The server, as its administrator sees it."""

    admin: str = field(repr=False)
    socket_path: str = ""

    @property
    def folder(self) -> str:
        """Where its socket is."""
        return str(Path(self.socket_path).parent)

    async def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements one by one, as the administrator."""
        connection = await asyncpg.connect(self.admin, database=database)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def invite(self, password: str = PASSWORD) -> str:
        """A new guest with a database of the same name that is theirs, and all that the schema needs."""
        name = f"guest_{uuid.uuid4().hex[:8]}"
        await self.run(
            f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}' IN ROLE guests",
            f"CREATE DATABASE {name} OWNER {name}",
        )
        await self.run("CREATE EXTENSION vector", database=name)
        return name


@contextmanager
def guarded() -> Iterator[Guarded]:
    """A server, until the context is left."""
    home = make_home()
    server = EmbeddedPostgres(home)
    try:
        admin = server.start()
        yield asyncio.run(_guarded(admin))
    finally:
        server.stop()
        remove_home(home)


async def _guarded(admin: str) -> Guarded:
    connection = await asyncpg.connect(admin)
    try:
        await connection.execute("CREATE ROLE guests; CREATE ROLE engintel_app; GRANT engintel_app TO guests")
        rules = Path(await connection.fetchval("SHOW hba_file"))
        rules.write_text(f"local all +guests scram-sha-256\n{rules.read_text()}")
        for hurry in ("fsync", "full_page_writes", "synchronous_commit"):  # nobody will miss what it holds
            await connection.execute(f"ALTER SYSTEM SET {hurry} = off")
        await connection.execute("SELECT pg_reload_conf()")
        folder = await connection.fetchval("SHOW unix_socket_directories")
        port = await connection.fetchval("SHOW port")
    finally:
        await connection.close()
    return Guarded(admin, f"{folder}/.s.PGSQL.{port}")
