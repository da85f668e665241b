"""Stand-ins for Jira and Slack: real HTTP servers on loopback that the real client packages talk to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Received:
    """One request as the stand-in got it."""

    path: str
    authorization: str
    body: dict[str, Any]


@dataclass
class StandIn:
    """A server that writes down what it gets. `answer` decides what comes back: a status and a body.

    Raising `ConnectionAbortedError` in it drops the connection after the request was received.
    """

    answer: Callable[[Received], tuple[int, dict[str, Any]]]
    received: list[Received] = field(default_factory=list)
    url: str = ""


@contextmanager
def running(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in at work on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            raw = self.rfile.read(length).decode()
            form = "application/x-www-form-urlencoded" in self.headers.get("Content-Type", "")
            body = {name: values[0] for name, values in parse_qs(raw).items()} if form else json.loads(raw or "{}")
            request = Received(self.path, self.headers.get("Authorization", ""), body)
            stand_in.received.append(request)
            try:
                status, answer = stand_in.answer(request)
            except ConnectionAbortedError:
                self.connection.close()
                return
            told = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def jira_that_works() -> StandIn:
    """Takes every comment, and numbers them."""
    stand_in = StandIn(answer=lambda _: (201, {"id": str(10_000 + len(stand_in.received)), "self": "x", "body": "x"}))
    return stand_in


def slack_that_works() -> StandIn:
    """Takes every message."""
    stand_in = StandIn(
        answer=lambda got: (
            200,
            {
                "ok": True,
                "channel": "C0123",
                "ts": f"17.{len(stand_in.received)}",
                "message": {"text": got.body["text"]},
            },
        )
    )
    return stand_in
