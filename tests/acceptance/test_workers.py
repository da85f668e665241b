"""Worker processes beside a server: there when it is, gone when it is gone, and what they do can be watched."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from adapters.postgres.database import Connection, Database
from domain.routing import Store
from evals.soak.rounds import figures
from evals.soak.senders import SECRET, Ledger, Sender
from server.bootstrap import open_engine
from server.settings import Settings
from tests.acceptance.program import browser, free_port, run, start, until_alive
from tests.acceptance.test_store_down import tables_of

TOKEN = "a-long-enough-token"
PATIENCE = 60.0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.05)


@asynccontextmanager
async def server(home: Path, *words: str, **settings: str) -> AsyncIterator[tuple[str, psutil.Process]]:
    """A server over HTTP with its own clock; gives its address and its process."""
    port = free_port()
    secret = {"ENGINTEL_GITHUB_WEBHOOK_SECRET": SECRET}
    process = start(home, "serve", "--transport", "http", "--port", str(port), *words, **secret, **settings)
    try:
        yield await until_alive(f"http://127.0.0.1:{port}", process), psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate, timeout=60)


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """The workers that a server keeps."""
    alive = [child for child in process.children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in alive if "work" in child.cmdline()]


async def metrics(url: str, token: str = "") -> str:
    """What Prometheus would read."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with browser(headers=headers) as http:
        answer = await http.get(f"{url}/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


async def send(url: str, *, count: int, repository: int = 1) -> Ledger:
    """So many deliveries, all of them acknowledged."""
    ledger, stop = Ledger(), asyncio.Event()
    sending = asyncio.create_task(Sender(repository, int(url.rpartition(":")[2]), ledger, 0).run(stop))
    while ledger.total < count:
        await asyncio.sleep(0.01)
    stop.set()
    await sending
    return ledger


async def test_a_worker_that_dies_is_replaced_and_none_outlives_its_server(home: Path) -> None:
    """Even if the server is killed: the pipe between them ends with it."""
    async with server(home) as (url, process):
        [first] = workers_of(process)
        await send(url, count=5)
        first.kill()

        async def replaced() -> bool:
            return any(worker.pid != first.pid and worker.is_running() for worker in workers_of(process))

        await until(replaced)
        [second] = [worker for worker in workers_of(process) if worker.pid != first.pid]
        await send(url, count=5, repository=2)

        async def filled() -> bool:
            behind = figures(await metrics(url), "engintel_store_lag_entries")
            return len(behind) == 4 and not any(behind.values())

        await until(filled)
        process.kill()
        await asyncio.to_thread(psutil.wait_procs, [second], timeout=PATIENCE)
        assert not second.is_running()


async def test_without_workers_stores_wait_and_one_that_comes_fills_them(home: Path) -> None:
    """Figures are the same whoever fills; readiness says which store is late and why, and doctor too."""
    async with server(home, "--workers", "0", ENGINTEL_LAG_LIMIT="0.2") as (url, process):
        assert workers_of(process) == []
        ledger = await send(url, count=3)
        async with browser() as http:

            async def late() -> bool:
                return (await http.get(f"{url}/readyz")).status_code == 503

            await until(late)
            told = (await http.get(f"{url}/readyz")).json()
            assert told["ready"] is False
            assert re.search(r"directory is \d+ s behind, more than ENGINTEL_LAG_LIMIT \(0\.2\)\.", told["why"])
            assert f'engintel_deliveries_total{{sender="github",status="202"}} {ledger.total}' in await metrics(url)
            assert "engintel_workers 0" in await metrics(url)
            doctor = await asyncio.to_thread(run, home, "doctor", ENGINTEL_LAG_LIMIT="0.2")
            assert doctor.returncode == 1
            assert re.search(r"late   directory: .*why directory is", doctor.stdout)
            assert re.search(r"late   inbox: unread_seconds [\d.]+", doctor.stdout)
            assert "off    workers: running 0" in doctor.stdout

            worker = start(home, "work", "--until-eof")

            async def ready() -> bool:
                return (await http.get(f"{url}/readyz")).status_code == 200

            await until(ready)

        async def filled() -> bool:
            shown = await metrics(url)
            entries = float(re.findall(r"^engintel_log_entries_total (\d+)$", shown, re.MULTILINE)[0])
            return set(figures(shown, "engintel_store_applied_entries").values()) == {entries}

        await until(filled)  # ready is less: late by no more than the limit
        shown = await metrics(url)
        assert sum('name="fill:' in labels for labels in figures(shown, "engintel_lease")) == 4
        await asyncio.to_thread(worker.communicate, timeout=PATIENCE)  # closes its input, which tells it to leave
        assert worker.returncode == 0
        assert "engintel_workers 0" in await metrics(url)


async def test_figures_want_the_token_that_is_set(home: Path) -> None:
    """They tell what an organisation does; whether the server is alive is nobody's secret."""
    async with server(home, "--workers", "0", ENGINTEL_HTTP_TOKEN=TOKEN) as (url, _), browser() as http:
        assert (await http.get(f"{url}/metrics")).status_code == 401
        assert (await http.get(f"{url}/healthz")).status_code == 200
        assert "engintel_database_up 1" in await metrics(url, TOKEN)


@pytest.mark.parametrize("store", [store for store in Store if store is not Store.AUTOMATIONS], ids=str)
async def test_a_store_that_is_away_costs_only_itself(home: Path, store: Store) -> None:
    """Its tables are taken away from the role that fills them, under load: the others keep up, it catches up."""
    async with server(home) as (url, _), Database(None, home).open() as database:
        await send(url, count=2)
        async with open_engine(Settings(home=str(home))) as engine:
            tables = ", ".join(f"engintel.{table}" for table in tables_of(engine, store))
        async with database.owner() as connection:
            await connection.execute(f"REVOKE INSERT, UPDATE, DELETE ON {tables} FROM engintel_app")
        await send(url, count=40, repository=2)

        async def only_this_one_waits() -> bool:
            shown = await metrics(url)
            behind = figures(shown, "engintel_store_lag_entries")
            others = [n for labels, n in behind.items() if f'"{store}"' not in labels]
            opened = figures(shown, "engintel_breaker")[f'{{store="{store}",state="open"}}']
            return bool(behind.get(f'{{store="{store}"}}')) and not any(others) and opened == 1

        await until(only_this_one_waits)
        async with database.owner() as connection:
            assert await quarantined(connection) == 0
            await connection.execute(f"GRANT INSERT, UPDATE, DELETE ON {tables} TO engintel_app")

        async def caught_up() -> bool:
            shown = await metrics(url)
            closed = figures(shown, "engintel_breaker")[f'{{store="{store}",state="closed"}}']
            return not any(figures(shown, "engintel_store_lag_entries").values()) and closed == 1

        await until(caught_up)


async def quarantined(connection: Connection) -> int:
    """Events that anybody put aside."""
    return int(await connection.fetchval("SELECT count(*) FROM engintel.quarantine"))
