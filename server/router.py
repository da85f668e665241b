"""The router: carries the log into the stores. Each is its own consumer, with its own position and its own pace."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from domain.answers import Coverage
from domain.errors import EngintelError, NotFound, PoisonEvent, StoreUnavailable
from domain.ports import LANES, Batch, Entry, EventLog, Projection, Quarantine, Quarantined
from domain.routing import Store, stores_for

Result = TypeVar("Result")

BATCH: Final = 500
POLL_SECONDS: Final = 1.0
"""How long a consumer sleeps at most: news usually wakes it, and a lost notification costs no more than this."""
ATTEMPTS: Final = 8
MANY: Final = 1_000
"""After so many entries at once a store is no longer what it was when it last looked at itself."""
_LONGEST_PAUSE: Final = 30.0
STALE_AFTER: Final = 1.0
"""Seconds of lag that an answer does not mention: the ordinary time between an event and its place in a store."""

logger = logging.getLogger(__name__)


class Router:
    """Fills `projections` from `log`. Any number of routers may run at once, in any number of processes.

    A projection applies a batch only from the position where it stands, and only one at a time, so two routers at the
    same store share its work and never repeat it.
    """

    def __init__(self, log: EventLog, projections: Sequence[Projection], quarantine: Quarantine) -> None:
        """Name what to fill from what; nothing starts.

        Args:
            log: what is read.
            projections: the stores to fill, one consumer each.
            quarantine: where events go that a store can never apply.
        """
        self._log = log
        self._projections = projections
        self._quarantine = quarantine

    async def run(self) -> None:
        """Keep every store up with the log until cancelled. One that is down is tried again and holds up no other."""
        news = {projection.store: asyncio.Event() for projection in self._projections}
        async with asyncio.TaskGroup() as tasks:
            for projection in self._projections:
                tasks.create_task(self._follow(projection, news[projection.store]))
            while True:
                await self._log.wait(POLL_SECONDS)
                for event in news.values():
                    event.set()

    async def _follow(self, projection: Projection, news: asyncio.Event) -> None:
        pause = 0.0
        while True:
            try:
                applied = await self._step(projection)
                if not applied:
                    await projection.finish()
                pause = 0.0
            except StoreUnavailable as error:
                pause = min(_LONGEST_PAUSE, pause * 2 or 0.25)
                logger.warning("The %s store waits %.2g s: %s", projection.store, pause, error)
                await asyncio.sleep(pause)
                continue
            if not applied:
                await news.wait()
                news.clear()

    async def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Fill every store up to where the log ends now; returns once all of them are there, whoever took them there.

        Args:
            progress: told how many entries still wait for the store that is furthest behind.

        Raises:
            StoreUnavailable: a store stayed away for `ATTEMPTS` attempts.
        """
        goal = await self._log.heads()
        async with asyncio.TaskGroup() as tasks:
            gauge = _Gauge(progress)
            for projection in self._projections:
                tasks.create_task(self._reach(projection, goal, gauge))

    async def _reach(self, projection: Projection, goal: Mapping[int, int], gauge: "_Gauge") -> None:
        async def advance() -> tuple[int, int]:
            positions = await projection.positions()
            behind = sum(max(0, head - positions.get(lane, 0)) for lane, head in goal.items())
            return behind, await self._step(projection) if behind else 0

        carried = 0
        while True:
            behind, applied = await _patiently(advance)
            carried += applied
            gauge.show(projection.store, behind)
            if not behind:
                await _patiently(projection.finish)
                if carried >= MANY:
                    await _patiently(projection.settle)
                return
            if not applied:
                await asyncio.sleep(0.01)  # another process is at it: let it finish, then look again

    async def _step(self, projection: Projection) -> int:
        """Apply the next batch of every lane; gives how many entries were passed."""
        positions = await projection.positions()
        heads = await self._log.heads()
        passed = 0
        for lane in range(LANES):
            position = positions.get(lane, 0)
            if position < heads.get(lane, 0):
                entries = await self._log.read(lane, position, BATCH)
                if entries and await self._apply(projection, position, entries):
                    passed += len(entries)
        return passed

    async def _apply(self, projection: Projection, after: int, entries: Sequence[Entry]) -> bool:
        """Apply `entries`; a poison event among them is found by halving, put aside, and passed over."""
        store = projection.store
        events = tuple(e.event for e in entries if e.event is not None and store in stores_for(e.event.type))
        batch = Batch(lane=entries[0].lane, after=after, upto=entries[-1].position, events=events)
        try:
            applied = await projection.apply(batch)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours in projecting one event must not stop the rest
            if len(entries) > 1:
                half = len(entries) // 2
                return await self._apply(projection, after, entries[:half]) and await self._apply(
                    projection, entries[half - 1].position, entries[half:]
                )
            await self._put_aside(store, entries[0], error)
            return await projection.apply(batch.model_copy(update={"events": ()}))
        if applied and store is Store.EVENTS:
            for entry in entries:
                if entry.event is None:
                    await self._put_aside(store, entry, PoisonEvent("it is of a kind that this version cannot read"))
        return applied

    async def _put_aside(self, store: Store, entry: Entry, error: Exception) -> None:
        known = isinstance(error, EngintelError)
        reason = str(error) if known else f"projecting it failed with {type(error).__name__}"
        logger.error("Event at %s/%d goes to the quarantine of %s: %s", entry.lane, entry.position, store, reason,
                     exc_info=None if known else error)  # fmt: skip
        await self._quarantine.put(
            Quarantined(
                store=store,
                lane=entry.lane,
                position=entry.position,
                event_id=entry.event.id if entry.event else "",
                reason=reason,
                since=entry.received_at,
            )
        )

    async def retry(self, item: Quarantined) -> None:
        """Apply one event that was put aside; it stays in quarantine if that fails again.

        Raises:
            NotFound: this event is not in the log.
            PoisonEvent: it still cannot be applied.
            StoreUnavailable: try again later.
        """
        projection = next(p for p in self._projections if p.store is item.store)
        entries = await self._log.read(item.lane, item.position - 1, 1)
        if not entries or entries[0].position != item.position:
            raise NotFound("event", f"{item.lane}/{item.position}")
        if entries[0].event is None:
            raise PoisonEvent("It is of a kind that this version cannot read.")
        while True:
            # A batch that ends where it begins: the event is applied, and the position stays.
            at = (await projection.positions()).get(item.lane, 0)
            if await projection.apply(Batch(lane=item.lane, after=at, upto=at, events=(entries[0].event,))):
                break
        await self._quarantine.remove(item.store, item.lane, item.position)

    async def coverage(self, now: datetime) -> Mapping[str, Coverage]:
        """How far each store is behind the log."""
        heads = await self._log.heads()
        return dict(
            zip(
                (projection.store.value for projection in self._projections),
                await asyncio.gather(*(self._coverage(p, heads, now) for p in self._projections)),
                strict=True,
            )
        )

    async def _coverage(self, projection: Projection, heads: Mapping[int, int], now: datetime) -> Coverage:
        try:
            positions = await projection.positions()
        except StoreUnavailable:
            return Coverage(state="down")
        behind = [(lane, positions.get(lane, 0)) for lane, head in heads.items() if positions.get(lane, 0) < head]
        since = [s for lane, at in behind if (s := await self._log.waiting_since(lane, at))]
        lag = max((now - min(since)).total_seconds(), 0.0) if since else 0.0
        return Coverage(state="stale" if lag > STALE_AFTER else "ok", lag_seconds=round(lag, 1))


async def _patiently(step: Callable[[], Awaitable[Result]]) -> Result:
    """What `step` gives, once the store it needs is there."""
    return await AsyncRetrying(
        retry=retry_if_exception_type(StoreUnavailable),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )(step)


class _Gauge:
    """How far the slowest of several stores is behind."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._behind: dict[Store, int] = {}

    def show(self, store: Store, behind: int) -> None:
        self._behind[store] = behind
        self._progress(max(self._behind.values()))
