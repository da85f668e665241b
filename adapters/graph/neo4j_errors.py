"""The errors of Neo4j and its driver, told as ours: which role, which engine, what, and what to do. Never a secret."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConfigurationError,
    ConnectionAcquisitionTimeoutError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
)

from domain.errors import EngintelError, Misconfigured, PoisonEvent, StoreUnavailable

ROLE: Final = "graph"
VARIABLE: Final = "ENGINTEL_GRAPH_URL"

_OPERATOR: Final = {
    "Neo.ClientError.Security.Unauthorized": (
        f"it refuses the user or the password: set those of the server in {VARIABLE}, with %40 for an @, %2F for a /"
    ),
    "Neo.ClientError.Security.AuthenticationRateLimit": (
        f"it takes no more sign-ins for a while, after too many with a wrong password: correct {VARIABLE}"
    ),
    "Neo.ClientError.Security.CredentialsExpired": "the password has to be changed first: sign in once by cypher-shell",
    "Neo.ClientError.Security.Forbidden": (
        "the user may not do that: it needs to read and write the database and, for `engintel migrate`, to create "
        "constraints and indexes (in Enterprise and Aura the role `architect` may)"
    ),
    "Neo.ClientError.Database.DatabaseNotFound": (
        f"it has no database of that name: {VARIABLE} names one behind the host, neo4j://HOST/DATABASE"
    ),
    "Neo.ClientError.Statement.SyntaxError": "it does not understand a statement: it has to be Neo4j 5.26 or newer",
}
"""What the operator can mend, by Neo4j's own code."""

_NO_WRITES: Final = "it takes no writes"
_TOO_SLOW: Final = "a query took too long and was ended"
_AWAY: Final = {
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": _NO_WRITES,
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": _NO_WRITES,
    "Neo.ClientError.Cluster.NotALeader": _NO_WRITES,
    "Neo.ClientError.Transaction.TransactionTimedOut": _TOO_SLOW,
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": _TOO_SLOW,
    "Neo.TransientError.Transaction.LockClientStopped": _TOO_SLOW,
    "Neo.TransientError.General.MemoryPoolOutOfMemoryError": "it is out of memory: raise its limits",
    "Neo.TransientError.General.OutOfMemoryError": "it is out of memory: raise its heap",
    "Neo.DatabaseError.Transaction.TransactionLogError": "it cannot write to its disk: make room there",
    "Neo.DatabaseError.Transaction.TransactionCommitFailed": "it cannot commit: see whether its disk is full",
    "Neo.TransientError.General.DatabaseUnavailable": "the database is not up: see its log, and its disk",
}
"""What time, or the operator, mends."""

_READ_ONLY: Final = (
    "; it is read-only, or a follower of a cluster: with neo4j:// or neo4j+s:// in place of bolt:// its leader is found"
)
_POISON: Final = frozenset(
    {
        "Neo.ClientError.Statement.TypeError",
        "Neo.ClientError.Statement.ArgumentError",
        "Neo.ClientError.Schema.ConstraintValidationFailed",
        "Neo.ClientError.Statement.PropertyTooLarge",
    }
)
_EXPIRED, _SELF_SIGNED = 10, frozenset({18, 19, 20, 21})
"""OpenSSL's numbers for why a certificate will not do."""
_TOO_LARGE: Final = "too large to index"


class Place:
    """Where an engine is, for the texts of errors: without user and password."""

    def __init__(self, endpoint: str, seconds: float) -> None:
        """Say where.

        Args:
            endpoint: scheme, host and port, database.
            seconds: how long a question may take.
        """
        self.endpoint = endpoint
        self._seconds = seconds

    def away(self, why: str) -> StoreUnavailable:
        """Trouble that may pass."""
        return StoreUnavailable(ROLE, f"Neo4j at {self.endpoint}: {why}")

    def wrong(self, why: str) -> Misconfigured:
        """Trouble that the operator must mend."""
        return Misconfigured(f"The {ROLE} store will not do: Neo4j at {self.endpoint}: {why}.")

    @contextmanager
    def translated(self, *, using: bool) -> Iterator[None]:
        """Turn the driver's errors into ours; the original is the cause.

        Args:
            using: whether the store is being filled or asked. What only the operator can mend then comes as
                `StoreUnavailable`, too: no event is poison for it, and other stores' parts of an answer are there.
        """
        try:
            yield
        except (Neo4jError, DriverError, OSError) as error:
            raise self._told(error, using=using) from error
        except (UnicodeError, OverflowError) as error:
            raise PoisonEvent(f"{ROLE} cannot hold it: {type(error).__name__}") from error

    def _told(self, error: BaseException, *, using: bool) -> EngintelError:
        code = getattr(error, "code", None) or ""
        if code in _POISON or _TOO_LARGE in str(getattr(error, "message", "")):
            return PoisonEvent(f"{ROLE} cannot hold it: {code}")
        mendable = _OPERATOR.get(code) or (_certificate(error) if not code else None)
        if mendable is None and isinstance(error, AuthError | ConfigurationError):
            mendable = _OPERATOR["Neo.ClientError.Security.Unauthorized"]
        if mendable is not None:
            return self.away(mendable) if using else self.wrong(mendable)
        return self.away(self._passing(code, error))

    def _passing(self, code: str, error: BaseException) -> str:
        known = _AWAY.get(code)
        if known == _TOO_SLOW:
            return f"{known} ({self._seconds:g} s; the option `timeout` of {VARIABLE} sets it)"
        if known == _NO_WRITES:
            return f"{known}{_READ_ONLY}"
        if isinstance(error, ClientError):
            return known or f"it refuses a statement ({code})"
        return known or code or _connection(error)


def _certificate(error: BaseException) -> str | None:
    """What is wrong with TLS, if that is it."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code == _EXPIRED:
                return "its certificate has expired: renew it there"
            if cause.verify_code in _SELF_SIGNED:
                return (
                    "its certificate is signed by nobody known here: name the authority's file by the option `ca`, or "
                    "trust any certificate with neo4j+ssc:// or bolt+ssc://"
                )
            return f"its certificate will not do: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak TLS there: use neo4j:// or bolt:// without +s, or turn TLS on there"
    return None


def _connection(error: BaseException) -> str:
    """What became of the connection."""
    if isinstance(error, ConnectionAcquisitionTimeoutError):
        return "every connection to it is busy: raise the option `connections`"
    if isinstance(error, IncompleteCommit):
        return "the connection was lost while it committed"
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror) or "resolve address" in str(cause):
            return f"there is no host of that name: correct {VARIABLE}"
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there: start it, or correct the port"
        if isinstance(cause, TimeoutError):
            return "it does not answer"
    return f"the connection does not hold ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything that led to it, groups opened."""
    waiting, seen = [error], set()
    while waiting:
        at = waiting.pop(0)
        if id(at) in seen:
            continue
        seen.add(id(at))
        yield at
        if isinstance(at, BaseExceptionGroup):
            waiting.extend(at.exceptions)
        waiting.extend(cause for cause in (at.__cause__, at.__context__) if cause is not None)
