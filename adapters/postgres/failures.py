"""What PostgreSQL and its driver raise, and what it means: try again, try elsewhere, or never again.

The driver's own text names tables, values and sometimes users, so only kinds are told; the original is the cause.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import asyncpg

from adapters.postgres.address import VARIABLE
from domain.errors import Misconfigured, PoisonEvent, StoreUnavailable

BROKEN: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's own confusion when the server ends a connection it is talking on
    OSError,
)
"""What ends a connection."""
MOVED: Final = (asyncpg.ReadOnlySQLTransactionError,)
"""What says that this server is not the one to write to, and another may be."""
_RETRY: Final = (
    *BROKEN,
    *MOVED,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    # A table that is gone or stays locked is the store's trouble and not the event's: nothing may be put aside for it.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.LockNotAvailableError,
    TimeoutError,
)
_REASONS: Final[Mapping[type[BaseException], str]] = {
    asyncpg.UndefinedTableError: "a table is missing",
    asyncpg.UndefinedColumnError: "a column is missing",
    asyncpg.InsufficientPrivilegeError: "a table may not be used",
    asyncpg.LockNotAvailableError: "a table stays locked",
    asyncpg.ReadOnlySQLTransactionError: "its server is read-only: a replica, or a writer that is none any more. "
    f"The writer is looked for again; if this stays, name the writer's endpoint in {VARIABLE}",
    asyncpg.DiskFullError: "its disk is full. Make room there; what is not stored yet waits, and nothing is lost",
    asyncpg.OutOfMemoryError: "its server has no memory left",
    asyncpg.TooManyConnectionsError: "its server takes no more connections. Raise max_connections there, "
    "give fewer to this program (?pool=4), or put a pooler in between",
    asyncpg.QueryCanceledError: "a statement took too long and was stopped",
    asyncpg.CannotConnectNowError: "its server is starting, stopping or recovering. It is tried again",
    asyncpg.AdminShutdownError: "its server is being stopped. It is tried again",
    asyncpg.CrashShutdownError: "its server crashed. It is tried again",
    asyncpg.IdleInTransactionSessionTimeoutError: "a transaction was idle for too long and was ended",
    TimeoutError: "it did not answer in time",
}


def reason_of(error: BaseException) -> str:
    """Why a store is not available, in words that can be shown to anybody."""
    for kind in type(error).__mro__:
        if kind in _REASONS:
            return _REASONS[kind]
    known = error.strerror if isinstance(error, OSError) else None
    return known or type(error).__name__


@contextmanager
def translated(store: str) -> Iterator[None]:
    """Turn the driver's errors into ours: what a retry may mend, and what an event can never get past."""
    try:
        yield
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError) as error:
        raise PoisonEvent(f"{store} cannot hold it: {type(error).__name__}") from error
    except _RETRY as error:
        raise StoreUnavailable(store, reason_of(error)) from error


_CERTIFICATE: Final[Mapping[int, str]] = {
    10: "has expired. Renew it there",
    18: "is self-signed and not among those to believe. Give it, or the authority's, as sslrootcert",
    19: "is signed by an authority of its own that is not among those to believe. Give that one as sslrootcert",
    20: "is signed by an authority that is not among those to believe. Give that one as sslrootcert",
    62: "is another host's. Use the name that it was made for, or sslmode=verify-ca",
    64: "is another host's. Use the name that it was made for, or sslmode=verify-ca",
}
"""What OpenSSL finds wrong with a certificate, by its number (`X509_V_ERR_…`), and what to do."""


def unreachable(error: BaseException, place: str, user: str, database: str) -> StoreUnavailable | Misconfigured | None:
    """Why no connection came about, and what to do; None where nothing particular is known.

    Args:
        error: what the driver raised.
        place: host and port.
        user: who wanted in.
        database: what the server was asked for.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        wrong = _CERTIFICATE.get(error.verify_code, "cannot be verified. Check sslrootcert")
        return StoreUnavailable("PostgreSQL", f"the certificate of {place} {wrong}")
    if isinstance(error, asyncpg.UndefinedObjectError | asyncpg.CantChangeRuntimeParamError):
        return Misconfigured(
            f"{VARIABLE} has an option that neither engintel nor the server of {place} knows: "
            "expected pool, pooler, auth, secret, region, or one of libpq's."
        )
    if isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error):
        return StoreUnavailable("PostgreSQL", f"{place} speaks no TLS, and sslmode wants it. Turn it on there")
    for kind, text in _NO_WAY_IN.items():
        if isinstance(error, kind):
            host = place.rpartition(":")[0]
            why = text.format(place=place, host=host, user=user, database=database, variable=VARIABLE)
            return StoreUnavailable("PostgreSQL", why)
    return None


_NO_WAY_IN: Final[Mapping[type[BaseException], str]] = {
    ssl.SSLError: "{place} and this program agree on no TLS. Check sslmode, and the server's versions of TLS",
    asyncpg.InvalidPasswordError: "{place} refuses the password of {user}. Check user and password in {variable}, "
    "or the secret that it names",
    asyncpg.InvalidAuthorizationSpecificationError: "{place} does not let {user} in. Check the user, and whether the "
    "server wants TLS (?sslmode=require)",
    asyncpg.InvalidCatalogNameError: "{place} has no database {database!r}. Create it, or name another in {variable}",
    asyncpg.TargetServerAttributeNotMatched: "no server that {variable} names can be written to. They are asked again",
    ConnectionRefusedError: "nothing listens at {place}. Check host and port in {variable}, and that the server runs",
    TimeoutError: "{place} does not answer. Check host and port in {variable}, and the firewall in between",
    socket.gaierror: "there is no host {host!r}. Check its name in {variable}",
}
"""Why a server could not be entered, and what to do."""
