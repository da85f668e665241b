"""Connections to one PostgreSQL, embedded or not, each bound to an organisation for as long as a transaction lasts."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.address import POOL, PostgresAddress, embedded_address, read_address
from adapters.postgres.connecting import SCHEMA, SESSION, Connector, is_reader
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.failures import BROKEN, MOVED, translated
from domain.errors import Misconfigured, StoreUnavailable

__all__ = ["CONNECTIONS", "ROLE", "SCHEMA", "Connection", "Database", "Row", "Sessions", "json_text", "load_queries",
           "rows_changed", "translated"]  # fmt: skip


class Row(Protocol):
    """A row of an answer, by the names of its columns; `dict` makes a dict of it."""

    def __getitem__(self, column: str, /) -> Any: ...  # noqa: ANN401 - whatever the column holds

    def keys(self) -> Any: ...  # noqa: ANN401, D102 - the driver's own iterator


class Connection(Protocol):
    """What runs statements. Parameters are written `$1`, `$2`, and values are Python's."""

    async def execute(self, query: str, /, *args: Any) -> str:  # noqa: ANN401 - values of any type
        """Run a statement; gives the command and how many rows it touched: `UPDATE 3`."""

    async def fetch(self, query: str, /, *args: Any) -> Any:  # noqa: ANN401 - a list of rows
        """The rows of an answer."""

    async def fetchrow(self, query: str, /, *args: Any) -> Any:  # noqa: ANN401 - a row
        """The first row; None if there is none."""

    async def fetchval(self, query: str, /, *args: Any) -> Any:  # noqa: ANN401 - whatever the column holds
        """The first column of the first row; None if there is none."""


class Sessions(Protocol):
    """What gives transactions in a PostgreSQL, over whatever wire."""

    @property
    def embedded(self) -> bool:
        """Whether it is the server that this program starts by itself."""

    def session(self, org: str, *, readonly: bool = False) -> AbstractAsyncContextManager[Connection]:
        """A transaction that sees and changes rows of `org` alone: PostgreSQL itself enforces it.

        Raises:
            StoreUnavailable: the database is gone, too slow, or asks to try again.
        """

    def owner(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction as the user who signs in: for migrations and looking around."""

    async def tend(self, tables: Collection[str]) -> None:
        """Count anew what tables hold: a planner without figures reads a whole organisation for ten rows."""


ROLE: Final = "engintel_app"
"""Owns nothing, so row-level security applies to it; every statement of ours runs as it."""
CONNECTIONS: Final = POOL
CLOSE_TIMEOUT: Final = 5.0
LET_GO_TIMEOUT: Final = 1.0
"""Seconds that a server has to acknowledge that a statement was given up; its connection is given up, too, then."""

_ORG: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")
_NAMED: Final = re.compile(r"^(?:--|//) name: (\w+)\s*$", re.MULTILINE)
_SAID_ANEW: Final = "".join(
    f"; SET LOCAL {name} = {value if ', ' in value else repr(value)}" for name, value in SESSION.items()
)
"""The session's settings for one transaction, where a pooler keeps none."""


class Database:
    """A pool of connections to one PostgreSQL. Opening it starts the embedded server, if that is the one."""

    def __init__(self, url: str | None, home: Path) -> None:
        """Name the database; nothing is started.

        Args:
            url: where it is; None for the embedded one.
            home: the folder of the embedded one.
        """
        self._url = url
        self._embedded = EmbeddedPostgres(home) if url is None else None
        self._connector: Connector | None = None
        self._pool: asyncpg.Pool | None = None
        self._connections = POOL
        self._reviving = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()
        """Transactions in which everything was read, and that end while their readers go on."""

    @property
    def embedded(self) -> bool:
        """Whether it is the server that this program starts by itself."""
        return self._embedded is not None

    @property
    def pooled(self) -> bool:
        """Whether a transaction pooler stands before the server, as far as is known: nothing outlives a transaction."""
        return bool(self._connector and self._connector.pooled)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Database"]:
        """Connect, and on the way out disconnect and let go of the embedded server.

        Raises:
            StoreUnavailable: it cannot be reached or started.
            Misconfigured: the URL or this machine will not do; the text says what to do instead.
        """
        try:
            address = await self._located()
            self._connector, self._connections = Connector(address), address.pool
            with translated("PostgreSQL"):
                self._pool = await asyncpg.create_pool(
                    connect=self._connector, min_size=0, max_size=address.pool, reset=_no_reset
                )
            yield self
        finally:
            if self._pool is not None:
                await asyncio.gather(*self._leaving)
                await _close(self._pool)
                self._pool = None
            if self._embedded is not None:
                await asyncio.to_thread(self._embedded.stop)

    async def _located(self) -> PostgresAddress:
        if self._embedded is not None:
            return embedded_address(await asyncio.to_thread(self._embedded.start))
        assert self._url is not None
        return read_address(self._url)

    @asynccontextmanager
    async def session(self, org: str, *, readonly: bool = False) -> AsyncIterator[Connection]:
        """A transaction that sees and changes rows of `org` alone: PostgreSQL itself enforces it.

        Raises:
            StoreUnavailable: the database is gone, too slow, or asks to try again.
        """
        check_org(org)
        # Role and organisation end with the transaction, so nothing leaks to the connection's next user.
        begin = f"BEGIN{' READ ONLY' if readonly else ''}; SET LOCAL ROLE {ROLE}; SET LOCAL engintel.org = '{org}'"
        async with self._transaction(begin, changes=not readonly) as connection:
            yield connection

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Connection]:
        """A transaction as the user of the URL: for migrations and looking around."""
        async with self._transaction("BEGIN") as connection:
            yield connection

    async def tend(self, tables: Collection[str]) -> None:
        """Count anew what tables hold, and where nobody pools connections let their indexes answer alone.

        Raises:
            StoreUnavailable: the database is gone.
        """
        names = ", ".join(tables)
        async with self.owner() as connection:
            await connection.execute(f"ANALYZE {names}")
        if self.pooled:  # that no transaction may do
            return
        alone = await self.dedicated()
        try:
            with translated("PostgreSQL"):
                await alone.execute(f"VACUUM {names}")
        finally:
            await alone.close()

    async def dedicated(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of one's own, outside the pool, to be closed by the caller: for LISTEN.

        Raises:
            StoreUnavailable: there is none, or none that would stay the same behind a pooler.
        """
        if self._connector is None:
            raise StoreUnavailable("PostgreSQL", "it is not open")
        with translated("PostgreSQL"):
            connection = await self._connector()
        if self._connector.pooled:
            connection.terminate()
            raise StoreUnavailable("PostgreSQL", "a pooler deals out its connections, and keeps none for anybody")
        return connection

    @asynccontextmanager
    async def _transaction(self, begin: str, *, changes: bool = True) -> AsyncIterator[PoolConnectionProxy]:
        """A connection in a transaction that commits at the end, unless something is raised.

        Connections that died while idle are noticed only by using them. Where that happens on the opening, nothing
        was asked yet, and another connection is as good.

        Args:
            begin: how it begins.
            changes: whether anything hangs on how it ends. Whoever only read does not wait for that.
        """
        if self._pool is None:
            raise StoreUnavailable("PostgreSQL", "it is not open")
        pool = self._pool
        with translated("PostgreSQL"):
            connection = await self._opened(pool, begin)
            try:
                yield connection
            except BaseException:
                async with self._giving_back(pool, connection):
                    await _roll_back(connection)
                    raise
            if changes:
                await self._commit(pool, connection)
            else:
                leaving = asyncio.create_task(self._leave(pool, connection))
                self._leaving.add(leaving)
                leaving.add_done_callback(self._leaving.discard)

    @asynccontextmanager
    async def _giving_back(self, pool: asyncpg.Pool, connection: PoolConnectionProxy) -> AsyncIterator[None]:
        """Give a connection back to the pool at the end, or give it up if it turns out to be broken."""
        try:
            yield
        except (*BROKEN, *MOVED):
            # What ended this connection has ended, or will end, the others: backends outlive a killed server. Nor does
            # a server that takes no writes any more say so on each: the writer has to be looked for.
            await _discard(pool, connection)
            await pool.expire_connections()
            raise
        finally:
            with suppress(*BROKEN):
                await pool.release(connection, timeout=LET_GO_TIMEOUT)

    async def _commit(self, pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
        async with self._giving_back(pool, connection):
            try:
                await connection.execute("COMMIT")
            except asyncio.CancelledError:  # whether it was heard nobody knows: nobody else gets this connection
                await _discard(pool, connection)
                raise

    async def _leave(self, pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, *BROKEN):  # what was read was read
            await self._commit(pool, connection)

    async def _opened(self, pool: asyncpg.Pool, begin: str) -> PoolConnectionProxy:
        for _ in range(self._connections + 1):
            connection = await self._acquire(pool)
            try:
                await connection.execute(begin + _SAID_ANEW if self.pooled else begin)
                if self._moved(connection):
                    await _discard(pool, connection)
                    await pool.expire_connections()
                    continue
            except BROKEN:
                await _discard(pool, connection)
            except BaseException:
                # Cancelled, most of the time: nobody else knows of this connection, and the pool has only so many.
                await _discard(pool, connection)
                raise
            else:
                return connection
        raise StoreUnavailable("PostgreSQL", "every connection to it breaks")

    def _moved(self, connection: PoolConnectionProxy) -> bool:
        """Whether the server became a replica under a connection that was made to a writer."""
        return self._embedded is None and not self.pooled and is_reader(connection)

    async def _acquire(self, pool: asyncpg.Pool) -> PoolConnectionProxy:
        """A connection; if the embedded server was killed, it is started again first."""
        try:
            return await pool.acquire()
        except (OSError, asyncpg.CannotConnectNowError):
            if self._embedded is None:
                raise
            async with self._reviving:
                await asyncio.to_thread(self._embedded.start)
            return await pool.acquire()


def check_org(org: str) -> None:
    """See that `org` can be the name of an organisation: it becomes part of statements.

    Raises:
        Misconfigured: it cannot.
    """
    if not _ORG.match(org):
        raise Misconfigured(f"ENGINTEL_ORG is {org!r}: expected a-z, 0-9, '-' and '_', at most 63 characters.")


async def _roll_back(connection: PoolConnectionProxy) -> None:
    """End the transaction, if need be by ending the connection: whoever gave up does not wait for an answer either."""
    try:
        async with asyncio.timeout(LET_GO_TIMEOUT):
            await connection.execute("ROLLBACK")
    except (*BROKEN, asyncio.CancelledError) as error:
        with suppress(*BROKEN):  # the pool may have noticed by itself, and has taken it back then
            connection.terminate()
        if isinstance(error, asyncio.CancelledError):
            raise


async def _discard(pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
    """Give a broken connection back, never to be used again."""
    with suppress(*BROKEN):  # the pool may have noticed by itself, and has taken it back then
        connection.terminate()
        await pool.release(connection)


async def _no_reset(_: Connection) -> None:
    """Nothing of ours outlives a transaction, so a connection needs no cleaning before its next use."""


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await pool.close()
    except (TimeoutError, asyncpg.PostgresError, OSError):
        pool.terminate()


def load_queries(package: str, name: str) -> Mapping[str, str]:
    """The named statements of a `.sql` or `.cypher` file that lies beside the code which runs them.

    Args:
        package: the package that holds the file.
        name: the file's name.

    Returns:
        by the name that its `-- name:` line gives (`// name:` in Cypher), each statement.
    """
    pieces = _NAMED.split(files(package).joinpath(name).read_text(encoding="utf-8"))
    return dict(zip(pieces[1::2], (piece.strip() for piece in pieces[2::2]), strict=True))


def rows_changed(status: str) -> int:
    """How many rows a command's status (`UPDATE 3`) says it changed."""
    return int(status.rpartition(" ")[2])


def json_text(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """`value` for a jsonb parameter. NUL, which PostgreSQL cannot store in text, is replaced."""
    from pydantic_core import to_json  # noqa: PLC0415 - keeps this module light for callers that never write

    return to_json(value).decode().replace("\\u0000", "\\ufffd")
