"""Events as rows of ClickHouse, a sequence a column: that is how it wants them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from adapters.events.rows import kept, searchable, touched
from domain.errors import PoisonEvent
from domain.events import Event, MetricSample

Placed = tuple[int, Event]
"""An event and its position in its lane."""

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2105, 12, 31, tzinfo=UTC)
"""Between these ClickHouse's `DateTime` can tell the hour; its own range ends in 2106."""

_TEXT, _NAME, _MOMENT, _NUMBER = "String", "LowCardinality(String)", "DateTime64(6, 'UTC')", "UInt64"
EVENTS: Final = {
    "org": _NAME, "type": _NAME, "project": _NAME, "occurred_at": _MOMENT, "id": _TEXT, "source": _NAME,
    "entity": _TEXT, "entity_hash": _NUMBER, "account": _NAME, "position": _NUMBER, "event": _TEXT,
}  # fmt: skip
TOUCHES: Final = {
    "org": _NAME, "project": _NAME, "path": _TEXT, "account": _NAME, "entity_hash": _NUMBER, "skill": _NAME,
    "occurred_at": _MOMENT, "position": _NUMBER, "folders": f"Array({_NAME})",
}  # fmt: skip
WORKS: Final = {
    "org": _NAME, "entity_hash": _NUMBER, "id": _TEXT, "type": _NAME, "project": _NAME, "account": _NAME,
    "entity": _TEXT, "occurred_at": _MOMENT, "title": _TEXT, "words": "Array(String)", "position": _NUMBER,
}  # fmt: skip
SAMPLES: Final = {
    "org": _NAME, "metric": _NAME, "series": _NUMBER, "occurred_at": _MOMENT, "project": _NAME, "labels": _TEXT,
    "value": "Float64", "position": _NUMBER,
}  # fmt: skip
DROPPED: Final = {
    "org": _NAME, "project": _NAME, "entity_hash": _NUMBER, "position": _NUMBER, "dropped_at": _NUMBER,
    "account": _NAME,
}  # fmt: skip


def hashed(text: str) -> int:
    """`text` as a number of 64 bits, by which ClickHouse tells things apart in a fraction of the time and room.

    Of ten million things two have the same one with a probability of 3 in a million.
    """
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def check(events: Iterable[Event]) -> None:
    """Refuse what cannot be held, before anything of a batch is.

    Raises:
        PoisonEvent: one of `events` happened outside of the years that can be told, or has a NUL in a name.
    """
    for event in events:
        if not EARLIEST <= event.occurred_at < LATEST:
            years = f"{EARLIEST.year} to {LATEST.year}"
            raise PoisonEvent(f"ClickHouse cannot hold it: it is of the year {event.occurred_at.year}, not {years}")
        account = event.actor.key if event.actor else ""
        if any("\0" in name for name in (event.id, event.entity, event.project or "", account)):
            raise PoisonEvent("ClickHouse would hold it, other engines cannot: there is a NUL character in a name")


def event_rows(org: str, placed: Sequence[Placed]) -> list[list[Any]]:
    """The columns of `EVENTS`."""
    return _columns(
        (
            org, str(event.type), event.project or "", event.occurred_at, event.id, str(event.source), event.entity,
            hashed(event.entity), event.actor.key if event.actor else "", position, kept(event),
        )
        for position, event in placed
    )  # fmt: skip


def touch_rows(org: str, placed: Sequence[Placed]) -> list[list[Any]]:
    """The columns of `TOUCHES`."""
    return _columns(
        (
            org, project, path, account, hashed(event.entity), skill or "", event.occurred_at, position,
            [path[:end] for end, letter in enumerate(path) if letter == "/"],
        )
        for position, event in placed
        for account, project, path, skill in touched(event)
    )  # fmt: skip


def work_rows(org: str, placed: Sequence[Placed], words: Mapping[str, Sequence[str]]) -> list[list[Any]]:
    """The columns of `WORKS`.

    Args:
        org: whose they are.
        placed: the events.
        words: by id, the lexemes that an event can be found by.
    """
    return _columns(
        (
            org, hashed(event.entity), event.id, str(event.type), event.project or "",
            event.actor.key if event.actor else "", event.entity, event.occurred_at, searchable(event)[0] or "",
            words[event.id], position,
        )
        for position, event in placed
        if event.id in words
    )  # fmt: skip


def sample_rows(org: str, placed: Sequence[Placed]) -> list[list[Any]]:
    """The columns of `SAMPLES`."""
    return _columns(
        (
            org, event.body.metric, hashed(event.entity), event.occurred_at, event.project or "",
            labels_text(event.body.labels), event.body.value, position,
        )
        for position, event in placed
        if isinstance(event.body, MetricSample)
    )  # fmt: skip


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as they are written: sorted, so that the same ones are the same text."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return list(map(list, zip(*rows, strict=True)))
