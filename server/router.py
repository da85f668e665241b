"""The router: carries the log into the stores. Each is its own consumer, with its own position and its own pace."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from domain.errors import InvalidInput, NotFound, StoreUnavailable
from domain.ports import LANES, Consumers, EventLog, Leases, Projection, Quarantine, Quarantined
from domain.routing import Store
from server.consumer import BATCH, Consumer, Traffic
from server.patience import patiently
from server.recent import Recent
from server.shares import SETTLED, Shares

POLL_SECONDS: Final = 1.0
"""How long a consumer sleeps at most: news usually wakes it, and a lost notification costs no more than this."""
MANY: Final = 1_000
"""After so many entries at once a store is no longer what it was when it last looked at itself."""
_TOGETHER: Final = 0.02
"""Seconds within which several announcements are one."""

logger = logging.getLogger(__name__)


class Router:
    """Fills `projections` from `log`. Any number of routers may run at once, in any number of processes.

    They share the stores by leases. Without leases each tries at every store: a projection applies a batch only from
    the position where it stands, and only one at a time, so that nothing is repeated either way.
    """

    def __init__(
        self,
        log: EventLog,
        projections: Sequence[Projection],
        quarantine: Quarantine,
        leases: Leases | None = None,
        consumers: Consumers | None = None,
    ) -> None:
        """Name what to fill from what; nothing starts.

        Args:
            log: what is read.
            projections: the stores to fill, one consumer each.
            quarantine: where events go that a store can never apply.
            leases: by which processes share the stores; None if each may try at all of them.
            consumers: where each consumer tells how it is doing; None to tell nobody.
        """
        self._log = log
        self._quarantine = quarantine
        self._traffic = Traffic()
        self._shares = Shares(leases, [projection.store for projection in projections], self._wake)
        recent = Recent(log)
        self.consumers = tuple(
            Consumer(
                log,
                recent,
                projection,
                quarantine=quarantine,
                shares=self._shares,
                traffic=self._traffic,
                consumers=consumers,
            )
            for projection in projections
        )
        self._running = False

    def _wake(self) -> None:
        for consumer in self.consumers:
            consumer.look_again()

    async def run(self, *, member_after: float = SETTLED) -> None:
        """Keep every store up with the log until cancelled. One that is down is tried again and holds up no other.

        Args:
            member_after: seconds after which this process counts as one of those that share the work evenly.
        """
        self._running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._shares.keep(member_after))
                for consumer in self.consumers:
                    tasks.create_task(consumer.follow())
                while True:
                    await self._look_for_news()
                    await self._log.wait(POLL_SECONDS)
                    await asyncio.sleep(_TOGETHER)
        finally:
            self._running = False

    async def _look_for_news(self) -> None:
        with suppress(StoreUnavailable):
            if self._traffic.told(await self._log.heads()):
                for consumer in self.consumers:
                    consumer.news.set()
                return
        self._wake()  # no news: time to see whether somebody moved a store meanwhile, or whether it is back

    async def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Fill every store up to where the log ends now; returns once all of them are there, whoever took them there.

        Args:
            progress: told how many entries still wait for the store that is furthest behind.

        Raises:
            StoreUnavailable: a store stayed away for `ATTEMPTS` attempts.
        """
        goal = await patiently(self._log.heads)
        gauge = _Gauge(progress)
        async with self._taking_part(), asyncio.TaskGroup() as tasks:
            for consumer in self.consumers:
                tasks.create_task(self._reach(consumer, goal, gauge))

    async def drain(self) -> None:
        """Fill the stores that are this process's share up to where the log ends now, while `run` is at work.

        Raises:
            StoreUnavailable: a store stayed away.
        """
        goal = await self._log.heads()
        gauge = _Gauge(lambda _: None)
        async with asyncio.TaskGroup() as tasks:
            for consumer in self.consumers:
                if self._shares.held(consumer.store):
                    tasks.create_task(self._reach(consumer, goal, gauge))

    @asynccontextmanager
    async def _taking_part(self) -> AsyncIterator[None]:
        """Take shares that nobody has for as long as the block lasts; where this router runs, it does so anyway."""
        if self._running:
            yield
            return
        keeping = asyncio.create_task(self._shares.keep(None))
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def _reach(self, consumer: Consumer, goal: Mapping[int, int], gauge: "_Gauge") -> None:
        async def advance() -> tuple[int, int]:
            positions = await consumer.projection.positions()
            behind = sum(max(0, head - positions.get(lane, 0)) for lane, head in goal.items())
            if not behind or self._running or not self._shares.held(consumer.store):
                return behind, 0
            if gauge.leads(behind):
                return behind, 0
            if consumer.replaying:  # look whether it is in anybody's way
                self._traffic.told(await self._log.heads())
            return behind, await consumer.paced(goal)

        carried, pause = 0, 0.0
        while True:
            behind, applied = await patiently(advance)
            carried += applied
            gauge.show(consumer.store, behind)
            if not behind:
                await patiently(partial(consumer.projection.finish, at_last=True))
                if carried >= MANY:
                    await patiently(consumer.projection.settle)
                return
            # Where nothing was applied another process is at it: let it work, then look again.
            pause = 0.0 if applied else min(0.2, pause * 2 or 0.01)
            if not applied:
                await asyncio.sleep(pause)
                consumer.look_again()

    async def retry(self, item: Quarantined) -> int:
        """Apply an event that was put aside, and then those that wait behind it. Gives how many were applied.

        Raises:
            InvalidInput: it waits behind another one.
            NotFound: it is not in the log.
            PoisonEvent: it, or one that waits behind it, still cannot be applied; that one stays with the rest.
            StoreUnavailable: try again later.
        """
        if item.waiting and (first := await self._first(item)) != item:
            raise InvalidInput(
                f"It waits behind {first.store.value}/{first.lane}/{first.position}: retry or drop that one."
            )
        return await self._consumer(item.store).free(item)

    async def drop(self, item: Quarantined) -> int:
        """Give up an event that was put aside; those that waited behind it are applied. Gives how many.

        Raises:
            PoisonEvent: one that waited cannot be applied; it stays with the rest.
            StoreUnavailable: the event is given up; those that waited are applied by whoever fills the store.
        """
        await self._quarantine.remove(item.store, item.lane, item.position)
        freed = [kept for kept in await self._quarantine.freed(item.store) if kept.entity == item.entity]
        return await self._consumer(item.store).free(freed[0]) if freed else 0

    async def _first(self, item: Quarantined) -> Quarantined:
        same = [
            kept
            for kept in await self._quarantine.items()
            if (kept.store, kept.entity) == (item.store, item.entity) and kept.position <= item.position
        ]
        return min(same, key=lambda kept: kept.position, default=item)

    def _consumer(self, store: Store) -> Consumer:
        for consumer in self.consumers:
            if consumer.store is store:
                return consumer
        raise NotFound("store", store)


class _Gauge:
    """How far the slowest of several stores is behind, where all of them are wanted and none is done before it."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress = progress
        self._behind: dict[Store, int] = {}

    def leads(self, behind: int) -> bool:
        """Whether a store is so far ahead of the slowest that it would have to decode for itself alone."""
        return max(self._behind.values(), default=0) - behind > BATCH * LANES

    def show(self, store: Store, behind: int) -> None:
        self._behind[store] = behind
        self._progress(max(self._behind.values()))
