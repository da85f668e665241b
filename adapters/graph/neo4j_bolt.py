"""The way to one Neo4j: its address, its driver, statements that always carry the organisation."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncManagedTransaction,
    NotificationMinimumSeverity,
    TrustCustomCAs,
    unit_of_work,
)

from adapters.address import Address, filled, parse
from adapters.graph.neo4j_errors import VARIABLE, Place
from adapters.postgres.database import load_queries

SCHEMES: Final = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
PORT: Final = 7687
DATABASE: Final = "neo4j"
CONNECT_TIMEOUT: Final = 5.0
ACQUIRE_TIMEOUT: Final = 10.0
IDLE_UNTIL_ASKED: Final = 30.0
"""Seconds after which a connection that nobody used is asked whether it still stands, before it is used."""
LIFETIME: Final = 600.0
"""Seconds after which a connection is replaced: balancers of hosted databases end old ones."""
RETRY_SECONDS: Final = 1.0
"""For how long the driver tries again what failed in passing; after that it is for whoever asked to wait."""
WRITE_TIMEOUT: Final = 60.0
CYPHER: Final = load_queries("adapters.graph", "neo4j.cypher")

T = TypeVar("T")
Rows: TypeAlias = Sequence[Sequence[Any]]


def _file(value: str) -> None:
    if not Path(value).is_file():
        raise ValueError("names no file")


OPTIONS: Final[Mapping[str, Callable[[str], object]]] = {
    "timeout": filled,
    "connections": filled,
    "ca": _file,
}


class Step:
    """A transaction of one organisation."""

    def __init__(self, transaction: AsyncManagedTransaction, org: str) -> None:
        self._transaction = transaction
        self._org = org

    async def rows(self, name: str, **parameters: object) -> Rows:
        """What the statement `name` gives."""
        return await self.run(CYPHER[name], **parameters)

    async def each(self, name: str, rows: Sequence[object], called: str = "rows") -> Rows:
        """What the statement `name` gives for all of `rows`, without asking if there are none."""
        return await self.rows(name, **{called: rows}) if rows else ()

    async def run(self, statement: str, **parameters: object) -> Rows:
        """What `statement` gives. Our own texts alone come here: values are parameters."""
        given = {**parameters, "org": self._org}
        result = await self._transaction.run(statement, given)
        return [record.values() async for record in result]


class Bolt:
    """Sessions with one Neo4j, or one cluster of them, each bound to an organisation."""

    def __init__(self, url: str, org: str) -> None:
        """Read the URL; nothing is connected.

        Args:
            url: as it was set.
            org: whose graph it is.

        Raises:
            Misconfigured: the URL will not do.
        """
        address = parse(VARIABLE, url, OPTIONS, path=True)
        if address.scheme not in SCHEMES:
            raise address.wrong(f"expected it to begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
        host, port = address.server(PORT)
        named = address.path.strip("/")
        if "/" in named:
            raise address.wrong("one name may stand behind the host, that of the database")
        if address.user and not address.password:
            raise address.wrong("it names a user without a password: expected user:password@host")
        self.database = named or DATABASE
        self.seconds = float(address.whole("timeout", 1, 600, 10))
        shown = f"[{host}]" if ":" in host else host
        self.place = Place(f"{address.scheme}://{shown}:{port}/{self.database}", self.seconds)
        self.org = org
        self._address = address
        self._target = f"{shown}:{port}"
        self._driver: AsyncDriver | None = None
        # What this process wrote it also reads, whichever member of a cluster answers.
        self._bookmarks = AsyncGraphDatabase.bookmark_manager()
        # What the driver warns of is told by our own errors, once, and with what to do.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)

    def _opened(self) -> AsyncDriver:
        """The driver, made at the first use: it belongs to the loop that uses it."""
        if self._driver is None:
            self._driver = AsyncGraphDatabase.driver(
                **_trusting(self._address, self._target),
                auth=(self._address.user, self._address.password or "") if self._address.user else None,
                user_agent="engintel",
                telemetry_disabled=True,
                notifications_min_severity=NotificationMinimumSeverity.OFF,
                max_connection_pool_size=self._address.whole("connections", 1, 1_000, 20),
                connection_timeout=CONNECT_TIMEOUT,
                connection_acquisition_timeout=ACQUIRE_TIMEOUT,
                liveness_check_timeout=IDLE_UNTIL_ASKED,
                max_connection_lifetime=LIFETIME,
                max_transaction_retry_time=RETRY_SECONDS,
                initial_retry_delay=0.1,
                keep_alive=True,
            )
        return self._driver

    async def close(self) -> None:
        """Let go of every connection."""
        if self._driver is not None:
            await self._driver.close()
            self._driver = None

    async def read(self, work: Callable[[Step], Awaitable[T]]) -> T:
        """Do `work` in a transaction that any member of a cluster may serve, again if it fails in passing."""
        return await self._managed(READ_ACCESS, self.seconds, work)

    async def write(self, work: Callable[[Step], Awaitable[T]]) -> T:
        """Do `work` in a transaction of the leader, all or nothing, again if it fails in passing."""
        return await self._managed(WRITE_ACCESS, WRITE_TIMEOUT, work)

    async def _managed(self, access: str, seconds: float, work: Callable[[Step], Awaitable[T]]) -> T:
        driver = self._opened()
        timed = unit_of_work(timeout=seconds)(partial(_step, work, self.org))
        async with driver.session(
            database=self.database, default_access_mode=access, bookmark_manager=self._bookmarks
        ) as session:
            if access == READ_ACCESS:
                return await session.execute_read(timed)
            return await session.execute_write(timed)

    async def alone(self, statement: str, **parameters: object) -> Rows:
        """What `statement` gives that makes its own transactions, or must be in one by itself."""
        given = {**parameters, "org": self.org}
        async with self._opened().session(database=self.database, bookmark_manager=self._bookmarks) as session:
            result = await session.run(statement, given)
            return [record.values() async for record in result]


async def _step(work: Callable[[Step], Awaitable[T]], org: str, transaction: AsyncManagedTransaction) -> T:
    return await work(Step(transaction, org))


def _trusting(address: Address, target: str) -> dict[str, Any]:
    """The driver's URI, and whose certificates it believes."""
    authority = address.options.get("ca")
    if authority is None:
        return {"uri": f"{address.scheme}://{target}"}
    routed, _, trust = address.scheme.partition("+")
    if trust == "ssc":
        raise address.wrong("the option ca asks for a certificate that its authority signed, +ssc for none")
    return {"uri": f"{routed}://{target}", "encrypted": True, "trusted_certificates": TrustCustomCAs(authority)}
