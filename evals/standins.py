"""Jira and Slack as far as an action can see them: HTTP servers on loopback that write down what they get."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Sent:
    """One request as an upstream received it."""

    path: str
    body: Mapping[str, Any]


Answer = Callable[[Sent, int], tuple[int, Mapping[str, Any]]]
"""What an upstream says to a request, which is its n-th: a status and a body."""


@dataclass
class StandIn:
    """An upstream at work: where it can be reached, and everything that it received."""

    url: str
    received: list[Sent] = field(default_factory=list)


def comment_taken(_: Sent, count: int) -> tuple[int, Mapping[str, Any]]:
    """Jira takes every comment, and numbers them."""
    return 201, {"id": str(10_000 + count), "self": "", "body": ""}


def jira_known(path: str) -> Mapping[str, Any]:
    """What Jira says to a question: every issue is in progress, and can go anywhere from there."""
    if path.endswith("/transitions"):
        ways = ("To Do", "Blocked", "In Review", "Done")
        return {"transitions": [{"id": str(n), "name": way, "to": {"name": way}} for n, way in enumerate(ways, 11)]}
    if "/issue/" in path:
        return {"id": "1", "key": path.rpartition("/")[2], "fields": {"status": {"name": "In Progress"}}}
    return {"accountId": "engintel"}


def message_taken(sent: Sent, count: int) -> tuple[int, Mapping[str, Any]]:
    """Slack takes every message."""
    text = sent.body.get("text", "")
    return 200, {"ok": True, "channel": "C0123456789", "ts": f"1.{count:06d}", "message": {"text": text}}


@contextmanager
def standing_in(answer: Answer) -> Iterator[StandIn]:
    """An upstream on a free port, for as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    stand_in = StandIn(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass = _handler(stand_in, answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(stand_in: StandIn, answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # What is only asked does nothing: who we are, where an issue is, and where it could go.
            self._tell(200, jira_known(self.path.partition("?")[0]))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            if self.path.endswith("/auth.test"):
                self._tell(200, {"ok": True, "user_id": "U0ENGINTEL", "bot_id": "B0ENGINTEL"})
                return
            sent = Sent(self.path, _body(raw, self.headers.get("Content-Type", "")))
            stand_in.received.append(sent)
            status, said = answer(sent, len(stand_in.received))
            self._tell(status, said)

        def _tell(self, status: int, said: Mapping[str, Any]) -> None:
            told = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _body(raw: str, kind: str) -> Mapping[str, Any]:
    if "application/x-www-form-urlencoded" in kind:
        return {name: values[0] for name, values in parse_qs(raw).items()}
    body = json.loads(raw or "{}")
    return body if isinstance(body, dict) else {"": body}
