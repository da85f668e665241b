"""Stand-ins for Jira and Slack: real HTTP servers on loopback that the real client packages talk to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.engines.serving import JsonFace, served


@dataclass
class Received:
    """One request as the stand-in got it."""

    path: str
    authorization: str
    body: dict[str, Any]


@dataclass
class StandIn:
    """A server that writes down what it is told to do. `answer` decides what comes back: a status and a body.

    Raising `ConnectionAbortedError` in it drops the connection after the request was received. What is only asked of
    it (who are you, what is there) is answered from `known`, by the end of the path, and kept in `asked`.
    """

    answer: Callable[[Received], tuple[int, dict[str, Any]]]
    received: list[Received] = field(default_factory=list)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def running(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in at work on a free port."""

    class Handler(JsonFace):
        protocol_version = "HTTP/1.0"  # a connection each: any of them may be aborted

        def answer(self) -> None:
            if self.command == "GET":
                self.send(*self._known())
            else:
                self._written()

        def _known(self) -> tuple[int, dict[str, Any]]:
            path = self.path.partition("?")[0]
            stand_in.asked.append(path)
            found = next((told for end, told in stand_in.known.items() if path.endswith(end)), None)
            return (200, found) if found is not None else (404, {"errorMessages": ["not there"]})

        def _written(self) -> None:
            raw = self.body().decode()
            form = "application/x-www-form-urlencoded" in self.headers.get("Content-Type", "")
            body = {name: values[0] for name, values in parse_qs(raw).items()} if form else json.loads(raw or "{}")
            if any(self.path.endswith(end) for end in stand_in.known):
                self.send(*self._known())
                return
            request = Received(self.path, self.headers.get("Authorization", ""), body)
            stand_in.received.append(request)
            try:
                status, answer = stand_in.answer(request)
            except ConnectionAbortedError:
                self.connection.close()
                return
            self.send(status, answer)

    with served(Handler) as stand_in.url:
        yield stand_in


def jira_that_works() -> StandIn:
    """Takes every comment, and numbers them."""
    stand_in = StandIn(
        answer=lambda _: (201, {"id": str(10_000 + len(stand_in.received)), "self": "x", "body": "x"}),
        known={"/myself": {"accountId": "our-own-account"}},
    )
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
        ),
        known={
            "/auth.test": {"ok": True, "user_id": "U0BOT", "bot_id": "B0BOT"},
            "/conversations.list": {"ok": True, "channels": [{"id": "C0123", "name": "payments"}]},
            "/conversations.history": {"ok": True, "messages": []},
        },
    )
    return stand_in
