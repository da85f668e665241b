"""The webhook routes: a delivery is checked, understood and made durable before its sender is told that we have it.

| answer | means |
|---|---|
| 202 | everything that it tells is in the log, and stays there |
| 400 | it is authentic and not a delivery: sending it again will not help |
| 401, 403 | it is not signed with the secret; no secret is configured here |
| 413 | its body is larger than GitHub's largest |
| 503 | too much waits already, or the log is away: send it again after `Retry-After` seconds |
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.sources.deliveries import events_of
from adapters.sources.webhooks import verify
from domain.errors import (
    EngintelError,
    InvalidInput,
    Misconfigured,
    NotAuthentic,
    PoisonEvent,
    Refused,
    StoreUnavailable,
)
from domain.events import Event
from domain.ports import Appended
from server.settings import Settings

BODY_LIMIT: Final = 25 * 1024 * 1024
"""Bytes of a body; GitHub delivers no more than this."""
WAITING_LIMIT: Final = 2_000
"""Deliveries that may wait for the log before the next is asked to come again."""
BATCH: Final = 500
RETRY_AFTER: Final = "2"
_TOO_LARGE: Final = f"The body is larger than {BODY_LIMIT // 1024 // 1024} MB."

Append = Callable[[Sequence[Event]], Awaitable[Appended]]


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

    def __init__(self, settings: Settings, append: Append, now: Callable[[], datetime]) -> None:
        """Name where deliveries go.

        Args:
            settings: with the secrets.
            append: the way into the log.
            now: tells when a delivery was received.
        """
        self._secrets: Mapping[str, str | None] = {
            "github": settings.github_webhook_secret,
            "jira": settings.jira_webhook_secret,
        }
        self._receiver = Receiver(append)
        self._now = now

    async def receive(self, request: Request) -> Response:
        """Answer one delivery."""
        sender = request.path_params["sender"]
        try:
            count = await self._take(sender, self._secret(sender), request)
        except tuple(_STATUS) as error:
            status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
            headers = {"Retry-After": RETRY_AFTER} if isinstance(error, StoreUnavailable) else None
            return JSONResponse({"error": str(error)}, status_code=status, headers=headers)
        return JSONResponse({"events": count}, status_code=202)

    def _secret(self, sender: str) -> str:
        if sender not in self._secrets:
            raise _Unknown(f"There is no webhook of that name here. There are: {', '.join(self._secrets)}.")
        secret = self._secrets[sender]
        if secret is None:
            raise _NoSecret(
                f"No secret is configured for {sender}: set ENGINTEL_{sender.upper()}_WEBHOOK_SECRET to the one that "
                "it signs with."
            )
        return secret

    async def _take(self, sender: str, secret: str, request: Request) -> int:
        body = await _body(request)
        headers = dict(request.headers)
        verify(sender, secret, headers, body, self._now())
        events = events_of(sender, headers, _parsed(body), received_at=self._now())
        await self._receiver.accept(events)
        return len(events)


class _Unknown(EngintelError):
    """Nobody sends webhooks under that name."""


class _NoSecret(Refused):
    """Nobody could prove who they are."""


class _TooLarge(InvalidInput):
    """The body is longer than anybody sends."""


_STATUS: Final[Mapping[type[EngintelError], int]] = {
    _Unknown: 404,
    _NoSecret: 403,
    _TooLarge: 413,
    NotAuthentic: 401,
    InvalidInput: 400,
    PoisonEvent: 400,
    StoreUnavailable: 503,
    Misconfigured: 503,
}


async def _body(request: Request) -> bytes:
    """The body as it came; no more of it is read than may be."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > BODY_LIMIT:
        raise _TooLarge(_TOO_LARGE)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > BODY_LIMIT:
            raise _TooLarge(_TOO_LARGE)
        pieces.append(piece)
    return b"".join(pieces)


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        return json.loads(body)
    except RecursionError:
        raise InvalidInput("The body is nested too deeply.") from None
    except ValueError:
        raise InvalidInput(
            "The body is not JSON: expected the payload itself, so set the webhook's content type to application/json."
        ) from None
