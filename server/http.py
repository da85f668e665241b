"""The HTTP face: MCP over Streamable HTTP, and whether the server is alive and ready.

It starts on loopback only, unless a bearer token and the hosts it may be reached by are set; once set, both are
enforced everywhere, loopback included.
"""

import asyncio
import hmac
import ipaddress
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import EngintelError, Misconfigured
from domain.events import Event
from domain.ports import Appended
from server.mcp.app import EngintelServer
from server.mcp.holder import EngineHolder
from server.offers import Offers
from server.settings import Settings
from server.webhooks import Webhooks

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
_WEBHOOKS: Final = "/webhooks/"
"""Under this, senders prove who they are in their own way."""
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
        if scope["type"] != "http" or _is_open(scope["path"]) or self._allowed(scope):
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


def _is_open(path: str) -> bool:
    return path in _OPEN_PATHS or path.startswith(_WEBHOOKS)


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


def build_app(server: EngintelServer, holder: EngineHolder, host: str, *, insecure_webhooks: bool = False) -> ASGIApp:
    """The whole HTTP face.

    Args:
        server: what answers under `/mcp`.
        holder: the engine, for readiness.
        host: where it will listen.
        insecure_webhooks: whether senders without a secret are believed; on loopback only.

    Raises:
        Misconfigured: see `check_exposure`.
    """
    settings = holder.settings
    check_exposure(settings, host, insecure_webhooks=insecure_webhooks)

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        try:
            engine = await holder.engine()
            coverage = await engine.router.coverage(engine.now())
        except EngintelError as error:
            return JSONResponse({"ready": False, "why": str(error)}, status_code=503)
        down = [name for name, state in coverage.items() if state.state == "down"]
        told = {name: state.model_dump() for name, state in coverage.items()}
        return JSONResponse({"ready": not down, "stores": told}, status_code=503 if down else 200)

    async def append(events: Sequence[Event]) -> Appended:
        # Without another try: the sender has a clock of its own, and is told to come again.
        return await (await holder.engine()).log.append(events)

    async def keep(token: str, now: datetime) -> None:
        await Offers((await holder.engine()).log).keep(token, now)

    webhooks = Webhooks(settings, append, keep, settings.clock, insecure=insecure_webhooks)
    server.custom_route(f"{_WEBHOOKS}{{sender}}", methods=["POST"])(webhooks.receive)
    server.custom_route("/healthz", methods=["GET"])(alive)
    server.custom_route("/readyz", methods=["GET"])(ready)
    app: Starlette = server.streamable_http_app(transport_security=_security(settings))
    return RequireToken(app, settings.http_token) if settings.http_token else app


def _security(settings: Settings) -> TransportSecuritySettings:
    """Which Host and Origin headers are answered: those of this machine, and those that the operator named."""
    named = [host.strip() for host in (settings.allowed_hosts or "").split(",") if host.strip()]
    hosts = [*_LOOPBACK, *named]
    with_ports = [pattern for host in hosts for pattern in (host, f"{host}:*")]
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in with_ports]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=with_ports, allowed_origins=origins
    )


async def serve_http(
    server: EngintelServer, holder: EngineHolder, host: str, port: int, *, insecure_webhooks: bool = False
) -> None:
    """Serve until told to stop."""
    app = build_app(server, holder, host, insecure_webhooks=insecure_webhooks)
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
