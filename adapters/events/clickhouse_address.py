"""Where ClickHouse is and what it may take, as `ENGINTEL_EVENTS_URL` says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.address import YES, Address, filled, parse

VARIABLE: Final = "ENGINTEL_EVENTS_URL"
DATABASE: Final = "engintel"
TIMEOUT: Final = 20
MEMORY_MB: Final = 4_000
_PORTS: Final = {False: 8123, True: 8443}
"""https://clickhouse.com/docs/guides/sre/network-ports"""
_DECADES: Final = 36_500
_KEEPING: Final[Mapping[str, Callable[[str], object]]] = {
    "hot_days": filled, "rollup_days": filled, "timeout": filled, "memory_mb": filled,
}  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What one question may take, and how long what is kept for.

    Shape:
        timeout: seconds of one question.
        memory: bytes of one question.
        hot_days: for how long events can be read and found; None for ever.
        rollup_days: for how long it is kept what they add up to; None for ever.
    """

    timeout: int = TIMEOUT
    memory: int = MEMORY_MB * 1_000_000
    hot_days: int | None = None
    rollup_days: int | None = None


@dataclass(frozen=True)
class Place:
    """A ClickHouse.

    Shape:
        name: what it is called in messages: the engine and where it is, without user and password.
        path: the folder of the engine in this process; None for a server.
        create: whether the database may be made.
    """

    name: str
    database: str
    limits: Limits
    path: str | None = None
    host: str = ""
    port: int = 0
    secure: bool = False
    user: str = "default"
    password: str = field(default="", repr=False)
    ca: str | None = None
    create: bool = False

    @property
    def endpoint(self) -> str:
        """Where it is, without user and password."""
        return self.path or f"{self.host}:{self.port}/{self.database}"


def read_server(url: str) -> Place:
    """The server that `url` names.

    Raises:
        Misconfigured: it will not do.
    """
    options = {"secure": filled, "create": filled, "ca": filled, **_KEEPING}
    address = parse(VARIABLE, url, options, path=True)
    told = "yes" if address.scheme == "clickhouses" else "no"
    secure = YES[address.choice("secure", tuple(YES), told)]
    host, port = address.server(_PORTS[secure])
    database = address.path.strip("/") or DATABASE
    if "/" in database:
        raise address.wrong("expected one name, the database, behind the host")
    if "ca" in address.options and not secure:
        raise address.wrong("ca names the authority of a certificate, and there is none without secure=yes")
    return Place(
        name=f"ClickHouse at {host}:{port}/{database}",
        database=database,
        limits=_limits(address),
        host=host,
        port=port,
        secure=secure,
        user=address.user or "default",
        password=address.password or "",
        ca=address.options.get("ca"),
        create=address.allowed(default=False),
    )


def read_folder(url: str) -> Place:
    """The folder of the engine in this process that `url` names.

    Raises:
        Misconfigured: it will not do.
    """
    address = parse(VARIABLE, url, _KEEPING, path=True)
    if address.place or address.user is not None or not address.path.strip("/"):
        raise address.wrong("expected chdb:/// and the absolute path of a folder")
    return Place(
        name=f"chdb in {address.path}",
        database=DATABASE,
        limits=_limits(address),
        path=address.path,
        create=True,
    )


def _limits(address: Address) -> Limits:
    hot = address.whole("hot_days", 1, _DECADES, 0) or None
    rollup = address.whole("rollup_days", 1, _DECADES, 0) or None
    if rollup is not None and (hot is None or rollup < hot):
        raise address.wrong("rollup_days must be hot_days or more: what is added up outlives what it is added up from")
    return Limits(
        timeout=address.whole("timeout", 1, 600, TIMEOUT),
        memory=address.whole("memory_mb", 100, 10_000_000, MEMORY_MB) * 1_000_000,
        hot_days=hot,
        rollup_days=rollup,
    )
