"""Senders of signed deliveries that do not give up, and the ledger of what was acknowledged to them."""

import asyncio
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any, Final

SECRET: Final = "soak"  # noqa: S105 - protects a server on loopback that lives for a while
_ACCEPTED: Final = 202
_PATIENCE: Final = 20.0
"""Seconds that a sender waits for an answer before it sends the same again."""


@dataclass
class Ledger:
    """What the server said that it has: for each repository, how many of its pushes, one after the other."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    sent_again: int = 0

    @property
    def total(self) -> int:
        """All acknowledged deliveries."""
        return sum(self.acknowledged.values())


class Sender:
    """Pushes to one repository, each push after the one before was acknowledged."""

    def __init__(self, number: int, port: int, ledger: Ledger, pause: float) -> None:
        """Name the repository by its number.

        Args:
            number: of the sender and its repository.
            port: where the server listens.
            ledger: where acknowledged pushes are written down.
            pause: seconds between two pushes.
        """
        self._repository = f"soak/r{number}"
        self._port = port
        self._ledger = ledger
        self._pause = pause
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Push until told to stop; what was begun is then finished."""
        count = 0
        while not stop.is_set():
            request = delivery(self._repository, count + 1)
            while not await self._acknowledged(request):
                self._ledger.sent_again += 1
                await asyncio.sleep(0.1)
            count += 1
            self._ledger.acknowledged[self._repository] = count
            await asyncio.sleep(self._pause)
        self._hang_up()

    async def _acknowledged(self, request: bytes) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                if self._connection is None:
                    self._connection = await asyncio.open_connection("127.0.0.1", self._port)
                reader, writer = self._connection
                writer.write(request)
                await writer.drain()
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lengths = [line for line in head.lower().splitlines() if line.startswith("content-length:")]
                await reader.readexactly(int(lengths[0].partition(":")[2]) if lengths else 0)
                return int(head.split(" ", 2)[1]) == _ACCEPTED
        except (OSError, EOFError, TimeoutError):
            self._hang_up()
            return False

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection[1].transport.abort()
            self._connection = None


def delivery(repository: str, number: int) -> bytes:
    """The push that makes commit `number` the head of `repository`, as GitHub sends it."""
    body = json.dumps(_push(repository, number)).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return (
        "POST /webhooks/github HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: push\r\nX-GitHub-Delivery: {repository}-{number}\r\nX-Hub-Signature-256: sha256={mac}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def sha(repository: str, number: int) -> str:
    """The commit: its repository and number can be told from it."""
    return f"{int(repository.rpartition('r')[2]):020x}{number:020x}"


def _push(repository: str, number: int) -> dict[str, Any]:
    """One commit by somebody who commits only once, so that every store has something of its own to show for it."""
    person = f"p{repository.rpartition('r')[2]}x{number}"
    author = {"name": f"Person {person}", "email": f"{person}@soak.example", "username": person}
    change = {
        "id": sha(repository, number),
        "message": f"Change number {number}",
        "timestamp": "2026-11-20T18:30:00+02:00",
        "author": author,
        "committer": author,
        "added": [],
        "removed": [],
        "modified": ["src/soak.py"],
        "url": f"https://github.com/{repository}/commit/{number}",
    }
    return {
        "ref": "refs/heads/main",
        "before": sha(repository, number - 1),
        "after": change["id"],
        "repository": {"id": 1, "name": repository, "full_name": repository, "default_branch": "main"},
        "pusher": author,
        "sender": {"id": 1, "login": "soak", "type": "User"},
        "commits": [change],
        "head_commit": change,
    }
