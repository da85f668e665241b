"""Whoever stops waiting for the database leaves nothing behind: clients cancel calls, commands stop their router."""

import asyncio
from contextlib import suppress

import pytest

from adapters.postgres.database import CONNECTIONS, Database
from adapters.postgres.migrate import migrate
from tests.conftest import make_home, remove_home


@pytest.mark.parametrize("asking", ["SELECT 1", "SELECT pg_sleep(5)"])
async def test_a_cancelled_call_gives_its_connection_back(database: Database, org: str, asking: str) -> None:
    """At whatever point it was cancelled; a few lost ones, and every later call would wait for ever."""

    async def ask(statement: str) -> None:
        async with database.session(org, readonly=True) as connection:
            await connection.execute(statement)

    async with asyncio.timeout(10):
        await asyncio.gather(*(ask("SELECT pg_sleep(0.1)") for _ in range(CONNECTIONS)))  # all are open from here on
    for steps in (*range(3 * CONNECTIONS), 100, 300, 1_000, 3_000):
        asked = asyncio.create_task(ask(asking))
        for _ in range(steps):
            await asyncio.sleep(0)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked

    async with asyncio.timeout(10), database.session(org) as connection:
        assert await connection.fetchval("SELECT current_setting('transaction_read_only')") == "off"


async def test_closing_does_not_wait_for_who_was_cancelled() -> None:
    """`engintel ingest` stops its router in the middle of whatever it does, and ends at once."""
    home = await asyncio.to_thread(make_home)
    try:
        async with Database(None, home).open() as database:
            await migrate(database)

            async def ask() -> None:
                async with database.session("test"):
                    pass

            for steps in range(CONNECTIONS):
                asked = asyncio.create_task(ask())
                for _ in range(steps):
                    await asyncio.sleep(0)
                asked.cancel()
                with suppress(asyncio.CancelledError):
                    await asked
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 3
    finally:
        await asyncio.to_thread(remove_home, home)
