"""The HTTP face: MCP over Streamable HTTP, and whether the server is alive and ready.

It starts on loopback only, unless a bearer token and the hosts it may be reached by are set; once set, both are
enforced everywhere, loopback included.
"""

import asyncio
import gc
import hmac
import ipaddress
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import Misconfigured
from server.mcp.app import EngintelServer, build_server
from server.mcp.holder import EngineHolder, patience
from server.offers import Offers
from server.settings import Settings
from server.supervisor import Supervisor
from server.watching import Watching
from server.webhooks import PREFIX, Webhooks

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
logger = logging.getLogger(__name__)

SHUTDOWN_SECONDS: Final = 5


class RequireToken:
    """Refuses every request without the token, but for the two that tell whether the server lives."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        """Stand before `app`.

        Args:
            app: what is protected.
            token: what a caller must bring.
        """
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or answer 401."""
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS or self._allowed(scope):
            await self._app(scope, receive, send)
            return
        refusal = JSONResponse(
            {"error": "This server needs a bearer token: send `Authorization: Bearer <ENGINTEL_HTTP_TOKEN>`."},
            status_code=401,
            headers={"WWW-Authenticate": 'Bearer realm="engintel"'},
        )
        await refusal(scope, receive, send)

    def _allowed(self, scope: Scope) -> bool:
        given: bytes = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self._token)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings, host: str, *, insecure_webhooks: bool = False) -> None:
    """Do nothing if the server may listen on `host`.

    Raises:
        Misconfigured: it would be open to others without a token, or to any host name, or anybody could write into
            its log.
    """
    if is_loopback(host):
        return
    if insecure_webhooks:
        raise Misconfigured(
            f"Refusing --insecure-webhooks on {host}: anybody could write into the picture. It is for trying things "
            "out on 127.0.0.1; elsewhere, set the secret of each sender."
        )
    if not settings.http_token:
        raise Misconfigured(
            f"Refusing to listen on {host} without a token: set ENGINTEL_HTTP_TOKEN (and ENGINTEL_ALLOWED_HOSTS), "
            "or listen on 127.0.0.1."
        )
    if not settings.allowed_hosts:
        raise Misconfigured(
            f"Refusing to listen on {host} for any host name: set ENGINTEL_ALLOWED_HOSTS to the names that clients "
            "use, such as engintel.example.com."
        )


def build_app(
    server: EngintelServer,
    holder: EngineHolder,
    host: str,
    workers: Callable[[], Sequence[int]] = tuple,
    *,
    insecure_webhooks: bool = False,
) -> ASGIApp:
    """The whole HTTP face.

    Args:
        server: what answers under `/mcp`.
        holder: the engine, for readiness and figures.
        host: where it will listen.
        workers: gives the process ids of the workers beside it.
        insecure_webhooks: whether senders without a secret are believed; on loopback only.

    Raises:
        Misconfigured: see `check_exposure`.
    """
    settings = holder.settings
    check_exposure(settings, host, insecure_webhooks=insecure_webhooks)

    watching = Watching(holder, workers)
    server.custom_route("/healthz", methods=["GET"])(watching.alive)
    server.custom_route("/readyz", methods=["GET"])(watching.ready)
    server.custom_route("/metrics", methods=["GET"])(watching.metrics)
    app: Starlette = server.streamable_http_app(transport_security=_security(settings))
    guarded = RequireToken(app, settings.http_token) if settings.http_token else app

    async def keep(token: str, now: datetime) -> None:
        await Offers((await holder.engine()).log).keep(token, now)

    # Without another try: the sender has a clock of its own, and is told to come again.
    webhooks = Webhooks(settings, holder.keep, keep, settings.clock, insecure=insecure_webhooks)
    return _WithWebhooks(guarded, watching.counting(webhooks, PREFIX))


class _WithWebhooks:
    """Deliveries take the short way: past the token, which senders do not have, and past the framework.

    The parser leaves white space behind the values of headers, which is no part of them (RFC 9110, 5.5).
    """

    def __init__(self, app: ASGIApp, webhooks: ASGIApp) -> None:
        self._app = app
        self._webhooks = webhooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._webhooks(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _security(settings: Settings) -> TransportSecuritySettings:
    """Which Host and Origin headers are answered: those of this machine, and those that the operator named."""
    named = [host.strip() for host in (settings.allowed_hosts or "").split(",") if host.strip()]
    hosts = [*_LOOPBACK, *named]
    with_ports = [pattern for host in hosts for pattern in (host, f"{host}:*")]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in with_ports]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=with_ports, allowed_origins=origins
    )


async def serve_with_workers(
    settings: Settings, host: str, port: int, workers: int, *, insecure_webhooks: bool = False
) -> None:
    """Serve until told to stop, with worker processes that fill the stores.

    Args:
        settings: of this process.
        host: where to listen.
        port: likewise.
        workers: how many to keep beside this process; with none, somebody else runs `engintel work`.
        insecure_webhooks: whether senders without a secret are believed; on loopback only.

    Raises:
        Misconfigured: see `check_exposure`.
    """
    check_exposure(settings, host, insecure_webhooks=insecure_webhooks)
    if insecure_webhooks:
        logger.warning("Webhooks of senders without a secret are believed: whoever reaches this port can write.")
    supervisor = Supervisor(workers)
    # What the program itself is made of is no garbage, and there is much of it to look through.
    holding = EngineHolder(settings, warm_after=0, fills=False, waits=patience(settings), started=gc.freeze)
    async with holding.open() as holder:
        supervising = asyncio.create_task(supervisor.run())
        try:
            server = build_server(holder)
            await serve_http(server, holder, host, port, lambda: supervisor.pids, insecure_webhooks=insecure_webhooks)
        finally:
            supervising.cancel()
            await asyncio.gather(supervising, return_exceptions=True)


async def serve_http(
    server: EngintelServer,
    holder: EngineHolder,
    host: str,
    port: int,
    workers: Callable[[], Sequence[int]] = tuple,
    *,
    insecure_webhooks: bool = False,
) -> None:
    """Serve until told to stop."""
    app = build_app(server, holder, host, workers, insecure_webhooks=insecure_webhooks)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    await _Server(config).serve()


class _Server(uvicorn.Server):
    """uvicorn, without its habit of raising a signal again once it has stopped: the engine has yet to be let go."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving on a signal, and leave it at that."""
        # The command line's own handler would cancel what uvicorn wants to end in good order.
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
