"""Streams: durable ways into the log that need no database, and how what they carry arrives in it.

A stream takes events and keeps them. A drain reads it and lands what it read in the log, where consumers look: each
event once, in the order of its entity, together with the place up to which the stream was read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from domain.events import Event
from domain.frozen import Frozen, Utc
from domain.ports.leases import Lease
from domain.ports.log import Appended

Cursors: TypeAlias = Mapping[str, Mapping[str, Any]]
"""By part of a stream (`kafka:github-events/3`), where reading goes on in it."""


class Carried(NamedTuple):
    """An event on a stream, as `encode` wrote it, and where it stood."""

    part: str
    position: str
    id: str
    entity: str
    payload: str


class DeadLetter(NamedTuple):
    """A message on a stream that can never become an entry of the log: put aside, so that those behind it go on."""

    part: str
    position: str
    reason: str
    payload: bytes


class KeptLetter(Frozen):
    """A dead letter as it lies there."""

    part: str
    position: str
    reason: str
    payload: bytes
    since: Utc

    @property
    def name(self) -> str:
        """What a person calls it by: `kafka:github-events/3@17`."""
        return f"{self.part}@{self.position}"


@dataclass(frozen=True, slots=True)
class Received:
    """What one reading of a stream gave, in the order in which it is to land.

    `cursors` are where reading goes on behind it; `receipts` are what the stream wants back once it has landed.
    `ended`: nothing more was there, in any part.
    """

    events: Sequence[Carried] = ()
    dead: Sequence[DeadLetter] = ()
    cursors: Cursors = field(default_factory=dict)
    receipts: Sequence[Any] = ()
    ended: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to land."""
        return not (self.events or self.dead or self.cursors)


class Goal(Protocol):
    """A place that a drain is to reach."""

    def met(self, cursors: Cursors, received: Received | None) -> bool:
        """Whether it was reached.

        Args:
            cursors: how far the stream was landed.
            received: what this drain read last; None where another one is at it.
        """


class Stream(Protocol):
    """A durable, ordered way in: what was sent is kept until it has landed, and an entity's events stay in order."""

    @property
    def name(self) -> str:
        """The engine: `kafka`, `sqs`, `kinesis`. Names of parts begin with it and a colon."""

    @property
    def exclusive(self) -> bool:
        """Whether only one drain may read at a time, because the place up to which was read is ours to keep."""

    async def send(self, events: Sequence[Event]) -> None:
        """Return once all of `events` are durable, those of one entity in their order.

        Raises:
            PoisonEvent: one of them is larger than the stream takes; the text names it.
            StoreUnavailable: it is not known which of them are durable; sending them again is safe.
            Misconfigured: the stream is not there, or we may not write to it.
        """

    async def seek(self, cursors: Cursors) -> None:
        """Read on from `cursors`; parts without one from their beginning.

        Raises:
            StoreUnavailable: try again later.
            Misconfigured: the stream is not there, or we may not read it.
        """

    async def receive(self, seconds: float) -> Received:
        """What comes next, as soon as there is anything, or nothing after `seconds`.

        Raises:
            StoreUnavailable: try again later; nothing was passed over.
        """

    async def acknowledge(self, received: Received) -> None:
        """Say that `received` has landed. If that is lost, it comes again and is known."""

    async def give_back(self, received: Received) -> None:
        """Say that `received` has not landed, so that it need not be waited for. Best effort; never raises."""

    async def goal(self) -> Goal:
        """Where the stream ends now."""

    async def waiting(self, cursors: Cursors) -> int | None:
        """About how many messages have not landed yet; None where the stream cannot tell.

        Raises:
            StoreUnavailable: it cannot be reached.
            Misconfigured: it is not there, or we may not look at it.
        """

    async def set_aside(self) -> int | None:
        """About how many messages the engine itself has put aside; None where it does no such thing.

        Raises:
            StoreUnavailable: it cannot be reached.
            Misconfigured: we may not look there.
        """

    async def close(self) -> None:
        """Let go of every connection. What was not acknowledged comes again."""


class Landing(Protocol):
    """Where a stream's events arrive: in the log, in one step with how far the stream was read."""

    async def cursors(self, stream: str) -> Cursors:
        """How far every part of `stream` has landed."""

    async def land(self, received: Received, lease: Lease | None = None) -> Appended | None:
        """Append what is new, keep dead letters and move the cursors, all or nothing.

        Args:
            received: what came.
            lease: under which it was read, if the stream is read by one drain at a time.

        Returns:
            None, with nothing changed, if `lease` does not count any more.

        Raises:
            PoisonEvent: one of the events cannot be held.
            StoreUnavailable: nothing has landed, or it is not known; landing it again is safe.
        """


class DeadLetters(Protocol):
    """Messages that could not land, until somebody looks at them."""

    async def land(self, received: Received) -> Appended | None:
        """Let what can be read by now into the log; see `Landing`."""

    async def letters(self) -> Sequence[KeptLetter]:
        """All of them, oldest first."""

    async def count(self) -> int:
        """How many there are."""

    async def remove(self, letter: KeptLetter) -> bool:
        """Forget one; False if it was not there."""
