"""Sending: so many connections as fast as they are answered, or so many requests a second whatever happens."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import uvloop

Request = Callable[[int], bytes]
_ACCEPTED = 202


@dataclass
class Sent:
    """What came of sending.

    Shape:
        seconds: how long it took.
        took: milliseconds of each request that was accepted, in order of size. At a fixed rate they count from when
            a request was due, so waiting for a free connection is not hidden.
        statuses: how often each status was answered.
        accepted: the numbers of the requests that were accepted.
    """

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Accepted requests a second."""
        return len(self.took) / self.seconds

    def quantile(self, share: float) -> float:
        """Milliseconds within which this share of the accepted requests was answered."""
        return self.took[min(len(self.took) - 1, int(len(self.took) * share))]


class _Connection(asyncio.Protocol):
    """One request at a time; tells its load when it is free."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._answer = b""
        self._number = 0
        self._due = 0.0
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass of it

    def send(self, number: int, due: float) -> None:
        assert self.transport is not None
        self._number, self._due = number, due
        self.transport.write(self._load.request(number))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, ended, body = self._answer.partition(b"\r\n\r\n")
        if not ended:
            return
        announced = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        if len(body) < int(announced or 0):
            return
        status, self._answer = int(head[9:12]), b""
        self._load.answered(self, self._number, self._due, status)

    def connection_lost(self, _: Exception | None) -> None:
        self._load.lost()


class _Load:
    def __init__(self, request: Request, first: int, rate: float | None) -> None:
        self.request = request
        self.sent = Sent()
        self._next = first
        self._ends = 0.0
        self._rate = rate
        self._free: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._open = 0
        self.done = asyncio.Event()

    def begin(self, connections: list[_Connection], seconds: float) -> None:
        self._ends = time.perf_counter() + seconds
        self._open = len(connections)
        if self._rate is None:
            for connection in connections:
                self._fire(connection, time.perf_counter())
        else:
            self._free.extend(connections)
            asyncio.get_running_loop().call_soon(self._tick, time.perf_counter(), 0)

    def _tick(self, began: float, fired: int) -> None:
        assert self._rate is not None
        now = time.perf_counter()
        due = int((min(now, self._ends) - began) * self._rate)
        self._due.extend(began + number / self._rate for number in range(fired, due))
        while self._due and self._free:
            self._fire(self._free.popleft(), self._due.popleft())
        if now < self._ends:
            asyncio.get_running_loop().call_later(0.001, self._tick, began, due)
        elif not self._due and len(self._free) == self._open:
            self.done.set()

    def _fire(self, connection: _Connection, due: float) -> None:
        connection.send(self._next, due)
        self._next += 1

    def answered(self, connection: _Connection, number: int, due: float, status: int) -> None:
        now = time.perf_counter()
        self.sent.statuses[status] += 1
        if status == _ACCEPTED:
            self.sent.took.append((now - due) * 1_000)
            self.sent.accepted.append(number)
        if self._rate is None and now < self._ends:
            self._fire(connection, now)
        elif self._due:
            self._fire(connection, self._due.popleft())
        else:
            self._free.append(connection)
            if now >= self._ends and len(self._free) == self._open:
                self.done.set()

    def lost(self) -> None:
        self._open -= 1
        if len(self._free) >= self._open:
            self.done.set()


def send(  # noqa: D417 - what the others mean is said in one sentence each
    port: int, request: Request, *, seconds: float, connections: int, rate: float | None = None, first: int = 0
) -> Sent:
    """Send for so many `seconds` over so many `connections`, as fast as they are answered or at a fixed `rate`.

    Args:
        port: on loopback.
        request: gives the whole request of a number.
        first: the number of the first.
    """
    return uvloop.run(_send(port, _Load(request, first, rate), seconds, connections))


async def _send(port: int, load: _Load, seconds: float, connections: int) -> Sent:
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)) for _ in range(connections)]
    began = time.perf_counter()
    load.begin([connection for _, connection in opened], seconds)
    async with asyncio.timeout(seconds + 60):
        await load.done.wait()
    load.sent.seconds = time.perf_counter() - began
    for transport, _ in opened:
        transport.abort()
    load.sent.took.sort()
    return load.sent
