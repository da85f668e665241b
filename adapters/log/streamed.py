"""A log with a stream before it: what is appended is durable in the stream, and consumers read the log behind it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from domain.events import Event
from domain.frozen import Utc
from domain.ports import Appended, Entry, EventLog, Stream


async def send(stream: Stream, events: Sequence[Event]) -> Appended:
    """Make `events` durable in `stream`."""
    if events:
        await stream.send(events)
    return Appended(sent=len(events))


class StreamedLog:
    """The log of one organisation, entered through a stream; see `domain.ports.EventLog`.

    Appending events needs the stream alone, so it goes on while the log's database is down. Reading needs the
    database alone. Between the two a drain carries what came.
    """

    def __init__(self, stream: Stream, log: EventLog) -> None:
        """Put `stream` before `log`.

        Args:
            stream: where events go.
            log: where they arrive, and are deduplicated.
        """
        self._stream = stream
        self._log = log

    async def append(self, events: Sequence[Event], cursors: Mapping[str, Mapping[str, Any]] | None = None) -> Appended:
        """Make `events` durable in the stream, then move `cursors` in the log.

        Whoever is cut off between the two reads the same again, and the log knows it.
        """
        sent = await send(self._stream, events)
        if cursors:
            await self._log.append([], cursors)
        return sent

    async def read(self, lane: int, after: int, limit: int) -> Sequence[Entry]:
        """Up to `limit` entries of `lane` that follow `after`, of what has arrived."""
        return await self._log.read(lane, after, limit)

    async def heads(self) -> Mapping[int, int]:
        """For each lane the last position that has arrived."""
        return await self._log.heads()

    async def cursor(self, source: str) -> Mapping[str, Any] | None:
        """Where `source` is to go on reading."""
        return await self._log.cursor(source)

    async def waiting_since(self, lane: int, after: int) -> Utc | None:
        """When the entry that follows `after` arrived."""
        return await self._log.waiting_since(lane, after)

    async def wait(self, seconds: float) -> None:
        """Return once something may have arrived, or after `seconds`."""
        await self._log.wait(seconds)

    def tell(self, reader: Callable[[Sequence[Entry]], None]) -> None:
        """Nothing: what is appended here is not in the log yet."""
