"""When the writer goes away: connections are made anew, whoever takes over is found, and nothing is lost or doubled."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from domain.errors import StoreUnavailable
from domain.events import Event
from domain.ports import LANES
from tests.contract.guests import url_of
from tests.engines.postgres import Guarded
from tests.engines.relay import Relay, relayed
from tests.events import commit

BACKENDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{guest}'"


@pytest.fixture(scope="module")
async def guest(guarded: Guarded) -> str:
    """Somebody with a password, whose database has a schema."""
    return await guarded.invite()


@pytest.fixture
def relay(guarded: Guarded) -> Iterator[Relay]:
    """What stands for the cluster's endpoint: a name whose server changes."""
    with relayed(guarded.socket_path) as started:
        yield started


@pytest.fixture
async def database(relay: Relay, guest: str, guarded: Guarded) -> AsyncIterator[Database]:
    """The database through it."""
    await writable(guarded, guest)
    async with Database(url_of(guest, relay.port, "connect_timeout=2"), Path()).open() as opened:
        await migrate(opened)
        yield opened
    await writable(guarded, guest)


async def writable(guarded: Guarded, guest: str) -> None:
    """The server behind the endpoint is a writer."""
    await guarded.run(f"ALTER DATABASE {guest} RESET default_transaction_read_only")


async def read_only(guarded: Guarded, guest: str) -> None:
    """The server behind the endpoint is a reader, for whoever connects from now on."""
    await guarded.run(f"ALTER DATABASE {guest} SET default_transaction_read_only = on")


async def test_connections_that_all_broke_are_not_noticed_by_who_asks_next(
    database: Database, guarded: Guarded, guest: str, org: str
) -> None:
    """Idle ones die without a word in a failover."""

    async def ask() -> None:
        async with database.session(org) as connection:
            await connection.execute("SELECT pg_sleep(0.05)")

    await asyncio.gather(*(ask() for _ in range(8)))
    await guarded.run(BACKENDS.format(guest=guest))

    await asyncio.gather(*(ask() for _ in range(16)))


async def test_a_writer_that_became_a_reader_under_its_connections_is_noticed(
    database: Database, guarded: Guarded, guest: str, org: str
) -> None:
    """The first write says so, is told as the store's trouble, and every connection is thrown away."""
    log = PostgresLog(database, org)
    async with database.session(org) as connection:
        before = await connection.fetchval("SELECT pg_backend_pid()")
        # This one cannot write any more, as if its server had been demoted: it is told while it is used.
        await connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with suppress(StoreUnavailable):
        await log.append([commit("c1")])

    assert (await log.append([commit("c1")])).known + (await log.append([commit("c2")])).new == 2
    async with database.session(org) as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != before


async def test_an_endpoint_that_still_names_the_old_writer_is_asked_again(
    database: Database, relay: Relay, guarded: Guarded, guest: str, org: str
) -> None:
    """Names change some seconds after servers do: until then it is unavailable, and then it is as if nothing was."""
    log = PostgresLog(database, org)
    assert (await log.append([commit("c1")])).new == 1
    await read_only(guarded, guest)
    relay.cut()

    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="is read-only: a replica, or a writer that is none any more"):
            await log.append([commit("c2")])
    await writable(guarded, guest)

    assert (await log.append([commit("c2")])).new == 1


async def test_an_endpoint_with_nothing_behind_it_is_unavailable(guest: str) -> None:
    """It takes connections, as a load balancer does, and hangs up."""
    with relayed("/nowhere/at/all") as gone:
        async with Database(url_of(guest, gone.port), Path()).open() as opened:
            with pytest.raises(StoreUnavailable):
                async with opened.session("test"):
                    pass


class Writers:
    """Whoever appends without end, and tries again whatever fails."""

    def __init__(self, log: PostgresLog) -> None:
        self.acknowledged: list[str] = []
        self.failures: list[str] = []
        self.over = False
        self._log = log

    async def write(self, writer: int) -> None:
        """Append three events at a time until it is over."""
        for number in itertools.count():
            if self.over:
                return
            events: list[Event] = [commit(f"w{writer}-{number}-{part}") for part in range(3)]
            while not await self._appended(events):
                await asyncio.sleep(0)
            self.acknowledged.extend(event.id for event in events)

    async def _appended(self, events: list[Event]) -> bool:
        try:
            await self._log.append(events)
        except StoreUnavailable as error:
            self.failures.append(str(error))
            return False
        return True

    async def go_on(self) -> None:
        """Wait until some more were acknowledged."""
        enough = len(self.acknowledged) + 12
        async with asyncio.timeout(30):
            while len(self.acknowledged) < enough:
                await asyncio.sleep(0.005)

    async def fail(self) -> None:
        """Wait until something failed once more."""
        before = len(self.failures)
        async with asyncio.timeout(30):
            while len(self.failures) == before:
                await asyncio.sleep(0.005)


async def test_nothing_is_lost_or_doubled_through_failovers(
    database: Database, relay: Relay, guarded: Guarded, guest: str, org: str
) -> None:
    """Four writers append while the endpoint hangs up, names a reader, and backends are killed at any moment."""
    log = PostgresLog(database, org)
    writers = Writers(log)

    async def fail_over() -> None:
        try:
            for _ in range(3):
                await writers.go_on()
                await guarded.run(BACKENDS.format(guest=guest))
                await writers.go_on()
                relay.cut()
                await writers.go_on()
                await read_only(guarded, guest)
                relay.cut()
                await writers.fail()
                await writable(guarded, guest)
            await writers.go_on()
        finally:
            writers.over = True

    await asyncio.gather(fail_over(), *(writers.write(number) for number in range(4)))

    kept = [entry.event.id for lane in range(LANES) for entry in await log.read(lane, 0, 10_000) if entry.event]
    assert len(kept) == len(set(kept))
    assert set(kept) == set(writers.acknowledged)


async def test_a_silent_end_of_a_connection_is_noticed_by_the_kernel(database: Database, org: str) -> None:
    """A host that vanishes says nothing; keepalives are on for every connection across a network."""
    async with database.session(org) as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
    assert pid
    dedicated = await database.dedicated()
    try:
        assert isinstance(dedicated, asyncpg.Connection)
        line = dedicated._transport.get_extra_info("socket")  # type: ignore[attr-defined]  # noqa: SLF001 - see _keep_alive
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
    finally:
        await dedicated.close()
