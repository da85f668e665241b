"""Making one connection: who as, over which TLS, through which pooler, and to a server that can be written to."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import asyncpg

from adapters.postgres.address import Keepalive, PostgresAddress, not_a_url
from adapters.postgres.credentials import Credentials, Keeper, keeper_of
from adapters.postgres.failures import unreachable
from domain.errors import StoreUnavailable

SCHEMA: Final = "engintel"
STATEMENT_TIMEOUT: Final = 60.0
SESSION: Final[Mapping[str, str]] = {
    "search_path": f"{SCHEMA}, public",
    # A plan made for any argument would not use the index that this argument allows.
    "plan_cache_mode": "force_custom_plan",
    # Whoever is stopped in the middle of a transaction must not keep what it locked from everybody else.
    "idle_in_transaction_session_timeout": "10s",
    "hnsw.iterative_scan": "strict_order",
}
"""What every transaction relies on: said once a connection, or in every transaction where a pooler deals them out."""
_NAME: Final = {"application_name": "engintel"}
_ANOTHER_SERVER: Final = "ENGPL"
"""What the probe raises, a code of nobody else's, if another backend answers than the one that greeted."""
_REFUSED: Final = (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)
_POOLS: Final = ("loop", "connection_class", "record_class")
"""What the driver's pool wants of its connections."""
_NO_CONNECTION: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    ValueError,
    OverflowError,
)
"""What the driver raises where it cannot connect, or cannot read the URL."""
_STATEMENTS_KEPT: Final = 100

Dialled: TypeAlias = asyncpg.Connection


class Connector:
    """Makes connections to one address. Whatever a failover or a rotation changes is asked anew for each of them."""

    def __init__(self, address: PostgresAddress) -> None:
        """Name the address; nothing is connected.

        Args:
            address: where, and how.
        """
        self.address = address
        self.pooled = address.pooled
        """Whether a transaction pooler deals out the server's connections; None until the first was made."""
        self._keeper: Keeper = keeper_of(address)
        self._dialling = asyncio.Lock()

    async def __call__(self, *_: object, **given: Any) -> Dialled:  # noqa: ANN401 - the pool's own
        """One more connection, for asyncpg's pool.

        Raises:
            StoreUnavailable: there is none to be had now; the text says why and what to do.
            Misconfigured: the URL will not do.
        """
        wanted: dict[str, Any] = {name: given[name] for name in _POOLS if name in given}
        try:
            connection = await self._let_in(wanted)
        except _NO_CONNECTION as error:
            if isinstance(error, ValueError | OverflowError) and not isinstance(error, OSError):
                raise not_a_url() from None  # the driver's text tells pieces of it
            known = self._known(error) if self.address.given else None
            if known is None:
                raise
            raise known from error
        if self.address.keepalive is not None:
            _keep_alive(connection, self.address.keepalive)
        if self.address.given and not self.pooled and is_reader(connection):
            connection.terminate()
            raise StoreUnavailable(
                "PostgreSQL",
                f"{self.address.place} is read-only: a replica, or a writer that is none any more. It is asked again; "
                "if this stays, name the writer's endpoint (Aurora: NAME.cluster-…, not NAME.cluster-ro-…)",
            )
        return connection

    async def _let_in(self, wanted: Mapping[str, Any]) -> Dialled:
        credentials = await self._keeper.current()
        try:
            return await self._found_out(credentials, wanted)
        except _REFUSED:
            newer = await self._keeper.after(credentials)
            if newer is None:
                raise
        return await self._found_out(newer, wanted)

    async def _found_out(self, credentials: Credentials, wanted: Mapping[str, Any]) -> Dialled:
        """A connection that is made for what stands in between; the first one finds out what that is."""
        if self.pooled is not None:
            return await self._dial(credentials, wanted)
        async with self._dialling:
            if self.pooled is None:
                connection = await self._probe(credentials, wanted)
                if connection is not None:
                    return connection
        return await self._dial(credentials, wanted)

    async def _probe(self, credentials: Credentials, wanted: Mapping[str, Any]) -> Dialled | None:
        """A connection straight to the server; None, if there is a pooler."""
        try:
            connection = await self._dial(credentials, wanted)
        except asyncpg.ProtocolViolationError as error:  # PgBouncer, of a setting that it cannot keep for a session
            if "startup parameter" not in str(error):
                raise
            self.pooled = True
            return None
        try:
            # A pooler greets with a number of its own. The statement is a single message, so it needs no session.
            await connection.execute(_PROBE.format(pid=connection.get_server_pid()))
        except asyncpg.PostgresError as error:
            connection.terminate()
            if error.sqlstate != _ANOTHER_SERVER:
                raise
            self.pooled = True
            return None
        self.pooled = False
        return connection

    async def _dial(self, credentials: Credentials, wanted: Mapping[str, Any]) -> Dialled:
        pooled, address = bool(self.pooled), self.address
        more: dict[str, Any] = dict(wanted)
        if credentials.user is not None:
            more["user"] = credentials.user
        if credentials.password is not None:
            more["password"] = credentials.password
        if address.system_roots:
            more["ssl"] = ssl.create_default_context()
        if address.several and "target_session_attrs" not in address.dsn:
            more["target_session_attrs"] = "read-write"
        return await asyncpg.connect(
            address.dsn,
            timeout=address.connect_timeout,
            command_timeout=STATEMENT_TIMEOUT,
            # A pooler neither keeps what is set for a session nor what is prepared in one.
            server_settings={} if pooled else {**SESSION, **_NAME},
            statement_cache_size=0 if pooled else _STATEMENTS_KEPT,
            **more,
        )

    def _known(self, error: BaseException) -> Exception | None:
        there = urlsplit(self.address.dsn)
        user = repr(self.address.user) if self.address.user else "the user"
        return unreachable(error, self.address.place, user, there.path.lstrip("/"))


def is_reader(connection: "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[Any]") -> bool:
    """Whether the server said, with the greeting or since, that nothing can be written to it."""
    told = connection.get_settings()
    return "on" in {getattr(told, name, "off") for name in ("in_hot_standby", "default_transaction_read_only")}


def _keep_alive(connection: Dialled, keepalive: Keepalive) -> None:
    """Let the kernel find out that the other end is gone, where it never said so."""
    # The driver offers no way to its socket.
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001
    line = transport.get_extra_info("socket")
    if line is None:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", keepalive.idle),
        ("TCP_KEEPINTVL", keepalive.interval),
        ("TCP_KEEPCNT", keepalive.count),
        ("TCP_USER_TIMEOUT", keepalive.unacknowledged * 1_000),
    ):
        if hasattr(socket, option):  # macOS has not all of them
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


_PROBE: Final = f"""
DO $$ BEGIN
    IF pg_backend_pid() <> {{pid}} THEN
        RAISE EXCEPTION 'another backend' USING ERRCODE = '{_ANOTHER_SERVER}';
    END IF;
END $$
"""
