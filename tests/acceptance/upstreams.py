"""A Jira and a Slack that remember: comments, statuses, messages, who did what. And a wire that breaks on demand.

Both are HTTP servers on loopback that the real client packages talk to. What is done to them can be told on, as their
webhooks do.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs

from tests.engines.serving import JsonFace
from tests.engines.serving import served as serving

ACCOUNT = "our-own-account"
SITE_PROJECT = "PAY"
WAYS = {"To Do": ["In Progress", "Blocked"], "In Progress": ["In Review", "Blocked"], "In Review": ["Done"], "Done": []}
Served = TypeVar("Served", bound="Upstream")
Refusal = tuple[int, dict[str, str]]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


@dataclass
class Upstream:
    """What both have in common.

    Shape:
        refuse: what comes back in place of doing anything, by path and body: a status and headers, or None to do it.
        tell: is told of everything that is done, as a webhook's body.
        wrote: the path of every request that could change something, in the order in which they arrived.
    """

    url: str = ""
    refuse: Callable[[str, dict[str, Any]], Refusal | None] = lambda *_: None
    tell: Callable[[dict[str, Any]], None] = lambda _: None
    wrote: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """What comes back."""
        raise NotImplementedError


@dataclass
class Jira(Upstream):
    """Issues with a status, comments with properties, and a changelog."""

    comments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    keeps_properties: bool = True

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:  # noqa: PLR0911 - one a route
        """The part of the REST API, version 2, that is used."""
        route = path.partition("?")[0].removeprefix("/rest/api/2/").split("/")
        match (method, *route):
            case ("GET", "myself"):
                return 200, {"accountId": ACCOUNT, "displayName": "engintel"}
            case ("GET", "issue", key) if key in self.status:
                return 200, {
                    "id": "1", "key": key, "fields": {"status": {"name": self.status[key]}},
                    "changelog": {"histories": self.history.get(key, [])},
                }  # fmt: skip
            case ("GET", "issue", key, "comment") if key in self.status:
                return 200, {"comments": list(reversed(self.comments.get(key, [])))}
            case ("POST", "issue", key, "comment") if key in self.status:
                return 201, self._comment(key, body)
            case ("GET", "issue", key, "transitions") if key in self.status:
                ways = WAYS.get(self.status[key], [])
                return 200, {
                    "transitions": [{"id": str(n + 11), "name": w, "to": {"name": w}} for n, w in enumerate(ways)]
                }
            case ("POST", "issue", key, "transitions") if key in self.status:
                return self._move(key, body)
            case ("GET", "comment", comment_id, "properties", name):
                held = self.properties.get(comment_id, {})
                return (200, {"key": name, "value": held[name]}) if name in held else (404, {"errorMessages": ["no"]})
        return 404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}

    def _comment(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        comment_id = str(10_001 + sum(map(len, self.comments.values())))
        comment = {"id": comment_id, "body": body["body"], "created": _now(), "author": {"accountId": ACCOUNT}}
        self.comments.setdefault(key, []).append(comment)
        if self.keeps_properties:
            self.properties[comment_id] = {p["key"]: p["value"] for p in body.get("properties", [])}
        self.tell({"webhookEvent": "comment_created", "comment": comment, "issue": self._issue(key)})
        return {**comment, "self": f"{self.url}/rest/api/2/issue/1/comment/{comment_id}"}

    def _move(self, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        before = self.status[key]
        ways = WAYS.get(before, [])
        number = int(body["transition"]["id"]) - 11
        if not 0 <= number < len(ways):
            return 400, {"errorMessages": ["It seems that you have tried to perform an illegal workflow operation."]}
        self.status[key] = ways[number]
        item = {"field": "status", "fromString": before, "toString": ways[number]}
        entry = {"id": str(len(self.history.get(key, [])) + 1), "created": _now(), "author": {"accountId": ACCOUNT}}
        self.history.setdefault(key, []).append({**entry, "items": [item]})
        self.tell(
            {
                "webhookEvent": "jira:issue_updated", "user": {"accountId": ACCOUNT}, "issue": self._issue(key),
                "changelog": {"id": entry["id"], "items": [item]},
            }
        )  # fmt: skip
        return 204, None

    def _issue(self, key: str) -> dict[str, Any]:
        fields = {
            "summary": "Payouts hang", "created": _now(), "updated": _now(), "priority": {"name": "High"},
            "status": {"name": self.status[key], "statusCategory": {"key": "indeterminate"}},
            "project": {"key": key.partition("-")[0], "name": "Payouts"},
        }  # fmt: skip
        return {"id": "1", "key": key, "self": f"{self.url}/rest/api/2/issue/1", "fields": fields}


@dataclass
class Slack(Upstream):
    """One channel, with messages that keep their metadata."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    readable: bool = True

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """The part of the web API that is used."""
        assert method == "POST"
        match path.partition("?")[0].strip("/"):
            case "auth.test":
                return 200, {"ok": True, "user_id": "U0BOT", "bot_id": "B0BOT"}
            case "conversations.list":
                return 200, {"ok": True, "channels": [{"id": "C0123456789", "name": "payments"}]}
            case "conversations.history" if self.readable:
                since = float(body["oldest"])
                return 200, {"ok": True, "messages": [m for m in reversed(self.messages) if float(m["ts"]) >= since]}
            case "conversations.history":
                return 200, {"ok": False, "error": "missing_scope"}
            case "chat.postMessage" if body["channel"] in {"#payments", "C0123456789"}:
                ts = f"{time.time():.6f}"
                message = {"ts": ts, "text": body["text"], "metadata": body.get("metadata")}
                self.messages.append(message)
                self.tell(message)
                return 200, {"ok": True, "channel": "C0123456789", "ts": ts, "message": message}
        return 200, {"ok": False, "error": "channel_not_found"}


_ASKING = ("/auth.test", "/conversations.list", "/conversations.history")


@contextmanager
def upstream(served: Served) -> Iterator[Served]:
    """`served` at work on a free port."""

    class Handler(JsonFace):
        protocol_version = "HTTP/1.0"  # a connection each: any of them may be cut

        def answer(self) -> None:
            raw = self.body().decode()
            form = "x-www-form-urlencoded" in self.headers.get("Content-Type", "")
            body = {name: values[0] for name, values in parse_qs(raw).items()} if form else json.loads(raw or "{}")
            with served.lock:
                if self.command == "POST" and self.path not in _ASKING:
                    served.wrote.append(self.path)
                refused = served.refuse(self.path, body)
                status, told = served.answer(self.command, self.path, body) if refused is None else (refused[0], {})
            self.send(status, b"" if told is None else told, refused[1] if refused else None)

    with serving(Handler) as served.url:
        yield served


Fault = Callable[[bytes], str | None]
"""What goes wrong with a connection, by what its client wrote first: `reply` loses the answer after the request was
taken, `request` breaks before anything is passed on, None lets it be."""


@contextmanager
def faulty_wire(to: str, fault: Fault) -> Iterator[str]:
    """A way to the address `to` over which connections break; gives its own address."""
    host, _, port = to.removeprefix("http://").partition(":")
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()
    threads: list[threading.Thread] = []

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection((host, int(port))) as server:
            said = client.recv(65_536)
            if not said:
                return
            wrong = fault(said)
            if wrong != "request":
                server.sendall(said)
                up = threading.Thread(target=_pump, args=(client, server), daemon=True)
                up.start()
                told = server.recv(65_536)
                if wrong is None:
                    client.sendall(told)
                    _pump(server, client)
            # Not only closed: whoever still reads from it must be woken.
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while not stopped.is_set():
            with suppress(OSError):
                client, _ = listening.accept()
                thread = threading.Thread(target=_quietly, args=(carry, client), daemon=True)
                thread.start()
                threads.append(thread)

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        stopped.set()
        with suppress(OSError):
            socket.create_connection(listening.getsockname(), timeout=1).close()
        listening.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


def _quietly(carry: Callable[[socket.socket], None], client: socket.socket) -> None:
    with suppress(OSError):
        carry(client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
