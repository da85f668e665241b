"""A port on loopback before PostgreSQL's socket: it ends TLS, moves to another server, falls silent or hangs up."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.engines.certificates import Signed

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_CANCEL_OR_START = 8


class Relay:
    """One port. What is behind it is changed by whoever owns the test, from any thread."""

    def __init__(self, socket_path: str, signed: Signed | None = None) -> None:
        self.socket_path = socket_path
        self.port = 0
        self.silent = False
        """Whether connections are taken and nothing is ever said."""
        self.secured = 0
        """How many connections spoke TLS."""
        self._tls: ssl.SSLContext | None = None
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        if signed is not None:
            self.present(signed)

    def present(self, signed: Signed) -> None:
        """Show another certificate from now on."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(signed.certificate, signed.key)
        self._tls = tls

    def cut(self) -> None:
        """Hang up on everybody."""
        self._do(self._cut())

    def start(self) -> None:
        """Listen; the loop runs in a thread of its own."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        """Hang up and listen no more."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        behind: asyncio.StreamWriter | None = None
        try:
            if self.silent:
                await asyncio.Event().wait()
            first = await reader.readexactly(_CANCEL_OR_START)
            if first == _SSL_REQUEST:
                writer.write(b"S" if self._tls else b"N")
                await writer.drain()
                if self._tls:
                    await writer.start_tls(self._tls)
                    self.secured += 1
                first = await reader.readexactly(_CANCEL_OR_START)
            answers, behind = await asyncio.open_unix_connection(self.socket_path)
            self._writers.add(behind)
            behind.write(first)
            await asyncio.gather(_carry(reader, behind), _carry(answers, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either end hung up, or the relay stops: nobody waits for this task
        finally:
            for each in (writer, behind):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    with suppress(OSError, NotImplementedError):
        writer.close()


@contextmanager
def relayed(socket_path: str, signed: Signed | None = None) -> Iterator[Relay]:
    """A relay before `socket_path`, until the context is left."""
    relay = Relay(socket_path, signed)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
