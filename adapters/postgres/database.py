"""Connections to one PostgreSQL, embedded or not, each bound to an organisation for as long as a transaction lasts."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.embedded import EmbeddedPostgres
from domain.errors import Misconfigured, PoisonEvent, StoreUnavailable

Row: TypeAlias = asyncpg.Record
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy

ROLE: Final = "engintel_app"
"""Owns nothing, so row-level security applies to it; every statement of ours runs as it."""
SCHEMA: Final = "engintel"
CONNECTIONS: Final = 8
CONNECT_TIMEOUT: Final = 10.0
CLOSE_TIMEOUT: Final = 5.0
STATEMENT_TIMEOUT: Final = 60.0

_SESSION: Final = {
    "search_path": f"{SCHEMA}, public",
    "application_name": "engintel",
    # A plan made for any argument would not use the index that this argument allows.
    "plan_cache_mode": "force_custom_plan",
    # Whoever is stopped in the middle of a transaction must not keep what it locked from everybody else.
    "idle_in_transaction_session_timeout": "10s",
    "hnsw.iterative_scan": "strict_order",
}
_ORG: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")
_NAMED: Final = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


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
        self._address: str | None = None
        self._pool: asyncpg.Pool | None = None
        self._reviving = asyncio.Lock()

    @property
    def embedded(self) -> bool:
        """Whether it is the server that this program starts by itself."""
        return self._embedded is not None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Database"]:
        """Connect, and on the way out disconnect and let go of the embedded server.

        Raises:
            StoreUnavailable: it cannot be reached or started.
            Misconfigured: the URL or this machine will not do; the text says what to do instead.
        """
        try:
            self._address = await asyncio.to_thread(self._embedded.start) if self._embedded else self._url
            with translated("PostgreSQL"):
                self._pool = await asyncpg.create_pool(
                    self._address,
                    min_size=0,
                    max_size=CONNECTIONS,
                    timeout=CONNECT_TIMEOUT,
                    command_timeout=STATEMENT_TIMEOUT,
                    server_settings=_SESSION,
                    reset=_no_reset,
                )
            yield self
        finally:
            if self._pool is not None:
                await _close(self._pool)
                self._pool = None
            if self._embedded is not None:
                await asyncio.to_thread(self._embedded.stop)

    @asynccontextmanager
    async def session(self, org: str, *, readonly: bool = False) -> AsyncIterator[Connection]:
        """A transaction that sees and changes rows of `org` alone: PostgreSQL itself enforces it.

        Raises:
            StoreUnavailable: the database is gone, too slow, or asks to try again.
        """
        if not _ORG.match(org):
            raise Misconfigured(f"ENGINTEL_ORG is {org!r}: expected a-z, 0-9, '-' and '_', at most 63 characters.")
        # Role and organisation end with the transaction, so nothing leaks to the connection's next user.
        begin = f"BEGIN{' READ ONLY' if readonly else ''}; SET LOCAL ROLE {ROLE}; SET LOCAL engintel.org = '{org}'"
        async with self._connection(begin) as connection:
            try:
                yield connection
            except BaseException:
                with suppress(*_BROKEN):
                    await connection.execute("ROLLBACK")
                raise
            await connection.execute("COMMIT")

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Connection]:
        """A connection as the user of the URL, outside any transaction: for migrations and looking around."""
        async with self._connection("SELECT 1") as connection:
            yield connection

    async def dedicated(self) -> "asyncpg.Connection":
        """A connection of one's own, outside the pool, to be closed by the caller: for LISTEN."""
        if self._pool is None or self._address is None:
            raise StoreUnavailable("PostgreSQL", "it is not open")
        with translated("PostgreSQL"):
            return await asyncpg.connect(self._address, timeout=CONNECT_TIMEOUT)

    @asynccontextmanager
    async def _connection(self, opening: str) -> AsyncIterator[Connection]:
        """A connection on which `opening` was said.

        Connections that died while idle are noticed only by using them. Where that happens on the opening, nothing
        was asked yet, and another connection is as good.
        """
        if self._pool is None:
            raise StoreUnavailable("PostgreSQL", "it is not open")
        pool = self._pool
        with translated("PostgreSQL"):
            connection = await self._opened(pool, opening)
            try:
                yield connection
            except _BROKEN:
                # What ended this connection has ended, or will end, the others: backends outlive a killed server.
                await _discard(pool, connection)
                await pool.expire_connections()
                raise
            finally:
                with suppress(*_BROKEN):
                    await pool.release(connection)

    async def _opened(self, pool: asyncpg.Pool, opening: str) -> PoolConnectionProxy:
        for _ in range(CONNECTIONS):
            connection = await self._acquire(pool)
            try:
                await connection.execute(opening)
            except _BROKEN:
                await _discard(pool, connection)
            except BaseException:
                # Cancelled, most of the time: nobody else knows of this connection, and the pool has only so many.
                await _discard(pool, connection)
                raise
            else:
                return connection
        raise StoreUnavailable("PostgreSQL", "every connection to it breaks")

    async def _acquire(self, pool: asyncpg.Pool) -> PoolConnectionProxy:
        """A connection; if the embedded server was killed, it is started again first.

        The driver reads the URL only now, and tells pieces of a malformed one, which may be pieces of the password.
        """
        try:
            return await pool.acquire()
        except (ValueError, OverflowError):
            raise Misconfigured(
                "ENGINTEL_DATABASE_URL is not a PostgreSQL URL: expected postgresql://user:password@host:5432/name, "
                "with %2F for a / in the password, %40 for an @, and so on."
            ) from None
        except (OSError, asyncpg.CannotConnectNowError):
            if self._embedded is None:
                raise
            async with self._reviving:
                await asyncio.to_thread(self._embedded.start)
            return await pool.acquire()


async def _discard(pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
    """Give a broken connection back, never to be used again."""
    with suppress(*_BROKEN):  # the pool may have noticed by itself, and has taken it back then
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


_BROKEN: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's own confusion when the server ends a connection it is talking on
    OSError,
)
"""What ends a connection."""
_RETRY: Final = (
    *_BROKEN,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    # A table that is gone or stays locked is the store's trouble and not the event's: nothing may be put aside for it.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.LockNotAvailableError,
    TimeoutError,
)
_REASONS: Final[Mapping[type[BaseException], str]] = {
    asyncpg.UndefinedTableError: "a table is missing",
    asyncpg.UndefinedColumnError: "a column is missing",
    asyncpg.InsufficientPrivilegeError: "a table may not be used",
    asyncpg.LockNotAvailableError: "a table stays locked",
}


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Turn the driver's errors into ours: what a retry may mend, and what an event can never get past.

    The driver's own text names tables and values, so only its kind is told; the original is the cause.
    """
    try:
        yield
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError) as error:
        raise PoisonEvent(f"{store} cannot hold it: {type(error).__name__}") from error
    except _RETRY as error:
        known = error.strerror if isinstance(error, OSError) else _REASONS.get(type(error))
        reason = known or type(error).__name__
        raise StoreUnavailable(store, reason) from error


def load_queries(package: str, name: str) -> Mapping[str, str]:
    """The named statements of a `.sql` file that lies beside the code which runs them.

    Args:
        package: the package that holds the file.
        name: the file's name.

    Returns:
        by the name that its `-- name:` line gives, each statement.
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
