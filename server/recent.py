"""The entries that were read last, decoded once for every store that is at about the same place."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from domain.ports import LANES, Entry, EventLog

KEPT: Final = 4_000
"""Entries that a stretch keeps: a few batches, so that the slower stores still find what the fastest has read."""
STRETCHES: Final = 2
"""Stretches of a lane: where news is, and one further back, for stores that are filled again together."""


@dataclass
class _Stretch:
    """Consecutive entries: those that follow position `begins`, up to and with `ends`."""

    begins: int
    entries: list[Entry] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def ends(self) -> int:
        return self.begins + len(self.entries)

    def add(self, entries: Sequence[Entry]) -> None:
        self.entries.extend(entries)
        surplus = max(0, len(self.entries) - KEPT)
        del self.entries[:surplus]
        self.begins += surplus

    def cut(self, after: int, limit: int) -> Sequence[Entry]:
        return self.entries[after - self.begins : after - self.begins + limit]


class Recent:
    """Reads a log for several consumers in one process. Whoever is at a place of its own reads for itself."""

    def __init__(self, log: EventLog) -> None:
        """Name the log; nothing is read.

        Args:
            log: what is read.
        """
        self._log = log
        self._lanes: list[list[_Stretch]] = [[] for _ in range(LANES)]
        log.tell(self.take)

    def take(self, entries: Sequence[Entry]) -> None:
        """Add what this process has just appended, where that continues what is here."""
        for lane, of_lane in groupby(entries, key=lambda entry: entry.lane):
            following = list(of_lane)
            for stretch in self._lanes[lane]:
                # While a stretch is being read on, whoever reads may get the same entries, and adds them itself.
                if stretch.ends == following[0].position - 1 and not stretch.lock.locked():
                    stretch.add(following)

    async def read(self, lane: int, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries of `lane` that follow `after`, in order."""
        stretch = self._stretch(lane, after)
        # Whoever comes to the end of a stretch while it is being read on waits, and finds what the other has read.
        async with stretch.lock:
            if stretch.begins <= after < stretch.ends:
                return stretch.cut(after, limit)
            entries = await self._log.read(lane, after, limit)
            if after == stretch.ends:
                stretch.add(entries)
            return entries

    def _stretch(self, lane: int, after: int) -> _Stretch:
        stretches = self._lanes[lane]
        for stretch in stretches:
            if stretch.begins <= after <= stretch.ends:
                break
        else:
            stretch = _Stretch(after)
            del stretches[STRETCHES - 1 :]
        # The one that was used last comes first; the last one makes room for a new place.
        if stretch in stretches:
            stretches.remove(stretch)
        stretches.insert(0, stretch)
        return stretch
