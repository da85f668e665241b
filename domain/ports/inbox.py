"""The inbox: where deliveries lie from the moment they are acknowledged until they are read into the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.deliveries import Delivery
from domain.frozen import Frozen, Utc


@dataclass(frozen=True, slots=True)
class Sack:
    """Deliveries that became durable in one step. Positions begin at 1 and have no gaps."""

    position: int
    deliveries: Sequence[Delivery]


class Refusal(Frozen):
    """A delivery that was acknowledged and that no mapper could read.

    Shape:
        id: names it, for `quarantine`.
        source: who sent it.
        key: what its sender calls it.
        reason: what was expected where.
        since: when it came.
    """

    id: int
    source: str
    key: str
    reason: str
    since: Utc


class Inbox(Protocol):
    """The inbox of one organisation: written by receivers, emptied by the sorter, in order."""

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        """Keep `deliveries` as one sack, durably.

        Raises:
            StoreUnavailable: nothing was kept, or it is not known; putting them again is safe.
        """

    async def read(self, after: int, deliveries: int) -> Sequence[Sack]:
        """The sacks that follow position `after`, in order, until they hold `deliveries`; a sack is never divided."""

    async def forget(self, upto: int) -> None:
        """Let go of the sacks up to position `upto`: what they hold is in the log."""

    async def head(self) -> int:
        """The last position; 0 if nothing ever came."""

    async def waiting_since(self, after: int) -> Utc | None:
        """When the sack that follows `after` came, or None if there is none."""

    async def refuse(self, delivery: Delivery, key: str, reason: str) -> None:
        """Keep a delivery that cannot be read, and why; keeping it again changes its reason only."""

    async def refusals(self) -> Sequence[Refusal]:
        """What could not be read, oldest first."""

    async def refused_count(self) -> int:
        """How many could not be read."""

    async def refused(self, refusal: int) -> Delivery | None:
        """The delivery itself; None if it is not there."""

    async def drop(self, refusal: int) -> bool:
        """Forget one that could not be read; False if it was not there."""

    async def wait(self, seconds: float) -> None:
        """Return once something may have been put, or after `seconds`."""
