"""Every wire breaks, again and again, between what was done and the answer: nothing is lost, nothing is there twice.

What leaves for Jira and Slack over such wires is told in `test_carrying`.
"""

import asyncio
import random
from pathlib import Path

from adapters.postgres.database import Database
from adapters.postgres.migrate import migrate
from evals.soak.rounds import figures
from evals.soak.senders import SECRET, Ledger, Sender
from evals.soak.verdict import judge, logged, watch
from tests.acceptance.program import free_port, start, until_alive
from tests.acceptance.test_workers import metrics, until
from tests.engines.breaking import BreakingWire

PUSHES = 240
SENDERS = 4
LOST = 10
"""Answers that each wire loses, at least."""


async def test_answers_that_are_lost_on_any_wire_lose_and_repeat_nothing(home: Path) -> None:
    """From a sender to the receiver one answer in ten, from PostgreSQL to receiver and worker one in a hundred."""
    dice = random.Random(7)
    async with Database(None, home).open() as database:
        await migrate(database)
        async with database.owner() as connection:
            [folder] = (await connection.fetchval("SHOW unix_socket_directories")).split(",")
        direct = f"postgresql://postgres@/postgres?host={folder}"
        await watch(direct)
        port, ledger, stop = free_port(), Ledger(), asyncio.Event()
        async with (
            BreakingWire(
                lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432"), dice, 0.01
            ).open() as to_database,
            BreakingWire(lambda: asyncio.open_connection("127.0.0.1", port), dice, 0.1).open() as to_receiver,
        ):
            process = start(
                home, "serve", "--transport", "http", "--port", str(port),
                ENGINTEL_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{to_database.port}/postgres",
                ENGINTEL_GITHUB_WEBHOOK_SECRET=SECRET,
            )  # fmt: skip
            try:
                url = await until_alive(f"http://127.0.0.1:{port}", process)
                to_database.breaking = to_receiver.breaking = True
                senders = [Sender(number, to_receiver.port, ledger, 0) for number in range(SENDERS)]
                sending = [asyncio.create_task(sender.run(stop)) for sender in senders]

                async def enough() -> bool:
                    return ledger.total >= PUSHES and min(to_database.lost, to_receiver.lost) >= LOST

                await until(enough)
                stop.set()
                await asyncio.gather(*sending)
                to_database.breaking = to_receiver.breaking = False

                async def caught_up() -> bool:
                    behind = figures(await metrics(url), "engintel_store_lag_entries")
                    everywhere = len(behind) == 4 and not any(behind.values())
                    return everywhere and await logged(direct) >= ledger.total

                await until(caught_up)
            finally:
                process.terminate()
                await asyncio.to_thread(process.communicate, timeout=60)
        assert ledger.sent_again > 0
        assert await judge(direct, ledger.acknowledged) == []
