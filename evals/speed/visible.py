"""How soon an assistant is told of what a webhook told us, while others keep coming in."""

import asyncio
import time
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any, Final

from mcp import Client

from evals.speed.load import send
from evals.speed.traffic import KINDS, Place, Traffic, request_of
from evals.speed.webhooks import receiving

_CONNECTIONS: Final = 64
_EVERY: Final = 0.25
"""Seconds between two probes."""
_LOOK: Final = 0.03
"""Seconds between two questions whether a probe can be seen yet."""
_PATIENCE: Final = 60.0
_FIRST: Final = 8_000_000_000
"""Numbers of probes: no delivery of the load has one."""


def measure_visible(home: Path, *, rate: float, seconds: float) -> list[str]:
    """Seconds from the acknowledgement of a pull request to an answer that has it, at `rate` deliveries a second."""
    traffic = Traffic()
    took: list[float] = []
    with receiving(home, "--workers", "1", ENGINTEL_NOW="") as port:
        probing = Thread(target=lambda: asyncio.run(_probe(port, seconds, took)), daemon=True)
        probing.start()
        sent = send(port, traffic.request, seconds=seconds, connections=_CONNECTIONS, rate=rate)
        probing.join()
    took.sort()
    p50, p99 = (took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.99))
    told = f"{len(took)} probes; p50 {p50:.2f} s, p99 {p99:.2f} s, longest {took[-1]:.2f} s"
    return [f"webhook to a tool's answer   at {sent.rate:.0f} /s  ({told})"]


async def _probe(port: int, seconds: float, took: list[float]) -> None:
    began = time.monotonic()
    async with Client(f"http://127.0.0.1:{port}/mcp") as client, asyncio.TaskGroup() as probes:
        number = _FIRST
        while time.monotonic() - began < seconds:
            probes.create_task(_one(client, port, number, took))
            number += 1
            await asyncio.sleep(_EVERY)


async def _one(client: Client, port: int, number: int, took: list[float]) -> None:
    status = await asyncio.to_thread(_deliver, port, number)
    accepted = time.monotonic()
    if status != 202:  # noqa: PLR2004 - HTTP's own
        return
    wanted = f"made-up/service-0#{number}"
    while time.monotonic() - accepted < _PATIENCE:
        answer = await client.call_tool("find_entity", {"query": wanted, "kind": "pull_request"})
        content: dict[str, Any] = answer.structured_content or {}
        if any(entity["id"] == wanted for entity in content.get("entities", ())):
            break
        await asyncio.sleep(_LOOK)
    took.append(time.monotonic() - accepted)


def _deliver(port: int, number: int) -> int:
    kind = next(kind for kind in KINDS if kind.event == "pull_request")
    headers, body = request_of(kind, Place(0, 0), number)
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/webhooks/github", body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def main() -> None:
    """Measure this alone: `python -m evals.speed.visible [RATE [SECONDS]]`."""
    import sys  # noqa: PLC0415 - for this alone

    from evals.speed.program import temporary_home  # noqa: PLC0415 - as above

    rate, seconds = (*map(float, sys.argv[1:]), *(1_000.0, 20.0)[len(sys.argv) - 1 :])
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        print("\n".join(measure_visible(home, rate=rate, seconds=seconds)))


if __name__ == "__main__":
    main()
