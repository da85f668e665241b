"""The webhook routes: a delivery is checked and made durable before its sender is told that we have it.

| answer | means |
|---|---|
| 200 | it was a greeting, and this is what its sender wants to hear |
| 202 | it is kept, whatever happens next, and will be read into the log |
| 400 | it is authentic and not a delivery: sending it again will not help |
| 401, 403 | it is not signed with the secret; no secret is configured here |
| 404, 405 | nobody sends webhooks under that name; it is no POST |
| 413 | its body is larger than any of that sender |
| 503 | too much waits already, or the inbox is away: send it again after `Retry-After` seconds |

Plain ASGI: thousands of deliveries come in a second, and a framework's request would cost as much as all the rest.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from starlette.types import Receive, Scope, Send

from adapters.sources.webhooks import RULES, Authentic, Denial, Sender, check_shape, judge, kept_headers, too_large
from domain.deliveries import Delivery
from domain.errors import EngintelError, InvalidInput, Misconfigured, PoisonEvent, StoreUnavailable
from server.receiver import Put, Receiver
from server.senders import secrets_of
from server.settings import Settings

PREFIX: Final = "/webhooks/"
"""Under this, senders prove who they are in their own way."""
RETRY_AFTER: Final = b"2"
_ACCEPTED: Final = 202
_ACCEPTED_BODY: Final = b'{"accepted":true}'

Keep = Callable[[str, datetime], Awaitable[None]]
"""Keeps a token that was offered; see `server.offers`."""


class Webhooks:
    """The routes under `/webhooks/`, as an ASGI application."""

    def __init__(
        self, settings: Settings, put: Put, keep: Keep, now: Callable[[], datetime], *, insecure: bool = False
    ) -> None:
        """Name where deliveries go.

        Args:
            settings: with the secrets.
            put: makes deliveries durable.
            keep: where Notion's verification token goes.
            now: tells when a delivery was received.
            insecure: whether senders without a secret are believed.
        """
        self._secrets = secrets_of(settings)
        self._receiver = Receiver(put)
        self._keep = keep
        self._now = now
        self._insecure = insecure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one delivery."""
        status, body, retry = _ACCEPTED, _ACCEPTED_BODY, False
        try:
            if (answer := await self._take(scope, receive)) is not None:
                status, body = answer
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

    async def _take(self, scope: Scope, receive: Receive) -> tuple[int, bytes] | None:
        """Keep a delivery, or give status and body of another answer."""
        if scope["method"] != "POST":
            raise _NotPost("Expected a POST.")
        name = scope["path"].removeprefix(PREFIX)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _body(headers, receive, RULES[name]) if name in RULES else b""
        now = self._now()
        verdict = judge(name, self._secrets, headers, body, now, insecure=self._insecure)
        if isinstance(verdict, Authentic):
            source = verdict.sender.source
            check_shape(source, verdict.body)
            await self._receiver.accept(Delivery(source, kept_headers(source, headers), verdict.body, now))
            return None
        if isinstance(verdict, Denial):
            return verdict.status, json.dumps({"error": verdict.text}).encode()
        if verdict.offered is not None:
            await self._keep(verdict.offered, now)
        return 200, json.dumps(verdict.answer).encode()


class _NotPost(EngintelError):
    """Somebody looks where deliveries are put."""


class _TooLarge(InvalidInput):
    """The body is longer than anybody sends."""


class _Gone(Exception):
    """The sender went away in the midst of it: nobody waits for an answer."""


_STATUS: Final[Mapping[type[EngintelError], int]] = {
    _NotPost: 405,
    _TooLarge: 413,
    InvalidInput: 400,
    PoisonEvent: 400,
    StoreUnavailable: 503,
    Misconfigured: 503,
}


async def _body(headers: Mapping[str, str], receive: Receive, sender: Sender) -> bytes:
    """The body as it came; no more of it is read than may be."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > sender.limit:
        raise _TooLarge(too_large(sender).text)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body", False):
        return body  # most of them come in one piece
    pieces, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > sender.limit:
            raise _TooLarge(too_large(sender).text)
    if message["type"] != "http.request":
        raise _Gone
    return b"".join(pieces)
