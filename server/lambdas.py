"""AWS Lambda entry points of the webhooks, behind API Gateway or a function URL: `engintel.lambdas.webhooks`.

They ask the same question as the HTTP face (`adapters.sources.webhooks.judge`) and give the same answers. A delivery is
in the log before it is acknowledged. The connection outlives the invocation, as Lambda keeps the process.

| event | from |
|---|---|
| version 1.0 | a REST API, or an HTTP API that is set to it: `httpMethod`, `path`, `multiValueHeaders` |
| version 2.0 | an HTTP API, or a function URL: `rawPath`, `requestContext.http.method` |

What is too large for AWS never comes here: API Gateway refuses more than 10 MB and Lambda an event of more than 6 MB,
which is 4.5 MB of a body in Base64. GitHub sends up to 25 MB: receive it over HTTP, or fetch what was missed.

The operator brings the schema up to date (`engintel migrate`); a function that may only append cannot.
"""

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias

from adapters.sources.deliveries import events_of, parsed
from adapters.sources.webhooks import RULES, Authentic, Denial, Greeting, judge
from domain.errors import EngintelError, InvalidInput, Misconfigured, PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.ports import Appended, EventLog
from server.offers import Offers
from server.senders import secrets_of
from server.settings import Settings, load_settings

Answer: TypeAlias = dict[str, Any]
"""What Lambda gives back to API Gateway; the same in both versions."""
Handler: TypeAlias = Callable[[Mapping[str, Any], object], Answer]

Append: TypeAlias = Callable[[Sequence[Event]], Awaitable[Appended]]

RETRY_AFTER: Final = "2"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was before the gateway wrapped it."""

    method: str
    sender: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Answers the invocations of one process. It opens the log with the first of them and keeps it."""

    def __init__(self, load: Callable[[], Settings] = load_settings) -> None:
        """Open nothing yet.

        Args:
            load: gives the settings.
        """
        self._load = load
        self._settings: Settings | None = None
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._log: EventLog | None = None
        self._append: Append | None = None

    def answer(self, event: Mapping[str, Any], sender: str | None = None) -> Answer:
        """What to answer. Nothing is raised: an error of ours would be retried by nobody and told to nobody.

        Args:
            event: as Lambda gives it.
            sender: who sent it, for a function that serves one route; otherwise the path says.
        """
        try:
            return self._loop.run_until_complete(self._answered(event, sender))
        except (InvalidInput, PoisonEvent) as error:
            return _answer(400, {"error": str(error)})
        except EngintelError as error:
            logger.warning("A delivery was not taken: %s", error)
            return _answer(503, {"error": str(error)})
        except Exception:
            # Whoever sends again will find it mended or not; what is lost in between is in the deliveries of GitHub.
            logger.exception("Reading a delivery failed")
            return _answer(503, {"error": "This delivery could not be read. Its sender may send it again."})

    def close(self) -> None:
        """Let go of the log."""
        self._loop.run_until_complete(self._stack.aclose())
        self._loop.close()

    async def _answered(self, event: Mapping[str, Any], sender: str | None) -> Answer:
        request = read_request(event)
        if self._settings is None:
            self._settings = self._load()
        settings = self._settings
        if request.method != "POST":
            return _answer(405, {"error": "Expected a POST."}, {"Allow": "POST"})
        now = settings.clock()
        verdict = judge(sender or request.sender, secrets_of(settings), request.headers, request.body, now)
        if isinstance(verdict, Denial):
            return _answer(verdict.status, {"error": verdict.text})
        if isinstance(verdict, Greeting):
            return await self._greeted(verdict, settings, now)
        return await self._taken(verdict, settings, now)

    async def _greeted(self, greeting: Greeting, settings: Settings, now: datetime) -> Answer:
        if greeting.offered is not None:
            await Offers(await self._opened(settings)).keep(greeting.offered, now)
        return _answer(200, greeting.answer)

    async def _taken(self, delivery: Authentic, settings: Settings, now: datetime) -> Answer:
        events = events_of(delivery.sender.source, delivery.headers, parsed(delivery.body), received_at=now)
        if events:
            if self._append is None:
                self._append = await self._way_in(settings)
            try:
                await self._append(events)
            except StoreUnavailable:
                # Lambda freezes a process between invocations, and the other end may have hung up meanwhile.
                await self._append(events)
        return _answer(202, {"events": len(events)})

    async def _way_in(self, settings: Settings) -> Append:
        """What makes events durable, opened with the first of them."""
        if settings.log_url is None:
            return (await self._opened(settings)).append
        from adapters.log.catalog import make_stream  # noqa: PLC0415 - as below
        from adapters.log.streamed import send  # noqa: PLC0415 - as below

        stream = make_stream(settings.log_url, settings.organisation)
        self._stack.push_async_callback(stream.close)
        return partial(send, stream)

    async def _opened(self, settings: Settings) -> EventLog:
        if self._log is None:
            self._log = await open_log(settings, self._stack)
        return self._log


async def open_log(settings: Settings, stack: AsyncExitStack) -> EventLog:
    """The log that `settings` name, open until `stack` is closed. A driver is imported once it is needed.

    Raises:
        Misconfigured: they name none: what is embedded in a function is gone with it.
        StoreUnavailable: it cannot be reached.
    """
    if not settings.database_url:
        raise Misconfigured(
            "A Lambda function has no place for a database of its own: set ENGINTEL_DATABASE_URL, or ENGINTEL_LOG_URL."
        )
    from adapters.log.postgres import PostgresLog  # noqa: PLC0415 - see above
    from adapters.postgres.database import Database  # noqa: PLC0415 - see above

    database = await stack.enter_async_context(Database(settings.database_url, settings.home_folder).open())
    log = PostgresLog(database, settings.organisation)
    stack.push_async_callback(log.close)
    return log


def read_request(event: Mapping[str, Any]) -> Request:
    """The request in an event of either version.

    Raises:
        InvalidInput: it is neither, or its body is not what it says.
    """
    context = event.get("requestContext")
    http = context.get("http") if isinstance(context, dict) else None
    if isinstance(http, dict):
        method, path = http.get("method"), event.get("rawPath")
    else:
        method, path = event.get("httpMethod"), event.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        raise InvalidInput("Expected an event of API Gateway or of a function URL, version 1.0 or 2.0.")
    return Request(
        method=method.upper(),
        sender=path.rstrip("/").rpartition("/")[2],
        headers=_headers(event),
        body=_body(event),
    )


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Headers with names in lower case; of one that came several times the last, as over HTTP."""
    found: dict[str, str] = {}
    for headers in (event.get("multiValueHeaders"), event.get("headers")):
        if isinstance(headers, dict):
            for name, value in headers.items():
                last = value[-1] if isinstance(value, list) and value else value
                if isinstance(name, str) and isinstance(last, str):
                    found[name.lower()] = last
    return found


def _body(event: Mapping[str, Any]) -> bytes:
    """Exactly the bytes that were sent: the signature is over these, and not over the text that stands for them."""
    body = event.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise InvalidInput("Expected a text as the event's body.")
    try:
        if event.get("isBase64Encoded"):
            return base64.b64decode(body, validate=True)
        return body.encode()
    except (binascii.Error, ValueError):
        raise InvalidInput("The event's body is not the Base64 or the UTF-8 that it says it is.") from None


def _answer(status: int, told: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    retry = {"Retry-After": RETRY_AFTER} if status == 503 else {}  # noqa: PLR2004 - HTTP's own
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json", **retry, **(headers or {})},
        "body": json.dumps(told),
        "isBase64Encoded": False,
    }


def handlers(receiver: Receiver) -> Mapping[str, Handler]:
    """The entry points over one receiver: `webhooks`, which reads the sender from the path, and one for each sender."""

    def entry(sender: str | None) -> Handler:
        def handler(event: Mapping[str, Any], _context: object) -> Answer:
            return receiver.answer(event, sender)

        return handler

    return {"webhooks": entry(None), **{sender: entry(sender) for sender in RULES}}
