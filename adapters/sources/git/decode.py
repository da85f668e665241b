"""Bytes from git as bounded text and as actors. Anything may be in them: git checks neither names nor encodings."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.events import Actor, git_actor
from domain.text import clean, line

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK_SKEW: Final = timedelta(days=1)
"""How far ahead of ours the clock of another machine may be before a date counts as made up."""
PATH_LIMIT: Final = 500
"""Characters of a path that are kept: paths are part of keys, and stores bound the size of those."""
_NAME_LIMIT: Final = 200
_SECONDS_DIGITS: Final = 11
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\ufffd")


def text_of(raw: bytes) -> str:
    """`raw` as UTF-8, with a mark for every byte that is not; it has still to pass `domain.text`."""
    return raw.decode("utf-8", "replace")


def path_of(raw: bytes) -> str:
    """A path as one line: control characters, line breaks among them, become a mark."""
    return clean(text_of(raw).translate(_CONTROLS), PATH_LIMIT)


def signature(name: bytes, mail: bytes) -> Actor:
    """The account behind a name and a mail, each of which may be empty or anything else."""
    return git_actor(line(text_of(name), _NAME_LIMIT), line(text_of(mail), _NAME_LIMIT))


def moment(candidates: Iterable[bytes], now: datetime) -> datetime:
    """The first of `candidates` that can be true; 1970-01-01 if none can.

    Git takes any number for a date. One before 1970, or in the future, says nothing.

    Args:
        candidates: seconds since the epoch in decimal digits, or anything else.
        now: the time of this machine's clock.
    """
    latest = now + CLOCK_SKEW
    for seconds in candidates:
        if seconds.isdigit() and len(seconds) <= _SECONDS_DIGITS and int(seconds) <= latest.timestamp():
            return datetime.fromtimestamp(int(seconds), UTC)
    return EPOCH


def nul_separated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces of a stream between its NUL bytes, wherever the chunks were cut; what follows the last one is lost."""
    pending: list[bytes] = []  # one piece may span many chunks: joining at every chunk would be quadratic
    for chunk in chunks:
        first, *others = chunk.split(b"\0")
        pending.append(first)
        if others:
            yield b"".join(pending)
            yield from others[:-1]
            pending = [others[-1]]
