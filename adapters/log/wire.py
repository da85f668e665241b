"""What events look like on a stream: the JSON that the log keeps, and frames of several where requests are dear.

A frame is a line that says what it is and whose, and behind it the events of one entity, a line each, compressed:

    engintel/1 acme
    <zlib>
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from domain.errors import PoisonEvent
from domain.events import Event, encode
from domain.ports import Carried, DeadLetter

MOST_BYTES: Final = 64 * 1024 * 1024
"""What a frame may grow to. Nothing of ours comes near it; a bomb stops here."""
FRAME_BYTES: Final = 256 * 1024
"""How much is put into one frame, before it is compressed, if it holds more than one event."""
_HEAD: Final = re.compile(rb"engintel/1 ([a-z0-9][a-z0-9_-]{0,62})\n")
_KEPT_LETTER_BYTES: Final = 1024 * 1024
_LEVEL: Final = 1
"""Of zlib: the fastest, which makes a fifth of such JSON; level 6 makes a sixth of it in three times the time."""


class _Body(msgspec.Struct):
    type: str


class _Envelope(msgspec.Struct):
    id: str
    entity: str
    body: _Body


_DECODER: Final = msgspec.json.Decoder(_Envelope)


def carried(part: str, position: str, payload: bytes) -> Carried | DeadLetter:
    """`payload` as an event in its place, or as a dead letter if it is none.

    Only what the log needs is looked at. A type that this version does not know lands as well: the log keeps it for
    the version that does.
    """
    try:
        envelope = _DECODER.decode(payload)
        text = payload.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = type(error).__name__ if isinstance(error, RecursionError) else str(error)
        return dead(part, position, f"it is not an event: {why}", payload)
    if not envelope.id or not envelope.entity:
        return dead(part, position, "it is not an event: its id or its entity is empty", payload)
    return Carried(part, position, envelope.id, envelope.entity, text)


def dead(part: str, position: str, reason: str, payload: bytes) -> DeadLetter:
    """A message that is put aside. Of a very large one only the beginning is kept."""
    return DeadLetter(part, position, reason, payload[:_KEPT_LETTER_BYTES])


@dataclass(frozen=True, slots=True)
class Frame:
    """Events of one entity, in order, as one message."""

    entity: str
    ids: tuple[str, ...]
    payload: bytes


def frames(org: str, events: Sequence[Event], limit: int) -> list[list[Frame]]:
    """`events` as frames of at most `limit` bytes, in rounds: an entity is at most once in a round.

    A round has to be durable before the next begins. Then an engine that keeps no order within a request, or takes
    only a part of one, cannot bring an entity's events out of order.

    Raises:
        PoisonEvent: an event does not fit, however small it is made.
    """
    by_entity: dict[str, list[list[tuple[str, bytes]]]] = defaultdict(list)
    room: dict[str, int] = {}
    most = min(FRAME_BYTES, limit * 9 // 10)  # text that cannot be compressed grows a little
    for event in events:
        line, entity = encode(event), event.entity
        if len(line) + 1 > room.get(entity, 0):
            by_entity[entity].append([])
            room[entity] = most
        by_entity[entity][-1].append((event.id, line))
        room[entity] -= len(line) + 1
    rounds: list[list[Frame]] = []
    for entity, groups in by_entity.items():
        for number, group in enumerate(groups):
            if number == len(rounds):
                rounds.append([])
            rounds[number].append(_frame(org, entity, group, limit))
    return rounds


def _frame(org: str, entity: str, group: Sequence[tuple[str, bytes]], limit: int) -> Frame:
    payload = b"engintel/1 %s\n%s" % (org.encode(), zlib.compress(b"\n".join(line for _, line in group), _LEVEL))
    if len(payload) > limit:
        raise too_large(group[0][0], len(payload), limit)
    return Frame(entity, tuple(event_id for event_id, _ in group), payload)


def too_large(event_id: str, size: int, limit: int) -> PoisonEvent:
    """That an event does not fit into the stream."""
    return PoisonEvent(f"The event {event_id} has {size} bytes, compressed; the log's stream takes {limit}.")


def org_of(payload: bytes) -> str | None:
    """Whose frame this is; None if it is no frame."""
    head = _HEAD.match(payload)
    return head[1].decode() if head else None


def unframed(part: str, position: str, payload: bytes) -> list[Carried | DeadLetter]:
    """What a frame holds, in order, or what it is put aside as."""
    head = _HEAD.match(payload)
    if head is None:
        return [dead(part, position, "it was not written by this program", payload)]
    try:
        lines = inflated(payload[head.end() :]).split(b"\n")
    except zlib.error:
        return [dead(part, position, "it is damaged, or much too large", payload)]
    if len(lines) == 1:
        return [carried(part, position, lines[0])]
    return [carried(part, f"{position}.{number}", text) for number, text in enumerate(lines)]


def read_again(part: str, position: str, payload: bytes) -> list[Carried | DeadLetter]:
    """What was put aside, read as this version reads: it may know more than the one that put it aside."""
    return unframed(part, position, payload) if org_of(payload) else [carried(part, position, payload)]


def inflated(packed: bytes) -> bytes:
    """What was compressed.

    Raises:
        zlib.error: it is damaged, or grows beyond everything.
    """
    inflating = zlib.decompressobj()
    text = inflating.decompress(packed, MOST_BYTES)
    if not inflating.eof:
        raise zlib.error("incomplete or too large")
    return text
