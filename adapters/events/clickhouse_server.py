"""Connections to ClickHouse: over HTTP to a server, or to the engine in this process; both take the same statements.

Nothing is connected before it is used, so that an engine that is away stops nothing from starting.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ProgrammingError

from adapters.events.clickhouse_address import Place
from adapters.events.clickhouse_errors import STORE, translated
from adapters.events.clickhouse_lock import PathLock
from domain.errors import StoreUnavailable

Rows = Sequence[Sequence[Any]]
T = TypeVar("T")

CONNECTIONS: Final = 8
CONNECT_TIMEOUT: Final = 5.0
WRITE_TIMEOUT: Final = 80
"""Seconds of one insert: a batch must be over within a minute and a half."""
_LONGEST: Final = 3_700
"""Seconds that a connection waits for an answer at most; how long one is waited for is told with each question."""
_SLACK: Final = 2.0
"""Seconds that an answer may take beyond what the engine was given for it."""
_THREADS: Final = 4
MOMENT: Final = "%Y-%m-%d %H:%M:%S.%f"


class Server(ABC):
    """One database of a ClickHouse."""

    def __init__(self, place: Place) -> None:
        """Name it; nothing is connected.

        Args:
            place: where it is, and what it may take.
        """
        self.place = place

    async def rows(self, statement: str, parameters: Mapping[str, object]) -> Rows:
        """What `statement` asks for; whoever stops waiting stops the engine, too.

        Args:
            statement: with `{name:Type}` where a parameter stands; the engine puts it in.
            parameters: by name.

        Raises:
            StoreUnavailable: it cannot be reached, took too long, or takes too much.
        """
        limits = self.place.limits
        with translated(self.place.name):
            async with asyncio.timeout(limits.timeout + _SLACK):
                return await self._rows(statement, _plain(parameters), self._reading)

    async def run(
        self, statement: str, parameters: Mapping[str, object] | None = None, *, seconds: int = WRITE_TIMEOUT
    ) -> None:
        """Do what `statement` says: write, create, remove.

        Args:
            statement: as in `rows`.
            parameters: by name.
            seconds: what it may take.

        Raises:
            StoreUnavailable: it cannot be reached, or does not do it.
        """
        with translated(self.place.name):
            async with asyncio.timeout(seconds + _SLACK):
                await self._run(statement, _plain(parameters or {}), {**_WRITING, "max_execution_time": seconds})

    async def insert(
        self, table: str, columns: Mapping[str, str], data: Sequence[Sequence[object]], token: str
    ) -> None:
        """Add rows to `table`, at once; the engine knows those that came under the same token a while ago.

        Args:
            table: our own name.
            columns: by name, their types, in the order of `data`.
            data: a sequence a column.
            token: names these very rows.

        Raises:
            PoisonEvent: one of them cannot be held; none is added.
            StoreUnavailable: it cannot be reached; some may have been added.
        """
        with translated(self.place.name):
            async with asyncio.timeout(WRITE_TIMEOUT + _SLACK):
                await self._insert(table, columns, data, {**_WRITING, "insert_deduplication_token": token})

    @property
    def _reading(self) -> Mapping[str, object]:
        """What bounds every question."""
        limits = self.place.limits
        return {
            "max_execution_time": limits.timeout,
            "timeout_overflow_mode": "throw",
            "max_memory_usage": limits.memory,
        }

    @abstractmethod
    async def version(self) -> str:
        """Which ClickHouse it is."""

    @abstractmethod
    async def make_database(self) -> None:
        """Make the database, if it is not there."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of it."""

    @abstractmethod
    async def _rows(self, statement: str, parameters: dict[str, object], settings: Mapping[str, object]) -> Rows:
        """Ask."""

    @abstractmethod
    async def _run(self, statement: str, parameters: dict[str, object], settings: Mapping[str, object]) -> None:
        """Do."""

    @abstractmethod
    async def _insert(
        self,
        table: str,
        columns: Mapping[str, str],
        data: Sequence[Sequence[object]],
        settings: Mapping[str, object],
    ) -> None:
        """Add."""


_WRITING: Final[Mapping[str, object]] = {
    # What was acknowledged must be there, in the tables that are added up from it as well.
    "async_insert": 0,
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "max_partitions_per_insert_block": 0,  # a history goes through many months
    "max_execution_time": WRITE_TIMEOUT,
}


def _plain(parameters: Mapping[str, object]) -> dict[str, object]:
    """`parameters` as the driver takes them; it would put moments into another time zone."""
    return {name: _told(value) for name, value in parameters.items()}


def _told(value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime(MOMENT)
    return [_told(item) for item in value] if isinstance(value, list) else value


class HttpServer(Server):
    """A server over HTTP, with a pool of connections."""

    def __init__(self, place: Place) -> None:
        """See `Server`."""
        super().__init__(place)
        self._clients: dict[str, AsyncClient] = {}
        self._opening = asyncio.Lock()

    async def _client(self, database: str) -> AsyncClient:
        async with self._opening:
            if database not in self._clients:
                place = self.place
                self._clients[database] = await clickhouse_connect.get_async_client(
                    host=place.host,
                    port=place.port,
                    interface="https" if place.secure else "http",
                    username=place.user,
                    password=place.password,
                    database=database,
                    ca_cert=place.ca,
                    connect_timeout=CONNECT_TIMEOUT,
                    send_receive_timeout=_LONGEST,
                    connector_limit=CONNECTIONS,
                    connector_limit_per_host=CONNECTIONS,
                    autogenerate_session_id=False,
                    query_retries=0,
                    tz_mode="aware",
                    client_name="engintel",
                )
            return self._clients[database]

    @property
    def _reading(self) -> Mapping[str, object]:
        # Nobody waits for the answer to a question whose connection is closed.
        return {**super()._reading, "cancel_http_readonly_queries_on_client_close": 1}

    async def version(self) -> str:
        """Which ClickHouse it is."""
        [[version]] = await self.rows("SELECT version()", {})
        return str(version)

    async def make_database(self) -> None:
        """Make the database, if it may be made and is not there."""
        if self.place.create:
            with translated(self.place.name):
                client = await self._client("")
                await client.command(
                    "CREATE DATABASE IF NOT EXISTS {database:Identifier}", {"database": self.place.database}
                )

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            with suppress(OSError):
                await client.close()
        self._clients.clear()

    async def _rows(self, statement: str, parameters: dict[str, object], settings: Mapping[str, object]) -> Rows:
        client = await self._client(self.place.database)
        found = await client.query(statement, parameters=parameters, settings=dict(settings))
        return found.result_rows

    async def _run(self, statement: str, parameters: dict[str, object], settings: Mapping[str, object]) -> None:
        client = await self._client(self.place.database)
        await client.command(statement, parameters=parameters, settings=dict(settings))

    async def _insert(
        self,
        table: str,
        columns: Mapping[str, str],
        data: Sequence[Sequence[object]],
        settings: Mapping[str, object],
    ) -> None:
        client = await self._client(self.place.database)
        await client.insert(
            table, data, column_names=list(columns), column_type_names=list(columns.values()), column_oriented=True,
            settings=dict(settings),
        )  # fmt: skip


class LocalServer(Server):
    """The engine in this process. It has no way to be asked without waiting, so that it is asked on threads."""

    def __init__(self, place: Place) -> None:
        """See `Server`."""
        super().__init__(place)
        assert place.path is not None
        self._engine = LocalEngine.of(place.path, place.database)

    async def version(self) -> str:
        """Which ClickHouse it is."""
        [[version]] = await self.rows("SELECT version()", {})
        return str(version)

    async def make_database(self) -> None:
        """It is made when the folder is opened."""

    async def close(self) -> None:
        """Let go of the folder, if nobody else in this process uses it."""
        await self._engine.leave()

    async def _rows(self, statement: str, parameters: dict[str, object], settings: Mapping[str, object]) -> Rows:
        given = dict(settings)
        return await self._engine.on_thread(
            lambda client: client.query(statement, parameters=parameters, settings=given).result_rows
        )

    async def _run(self, statement: str, parameters: dict[str, object], settings: Mapping[str, object]) -> None:
        given = dict(settings)
        await self._engine.on_thread(lambda client: client.command(statement, parameters=parameters, settings=given))

    async def _insert(
        self,
        table: str,
        columns: Mapping[str, str],
        data: Sequence[Sequence[object]],
        settings: Mapping[str, object],
    ) -> None:
        names, types, given = list(columns), list(columns.values()), dict(settings)
        await self._engine.on_thread(
            lambda client: client.insert(
                table, data, column_names=names, column_type_names=types, column_oriented=True, settings=given
            )
        )


class LocalEngine:
    """A folder of this process, with some threads and a client on each. A process has one engine, and one folder."""

    _opened: ClassVar[dict[str, "LocalEngine"]] = {}

    def __init__(self, path: str, database: str) -> None:
        """Name the folder; nothing is opened."""
        self._path = path
        self._database = database
        self._lock = PathLock(path)
        self._threads = ThreadPoolExecutor(_THREADS, "chdb")
        self._mine = threading.local()
        self._clients: list[Client] = []
        self._opening = threading.Lock()
        self.users = 0

    @classmethod
    def of(cls, path: str, database: str) -> "LocalEngine":
        """The one that has that folder; whoever takes it has to leave it."""
        engine = cls._opened.setdefault(path, cls(path, database))
        engine.users += 1
        return engine

    async def leave(self) -> None:
        """Let go of the folder, if nobody else in this process uses it."""
        self.users -= 1
        if self.users:
            return
        del self._opened[self._path]
        await asyncio.to_thread(self._threads.shutdown)
        for client in self._clients:
            await asyncio.to_thread(client.close)
        self._lock.let_go()

    async def on_thread(self, call: Callable[[Client], T]) -> T:
        """What `call` gives. It cannot be stopped: its thread is free again when its time is over."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: call(self._client()))

    def _client(self) -> Client:
        """The client of this thread."""
        client: Client | None = getattr(self._mine, "client", None)
        if client is None:
            with self._opening:
                self._lock.take()
                client = self._connected()
                self._clients.append(client)
            self._mine.client = client
        return client

    def _connected(self) -> Client:
        try:
            if not self._clients:
                first = clickhouse_connect.get_client(interface="chdb", path=self._path)
                first.command("CREATE DATABASE IF NOT EXISTS {database:Identifier}", {"database": self._database})
                first.close()
            return clickhouse_connect.get_client(
                interface="chdb", path=self._path, database=self._database, tz_mode="aware"
            )
        except ProgrammingError as error:
            self._lock.let_go()
            others = [path for path in self._opened if path != self._path]
            why = f"this process has {others[0]} open, and one process has one" if others else "it cannot be opened"
            raise StoreUnavailable(STORE, f"chdb in {self._path}: {why}") from error
