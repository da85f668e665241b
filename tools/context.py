"""What a tool works with: one organisation's stores, the moment of the question, what went wrong on the way."""

from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from domain.actions import Draft, WritePolicy
from domain.answers import Coverage
from domain.errors import Misconfigured, StoreUnavailable
from domain.ports import Directory, Events, Graph, Vectors
from domain.routing import Store

Found = TypeVar("Found")


class Freshness(Protocol):
    """Knows how far the stores are behind the log."""

    async def coverage(self, now: datetime, stores: Collection[Store]) -> Mapping[str, Coverage]:
        """For each of `stores` how far it can be believed."""


class Automations(Protocol):
    """Knows the rules that a team wrote."""

    async def by_hand(self, name: str, event_id: str | None, entity: str | None) -> Draft:
        """What the rule `name` would do for an event, or for the newest one of an entity, as one draft.

        Raises:
            InvalidInput: there is no such rule or event, or the rule would do nothing about it.
        """


@dataclass(frozen=True)
class ToolContext:
    """Everything that one call of a tool may use. It belongs to one organisation; no tool can name another."""

    now: datetime
    directory: Directory
    events: Events
    vectors: Vectors
    graph: Graph
    freshness: Freshness
    automations: Automations
    writes: WritePolicy = field(default_factory=WritePolicy)
    _down: dict[Store, str] = field(default_factory=dict)

    async def part(self, store: Store, asked: Coroutine[Any, Any, Found], otherwise: Found) -> Found:
        """What `store` answers, or `otherwise` if it is not there: its part of the answer is then missing, and said.

        A store that was not there for one part of an answer is not waited for again by the next.

        Args:
            store: whom the question goes to.
            asked: the question.
            otherwise: what stands for no answer.
        """
        if store in self._down:
            asked.close()
            return otherwise
        try:
            return await asked
        except (StoreUnavailable, Misconfigured) as error:
            self._down[store] = str(error)
            return otherwise

    def has(self, *stores: Store) -> bool:
        """Whether all of `stores` answered so far. Where one did not, nothing was found means nothing."""
        return self._down.keys().isdisjoint(stores)

    async def about(self, used: Collection[Store], *notes: str) -> dict[str, Any]:
        """The fields that every answer carries.

        Args:
            used: the stores that the answer rests on.
            notes: what a reader must know; empty ones are left out.
        """
        untold = ""
        there = [store for store in used if store not in self._down]
        try:
            # A store that is lost is not asked once more how far it is: it would let the answer wait again.
            known = await self.freshness.coverage(self.now, there) if there else {}
        except StoreUnavailable as error:
            known = {store.value: Coverage(state="stale") for store in used}
            untold = f"How far the stores are behind is not known: {error}"
        down = Coverage(state="down")
        told = {s.value: down if s in self._down else known.get(s.value, down) for s in sorted(used)}
        lost = [f"The {store} part of this answer is missing: {why}" for store, why in sorted(self._down.items())]
        late = [
            f"The {name} store is {_long(state.lag_seconds)} behind: not all that was received since is counted yet"
            for name, state in told.items()
            if state.state == "stale" and not untold
        ]
        return {"as_of": self.now, "coverage": told, "notes": tuple(filter(None, (*notes, *lost, *late, untold)))}


def _long(seconds: float) -> str:
    """How long that is, for people. A store that is filled anew may be years behind for a few minutes."""
    minutes = seconds / 60
    if minutes < _MANY:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} minutes" if minutes < _MANY * 60 else f"{minutes / 60 / 24:.0f} days"


_MANY: Final = 48
"""So many of one unit are told before a longer one is."""
