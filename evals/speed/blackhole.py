"""How long each reading tool takes while one store is behind a network that drops every packet.

`python -m evals.speed.blackhole` loads the sample organisation into PostgreSQL, and then moves one role after the other
to an address where no handshake is ever completed.
"""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from mcp import Client, StdioServerParameters

from evals.speed.calls import QUESTIONS
from evals.speed.program import environment, run, temporary_home

_ROLES: Final = {
    "events": {"ENGINTEL_EVENTS_URL": "clickhouse://user:password@127.0.0.1:{port}/engintel"},
    "vectors": {"ENGINTEL_VECTORS_URL": "pinecone://sample?host=http://127.0.0.1:{port}", "PINECONE_API_KEY": "none"},
    "graph": {"ENGINTEL_GRAPH_URL": "neo4j://user:password@127.0.0.1:{port}"},
}
_WAITING: Final = 4
"""Connections that fill the queue of a listener that takes none."""


def measure_blackhole(home: Path) -> list[str]:
    """For every role a line a tool: the slowest of its first calls, and the next ones."""
    lines = []
    for role, settings in _ROLES.items():
        with _dropping() as port:
            there = {name: value.format(port=port) for name, value in settings.items()}
            lines += [f"without {role}:", *asyncio.run(_measure(home, role, there))]
    return lines


@contextmanager
def _dropping() -> Iterator[int]:
    """A port that answers nothing at all, as behind a firewall that drops: its queue is full, and nobody accepts."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(_WAITING)]
        for caller in waiting:
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for caller in waiting:
                caller.close()


async def _measure(home: Path, role: str, settings: dict[str, str]) -> list[str]:
    lines = []
    for tool, questions in QUESTIONS.items():
        # A server of its own for each tool: within one, only the first call would have to find out.
        parameters = StdioServerParameters(
            command=sys.executable, args=["-m", "engintel", "serve"], env=environment(home, **settings), cwd=str(home)
        )
        async with Client(parameters) as client:
            await client.call_tool("find_entity", {"query": "payouts"})  # the embedded PostgreSQL is up from here on
            first, state = await _asked(client, tool, questions[0], role)
            second, _ = await _asked(client, tool, questions[0], role)
        lines.append(f"  {tool:26} {first:6.2f} s, then {second:.2f} s   ({role} {state})")
    return lines


async def _asked(client: Client, tool: str, arguments: dict[str, Any], role: str) -> tuple[float, str]:
    began = time.perf_counter()
    answer = await client.call_tool(tool, arguments)
    took = time.perf_counter() - began
    if answer.is_error:
        raise RuntimeError(f"{tool}: {answer.content}")
    return took, (answer.structured_content or {})["coverage"].get(role, {"state": "not needed"})["state"]


if __name__ == "__main__":
    with temporary_home() as place:
        run(place, "demo", "--no-serve")
        for told in measure_blackhole(place):
            print(told, flush=True)
