"""100,000 deliveries with something wrong, over HTTP: each is answered, none with a 5xx, and the server goes on.

Held when every answer is one of those that are promised, an unsigned delivery is never taken, memory is flat, nothing
waits once it is over, and ordinary deliveries are taken as before.
"""

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from evals.soak.mutants import Mutant, mutant
from evals.soak.payloads import DELIVERIES, LAST_WORDS, SECRETS, ordinary, told_last
from evals.speed.program import environment, program, run, temporary_home

COUNT: Final = 100_000
CONNECTIONS: Final = 16
PROMISED: Final = frozenset({200, 202, 400, 401, 403, 404, 413})
"""What may be answered. 503 is not among them: so few connections fill no queue."""
WARM: Final = 0.2
"""The share of deliveries after which memory should no longer grow."""
GROWTH_MB: Final = 64
_PATIENCE: Final = 300.0
_NOT_ON_THE_WIRE: Final = frozenset("\r\n\0")


@dataclass
class Tally:
    """What came back."""

    answers: Counter[int] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    seconds: float = 0.0


def main(words: list[str]) -> bool:
    """Play it, print what came of it, and say whether it held."""
    parser = argparse.ArgumentParser(prog="soak deliveries", description="Send deliveries with something wrong.")
    parser.add_argument("--count", type=int, default=COUNT, help="how many (%(default)s)")
    count = parser.parse_args(words).count
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        tally = play(home, count)
        held = run(home, "quarantine", "list").output.strip()
    told = ", ".join(f"{status}: {many}" for status, many in sorted(tally.answers.items()))
    print(f"{sum(tally.answers.values())} mutated deliveries in {tally.seconds:.0f} s ({told})")
    if tally.megabytes:
        print(f"server memory: {tally.megabytes[0]:.0f} MB when warm, {tally.megabytes[-1]:.0f} MB at the end, "
              f"{max(tally.megabytes):.0f} MB at most")  # fmt: skip
    print(f"quarantine: {held.splitlines()[-1] if held else 'empty'}")
    for complaint in tally.complaints[:20]:
        print(f"  - {complaint}")
    print("deliveries: held" if not tally.complaints else f"deliveries: {len(tally.complaints)} complaints")
    return not tally.complaints


def play(home: Path, count: int) -> Tally:
    """Send `count` mutated deliveries to a server of its own in `home`, and look at it afterwards."""
    tally = Tally()
    with _server(home) as (port, process):
        asyncio.run(_play(port, process, count, tally))
        if process.poll() is None:
            _until_seen(home, tally)
    return tally


@contextmanager
def _server(home: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - this program
            program("serve", "--transport", "http", "--port", str(port)),
            env={**environment(home), **SECRETS},
            stdout=said,
            stderr=said,
        )
        try:
            yield port, process
        finally:
            process.terminate()
            process.wait(timeout=60)


async def _play(port: int, process: "subprocess.Popen[bytes]", count: int, tally: Tally) -> None:
    await _until_ready(port, process)
    numbers = iter(range(count))
    began = time.perf_counter()
    sample = asyncio.create_task(_watch(process.pid, count, tally))
    await asyncio.gather(*(_send(port, numbers, tally) for _ in range(CONNECTIONS)))
    tally.seconds = time.perf_counter() - began
    sample.cancel()
    if process.poll() is not None:
        tally.complaints.append(f"the server ended with {process.returncode}")
        return
    grown = tally.megabytes[-1] - tally.megabytes[0] if tally.megabytes else 0.0
    if grown > GROWTH_MB:
        tally.complaints.append(f"memory grew by {grown:.0f} MB")
    await _until_nothing_waits(port, tally)
    await _ordinary(port, tally)


async def _send(port: int, numbers: Iterator[int], tally: Tally) -> None:
    """Send one mutated delivery after the other; the server may hang up after an answer, as HTTP allows."""
    connection: _Connection | None = None
    for number in numbers:
        made = mutant(number)
        connection = connection or await _Connection.to(port)
        try:
            status = await connection.post(made.sender, _wire(made.headers), made.body)
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        if status == 0:  # the connection was closed before it was used again: on a fresh one there is no excuse
            connection = await _Connection.to(port)
            try:
                status = await connection.post(made.sender, _wire(made.headers), made.body)
            except (OSError, asyncio.IncompleteReadError):
                status = 0
        _judge(number, made, status, tally)
        if connection.closing or status == 0:
            await connection.close()
            connection = None
    if connection is not None:
        await connection.close()


def _judge(number: int, made: Mutant, status: int, tally: Tally) -> None:
    tally.answers[status] += 1
    if status not in PROMISED:
        tally.complaints.append(f"mutant {number} of {made.sender} was answered {status}")
    elif status in {200, 202} and not made.signed:
        tally.complaints.append(f"mutant {number} of {made.sender} is not signed and was taken")


def _wire(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers as HTTP can carry them."""
    return {name: "".join(c for c in value if c not in _NOT_ON_THE_WIRE) for name, value in headers.items()}


class _Connection:
    """One connection, kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.closing = False

    @classmethod
    async def to(cls, port: int) -> "_Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, sender: str, headers: Mapping[str, str], body: bytes) -> int:
        """Gives the status of the answer; 0 if there was none."""
        told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST /webhooks/{sender} HTTP/1.1\r\nHost: 127.0.0.1\r\n{told}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode("latin-1", "replace") + body)
        return (await self._answer())[0]

    async def get(self, path: str) -> tuple[int, bytes]:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return await self._answer()

    async def _answer(self) -> tuple[int, bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = head.splitlines()
        length = next((int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")), None)
        self.closing = "connection: close" in lines
        body = await (self._reader.readexactly(length) if length is not None else self._reader.read())
        return int(head.split(" ", 2)[1]), body

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):  # the other end was first
            await self._writer.wait_closed()


async def _watch(pid: int, count: int, tally: Tally) -> None:
    """Look at the server's memory every second, once it is warm."""
    server = psutil.Process(pid)
    while True:
        if sum(tally.answers.values()) >= count * WARM:
            tally.megabytes.append(server.memory_info().rss / 1024 / 1024)
        await asyncio.sleep(1)


async def _until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        try:
            connection = await _Connection.to(port)
            status, _ = await connection.get("/readyz")
            await connection.close()
        except (OSError, asyncio.IncompleteReadError):
            status = 0
        if status == 200:  # noqa: PLR2004 - HTTP's own
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the server did not become ready")


async def _until_nothing_waits(port: int, tally: Tally) -> None:
    """No lane is stuck: every store comes to where the log ends."""
    ends = time.monotonic() + _PATIENCE
    body = b"{}"
    while time.monotonic() < ends:
        connection = await _Connection.to(port)
        status, body = await connection.get("/readyz")
        await connection.close()
        stores = json.loads(body).get("stores", {})
        if status == 200 and stores and all(not store.get("lag_seconds") for store in stores.values()):  # noqa: PLR2004 - HTTP's own
            return
        await asyncio.sleep(0.5)
    tally.complaints.append(f"something still waits: {body.decode(errors='replace')}")


def _until_seen(home: Path, tally: Tally) -> None:
    """No lane is stuck: what was delivered last is in an answer, whichever lane it went through."""
    wanted = {issue for issue, _, _ in told_last()}
    ends = time.monotonic() + _PATIENCE
    found: set[str] = set()
    while not wanted <= found and time.monotonic() < ends:
        asked = run(home, "call", "find_entity", f"query={LAST_WORDS}", "kind=issue", "limit=50", "--json")
        found = {entity["id"] for entity in json.loads(asked.output)["entities"]}
    if not wanted <= found:
        tally.complaints.append(f"delivered afterwards and never seen: {', '.join(sorted(wanted - found))}")


async def _ordinary(port: int, tally: Tally) -> None:
    connection = await _Connection.to(port)
    for issue, headers, body in told_last():
        status = await connection.post("jira", headers, body)
        if status != 202:  # noqa: PLR2004 - HTTP's own
            tally.complaints.append(f"{issue} was answered {status} afterwards")
    for number in range(len(DELIVERIES)):
        sender, headers, body = ordinary(number)
        status = await connection.post(sender, headers, body)
        if status != 202:  # noqa: PLR2004 - HTTP's own
            tally.complaints.append(f"an ordinary delivery of {sender} was answered {status} afterwards")
    await connection.close()


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
