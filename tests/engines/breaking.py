"""A wire that breaks when it hurts most: what was asked has been done, and the answer is lost on its way back."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

Ends: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class BreakingWire:
    """Passes everything on, until it is told to break: then some answers never arrive, nor anything after them."""

    def __init__(self, there: Callable[[], Awaitable[Ends]], dice: random.Random, share: float) -> None:
        """Name the other end.

        Args:
            there: connects to it.
            dice: which answers are lost.
            share: how many of them, 0..1.
        """
        self._there = there
        self._dice = dice
        self._share = share
        self._connections: set[asyncio.Task[None]] = set()
        self.breaking = False
        self.lost = 0
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["BreakingWire"]:
        """Listen on loopback; on the way out every connection is cut."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            with suppress(OSError):
                await self._between(reader, writer)
        finally:
            writer.transport.abort()

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._there()
        asking = asyncio.create_task(self._questions(reader, far_writer))
        try:
            await self._answers(far_reader, writer)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            far_writer.transport.abort()

    async def _questions(self, reader: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                far.write(chunk)
                await far.drain()
            far.write_eof()

    async def _answers(self, far: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await far.read(65_536):
            if self.breaking and self._dice.random() < self._share:
                self.lost += 1
                return
            writer.write(chunk)
            await writer.drain()
