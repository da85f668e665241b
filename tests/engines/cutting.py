"""A wire that can be cut where a test says so: before a message gets through, or after it did and before the answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

_MUCH = 1 << 16


@dataclass
class Wire:
    """What goes between clients and one server.

    Shape:
        address: where clients find it.
        before: a message with this in it never arrives, and the connection is gone, as long as this is set.
        after: a message with this in it arrives, and its answer does not: the connection is gone instead.
        since: `after` counts on a connection once a message with this in it went before.
        cuts: how often it was cut.
    """

    address: str = ""
    before: bytes | None = None
    after: bytes | None = None
    since: bytes | None = None
    cuts: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        """Carry one connection until either side ends it, or it is cut."""
        there, out = await asyncio.open_connection(host, port)
        swallowing = asyncio.Event()
        armed = False

        async def back() -> None:
            while told := await there.read(_MUCH):
                if swallowing.is_set():
                    return
                writer.write(told)
                await writer.drain()

        answers = asyncio.create_task(back())
        try:
            while asked := await reader.read(_MUCH):
                if self.before is not None and self.before in asked:
                    self.cuts += 1
                    return
                armed = armed or self.since is None or self.since in asked
                if armed and self.after is not None and self.after in asked:
                    self.cuts += 1
                    swallowing.set()
                    out.write(asked)
                    await answers  # ends with the answer, which nobody gets
                    return
                out.write(asked)
                await out.drain()
        except OSError:
            pass
        finally:
            answers.cancel()
            with suppress(OSError, asyncio.CancelledError):
                await answers
            for end in (writer, out):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()


@asynccontextmanager
async def wired(address: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """A wire to `address`; with `tls`, clients speak TLS to it and the server behind it does not."""
    host, _, port = address.rpartition(":")
    wire = Wire()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await wire.carry(reader, writer, host, int(port))

    server = await asyncio.start_server(carry, "127.0.0.1", 0, ssl=tls)
    wire.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        await server.wait_closed()
