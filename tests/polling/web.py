"""A small HTTP server on loopback that answers as it is told, writes down what it is asked, and fails when told to."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit


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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: a client that was killed leaves a broken connection."""


@contextmanager
def running(site: S) -> Iterator[S]:
    """The site at work on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            there = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = "form-urlencoded" in (self.headers.get("Content-Type") or "")
            body = dict(parse_qsl(raw)) if form else json.loads(raw or "null")
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                reply = site.reply(Request(self.command, there.path, dict(parse_qsl(there.query)), headers, body))
            except Dropped:
                self.close_connection = True
                return
            told = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            if reply.status == 304:
                told = b""
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = _serve  # noqa: N815 - the names that the base class looks for

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


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
