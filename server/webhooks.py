"""The webhook routes: a delivery is checked, understood and made durable before its sender is told that we have it.

| answer | means |
|---|---|
| 200 | it was a greeting, and this is what its sender wants to hear |
| 202 | everything that it tells is in the log, and stays there |
| 400 | it is authentic and not a delivery: sending it again will not help |
| 401, 403 | it is not signed with the secret; no secret is configured here |
| 404 | nobody sends webhooks under that name |
| 413 | its body is larger than any of that sender |
| 503 | too much waits already, or the log is away: send it again after `Retry-After` seconds |
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.sources.deliveries import events_of, parsed
from adapters.sources.webhooks import RULES, Authentic, Denial, Sender, judge, too_large
from domain.errors import (
    EngintelError,
    InvalidInput,
    Misconfigured,
    PoisonEvent,
    StoreUnavailable,
)
from domain.events import Event
from domain.ports import Appended
from server.senders import secrets_of
from server.settings import Settings

WAITING_LIMIT: Final = 2_000
"""Deliveries that may wait for the log before the next is asked to come again."""
BATCH: Final = 500
RETRY_AFTER: Final = "2"

Append = Callable[[Sequence[Event]], Awaitable[Appended]]
Keep = Callable[[str, datetime], Awaitable[None]]
"""Keeps a token that was offered; see `server.offers`."""


@dataclass(frozen=True)
class _Waiting:
    events: Sequence[Event]
    durable: "asyncio.Future[None]"


class Receiver:
    """Appends what comes in, many deliveries in one step: the more wait, the more share a commit."""

    def __init__(self, append: Append, waiting_limit: int = WAITING_LIMIT) -> None:
        """Name the way into the log.

        Args:
            append: makes events durable, or raises `StoreUnavailable`.
            waiting_limit: how many deliveries may wait for it.
        """
        self._append = append
        self._limit = waiting_limit
        self._waiting: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def accept(self, events: Sequence[Event]) -> None:
        """Return once `events` are durable, all of them.

        Raises:
            StoreUnavailable: nothing is promised; sending it again is safe.
        """
        if len(self._waiting) >= self._limit:
            raise StoreUnavailable("log", "too many deliveries wait for it")
        mine = _Waiting(events, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await mine.durable

    async def _write(self) -> None:
        while self._waiting:
            together = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            problem = await self._problem_with(together)
            if problem is None or isinstance(problem, StoreUnavailable) or len(together) == 1:
                _tell(together, problem)
                continue
            # One of them cannot be kept: each goes by itself, so that it costs nobody else theirs.
            for alone in together:
                _tell([alone], await self._problem_with([alone]))

    async def _problem_with(self, together: Sequence[_Waiting]) -> Exception | None:
        """What kept these from becoming durable; None if they did."""
        try:
            await self._append([event for waiting in together for event in waiting.events])
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits to hear of it
            return error
        return None


def _tell(together: Sequence[_Waiting], problem: Exception | None) -> None:
    for waiting in together:
        if waiting.durable.done():  # its sender went away meanwhile
            continue
        if problem is None:
            waiting.durable.set_result(None)
        else:
            waiting.durable.set_exception(problem)


class Webhooks:
    """The routes under `/webhooks/`."""

    def __init__(
        self, settings: Settings, append: Append, keep: Keep, now: Callable[[], datetime], *, insecure: bool = False
    ) -> None:
        """Name where deliveries go.

        Args:
            settings: with the secrets.
            append: the way into the log.
            keep: where Notion's verification token goes.
            now: tells when a delivery was received.
            insecure: whether senders without a secret are believed.
        """
        self._secrets = secrets_of(settings)
        self._receiver = Receiver(append)
        self._keep = keep
        self._now = now
        self._insecure = insecure

    async def receive(self, request: Request) -> Response:
        """Answer one request."""
        name = request.path_params["sender"]
        try:
            body = await _body(request, RULES[name]) if name in RULES else b""
            now = self._now()
            verdict = judge(name, self._secrets, request.headers, body, now, insecure=self._insecure)
            if isinstance(verdict, Authentic):
                told = parsed(verdict.body)
                events = events_of(verdict.sender.source, verdict.headers, told, received_at=now)
                await self._receiver.accept(events)
                return JSONResponse({"events": len(events)}, status_code=202)
            if isinstance(verdict, Denial):
                return JSONResponse({"error": verdict.text}, status_code=verdict.status)
            if verdict.offered is not None:
                await self._keep(verdict.offered, now)
            return JSONResponse(dict(verdict.answer))
        except _TooLarge as error:
            return JSONResponse({"error": str(error)}, status_code=413)
        except tuple(STATUS) as error:
            status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
            headers = {"Retry-After": RETRY_AFTER} if isinstance(error, StoreUnavailable) else None
            return JSONResponse({"error": str(error)}, status_code=status, headers=headers)


class _TooLarge(InvalidInput):
    """The body is longer than anybody sends."""


STATUS: Final[Mapping[type[EngintelError], int]] = {
    InvalidInput: 400,
    PoisonEvent: 400,
    StoreUnavailable: 503,
    Misconfigured: 503,
}
"""How what goes wrong with an authentic delivery is answered."""


async def _body(request: Request, sender: Sender) -> bytes:
    """The body as it came; no more of it is read than may be."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > sender.limit:
        raise _TooLarge(too_large(sender).text)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > sender.limit:
            raise _TooLarge(too_large(sender).text)
        pieces.append(piece)
    return b"".join(pieces)
