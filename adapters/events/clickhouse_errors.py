"""What goes wrong with ClickHouse, in our words.

The driver's own text quotes statements with their values, and the address: only its kind is told, and what to do.
"""

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.exceptions import DataError, Error

from domain.errors import EngintelError, Misconfigured, PoisonEvent, StoreUnavailable

STORE: Final = "events"


@dataclass(frozen=True)
class Trouble:
    """Why ClickHouse did not do what it was asked.

    Shape:
        why: for whoever can act on it, with what to do.
        fixable: it will not go away by itself: the operator has to do something.
    """

    why: str
    fixable: bool = False


_AUTHENTICATION: Final = Trouble(
    "it does not accept the user or the password: look at those in ENGINTEL_EVENTS_URL", fixable=True
)
_SCHEMA: Final = Trouble("its tables are missing, or older than this program: run `engintel migrate`", fixable=True)
_BUSY: Final = Trouble("it is too busy: it is tried again by itself")
_DISK: Final = Trouble("its disk is full: free some space, or keep less with ?hot_days= and ?rollup_days=")
_READ_ONLY: Final = Trouble(
    "it may only be read: give a user that may also write, and not a replica that is read-only", fixable=True
)
_TOO_LONG: Final = Trouble("it took too long: ask for a shorter time, or allow more with ?timeout=")
_TROUBLES: Final[Mapping[int, Trouble]] = {
    16: _SCHEMA,
    36: Trouble("it does not take the question as it is put: is it ClickHouse 24.8 or newer?", fixable=True),
    46: Trouble("it lacks a function that is needed: is it ClickHouse 24.8 or newer?", fixable=True),
    47: _SCHEMA,
    60: _SCHEMA,
    62: Trouble("it does not understand the question: is it ClickHouse 24.8 or newer?", fixable=True),
    75: _DISK,
    81: Trouble(
        "there is no database of that name: create it, or let `engintel migrate` do so with ?create=yes", fixable=True
    ),
    159: _TOO_LONG,
    160: _TOO_LONG,
    164: _READ_ONLY,
    192: _AUTHENTICATION,
    193: _AUTHENTICATION,
    194: _AUTHENTICATION,
    202: _BUSY,
    241: Trouble("it takes more memory than it may: ask for a shorter time, or allow more with ?memory_mb="),
    242: _READ_ONLY,
    243: _DISK,
    252: _BUSY,
    394: Trouble("the question was cancelled"),
    452: _READ_ONLY,
    497: Trouble(
        "its user may not do this: GRANT SELECT, INSERT, ALTER, CREATE, DROP ON the database to it", fixable=True
    ),
    516: _AUTHENTICATION,
}
"""By ClickHouse's own numbers; https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp."""


def trouble_of(error: BaseException) -> Trouble:
    """What `error`, of the driver or of the way there, means for whoever can act on it."""
    for cause in _chain(error):
        told = _on_the_way(cause)
        if told is not None:
            return told
    if isinstance(error, Error) and error.code is not None:
        code = error.code
        return _TROUBLES.get(code) or Trouble(f"it answered with its error {code} ({error.name or 'unknown'})")
    if isinstance(error, Error) and "is readonly" in str(error):
        return _READ_ONLY
    return Trouble(f"it cannot be understood ({type(error).__name__}): is that ClickHouse's HTTP port?")


def _on_the_way(error: BaseException) -> Trouble | None:
    """What keeps us from reaching it at all."""
    told: Trouble | None = None
    match error:
        case ssl.SSLCertVerificationError():
            why = error.verify_message or "it cannot be verified"
            told = Trouble(
                f"its certificate is not accepted: {why}; mend it, or name its authority with ?ca=", fixable=True
            )
        case ssl.SSLError():
            told = Trouble("it does not speak TLS there as expected: is the port right, and ?secure=?", fixable=True)
        case socket.gaierror():
            told = Trouble("its host is unknown: look at ENGINTEL_EVENTS_URL", fixable=True)
        case TimeoutError():
            told = Trouble("it does not answer in time")
        case OSError(errno=errno.ENOSPC):
            told = _DISK
        case OSError():
            told = Trouble(f"it cannot be reached: {_reason(error)}")
    return told


def _reason(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """What led to `error`, without what the HTTP client wraps around the reason."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return
        inner = getattr(seen, "certificate_error", None) or getattr(seen, "os_error", None)
        if inner is None:
            yield seen
        seen = inner or seen.__cause__ or seen.__context__


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn whatever goes wrong into errors of ours: what a retry may mend, and what an event can never get past.

    What only the operator can mend is told as unavailable, too: no event is to blame for it.

    Args:
        where: the engine, and where it is.
    """
    try:
        yield
    except EngintelError:
        raise
    except (UnicodeError, DataError) as error:
        raise PoisonEvent(f"ClickHouse cannot hold it: {type(error).__name__}") from error
    except (Error, OSError, ssl.SSLError, TimeoutError) as error:
        raise StoreUnavailable(STORE, f"{where}: {trouble_of(error).why}") from error


@contextmanager
def judged() -> Iterator[None]:
    """Within, tell apart what only the operator can mend: for whoever looks at the engine itself.

    Raises:
        Misconfigured: it is there, and will not do.
    """
    try:
        yield
    except StoreUnavailable as error:
        if error.__cause__ is not None and trouble_of(error.__cause__).fixable:
            raise Misconfigured(str(error)) from error
        raise
