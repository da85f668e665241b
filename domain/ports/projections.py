"""How a store is filled from the log, whatever it holds and whatever engine keeps it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from domain.events import Event
from domain.frozen import Frozen, Utc
from domain.ports.leases import Lease
from domain.ports.log import Quarantined
from domain.routing import Store


class Batch(Frozen):
    """The part of a lane that one store is to apply: everything after `after`, up to and with `upto`.

    Shape:
        events: those that are routed to the store, in order; there may be none, and the position still moves.
        positions: where each of `events` stands in the lane; left out, they stand one after the other.
        aside: events among them that can never be applied, to be put into quarantine in the same step.
        lease: by which right the batch is applied; None where nobody else could be at it.
    """

    lane: int
    after: int
    upto: int
    events: tuple[Event, ...]
    positions: tuple[int, ...] = ()
    aside: tuple[Quarantined, ...] = ()
    lease: Lease | None = None

    def divided(self, held: Collection[str]) -> tuple[list[Event], list[tuple[int, Event]]]:
        """The events that can be applied, and those that wait (with their positions) behind one that cannot.

        Args:
            held: the entities that have something in quarantine already.
        """
        if not held and not self.aside:
            return list(self.events), []
        since = dict.fromkeys(held, self.after)
        for item in self.aside:
            if item.entity:
                since[item.entity] = min(since.get(item.entity, item.position), item.position)
        free: list[Event] = []
        waiting: list[tuple[int, Event]] = []
        for place, event in self._places():
            if place > since.get(event.entity, place):
                waiting.append((place, event))
            else:
                free.append(event)
        return free, waiting

    def placed(self, events: Collection[Event]) -> list[tuple[int, Event]]:
        """Those of its events, in order, each with its position."""
        wanted = {event.id for event in events}
        return [(place, event) for place, event in self._places() if event.id in wanted]

    def _places(self) -> Iterator[tuple[int, Event]]:
        places = self.positions or range(self.after + 1, self.after + 1 + len(self.events))
        return zip(places, self.events, strict=True)


class Standing(Frozen):
    """Where a store is in the log, by lane; lanes without a word are absent.

    Shape:
        positions: the last position that was applied.
        again_upto: what was applied once before, in lanes that are being replayed: up to there it is no news.
        begun: where the batch ends that was begun and may have been applied, in stores whose effect and position do
            not move in one step: the next batch of the lane must be the same one.
        unseen_since: since when something waits that was applied and that no reader sees yet; None if nothing does.
    """

    positions: Mapping[int, int] = {}
    again_upto: Mapping[int, int] = {}
    begun: Mapping[int, int] = {}
    unseen_since: Utc | None = None


class Projection(Protocol):
    """A store as the router fills it. Position and effect move together, or writes are idempotent by key."""

    @property
    def store(self) -> Store:
        """Which role it fills."""

    async def positions(self) -> Mapping[int, int]:
        """For each lane the last position that was applied; 0 or absent before the first."""

    async def standing(self) -> Standing:
        """Where it is, and what it has before it."""

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch` and move the lane's position to `batch.upto`, all or nothing.

        Events of an entity that has something in quarantine join it there, in order, in the same step.

        Returns:
            False, with nothing changed, if the lane is not at `batch.after`, somebody else is applying to the store,
            or the lease does not count any more.

        Raises:
            PoisonEvent: an event in it can never be applied.
            StoreUnavailable: try again later.
        """

    async def finish(self, *, at_last: bool = False) -> None:
        """Do what `apply` put off while more was to come. Called whenever the store has caught up.

        Args:
            at_last: whether somebody waits for all of it; if not, what was done a moment ago may wait for a while.

        Raises:
            StoreUnavailable: try again later.
        """

    async def release(self, item: Quarantined, event: Event) -> bool:
        """Apply `event`, which was put aside as `item`, and take it out of quarantine, all or nothing.

        Returns:
            False, with nothing changed, if it is not there, or not the first of its entity.

        Raises:
            PoisonEvent: it still cannot be applied.
            StoreUnavailable: try again later.
        """

    async def settle(self) -> None:
        """Make reading fast after much was applied; what is there does not change."""

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further, and keep what was applied: doing it again is no harm.

        What was put aside after that position is forgotten: it is met again.
        """

    async def reset(self) -> None:
        """Forget everything that was applied or put aside, so that the log can fill it again.

        Until that is done, `standing` says how far it was.
        """


class Inspection(Frozen):
    """What an engine says of itself.

    Shape:
        engine: its name, for people.
        version: which one it is.
        schema_version: what of our schema it has, such as `3 of 3`; empty where it needs none.
        endpoint: where it is, without user and password.
    """

    engine: str
    version: str
    schema_version: str = ""
    endpoint: str = ""


class StoreEngine(Projection, Protocol):
    """A projection in an engine of its own, which may be away, older than this program, or empty."""

    async def inspect(self) -> Inspection:
        """Ask the engine who it is.

        Raises:
            StoreUnavailable: it cannot be reached.
            Misconfigured: it can, and will not do.
        """

    async def migrate(self) -> Sequence[str]:
        """Bring it to the schema that this version needs; gives what was done, for people. Safe to race.

        Raises:
            StoreUnavailable: it cannot be reached.
            Misconfigured: it is newer than this program, or its user may not do what is needed.
        """

    async def tally(self) -> Mapping[str, int]:
        """How much it holds of the organisation, by kind: `events`, `documents`, `dependencies`, ...

        Raises:
            StoreUnavailable: it cannot be asked.
        """
