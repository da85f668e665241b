"""A small HTTP server on loopback that answers as it is told, writes down what it is asked, and fails when told to."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from tests.engines.serving import JsonFace, served


@dataclass(frozen=True)
class Request:
    """What was asked. Names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What is answered. A body of text goes out as it is, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Dropped(Exception):
    """The connection ends without an answer."""


class Site:
    """A site; a subclass says in `answer` what is there. `fault` is asked first and may answer in its place."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Request] = []
        self.fault: Callable[[Request], Reply | None] = lambda _: None
        self.lock = threading.RLock()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def reply(self, request: Request) -> Reply:
        with self.lock:
            self.asked.append(request)
            return self.fault(request) or self.answer(request)

    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


S = TypeVar("S", bound=Site)


@contextmanager
def running(site: S) -> Iterator[S]:
    """The site at work on a free port."""

    class Handler(JsonFace):
        def answer(self) -> None:
            there = urlsplit(self.path)
            raw = self.body().decode()
            form = "form-urlencoded" in (self.headers.get("Content-Type") or "")
            body = dict(parse_qsl(raw)) if form else json.loads(raw or "null")
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                reply = site.reply(Request(self.command, there.path, dict(parse_qsl(there.query)), headers, body))
            except Dropped:
                self.close_connection = True
                return
            told = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            self.send(reply.status, b"" if reply.status == 304 else told, reply.headers)

    with served(Handler) as site.url:
        yield site


def failing(times: int, reply: Reply | type[Exception], path: str = "") -> Callable[[Request], Reply | None]:
    """A fault that happens `times` times, to requests whose path contains `path`."""
    left = [times]

    def fault(request: Request) -> Reply | None:
        if path not in request.path or left[0] == 0:
            return None
        left[0] -= 1
        if isinstance(reply, Reply):
            return reply
        raise reply

    return fault
