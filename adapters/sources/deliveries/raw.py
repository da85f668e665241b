"""What nothing here understands yet: kept with the beginning of its payload, so that it can be understood later."""

import hashlib
import json
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from domain.events import Actor, Event, Raw, Source
from domain.text import clean, line

EXCERPT_LIMIT: Final = 2_000
_WIDEST: Final = 4
"""Bytes of a character, at most."""
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def raw_event(
    source: Source,
    identifier: str,
    kind: str,
    body: object,
    *,
    at: datetime,
    project: str | None = None,
    actor: Actor | None = None,
) -> Event:
    """A delivery as it came.

    Args:
        source: where it came from.
        identifier: what the source calls this delivery; there is nothing better to know it by.
        kind: the source's own name for what it tells.
        body: the payload.
        at: when it happened, or else when it was received.
        project: the project that it names, if it does.
        actor: who caused it, if it says so.
    """
    identifier = line(identifier)
    return Event(
        id=f"{source}:raw:{identifier}",
        source=source,
        occurred_at=at,
        entity=f"delivery:{source}:{identifier}",
        project=project,
        actor=actor,
        body=Raw(kind=line(kind), excerpt=excerpt(body)),
    )


def excerpt(body: object, limit: int = EXCERPT_LIMIT) -> str:
    """The beginning of `body` as JSON text."""
    with suppress(ValueError, RecursionError, TypeError):  # half a surrogate pair, too deep: the slow way takes both
        return clean(msgspec.json.encode(body)[: limit * _WIDEST].decode(errors="ignore")[: limit + 1], limit)
    # Only as much of it is written as is kept, however large it is.
    pieces: list[str] = []
    size = 0
    # What is nested too deeply to be written ends where it became so.
    with suppress(RecursionError):
        for piece in _ENCODER.iterencode(body):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                break
    return clean("".join(pieces), limit)


def digest(*parts: object) -> str:
    """Sixteen hexadecimal digits that stand for `parts`, which JSON must be able to say."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
