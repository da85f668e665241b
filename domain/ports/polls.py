"""Sources that are asked for news, again and again, and what became of asking them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from domain.events import Event
from domain.frozen import Frozen, Utc


@dataclass(frozen=True, slots=True)
class Portion:
    """What was read in one go, and where to go on after it. Both are appended in one step.

    Shape:
        events: in the order in which they are to be applied, entity by entity.
        cursor: where the listing goes on once these events are durable.
        read: how many things of the source this is: pull requests, issues, pages.
        notes: what a reader of the result should know, each one line.
    """

    events: Sequence[Event]
    cursor: Mapping[str, Any]
    read: int = 0
    notes: Sequence[str] = field(default=())


class Listing(Protocol):
    """One kind of thing that a source tells of, with a cursor of its own."""

    @property
    def name(self) -> str:
        """What its cursor is called: `github:acme/api#releases`."""

    def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """What is new since `cursor`; everything if that is None. Reading again from an older cursor is harmless.

        Raises:
            SourceUnusable: it cannot be read at all, and somebody has to do something.
            SourceAway: it cannot be read now.
        """


class PolledSource(Protocol):
    """A repository, a project or a workspace elsewhere."""

    @property
    def name(self) -> str:
        """What it is called, and what its lease is: `github:acme/api`."""

    async def check(self) -> str:
        """Who we are there, in a few words, once it is certain that it answers and knows us.

        Raises:
            SourceUnusable: it does not know us, or not what is to be read.
            SourceAway: it does not answer.
        """

    def listings(self) -> Sequence[Listing]:
        """What there is to read, in the order in which it is to be read."""

    async def close(self) -> None:
        """Let go of its connections."""


class Polled(Frozen):
    """How polling one source goes."""

    source: str
    tried_at: Utc
    reached_at: Utc | None = None
    """When it was last read to its end without a problem."""
    failures: int = 0
    """Attempts in a row that did not get there."""
    problem: str | None = None


class Polls(Protocol):
    """What became of polls, for every process to see. The clock that counts is the store's own."""

    async def due_in(self, source: str, every: timedelta, longest: timedelta) -> timedelta:
        """How long until `source` should be asked again; nothing if it is time.

        Args:
            source: its name.
            every: the time between two polls. It doubles with every failure in a row,
            longest: up to this.
        """

    async def record(self, source: str, problem: str | None = None) -> None:
        """Write down that `source` was read to its end, or what kept it from that."""

    async def entries(self) -> Sequence[Polled]:
        """Every source that was ever polled, by name."""
