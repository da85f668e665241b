"""MCP over stdin and stdout, for clients of every era.

The SDK settles a connection's era with its first request, and then refuses the other era's handshake. A widely used
client asks `server/discover` first and sends `initialize` all the same. Discovering commits to nothing, so every
`server/discover` at the beginning is answered on the side, and the first other request settles the era.
"""

from typing import Any

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from server.mcp.app import EngintelServer

Frame = SessionMessage | Exception


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
    sender, receiver = anyio.create_memory_object_stream[Frame](len(passed_on))
    for frame in passed_on:
        sender.send_nowait(frame)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_relay, read, sender)
        await server.wire.run(receiver, write, server.wire.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _relay(read: Any, sender: MemoryObjectSendStream[Frame]) -> None:  # noqa: ANN401 - the SDK's own stream
    async with sender:
        async for frame in read:
            await sender.send(frame)


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
