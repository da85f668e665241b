"""What was signalled is fetched: a source said that a document changed, and somebody has to look.

A signal is in the log, durably, before anybody fetches anything. What was fetched is appended together with the cursor
that says which signals are done, in one step: after a crash some are fetched again, and the log knows what they told.
One that cannot be fetched now waits and is tried again; it holds up no other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from domain.errors import EngintelError, StoreUnavailable
from domain.events import DocumentSignal, Event
from domain.frozen import as_utc
from domain.ports import EventLog, Events, Lease, Leases
from domain.window import Window
from server.holders import holder_name

CURSOR: Final = "signals"
TOGETHER: Final = 20
"""Documents that are fetched before what they tell is appended."""
LOOKS_BACK: Final = timedelta(hours=24)
"""For so long a signal may be on its way: Notion tries eight times within a day."""
KEPT: Final = 5_000
"""Signals that are remembered as done; whoever sends more within a day has some fetched twice."""
_PAGE: Final = 500
_POLL_SECONDS: Final = 2.0
_LASTS: Final = timedelta(minutes=2)
_LONGEST_PAUSE: Final = 300.0
_RESTORED: Final = "page.undeleted"

Fetch = Callable[[DocumentSignal], Awaitable[Sequence[Event]]]
"""Gives the events of a document as it is now, or raises `EngintelError`."""

logger = logging.getLogger(__name__)


class Signals:
    """Fetches what was signalled, one process at a time."""

    def __init__(
        self, log: EventLog, events: Events, leases: Leases, fetch: Fetch, now: Callable[[], datetime]
    ) -> None:
        """Name where signals are found and what they tell is put.

        Args:
            log: where fetched events go, and the cursor.
            events: knows the signals by their type.
            leases: which keep a second process from fetching the same.
            fetch: asks the source.
            now: tells the time.
        """
        self._log = log
        self._events = events
        self._leases = leases
        self._fetch = fetch
        self._now = now
        self._put_off: set[str] = set()
        self._lease: Lease | None = None
        self._holder = holder_name()

    async def run(self) -> None:
        """Fetch what is signalled, until cancelled."""
        pause = 0.0
        try:
            while True:
                try:
                    fetched, failed = await self.turn()
                except StoreUnavailable as error:
                    fetched, failed = 0, 1
                    logger.warning("Signals wait: %s", error)
                pause = min(_LONGEST_PAUSE, pause * 2 or _POLL_SECONDS) if failed else 0.0
                if not fetched:
                    await asyncio.sleep(pause or _POLL_SECONDS)
        finally:
            await self._leave()

    async def turn(self) -> tuple[int, int]:
        """The next step, if no other process is at it."""
        self._lease = await self._leases.take(CURSOR, self._holder, _LASTS)
        return (0, 0) if self._lease is None else await self.step()

    async def step(self) -> tuple[int, int]:
        """Fetch the next few documents.

        Returns:
            How many were fetched; and, once nothing else is left, how many could not be and wait for another try.

        Raises:
            StoreUnavailable: the log or the store of events is away.
        """
        cursor = await self._log.cursor(CURSOR) or {}
        since = _since(cursor, self._now())
        done = dict.fromkeys(cursor.get("done", ()))
        waiting: dict[str, list[Event]] = {}
        async for signal in _signals(self._events, since - LOOKS_BACK):
            assert isinstance(signal.body, DocumentSignal)
            what = signal.body.object_id
            if signal.id not in done and what not in self._put_off and (len(waiting) < TOGETHER or what in waiting):
                waiting.setdefault(what, []).append(signal)
        if not waiting:
            failed = len(self._put_off)
            self._put_off.clear()  # everything else is done: these have their turn again
            return 0, failed
        told: list[Event] = []
        newest = since
        for what, signals in waiting.items():
            try:
                told += _restored(await self._fetch(_body(signals[-1])), signals)
            except StoreUnavailable:
                raise
            except EngintelError as error:
                self._put_off.add(what)
                logger.warning("A document that changed could not be fetched and waits: %s", error)
                continue
            done.update(dict.fromkeys(signal.id for signal in signals))
            newest = max(newest, *(signal.occurred_at for signal in signals))
        fetched = len(waiting.keys() - self._put_off)
        if fetched:
            moved = {"since": newest.isoformat(), "done": list(done)[-KEPT:]}
            await self._log.append(told, {CURSOR: moved})
        return fetched, 0

    async def _leave(self) -> None:
        if self._lease is not None:
            with suppress(StoreUnavailable):  # it runs out by itself
                await self._leases.give_back(self._lease)


def _since(cursor: Mapping[str, Any], now: datetime) -> datetime:
    """Up to when signals are done; the first time all that is older than a day is left to whoever polls."""
    return as_utc(datetime.fromisoformat(cursor["since"])) if "since" in cursor else now


async def _signals(events: Events, since: datetime) -> AsyncIterator[Event]:
    """Every signal since then, oldest first, a page at a time."""
    seen: set[str] = set()
    while True:
        page = await events.read(("doc_signalled",), Window(since=since, until=_FAR), limit=_PAGE)
        fresh = [event for event in page if event.id not in seen]
        for event in fresh:
            yield event
        if len(page) < _PAGE or not fresh:
            return
        seen.update(event.id for event in fresh)
        since = page[-1].occurred_at


def _body(signal: Event) -> DocumentSignal:
    assert isinstance(signal.body, DocumentSignal)
    return signal.body


def _restored(told: Sequence[Event], signals: Iterable[Event]) -> list[Event]:
    """`told`, as news if the document came back: it may be word for word what was there before it was deleted.

    The log would know it by its id, and the stores hold that it was removed later than it was edited.
    """
    back = [signal for signal in signals if _body(signal).reason == _RESTORED]
    if not back:
        return list(told)
    at = back[-1].occurred_at
    return [
        event.model_copy(update={"id": f"{event.id}:{back[-1].id}", "occurred_at": max(event.occurred_at, at)})
        for event in told
    ]


_FAR: Final = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
