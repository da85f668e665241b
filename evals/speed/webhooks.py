"""How many signed deliveries of GitHub a server takes a second, each acknowledged once it is durable.

The load generator runs beside the server and takes its share of the same cores.
"""

import asyncio
import hashlib
import hmac
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from evals.speed.program import environment, program

_SECRET: Final = "bench"  # noqa: S105 - protects a server on loopback that lives for a minute
_CONNECTIONS: Final = 64
_SECONDS: Final = 10.0
_COMMITS: Final = 9
"""Commits of a push, which make its body about 7 KB, the median of real deliveries."""


def measure_webhooks(home: Path, **more: str) -> list[str]:
    """Deliveries a second at saturation, and how long they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {**environment(home), "ENGINTEL_GITHUB_WEBHOOK_SECRET": _SECRET, **more}
    command = program("serve", "--transport", "http", "--port", str(port))
    server = subprocess.Popen(command, env=settings, stderr=subprocess.PIPE, text=True)  # noqa: S603 - this program
    try:
        return asyncio.run(_measure(port))
    finally:
        server.terminate()
        server.communicate()


async def _measure(port: int) -> list[str]:
    await _until_ready(port)
    numbers = count()
    ends = time.perf_counter() + _SECONDS
    results = await asyncio.gather(*(_send(port, numbers, ends) for _ in range(_CONNECTIONS)))
    took = sorted(ms for result in results for ms in result[0])
    refused = sum(result[1] for result in results)
    size, rate = len(_delivery(0)[1]), len(took) / _SECONDS
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    told = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {refused} asked to come again"
    return [f"webhooks to durable          {rate:6.0f} /s  ({size} B bodies, the stores following; {told})"]


async def _until_ready(port: int) -> None:
    for _ in range(600):
        try:
            status = await _one(port, b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        except OSError:
            status = 0
        if status == 200:  # noqa: PLR2004 - HTTP's own
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the server did not become ready within a minute")


async def _one(port: int, request: bytes) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    status = await _status(reader)
    writer.close()
    return status


async def _send(port: int, numbers: Iterator[int], ends: float) -> tuple[list[float], int]:
    """Send one delivery after the other over one connection; milliseconds of each taken, and how many were not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took, refused = [], 0
    while time.perf_counter() < ends:
        head, body = _delivery(next(numbers))
        began = time.perf_counter()
        writer.write(head + body)
        status = await _status(reader)
        if status == 202:  # noqa: PLR2004 - HTTP's own
            took.append((time.perf_counter() - began) * 1_000)
        else:
            refused += 1
    writer.close()
    return took, refused


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next((line for line in head.lower().splitlines() if line.startswith("content-length:")), "0:0")
    await reader.readexactly(int(length.partition(":")[2]))
    return int(head.split(" ", 2)[1])


def _delivery(number: int) -> tuple[bytes, bytes]:
    body = json.dumps(push(number)).encode()
    mac = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: push\r\nX-GitHub-Delivery: {number}\r\nX-Hub-Signature-256: sha256={mac}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


def push(number: int) -> dict[str, Any]:
    """A push to one of 200 repositories, by one of 500 people."""
    name = f"made-up/service-{number % 200}"
    person = f"p{number % 500}"
    author = {"name": f"Person {person}", "email": f"{person}@made-up.example", "username": person}
    commits = [
        {
            "id": f"{number * _COMMITS + n:040x}",
            "message": f"Change {number}.{n}\n\n{'Because of what was said about it last week. ' * 5}",
            "timestamp": "2026-11-20T18:30:00+02:00",
            "author": author,
            "committer": author,
            "added": [],
            "removed": [],
            "modified": [f"src/part{n}/file{k}.py" for k in range(3)],
            "url": f"https://github.com/{name}/commit/{number}",
        }
        for n in range(_COMMITS)
    ]
    return {
        "ref": "refs/heads/main",
        "before": f"{number * _COMMITS - 1 if number else 0:040x}",
        "after": commits[-1]["id"],
        "repository": {"id": number % 200, "name": name, "full_name": name, "default_branch": "main"},
        "pusher": author,
        "sender": {"id": number % 500, "login": person, "type": "User"},
        "commits": commits,
        "head_commit": commits[-1],
    }


def main() -> None:
    """Measure this alone: `python -m evals.speed.webhooks`."""
    from evals.speed.program import temporary_home  # noqa: PLC0415 - for this alone

    with temporary_home() as home:
        home.mkdir(mode=0o711)
        print("\n".join(measure_webhooks(home)))


if __name__ == "__main__":
    main()
