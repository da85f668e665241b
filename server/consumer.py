"""The consumer of one store: applies the log to it in order, at its own pace, and finds what it can never apply."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from domain.breaker import Breaker
from domain.errors import EngintelError, Misconfigured, NotFound, PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.pacing import REPLAY_BATCH, linger, replay_pause
from domain.ports import LANES, Batch, Consumers, Entry, EventLog, Projection, Quarantine, Quarantined, Standing
from domain.routing import Store, stores_for
from server.recent import Recent
from server.shares import Shares

BATCH: Final = 1_000
SMALLEST_BATCH: Final = 25
"""After failures batches are smaller, in case it was their size that took too long."""
_BUSY_FOR: Final = 3.0
"""Seconds that events count as coming in after the last one did."""
_NOT_ITS_FAULT: Final = (StoreUnavailable, Misconfigured)
"""A store that is away, or that an operator has to mend first, says nothing of the event it was given."""
UNREADABLE: Final = "it is of a kind that this version cannot read"

logger = logging.getLogger(__name__)


class Traffic:
    """What the consumers of one process know of each other: where the log ends, whether news comes in, who is late."""

    def __init__(self) -> None:
        self.heads: Mapping[int, int] = {}
        self._news_at = float("-inf")
        self.late: set[Store] = set()
        """Stores that are more than a batch behind, and not because they are replayed."""
        self.replaying = asyncio.Lock()
        """Held while a replay works, so that several of them take no more of the machine than one."""

    def told(self, heads: Mapping[int, int]) -> bool:
        """Take in where the log ends now; whether that is news."""
        news = heads != self.heads
        if news and self.heads:
            self._news_at = time.monotonic()
        self.heads = heads
        return news

    @property
    def busy(self) -> bool:
        """Whether events are coming in."""
        return time.monotonic() - self._news_at < _BUSY_FOR


class Consumer:
    """Fills one projection. One at a time works here; another process that does the same is noticed and let work."""

    def __init__(
        self,
        log: EventLog,
        recent: Recent,
        projection: Projection,
        *,
        quarantine: Quarantine,
        shares: Shares,
        traffic: Traffic,
        consumers: Consumers | None,
    ) -> None:
        """Name the store and what it is filled from.

        Args:
            log: what is read, one entry at a time, for what comes out of quarantine.
            recent: the same log, for batches.
            projection: the store.
            quarantine: where its poison is.
            shares: whether this process may work at it.
            traffic: what else goes on in this process.
            consumers: where changes of the breaker are told; None to keep them here.
        """
        self.projection = projection
        self.store = projection.store
        self.breaker = Breaker()
        self.news = asyncio.Event()
        self._log = log
        self._recent = recent
        self._quarantine = quarantine
        self._shares = shares
        self._traffic = traffic
        self._consumers = consumers
        self._standing: Standing | None = None
        self._positions: dict[int, int] = {}
        self._told: tuple[str, str] | None = None
        self._working = asyncio.Lock()
        self._limit = BATCH

    def look_again(self) -> None:
        """Somebody else may have moved the store: ask it where it is before the next batch."""
        self._standing = None
        self.news.set()

    async def follow(self) -> None:
        """Keep the store up with the log, as long as it is this process's share, until cancelled."""
        while True:
            if not self._shares.held(self.store):
                self._standing = None
                self._traffic.late.discard(self.store)
                await self._wait_for_news()
                continue
            await asyncio.sleep(self.breaker.wait(time.monotonic()))
            passed = await self._attempt()
            if passed is None:
                continue
            if not passed:
                await self._wait_for_news()
            elif passed < BATCH and not self.replaying:
                await asyncio.sleep(linger(passed))

    async def _wait_for_news(self) -> None:
        await self.news.wait()
        self.news.clear()

    async def _attempt(self) -> int | None:
        """One round of all lanes: how many entries were passed, or None if the store failed."""
        attempted = self.breaker.attempted(time.monotonic())
        if attempted is None:
            return None
        before, self.breaker = self.breaker, attempted
        try:
            passed = await self.paced(self._traffic.heads)
            if not passed:
                await self.projection.finish()
        except asyncio.CancelledError:
            self.breaker = before  # nothing was seen of the store; whoever follows it next looks for itself
            self._standing = None
            raise
        except Exception as error:
            self._standing = None
            self._limit = max(SMALLEST_BATCH, self._limit // 2)
            known = isinstance(error, _NOT_ITS_FAULT)
            self.breaker = self.breaker.failed(time.monotonic(), random.random())  # noqa: S311 - spreads attempts
            why = str(error) if isinstance(error, EngintelError) else f"filling it failed with {type(error).__name__}"
            logger.warning("The %s store waits %.2g s: %s", self.store, self.breaker.wait(time.monotonic()), why,
                           exc_info=None if known else error)  # fmt: skip
            await self._tell(why)
            return None
        self.breaker = self.breaker.succeeded()
        self._limit = min(BATCH, self._limit * 2)
        await self._tell("")
        return passed

    async def paced(self, heads: Mapping[int, int]) -> int:
        """One step towards `heads`. A replay rests after it; all replays of a process take turns, rests included."""
        if not self.replaying:
            return await self.step(heads)
        async with self._traffic.replaying:
            began = time.monotonic()
            passed = await self.step(heads)
            late = bool(self._traffic.late - {self.store})
            await asyncio.sleep(replay_pause(time.monotonic() - began, busy=self._traffic.busy, late=late))
            return passed

    async def _tell(self, why: str) -> None:
        state = self.breaker.state
        if self._consumers is not None and self._told != (state, self._shares.holder):
            with suppress(StoreUnavailable):
                await self._consumers.tell(self.store, self._shares.holder, state, why)
                self._told = (state, self._shares.holder)

    @property
    def replaying(self) -> bool:
        """Whether the store has yet to pass what it had passed once before."""
        again = self._standing.again_upto if self._standing else {}
        return any(self._positions.get(lane, 0) < upto for lane, upto in again.items())

    async def step(self, heads: Mapping[int, int]) -> int:
        """Apply the next batch of every lane that ends before `heads`; gives how many entries were passed."""
        async with self._working:
            standing = self._standing
            if standing is None:
                standing = await self._look()
            passed, behind = 0, 0
            for lane in range(LANES):
                position = self._positions.get(lane, 0)
                if position >= heads.get(lane, 0):
                    continue
                again = position < standing.again_upto.get(lane, 0) and self._traffic.busy
                limit = min(self._limit, REPLAY_BATCH) if again else self._limit
                if position < standing.begun.get(lane, 0):
                    limit = standing.begun[lane] - position
                entries = await self._recent.read(lane, position, limit)
                if not entries:
                    continue
                if not await self._apply(position, entries):
                    self._standing = None
                    break
                self._positions[lane] = entries[-1].position
                passed += len(entries)
                behind += max(0, heads[lane] - entries[-1].position)
            if behind > BATCH and not self.replaying:
                self._traffic.late.add(self.store)
            else:
                self._traffic.late.discard(self.store)
            return passed

    async def _look(self) -> Standing:
        """Ask the store where it is, and apply what waits in quarantine behind nothing."""
        for item in await self._quarantine.freed(self.store):
            with suppress(PoisonEvent):  # it is explained, and the rest waits behind it
                await self.free(item)
        standing = await self.projection.standing()
        self._positions = dict(standing.positions)
        self._standing = standing
        return standing

    async def _apply(self, after: int, entries: Sequence[Entry]) -> bool:
        """Apply `entries`; a poison event among them is found by halving, put aside, and passed over."""
        batch = self._batch(after, entries)
        try:
            return await self.projection.apply(batch)
        except _NOT_ITS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours in projecting one event must not stop the rest
            if len(entries) > 1:
                half = len(entries) // 2
                return await self._apply(after, entries[:half]) and await self._apply(
                    entries[half - 1].position, entries[half:]
                )
            poison = self._poison(entries[0], error)
            return await self.projection.apply(
                batch.model_copy(update={"events": (), "positions": (), "aside": (poison,)})
            )

    def _batch(self, after: int, entries: Sequence[Entry]) -> Batch:
        routed = [e for e in entries if e.event is not None and self.store in stores_for(e.event.type)]
        unreadable = (self._unreadable(entry) for entry in entries if entry.event is None)
        return Batch(
            lane=entries[0].lane,
            after=after,
            upto=entries[-1].position,
            events=tuple(e.event for e in routed if e.event is not None),
            positions=tuple(e.position for e in routed),
            aside=tuple(item for item in unreadable if item is not None),
            lease=self._shares.lease(self.store),
        )

    def _unreadable(self, entry: Entry) -> Quarantined | None:
        """What becomes of an entry whose event is from another version; None if it is not for this store."""
        event_id, kind, entity = _outline(entry.payload)
        if self.store not in stores_for(kind):
            return None
        logger.error("Entry %d/%d goes to the quarantine of %s: %s", entry.lane, entry.position, self.store, UNREADABLE)
        return Quarantined(
            store=self.store, lane=entry.lane, position=entry.position, event_id=event_id, entity=entity,
            reason=UNREADABLE, since=entry.received_at,
        )  # fmt: skip

    def _poison(self, entry: Entry, error: Exception) -> Quarantined:
        assert entry.event is not None
        reason = reason_of(error)
        logger.error("Event at %s/%d goes to the quarantine of %s: %s", entry.lane, entry.position, self.store, reason,
                     exc_info=None if isinstance(error, EngintelError) else error)  # fmt: skip
        return Quarantined(
            store=self.store, lane=entry.lane, position=entry.position, event_id=entry.event.id,
            entity=entry.event.entity, reason=reason, since=entry.received_at,
        )  # fmt: skip

    async def free(self, item: Quarantined) -> int:
        """Apply `item`, which is the first of its entity in quarantine, and then in order those that wait behind it.

        Returns:
            how many were applied.

        Raises:
            NotFound: an event of them is not in the log.
            PoisonEvent: one still cannot be applied; it stays, with its new reason, and the rest wait behind it.
            StoreUnavailable: try again later; what was applied until then stays applied.
        """
        applied = 0
        following: Quarantined | None = item
        while following is not None:
            applied += await self._free_one(following)
            same = [
                kept
                for kept in (await self._quarantine.freed(self.store) if item.entity else ())
                if kept.entity == item.entity
            ]
            following = same[0] if same else None
        return applied

    async def _free_one(self, item: Quarantined) -> bool:
        entries = await self._log.read(item.lane, item.position - 1, 1)
        if not entries or entries[0].position != item.position:
            raise NotFound("event", f"{item.lane}/{item.position}")
        try:
            return await self.projection.release(item, _readable(entries[0]))
        except _NOT_ITS_FAULT:
            raise
        except Exception as error:
            await self._quarantine.explain(item.model_copy(update={"reason": reason_of(error), "waiting": False}))
            if isinstance(error, PoisonEvent):
                raise
            raise PoisonEvent(reason_of(error)) from error


def _readable(entry: Entry) -> Event:
    if entry.event is None:
        raise PoisonEvent(UNREADABLE)
    return entry.event


def reason_of(error: Exception) -> str:
    """Why an event was put aside, for whoever looks at it."""
    return str(error) if isinstance(error, EngintelError) else f"projecting it failed with {type(error).__name__}"


def _outline(payload: str) -> tuple[str, str, str]:
    """Id, type and entity of an event that cannot be read otherwise; each empty where it is not there."""
    try:
        told = json.loads(payload)
        body = told["body"]
        found = (told.get("id", ""), body.get("type", ""), told.get("entity", ""))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return "", "", ""
    return found if all(isinstance(text, str) for text in found) else ("", "", "")
