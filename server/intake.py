"""The way in: what sources read becomes events, and events become entries of the log, batch by batch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from adapters.sources.deliveries import events_of, read_deliveries
from adapters.sources.git import GitRepository
from domain.errors import InvalidInput
from domain.events import Event
from domain.ports import Appended, EventLog
from server.drain import Drain
from server.patience import SOURCE_ATTEMPTS, patiently
from server.router import Router

BATCH: Final = 500


class Progress(Protocol):
    """Is told how far something has come."""

    def __call__(self, done: int, total: int | None) -> None:
        """`done` of `total`; None while the total is not known."""


@dataclass
class Ingested:
    """What came of reading one source."""

    name: str
    read: int = 0
    appended: Appended = field(default_factory=Appended)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Intake:
    """Reads sources into a log. The stores are filled meanwhile, so they are nearly done when reading is."""

    def __init__(self, log: EventLog, router: Router, now: Callable[[], datetime], drain: Drain | None = None) -> None:
        """Name the log and who fills the stores from it.

        Args:
            log: where events go.
            router: carries them into the stores.
            now: tells when a delivery was received.
            drain: carries them into the log, if a stream is before it.
        """
        self._drain = drain
        self._log = log
        self._router = router
        self._now = now

    @asynccontextmanager
    async def filling(self) -> AsyncIterator[None]:
        """Let the stores follow while the block reads."""
        duties = [self._router.run(), *([self._drain.run()] if self._drain is not None else [])]
        following = asyncio.gather(*duties, return_exceptions=True)  # and so its end is the end of all of them
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def git(self, path: Path, project: str | None, progress: Progress) -> Ingested:
        """Read what is new in a local clone.

        Raises:
            SourceUnusable: it is not a repository that can be read.
        """
        repository = GitRepository(path, project)
        source = await asyncio.to_thread(repository.source)
        cursor = await self._log.cursor(source)
        reading = await asyncio.to_thread(repository.read, cursor)
        result = Ingested(reading.project)
        # What this reading is about is written down first: if it is cut short and history is rewritten before the
        # next one, that one finishes it under the same ids.
        await self._append([], {source: reading.pending_cursor})
        batches = reading.batches()
        held: list[Event] = []
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            if held:
                result.appended += await self._append(held)
            held = batch
            result.read += sum(event.type == "commit" for event in batch)
            progress(result.read, reading.total)
        # The cursor moves with the last events, in one step: after a crash anything read twice is known already.
        result.appended += await self._append(held, {source: reading.next_cursor})
        result.notes.extend(reading.notes)
        return result

    async def deliveries(self, path: Path, progress: Progress) -> Ingested:
        """Read recorded webhooks from a file. A line that cannot be read is a problem of its own and stops nothing.

        Raises:
            SourceUnusable: the file itself cannot be read.
        """
        result = Ingested(path.name)
        lines = read_deliveries(path)
        while chunk := await asyncio.to_thread(_take, lines, BATCH):
            events: list[Event] = []
            for line in chunk:
                result.read += 1
                if line.delivery is None:
                    result.problems.append(f"line {line.number}: {line.problem}")
                    continue
                delivery = line.delivery
                try:
                    events += events_of(delivery.source, delivery.headers, delivery.body, received_at=self._now())
                except InvalidInput as error:
                    result.problems.append(f"line {line.number}: {error}")
            result.appended += await self._append(events)
            progress(result.read, None)
        return result

    async def recorded(self, name: str, deliveries: Sequence[Mapping[str, Any]], progress: Progress) -> Ingested:
        """Read deliveries that are at hand already."""
        result = Ingested(name)
        for start in range(0, len(deliveries), BATCH):
            events: list[Event] = []
            for delivery in deliveries[start : start + BATCH]:
                events += events_of(delivery["source"], delivery["headers"], delivery["body"], received_at=self._now())
                result.read += 1
            result.appended += await self._append(events)
            progress(result.read, len(deliveries))
        return result

    async def events(self, events: Sequence[Event]) -> Appended:
        """Append events of our own making, such as a person's decision."""
        return await self._append(events)

    async def _append(
        self, events: Sequence[Event], cursors: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Appended:
        """Append, and try again while the log is away: what was appended before is recognised."""
        return await patiently(partial(self._log.append, events, cursors), SOURCE_ATTEMPTS)


def _take(lines: Iterator[Any], count: int) -> list[Any]:
    return list(islice(lines, count))  # `zip` with a range would take one line more and lose it


def total_of(results: Iterable[Ingested]) -> Appended:
    """What came of several sources together."""
    return sum((result.appended for result in results), Appended())
