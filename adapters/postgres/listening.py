"""Waiting for news of other processes on one connection, for as long as somebody is interested."""

import asyncio
from contextlib import suppress

import asyncpg

from adapters.postgres.database import Connection, Database
from domain.errors import EngintelError


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
        self._listener: Connection | None = None
        self._listening = asyncio.Lock()

    async def wait(self, seconds: float) -> None:
        """Return once there may be news, or after `seconds`; the caller looks anyway."""
        with suppress(EngintelError):
            await self._listen()
        # Not `wait_for`, which in Python 3.11 loses a cancellation that comes together with the news.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._came.wait()
        self._came.clear()

    async def _listen(self) -> None:
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
