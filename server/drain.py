"""The drain: carries what came on a stream into the log, in order, each event once, and then tells the stream.

Any number of drains may run, in any number of processes. A stream whose cursors are ours to keep is read by one at a
time, under a lease that is checked in the very transaction that lands: whoever lost it without noticing lands nothing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

from domain.errors import EngintelError, Misconfigured, PoisonEvent, StoreUnavailable
from domain.ports import Appended, Carried, Cursors, DeadLetter, Landing, Lease, Leases, Received, Stream
from server.holders import holder_name
from server.patience import patiently

POLL_SECONDS: Final = 1.0
"""How long one reading waits for something to come."""
LEASE: Final = timedelta(seconds=15)
"""After a drain was killed, the next one waits this long at most."""
_LONGEST_PAUSE: Final = 5.0
_LOOK_AGAIN: Final = 0.05

logger = logging.getLogger(__name__)


class Drain:
    """Carries `stream` into the log, as the only one of its organisation or one of many."""

    def __init__(self, stream: Stream, landing: Landing, leases: Leases) -> None:
        """Name what is carried where; nothing starts.

        Args:
            stream: what is read.
            landing: where it arrives.
            leases: who may read.
        """
        self._stream = stream
        self._landing = landing
        self._leases = leases
        self._holder = holder_name()
        self._lease: Lease | None = None
        self._renew_at = 0.0
        self._standing: int | None = None
        """Under which token the stream was last sought and everything that it gave has landed; None if unknown."""
        self._landed: dict[str, Mapping[str, Any]] = {}
        self._one = asyncio.Lock()
        self.carried = Appended()
        """What landed through this drain since it was made."""

    async def run(self) -> None:
        """Carry until cancelled, through whatever is down for a while."""
        pause = 0.0
        try:
            while True:
                try:
                    mine = await self._step(POLL_SECONDS) is not None
                    pause = 0.0
                except (StoreUnavailable, Misconfigured) as error:
                    pause = min(_LONGEST_PAUSE, pause * 2 or 0.25)
                    logger.warning("What came through %s waits %.2g s: %s", self._stream.name, pause, error)
                    await asyncio.sleep(pause)
                    continue
                if not mine:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            await self.leave()

    async def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> Appended:
        """Carry everything that is on the stream now; returns once it has landed, whoever took it there.

        Args:
            progress: told how many messages landed so far through this drain.

        Returns:
            what landed through this drain meanwhile.

        Raises:
            StoreUnavailable: the stream or the log stayed away for `ATTEMPTS` attempts.
            Misconfigured: the stream is not there, or we may not read it.
        """
        before = self.carried
        goal = await patiently(self._stream.goal)
        # Nothing was read yet; whoever can tell from the cursors alone that all has landed need not wait for more.
        landed = await self._landed_cursors()
        received: Received | None = Received()
        while not goal.met(landed, received):
            received = await patiently(partial(self._step, POLL_SECONDS))
            progress(self.carried.new + self.carried.known - before.new - before.known)
            if received is None:
                await asyncio.sleep(_LOOK_AGAIN)  # another drain is at it: let it carry, then look again
                landed = await self._landed_cursors()
            else:
                landed = self._landed
        return Appended(new=self.carried.new - before.new, known=self.carried.known - before.known)

    async def _landed_cursors(self) -> Cursors:
        return await patiently(partial(self._landing.cursors, self._stream.name))

    async def _step(self, seconds: float) -> Received | None:
        """Read once and land what came; None if another drain is at it."""
        async with self._one:
            token = await self._place()
            if token is None:
                return None
            # Until this has landed, nobody knows where the stream stands: whatever ends it, we seek again.
            self._standing = None
            received = await self._stream.receive(seconds)
            if not received.empty and not await self._carry(received):
                self._lease = None
                return None
            self._standing = token
            return received

    async def _place(self) -> int | None:
        """Be where the cursors are, with the right to read. Gives the token of that right, or None without it."""
        if self._stream.exclusive:
            lease = await self._leased()
            if lease is None:
                return None
            token = lease.token
        else:
            token = 0
        if self._standing != token or not self._stream.exclusive:
            # Also asks whether the log is there: a queue counts how often it gave a message.
            self._landed = dict(await self._landing.cursors(self._stream.name))
        if self._standing != token:
            await self._stream.seek(self._landed)
        return token

    async def _leased(self) -> Lease | None:
        now = time.monotonic()
        if self._lease is None or now >= self._renew_at:
            self._lease = await self._leases.take(f"drain:{self._stream.name}", self._holder, LEASE)
            self._renew_at = now + LEASE.total_seconds() / 3
        return self._lease

    async def _carry(self, received: Received) -> bool:
        """Land `received` and tell the stream; False, with nothing told, if the right to do so was lost."""
        try:
            appended = await self._land(received)
        except EngintelError:
            await self._stream.give_back(received)
            raise
        if appended is None:
            return False
        self.carried += appended
        self._landed |= received.cursors
        with suppress(StoreUnavailable):  # then it comes again, and is known
            await self._stream.acknowledge(received)
        return True

    async def _land(self, received: Received) -> Appended | None:
        try:
            return await self._landing.land(received, self._lease)
        except PoisonEvent:
            # Which one it is, is found by halving; the others go first, in their order.
            found = await self._sift(received.events)
        if found is None:
            return None
        appended, letters = found
        rest = await self._landing.land(
            Received(dead=[*received.dead, *letters], cursors=received.cursors), self._lease
        )
        return appended if rest is not None else None

    async def _sift(self, events: Sequence[Carried]) -> tuple[Appended, list[DeadLetter]] | None:
        try:
            appended = await self._landing.land(Received(events=events), self._lease)
        except PoisonEvent as error:
            if len(events) == 1:
                [event] = events
                logger.error("%s@%s is put aside: %s", event.part, event.position, error)  # noqa: TRY400 - it is known
                return Appended(), [DeadLetter(event.part, event.position, str(error), event.payload.encode())]
        else:
            return (appended, []) if appended is not None else None
        half = len(events) // 2
        first = await self._sift(events[:half])
        second = await self._sift(events[half:]) if first is not None else None
        if first is None or second is None:
            return None
        return first[0] + second[0], first[1] + second[1]

    async def waiting(self) -> int | None:
        """About how many messages have not landed yet; None where the stream cannot tell.

        Raises:
            StoreUnavailable: the stream or the log cannot be reached.
            Misconfigured: the stream is not there, or we may not look at it.
        """
        return await self._stream.waiting(await self._landing.cursors(self._stream.name))

    async def leave(self) -> None:
        """Give the right to read back, so that nobody waits for it."""
        async with self._one:
            lease, self._lease, self._standing = self._lease, None, None
            if lease is not None:
                with suppress(StoreUnavailable):
                    await self._leases.give_back(lease)
