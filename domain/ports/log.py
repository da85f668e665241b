"""The log: what everything is appended to, and what every store is filled from."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from domain.events import Event
from domain.frozen import Frozen, Utc
from domain.routing import Store

LANES: Final = 4
"""Into how many lanes the log is divided. Events of one entity share a lane, and a lane is read in order."""


def lane_of(entity: str) -> int:
    """The lane of an entity: the same in every process and every version."""
    return zlib.crc32(entity.encode()) % LANES


class Entry(Frozen):
    """An event in its place. Positions of a lane begin at 1 and have no gaps.

    `event` is None where the payload is not one that this version can read; `payload` then says what is there.
    """

    lane: int
    position: int
    received_at: Utc
    event: Event | None
    payload: str = ""


class Appended(Frozen):
    """What became of a batch: how many events are new, how many were there already.

    `sent` are durable in a stream that leads into the log; which of them are new is seen once they arrive.
    """

    new: int = 0
    known: int = 0
    sent: int = 0

    def __add__(self, other: "Appended") -> "Appended":
        return Appended(new=self.new + other.new, known=self.known + other.known, sent=self.sent + other.sent)


class EventLog(Protocol):
    """An append-only log in lanes, deduplicated by event id."""

    async def append(self, events: Sequence[Event], cursors: Mapping[str, Mapping[str, Any]] | None = None) -> Appended:
        """Add what is new of `events`, and set `cursors`, in one durable step.

        Args:
            events: in the order in which they are to be applied, entity by entity.
            cursors: by source name, where that source is to go on reading. One that carries a `fence` (the token of
                a lease) is moved only by a fence that is as great or greater.

        Raises:
            StoreUnavailable: nothing was added, or it is not known; appending again is safe.
            LeaseLost: a cursor was moved under a greater fence; nothing was added.
        """

    async def read(self, lane: int, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries of `lane` that follow position `after`, in order."""

    async def heads(self) -> Mapping[int, int]:
        """For each lane the last position; a lane without entries may be absent."""

    async def cursor(self, source: str) -> Mapping[str, Any] | None:
        """Where `source` is to go on reading, or None if it never read."""

    async def waiting_since(self, lane: int, after: int) -> Utc | None:
        """When the entry that follows `after` was received, or None if there is none."""

    def tell(self, reader: Callable[[Sequence[Entry]], None]) -> None:
        """Let `reader` have, in order, every entry that is appended here from now on, once it is durable.

        It spares whoever reads the log in the same process reading it back; what others append it is not told.
        """

    async def wait(self, seconds: float) -> None:
        """Return once something may have been appended, or after `seconds`."""


class Quarantined(Frozen):
    """An event that one store could not apply, and why; or one that waits behind such an event of its entity.

    `entity` is empty where the event cannot be read so far; nothing waits behind it then.
    """

    store: Store
    lane: int
    position: int
    event_id: str
    entity: str = ""
    reason: str
    waiting: bool = False
    since: Utc


class Quarantine(Protocol):
    """What was put aside until somebody looks at it. It gets there in the step that moves the store's position.

    Of each entity the first is poison and the others wait behind it, in order. Where the first is gone the rest are
    free: whoever fills the store applies them, one by one.
    """

    async def items(self) -> Sequence[Quarantined]:
        """Everything that is kept, oldest first."""

    async def explain(self, item: Quarantined) -> None:
        """Write down that `item` is poison, and its reason, if it is still there."""

    async def remove(self, store: Store, lane: int, position: int) -> bool:
        """Forget one, so that what waits behind it is free; False if it was not there."""

    async def freed(self, store: Store) -> Sequence[Quarantined]:
        """The first event of every entity whose events wait behind nothing any more, in order."""

    async def counts(self) -> Mapping[tuple[Store, bool], int]:
        """How many are kept, by store and whether they wait; what is none is absent."""
