"""Waiting for news of other processes on one connection, for as long as somebody is interested.

A transaction pooler gives nobody a connection to keep, so that behind one nobody can listen: whoever waits looks again
after a moment.
"""

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg

from adapters.postgres.database import Database
from domain.errors import EngintelError

LOOKING: Final = 0.5
"""Seconds between two looks where nobody can listen."""


class News:
    """One channel of notifications. Without a connection (the database restarts) waiting is only waiting."""

    def __init__(self, database: Database, channel: str) -> None:
        """Name the channel; nothing listens yet.

        Args:
            database: where it is.
            channel: its name.
        """
        self._database = database
        self._channel = channel
        self._came = asyncio.Event()
        self._listener: asyncpg.Connection[asyncpg.Record] | None = None
        self._listening = asyncio.Lock()

    async def wait(self, seconds: float) -> None:
        """Return once there may be news, or after `seconds`; the caller looks anyway."""
        with suppress(EngintelError):
            await self._listen()
        if self._database.pooled:
            seconds = min(seconds, LOOKING)
        # Not `wait_for`, which in Python 3.11 loses a cancellation that comes together with the news.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._came.wait()
        self._came.clear()

    async def _listen(self) -> None:
        if self._database.pooled:
            return
        async with self._listening:  # two that wait at once share one connection
            if self._listener is not None and not self._listener.is_closed():
                return
            self._listener = await self._database.dedicated()
            with suppress(asyncpg.PostgresError, OSError):  # it went away again: the next wait listens anew
                await self._listener.add_listener(self._channel, lambda *_: self._came.set())

    async def close(self) -> None:
        """Give the listening connection back."""
        if self._listener is not None:
            await self._listener.close(timeout=1)
            self._listener = None
