"""Where the story plays: a clock that only moves forward, one pair of dice, and the ledger."""

import heapq
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from adapters.sources.sample import workdays
from adapters.sources.sample.paces import Hours
from adapters.sources.sample.people import NEVER_RESTS, Person
from adapters.sources.sample.records import Record

DAYS: Final = 120
"""How long the story is."""

Scene = Iterator[datetime]
"""Something that takes time. It yields the moment at which it wants to go on, and acts in between."""


class Stage:
    """Runs scenes side by side in the order of time, and stops at `until`: what would come later never happens.

    Shape:
        now: the moment at which the running scene acts; whole seconds, UTC.
        dice: the one source of chance.
        records: the ledger, in order of time.
    """

    def __init__(self, until: datetime, seed: int) -> None:
        self.until = until
        self.since = until - timedelta(days=DAYS)
        self.now = self.since
        self.seed = seed
        self.dice = Random(seed)  # noqa: S311 - a story needs repeatable chance, not secrets
        self.records: list[Record] = []
        self._ids: Counter[str] = Counter()
        self._waiting: list[tuple[datetime, int, Scene]] = []
        self._scenes = 0

    def record(self, record: Record) -> None:
        """Write into the ledger what has just happened."""
        self.records.append(record)

    def start(self, scene: Scene) -> None:
        """Let a scene begin now; it acts up to its first wait at once."""
        self._scenes += 1
        self._wait(scene, self._scenes)

    def play(self) -> None:
        """Run every scene until none is left before the end."""
        while self._waiting and self._waiting[0][0] < self.until:
            self.now, order, scene = heapq.heappop(self._waiting)
            self._wait(scene, order)

    def _wait(self, scene: Scene, order: int) -> None:
        moment = next(scene, None)
        if moment is not None:
            due = max(moment.replace(microsecond=0), self.now)
            heapq.heappush(self._waiting, (due, order, scene))

    def new_id(self, kind: str, first: int, gap: int = 900) -> int:
        """An id that nothing of its kind has yet; ids grow, with gaps for what other people own."""
        self._ids[kind] += self.dice.randint(1, gap)
        return first + self._ids[kind]

    def ago(self, days: float) -> datetime:
        """The moment `days` before the end."""
        return self.until - timedelta(days=days)

    def work(self, hours: Hours) -> datetime:
        """The moment after about so many working hours from now."""
        return workdays.later(self.now, self.dice.uniform(*hours))

    def minutes(self, least: float, most: float) -> datetime:
        """The moment after about so many minutes from now, by day or by night."""
        return self.now + timedelta(minutes=self.dice.uniform(least, most))

    def chance(self, share: float) -> bool:
        """True in about that share of the cases."""
        return self.dice.random() < share

    def present(self, person: Person, moment: datetime, spare_days: float = 0) -> bool:
        """Whether somebody takes on work at `moment`; `spare_days` allows for small things shortly after they rest."""
        return person.rests == NEVER_RESTS or moment < self.ago(person.rests - spare_days)
