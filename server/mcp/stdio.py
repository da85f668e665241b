"""MCP over stdin and stdout, for clients of every era.

The SDK settles a connection's era with its first request, and then refuses the other era's handshake. A widely used
client asks `server/discover` first and sends `initialize` all the same. Discovering commits to nothing, so every
`server/discover` at the beginning is answered on the side, and the first other request settles the era.

The SDK also drops what it is working on once stdin ends. Whoever pipes questions in closes it right behind the last
one, and still wants the answers: the end is passed on when nothing is owed any more.
"""

from typing import Any, Final

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId

from server.mcp.app import EngintelServer

Frame = SessionMessage | Exception
GRACE_SECONDS: Final = 5.0
"""How long answers are waited for after stdin has ended: some wait for the client, which is gone."""


async def serve_stdio(server: EngintelServer) -> None:
    """Serve one client until it closes stdin."""
    async with stdio_server() as (read, write):
        await serve_streams(server, read, write)


async def serve_streams(server: EngintelServer, read: Any, write: Any) -> None:  # noqa: ANN401 - the SDK's own streams
    """Serve one client over a pair of the SDK's streams until it closes its side."""
    passed_on: list[Frame] = []
    async for frame in read:
        passed_on.append(frame)
        request = frame.message if isinstance(frame, SessionMessage) else None
        if isinstance(request, JSONRPCRequest):
            if request.method != "server/discover":
                break
            await write.send(await _answer(server.wire, passed_on.pop()))
    answers = _Answers(write)
    sender, receiver = anyio.create_memory_object_stream[Frame](len(passed_on))
    for frame in passed_on:
        answers.owe(frame)
        sender.send_nowait(frame)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_relay, read, sender, answers)
        await server.wire.run(receiver, answers, server.wire.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _relay(read: Any, sender: MemoryObjectSendStream[Frame], answers: "_Answers") -> None:  # noqa: ANN401 - the SDK's own stream
    async with sender:
        async for frame in read:
            answers.owe(frame)
            await sender.send(frame)
        with anyio.move_on_after(GRACE_SECONDS):
            await answers.all_sent()


class _Answers(ObjectSendStream[SessionMessage]):
    """The way out, which knows which requests are still to be answered."""

    def __init__(self, way_out: ObjectSendStream[SessionMessage]) -> None:
        self._way_out = way_out
        self._owed: set[RequestId] = set()
        self._sent = anyio.Event()

    def owe(self, frame: Frame) -> None:
        """Note that `frame` came in: a request is owed an answer until it is withdrawn."""
        message = frame.message if isinstance(frame, SessionMessage) else None
        if isinstance(message, JSONRPCRequest):
            self._owed.add(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            self._settle((message.params or {}).get("requestId"))

    async def send(self, item: SessionMessage) -> None:
        await self._way_out.send(item)
        if isinstance(item.message, JSONRPCResponse | JSONRPCError):
            self._settle(item.message.id)

    async def aclose(self) -> None:
        await self._way_out.aclose()

    async def all_sent(self) -> None:
        """Return once nothing is owed."""
        while self._owed:
            self._sent = anyio.Event()
            await self._sent.wait()

    def _settle(self, id_: RequestId | None) -> None:
        if id_ is not None:
            self._owed.discard(id_)
            self._sent.set()


async def _answer(server: Server[Any], frame: Frame) -> SessionMessage:
    """What the server says to one request, given to it on a connection of its own."""
    ask: MemoryObjectSendStream[Frame]
    asked: MemoryObjectReceiveStream[Frame]
    ask, asked = anyio.create_memory_object_stream[Frame](1)
    reply: ObjectSendStream[SessionMessage]
    replied: ObjectReceiveStream[SessionMessage]
    reply, replied = anyio.create_memory_object_stream[SessionMessage](1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.run, asked, reply, server.create_initialization_options())
        await ask.send(frame)
        answer = await replied.receive()
        await ask.aclose()
        await replied.aclose()
    await asked.aclose()
    return answer
