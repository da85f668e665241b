"""`ENGINTEL_DATABASE_URL`, taken apart: what the driver reads of it, what is ours, and what AWS's names imply."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from domain.errors import Misconfigured

VARIABLE: Final = "ENGINTEL_DATABASE_URL"
POOL: Final = 8
CONNECT_TIMEOUT: Final = 10.0
_RDS: Final = re.compile(r"\.([a-z0-9-]+)\.rds\.amazonaws\.com(\.cn)?$")
"""Hosts of RDS and Aurora end so; the group is the region."""
_RDS_PROXY: Final = re.compile(r"\.proxy-[a-z0-9]+\.[a-z0-9-]+\.rds\.amazonaws\.com(\.cn)?$")
_MODES: Final = (None, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})
_BUNDLE: Final = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
_MORE_THAN_ANY_POOL: Final = 500


@dataclass(frozen=True)
class Keepalive:
    """How soon a server that vanished without a word is noticed, in seconds; see `tcp(7)`."""

    idle: int = 15
    interval: int = 5
    count: int = 3
    unacknowledged: int = 20


@dataclass(frozen=True)
class PostgresAddress:
    """Where a PostgreSQL is, and how to get in.

    Shape:
        dsn: what is left for the driver: host, database, user, password, and libpq's own options.
        host: its first host; empty for a unix socket.
        given: whether an operator named it; the embedded server is found by the program itself.
        pooled: whether a transaction pooler stands before it; None where that has to be found out.
        secret: name or ARN of a secret in AWS Secrets Manager with user and password.
        iam: whether AWS signs us in.
        system_roots: whether the machine's own authorities are trusted (`sslrootcert=system`).
    """

    dsn: str = field(repr=False)
    host: str = ""
    port: int = 5432
    user: str | None = None
    given: bool = True
    pool: int = POOL
    connect_timeout: float = CONNECT_TIMEOUT
    keepalive: Keepalive | None = None
    pooled: bool | None = None
    secret: str | None = None
    iam: bool = False
    region: str | None = None
    system_roots: bool = False
    several: bool = False

    @property
    def place(self) -> str:
        """What messages call it: no user, no password, no options."""
        return f"{self.host}:{self.port}" if self.host else "the server behind its socket"


def embedded_address(dsn: str) -> PostgresAddress:
    """The address of the server that this program started."""
    return PostgresAddress(dsn=dsn, given=False, pooled=False)


def wrong(why: str) -> Misconfigured:
    """That the URL will not do."""
    return Misconfigured(f"{VARIABLE} will not do: {why}.")


def not_a_url() -> Misconfigured:
    """That it is none. Pieces of it are not told: they may be pieces of the password."""
    return Misconfigured(
        f"{VARIABLE} is not a PostgreSQL URL: expected postgresql://user:password@host:5432/name, "
        "with %2F for a / in the password, %40 for an @, and so on."
    )


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdecimal() and least <= int(value) <= most):
            raise ValueError(f"expected {least} to {most}")
        return int(value)

    return read


def _choice(choices: Mapping[str, bool | None]) -> Callable[[str], bool | None]:
    def read(value: str) -> bool | None:
        if value.lower() not in choices:
            raise ValueError(f"expected {' or '.join(choices)}")
        return choices[value.lower()]

    return read


def _text(value: str) -> str:
    if not value:
        raise ValueError("it is empty")
    return value


_OURS: Final[Mapping[str, Callable[[str], object]]] = {
    "pool": _number(1, _MORE_THAN_ANY_POOL),
    "pooler": _choice({"yes": True, "no": False}),
    "auth": _choice({"iam": True, "password": False}),
    "secret": _text,
    "region": _text,
    # These are libpq's, which the driver would pass on to the server.
    "connect_timeout": _number(1, 3600),
    "keepalives": _choice({"1": True, "0": False}),
    "keepalives_idle": _number(1, 3600),
    "keepalives_interval": _number(1, 3600),
    "keepalives_count": _number(1, 100),
    "tcp_user_timeout": _number(0, 3_600_000),
}
"""Options that the driver does not know, and what reads each."""


def read_address(url: str) -> PostgresAddress:
    """The address that `url` spells.

    Raises:
        Misconfigured: it is none, or an option of it will not do; the text names the option.
    """
    try:
        parts = urlsplit(url)
        _, _, hosts = parts.netloc.rpartition("@")
        first, _, more = hosts.partition(",")
        there = urlsplit(f"//{first}")
        host, port = there.hostname or "", there.port
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise not_a_url() from None
    if parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
        raise not_a_url() from None
    ours: dict[str, object] = {}
    rest: dict[str, str] = {}
    for name, value in given:
        if name in ours or name in rest:
            raise wrong(f"{name} is given twice")
        if name not in _OURS:
            rest[name] = value
            continue
        try:
            ours[name] = _OURS[name](value)
        except ValueError as error:
            raise wrong(f"{name} is {value!r}: {error}") from None
    if not host and not rest.get("host", "/").startswith("/"):
        host, port = rest["host"], int(rest["port"]) if rest.get("port", "").isdecimal() else None
    tls = _tls(host, rest)
    query = urlencode(rest, quote_via=quote)
    dsn = f"{parts.scheme}://{parts.netloc}{parts.path}{'?' if query else ''}{query}"
    address = PostgresAddress(
        dsn=dsn,
        host=host,
        port=port or 5432,
        user=unquote(parts.username or rest.get("user", "")) or None,
        pool=_whole(ours, "pool", POOL),
        connect_timeout=float(_whole(ours, "connect_timeout", int(CONNECT_TIMEOUT))),
        keepalive=_keepalive(ours) if host else None,
        pooled=_pooled(host, ours),
        secret=_word(ours, "secret"),
        iam=bool(ours.get("auth", False)),
        region=_word(ours, "region"),
        system_roots=tls,
        several=bool(more),
    )
    return _checked_iam(address, rest) if address.iam else address


def _whole(ours: Mapping[str, object], name: str, default: int) -> int:
    value = ours.get(name, default)
    return value if isinstance(value, int) else default


def _word(ours: Mapping[str, object], name: str) -> str | None:
    value = ours.get(name)
    return value if isinstance(value, str) else None


def _pooled(host: str, ours: Mapping[str, object]) -> bool | None:
    if "pooler" in ours:
        return bool(ours["pooler"])
    if _RDS_PROXY.search(host):
        return True
    return None if host else False


def _keepalive(ours: Mapping[str, object]) -> Keepalive | None:
    if ours.get("keepalives") is False:
        return None
    usual = Keepalive()
    return Keepalive(
        idle=_whole(ours, "keepalives_idle", usual.idle),
        interval=_whole(ours, "keepalives_interval", usual.interval),
        count=_whole(ours, "keepalives_count", usual.count),
        unacknowledged=_whole(ours, "tcp_user_timeout", usual.unacknowledged * 1_000) // 1_000,
    )


def _tls(host: str, rest: dict[str, str]) -> bool:
    """Fill in what a host of Amazon's implies; True if the machine's own authorities are to be trusted.

    libpq would take any certificate where nothing is said. Nobody means that of a database across a network.
    """
    roots = rest.get("sslrootcert")
    system = roots == "system"
    if (_RDS.search(host) or system) and "sslmode" not in rest:
        rest["sslmode"] = "verify-full"
    mode = rest.get("sslmode")
    if mode not in _MODES:
        raise wrong(f"sslmode is {mode!r}: expected {', '.join(str(known) for known in _MODES[1:])}")
    if system:
        if mode != "verify-full":
            raise wrong(f"sslrootcert=system wants sslmode=verify-full, and sslmode is {mode!r}")
        del rest["sslrootcert"], rest["sslmode"]
        return True
    if roots and not _readable(roots):
        raise wrong(f"sslrootcert is {roots!r}, which cannot be read: expected a file of certificates (PEM)")
    for name in ("sslcert", "sslkey", "sslcrl"):
        if name in rest and not Path(rest[name]).is_file():
            raise wrong(f"{name} is {rest[name]!r}, which is no file")
    if mode in {"verify-ca", "verify-full"} and not roots and not (Path.home() / ".postgresql" / "root.crt").exists():
        whose = f"download {_BUNDLE} and give " if _RDS.search(host) else "give "
        raise wrong(
            f"sslmode {mode} needs the certificate of the authority to believe: {whose}"
            "sslrootcert=/path/to/it.pem (or sslrootcert=system for those that this machine trusts, as RDS Proxy needs)"
        )
    return False


def _readable(path: str) -> bool:
    try:
        return "-----BEGIN CERTIFICATE-----" in Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _checked_iam(address: PostgresAddress, rest: Mapping[str, str]) -> PostgresAddress:
    """See that a token can be made, and that nobody can read it on its way."""
    if address.secret is not None:
        raise wrong("auth=iam and secret are two ways in: keep one of them")
    if not address.user or not address.host:
        raise wrong("auth=iam needs the user and the host: postgresql://user@host:5432/name?auth=iam")
    if not address.system_roots and rest.get("sslmode") not in _ENCRYPTED:
        raise wrong("auth=iam sends a token that opens the database: add sslmode=verify-full")
    return address


def region_of(address: PostgresAddress) -> str | None:
    """The AWS region that is given, or that the host's name tells."""
    named = _RDS.search(address.host)
    return address.region or (named[1] if named else None)
