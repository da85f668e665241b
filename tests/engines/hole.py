"""A way to a server that can be made to swallow everything, as a network does that drops packets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress

_PIECE = 65_536


class Hole:
    """Stands before a server. While it is open nothing gets through either way, and nobody is refused."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        """Name the server; see `before`.

        Args:
            target: host and port, or the path of a unix socket.
        """
        self._target = target
        self._through = asyncio.Event()
        self._through.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0
        self.met = 0
        """How many connections were made to it."""

    def open(self) -> None:
        """From here on, everything that is sent is lost: on connections that there are, and on new ones."""
        self._through.clear()

    def close(self) -> None:
        """Let through what is sent from here on. What was held is lost, and so are the connections it was sent on."""
        self._through.set()
        for pump in self._pumps:
            pump.cancel()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        self.met += 1
        await self._through.wait()
        if isinstance(self._target, str):
            there = await asyncio.open_unix_connection(self._target)
        else:
            there = await asyncio.open_connection(*self._target)
        pumps = [asyncio.create_task(self._pump(*way)) for way in ((reader, there[1]), (there[0], writer))]
        self._pumps.update(pumps)
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._pumps.difference_update(pumps)
            for end in (writer, there[1]):
                end.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._through.wait()
                writer.write(piece)
                await writer.drain()


@asynccontextmanager
async def before(target: tuple[str, int] | str) -> AsyncIterator[Hole]:
    """A hole before the server at `target`, closed for now."""
    hole = Hole(target)
    carried: set[asyncio.Task[None]] = set()

    def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(hole.accept(reader, writer))
        carried.add(task)
        task.add_done_callback(carried.discard)

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    hole.port = server.sockets[0].getsockname()[1]
    try:
        yield hole
    finally:
        server.close()
        for task in tuple(carried):
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)


@contextmanager
def never_connecting() -> Iterator[int]:
    """A port whose handshakes are never completed: nobody accepts, and the queue of those who wait is full."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
            waiting.append(caller)
        try:
            yield listener.getsockname()[1]
        finally:
            for caller in waiting:
                caller.close()
