"""Polling: asking sources for news, in one process at a time, so that nothing is lost and nobody is asked twice.

A source is read under its lease. What is read is appended together with the cursor that follows it, and the cursor
carries the lease's token: whoever lost the lease without noticing moves nothing, however late it comes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from domain.errors import EngintelError, LeaseLost, SourceAway, SourceUnusable, StoreUnavailable
from domain.ports import Appended, EventLog, Lease, Leases, Listing, PolledSource, Polls, Portion
from server.holders import holder_name
from server.intake import Ingested, Progress
from server.patience import SOURCE_ATTEMPTS, patiently

LEASE: Final = timedelta(seconds=15)
"""How long a process that died keeps the others waiting."""
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Between two attempts at a source that is down."""
_RENEWED_EVERY: Final = LEASE.total_seconds() / 3
_TURN_WAIT: Final = LEASE.total_seconds() * 2
_LOOKS_EVERY: Final = 30.0
"""Seconds at most until a poller looks again whether it is its turn."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Turn:
    """A source, and how often it is asked for news."""

    source: PolledSource
    every: timedelta


class Polling:
    """Reads sources into the log, each under its lease."""

    def __init__(self, log: EventLog, leases: Leases, polls: Polls) -> None:
        """Name where events and their cursors go.

        Args:
            log: where events go.
            leases: who may read which source.
            polls: what became of it.
        """
        self._log = log
        self._leases = leases
        self._polls = polls
        # A process that takes the place of a dead one must not be taken for it.
        self._holder = holder_name()

    async def backfill(self, source: PolledSource, progress: Progress) -> Ingested:
        """Read `source` to its end, from where anybody left off. What can be read of it is kept, whatever fails.

        Raises:
            SourceUnusable: it cannot be asked at all; or another process is at it and stays at it.
            LeaseLost: another process took over.
        """
        lease = await self._turn(source)
        if lease is None:
            raise SourceUnusable(
                f"Another engintel is reading {source.name} at this moment and keeps the place where it is. It loads "
                "everything that this would: let it, or try again once it is done."
            )
        return await self._read_under(lease, source, progress)

    async def poll(self, turn: Turn) -> Ingested | None:
        """Read what is new in a source if it is due and nobody else is at it; None if not."""
        name = turn.source.name
        if await self._polls.due_in(name, turn.every, LONGEST_PAUSE):
            return None
        lease = await self._leases.take(_lease_name(name), self._holder, LEASE)
        if lease is None:
            return None
        if await self._polls.due_in(name, turn.every, LONGEST_PAUSE):  # somebody else was quicker
            await self._leases.give_back(lease)
            return None
        return await self._read_under(lease, turn.source, lambda _done, _total: None)

    async def due_in(self, turn: Turn) -> float:
        """Seconds until a source is due."""
        return (await self._polls.due_in(turn.source.name, turn.every, LONGEST_PAUSE)).total_seconds()

    async def gave_up(self, turn: Turn, why: str) -> None:
        """Write down that a source could not be read, so that it is not asked again at once."""
        await self._polls.record(turn.source.name, why)

    async def _turn(self, source: PolledSource) -> Lease | None:
        """The lease of `source`. One whose holder was killed runs out soon; one that is renewed does not."""
        deadline, told = asyncio.get_running_loop().time() + _TURN_WAIT, False
        while True:
            lease = await self._leases.take(_lease_name(source.name), self._holder, LEASE)
            if lease is not None or asyncio.get_running_loop().time() > deadline:
                return lease
            if not told:
                logger.warning("Another engintel is or was reading %s; waiting to see whether it still is", source.name)
                told = True
            await asyncio.sleep(0.5)

    async def _read_under(self, lease: Lease, source: PolledSource, progress: Progress) -> Ingested:
        async with self._held(lease):
            try:
                await source.check()
                result = await self._read(lease, source, progress)
            except SourceUnusable as error:
                await self._polls.record(source.name, str(error))
                raise
            await self._polls.record(source.name, result.problems[0] if result.problems else None)
            return result

    @asynccontextmanager
    async def _held(self, lease: Lease) -> AsyncIterator[None]:
        """Keep `lease` for as long as the block goes on; the block ends with LeaseLost if somebody else gets it."""
        mine = asyncio.current_task()
        assert mine is not None
        lost = False

        async def keep() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(_RENEWED_EVERY)
                with suppress(StoreUnavailable):  # the fence decides then, not the time
                    renewed = await self._leases.take(lease.name, lease.holder, LEASE)
                    if renewed != lease:
                        lost = True
                        mine.cancel()
                        if renewed is not None:  # it had run out, and what was begun under it must not go on
                            await self._leases.give_back(renewed)
                        return

        keeping = asyncio.create_task(keep())
        try:
            yield
        except asyncio.CancelledError:
            if lost and mine.uncancel() == 0:
                raise LeaseLost(lease.name) from None
            raise
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError, StoreUnavailable):
                await keeping
            with suppress(StoreUnavailable):  # it runs out by itself
                await self._leases.give_back(lease)

    async def _read(self, lease: Lease, source: PolledSource, progress: Progress) -> Ingested:
        """Every listing of `source`, one after the other. One that fails costs its own part alone."""
        result = Ingested(source.name)
        for listing in source.listings():
            try:
                await self._follow(lease, listing, result, progress)
            except SourceUnusable as error:
                result.problems.append(f"{listing.name}: {error}")
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                logger.info("%s could not be understood", listing.name, exc_info=error)
                what = type(error).__name__
                result.problems.append(
                    f"{listing.name}: what it answered is not of the shape that it documents ({what})."
                )
        return result

    async def _follow(self, lease: Lease, listing: Listing, result: Ingested, progress: Progress) -> None:
        cursor = await self._log.cursor(listing.name)
        bare = {name: value for name, value in cursor.items() if name != "fence"} if cursor else None
        async for portion in listing.read(bare or None):
            result.appended += await self._append(lease, listing, portion)
            result.read += portion.read
            result.notes += [note for note in portion.notes if note not in result.notes]
            progress(result.read, None)

    async def _append(self, lease: Lease, listing: Listing, portion: Portion) -> Appended:
        """Append, and try again while the log is away: what was appended before is recognised."""
        cursor = {listing.name: {**portion.cursor, "fence": lease.token}}
        return await patiently(partial(self._log.append, list(portion.events), cursor), SOURCE_ATTEMPTS)


class Pollers:
    """The duty of keeping up with every source that is polled. Any number of processes may have it at once."""

    def __init__(self, polling: Polling, turns: Callable[[], Sequence[Turn]]) -> None:
        """Name what is polled; nothing is asked.

        Args:
            polling: reads a source.
            turns: makes the sources, whose clients are imported only then.
        """
        self._polling = polling
        self._turns = turns

    async def run(self) -> None:
        """Poll every source whenever it is due, until cancelled. One that is down holds up no other.

        Raises:
            Misconfigured: what is to be polled is not said in a way that can be understood.
        """
        turns = self._turns()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.Event().wait())  # a duty ends when it is told to, also one of nothing
                for turn in turns:
                    tasks.create_task(self._keep_up(turn))
        finally:
            for turn in turns:
                await turn.source.close()

    async def _keep_up(self, turn: Turn) -> None:
        pause = 0.0
        while True:
            try:
                await self._once(turn)
                wait = await self._polling.due_in(turn)
                pause = 0.0
            except StoreUnavailable as error:
                wait = pause = min(LONGEST_PAUSE.total_seconds(), pause * 2 or 0.25)
                logger.warning("Polling of %s waits %.2g s: %s", turn.source.name, pause, error)
            # Somebody else may be at it: then it is due, and not ours.
            await asyncio.sleep(min(_LOOKS_EVERY, max(wait, 1.0)))

    async def _once(self, turn: Turn) -> None:
        name = turn.source.name
        try:
            result = await self._polling.poll(turn)
        except StoreUnavailable:
            raise
        except (SourceAway, LeaseLost) as error:
            logger.warning("%s was not polled: %s", name, error)
            return
        except EngintelError as error:
            logger.error("%s was not polled: %s", name, error)  # noqa: TRY400 - it says what to do; a traceback does not
            return
        except Exception:
            logger.exception("%s was not polled, by a mistake of ours", name)
            await self._polling.gave_up(turn, "a mistake of ours; the log has more")
            return
        if result is None:
            return
        for problem in result.problems:
            logger.warning("%s was polled in part. %s", name, problem)
        if result.appended.new:
            logger.info("%s was polled: %d new events", name, result.appended.new)


def _lease_name(source: str) -> str:
    return f"poll:{source}"
