"""The webhook routes: a delivery is checked and made durable before its sender is told that we have it.

| answer | means |
|---|---|
| 202 | it is kept, whatever happens next, and will be read into the log |
| 400 | it is authentic and not a delivery: sending it again will not help |
| 401, 403 | it is not signed with the secret; no secret is configured here |
| 413 | its body is larger than GitHub's largest |
| 503 | too much waits already, or the inbox is away: send it again after `Retry-After` seconds |

Plain ASGI: thousands of deliveries come in a second, and a framework's request would cost as much as all the rest.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from starlette.types import Receive, Scope, Send

from adapters.sources.webhooks import check_shape, kept_headers, verify
from domain.deliveries import Delivery
from domain.errors import (
    EngintelError,
    InvalidInput,
    Misconfigured,
    NotAuthentic,
    PoisonEvent,
    Refused,
    StoreUnavailable,
)
from server.receiver import Put, Receiver
from server.settings import Settings

PREFIX: Final = "/webhooks/"
"""Under this, senders prove who they are in their own way."""
BODY_LIMIT: Final = 25 * 1024 * 1024
"""Bytes of a body; GitHub delivers no more than this."""
RETRY_AFTER: Final = b"2"
_TOO_LARGE: Final = f"The body is larger than {BODY_LIMIT // 1024 // 1024} MB."
_ACCEPTED: Final = 202
_ACCEPTED_BODY: Final = b'{"accepted":true}'

logger = logging.getLogger(__name__)


class Webhooks:
    """The routes under `/webhooks/`, as an ASGI application."""

    def __init__(self, settings: Settings, put: Put, now: Callable[[], datetime]) -> None:
        """Name where deliveries go.

        Args:
            settings: with the secrets.
            put: makes deliveries durable.
            now: tells when a delivery was received.
        """
        self._secrets: Mapping[str, str | None] = {
            "github": settings.github_webhook_secret,
            "jira": settings.jira_webhook_secret,
        }
        self._receiver = Receiver(put)
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one delivery."""
        status, body, retry = _ACCEPTED, _ACCEPTED_BODY, False
        try:
            await self._take(scope, receive)
        except _Gone:
            return
        except tuple(_STATUS) as error:
            status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
            body, retry = json.dumps({"error": str(error)}).encode(), isinstance(error, StoreUnavailable)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if retry:
            headers.append((b"retry-after", RETRY_AFTER))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, scope: Scope, receive: Receive) -> None:
        if scope["method"] != "POST":
            raise _NotPost("Expected a POST.")
        sender = scope["path"].removeprefix(PREFIX)
        secret = self._secret(sender)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(headers, receive)
        now = self._now()
        verify(sender, secret, headers, body, now)
        check_shape(sender, body)
        await self._receiver.accept(Delivery(sender, kept_headers(sender, headers), body, now))

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


class _Unknown(EngintelError):
    """Nobody sends webhooks under that name."""


class _NotPost(EngintelError):
    """Somebody looks where deliveries are put."""


class _NoSecret(Refused):
    """Nobody could prove who they are."""


class _TooLarge(InvalidInput):
    """The body is longer than anybody sends."""


class _Gone(Exception):
    """The sender went away in the midst of it: nobody waits for an answer."""


_STATUS: Final[Mapping[type[EngintelError], int]] = {
    _Unknown: 404,
    _NotPost: 405,
    _NoSecret: 403,
    _TooLarge: 413,
    NotAuthentic: 401,
    InvalidInput: 400,
    PoisonEvent: 400,
    StoreUnavailable: 503,
    Misconfigured: 503,
}


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The body as it came; no more of it is read than may be."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > BODY_LIMIT:
        raise _TooLarge(_TOO_LARGE)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False):
        return body  # most of them come in one piece
    pieces, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > BODY_LIMIT:
            raise _TooLarge(_TOO_LARGE)
    if message["type"] != "http.request":
        raise _Gone
    return b"".join(pieces)
