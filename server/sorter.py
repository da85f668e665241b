"""The sorter: opens the deliveries of the inbox in order, and puts what they tell into the log."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from adapters.sources.deliveries import events_of, parsed
from adapters.sources.webhooks import delivery_key
from domain.deliveries import Delivery
from domain.errors import InvalidInput, PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.pacing import linger
from domain.ports import EventLog, Inbox, Leases, Stream
from server.holders import holder_name

CURSOR: Final = "inbox"
BATCH: Final = 500
"""Deliveries that are opened together, give or take a sack."""
POLL_SECONDS: Final = 1.0
_LASTS: Final = timedelta(seconds=10)
_RENEW: Final = 2.0
"""Seconds between two renewals of the lease, and between two emptyings of the inbox of what is in the log."""
_LONGEST_PAUSE: Final = 30.0
_LONGEST_LINGER: Final = 0.15
"""Seconds that deliveries wait for others to be opened with: less than a store does, which waits once more."""

Refuse = Callable[[Delivery, str, str], Awaitable[None]]
"""Keeps a delivery that cannot be read, with what its sender calls it and the reason; see `Inbox.refuse`."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """What some sacks told: up to which position, which deliveries, and what nobody could read."""

    upto: int
    deliveries: Sequence[Delivery]
    events: Sequence[Event]
    problems: Sequence[tuple[Delivery, str]]


class Sorter:
    """Empties the inbox into the log. Any number may run; one works, by lease, and the others stand by.

    Should two work all the same, for a moment, nothing is lost and nothing is there twice: the log knows every event
    by its id, and each of them goes through the sacks in order.
    """

    def __init__(self, inbox: Inbox, log: EventLog, leases: Leases) -> None:
        """Name what is emptied into what.

        Args:
            inbox: where deliveries lie.
            log: where events go.
            leases: which keep a second sorter from doing the same work.
        """
        self._inbox = inbox
        self._log = log
        self._leases = leases
        self._lease_until = 0.0
        self._renew_at = 0.0
        self._at: int | None = None
        """Up to where this sorter has opened, as long as nobody else can have moved on; None where it must look."""
        self._landing: asyncio.Task[None] | None = None
        """The batch that is on its way into the log, while the next one is opened."""
        self._landed = 0
        self._forgotten = 0
        self._holder = holder_name()

    async def run(self) -> None:
        """Empty the inbox as it fills, until cancelled."""
        pause = 0.0
        self._at = None
        try:
            while True:
                try:
                    sorted_ = await self._sort_if_ours()
                    pause = 0.0
                except StoreUnavailable as error:
                    self._at = None
                    pause = min(_LONGEST_PAUSE, pause * 2 or 0.25)
                    logger.warning("The inbox waits %.2g s: %s", pause, error)
                    await asyncio.sleep(pause)
                    continue
                if not sorted_:
                    await self._inbox.wait(POLL_SECONDS)
                elif sorted_ < BATCH:
                    await asyncio.sleep(min(_LONGEST_LINGER, linger(sorted_)))
        finally:
            await self._leave()

    async def catch_up(self) -> int:
        """Empty the inbox up to where it ends now, whoever else is at it; gives how many deliveries that were.

        Raises:
            StoreUnavailable: the inbox or the log is away.
        """
        goal, opened = await self._inbox.head(), 0
        while (at := await self._position()) < goal:
            count = await self.sort(at)
            if not count:
                break  # whoever emptied it set the cursor back to where they stood: nothing is forgotten unread
            opened += count
        await self._inbox.forget(goal)
        return opened

    async def sort(self, after: int) -> int:
        """Put what the next sacks after `after` tell into the log; gives how many deliveries they held."""
        opened = await self._open(after)
        if opened is not None:
            await self._land(opened)
        return len(opened.deliveries) if opened else 0

    async def _open(self, after: int) -> _Opened | None:
        """Read the next sacks; None if there are none."""
        sacks = await self._inbox.read(after, BATCH)
        if not sacks:
            return None
        deliveries = [delivery for sack in sacks for delivery in sack.deliveries]
        events, problems = await asyncio.to_thread(_opened, deliveries)
        return _Opened(sacks[-1].position, deliveries, events, problems)

    async def _land(self, opened: _Opened) -> None:
        for delivery, reason in opened.problems:
            await _put_aside(self._inbox.refuse, delivery, reason)
        cursor = {CURSOR: {"position": opened.upto}}
        try:
            # In one step: after a crash the same sacks are opened again, and the log knows what they told.
            await self._log.append(opened.events, cursor)
        except PoisonEvent:
            await self._land_one_by_one(opened)
            await self._log.append([], cursor)
        self._landed = opened.upto

    async def _land_one_by_one(self, opened: _Opened) -> None:
        """The log cannot hold something of `opened`: whatever it is costs its own delivery, and the inbox goes on."""
        for delivery in opened.deliveries:
            events, _ = _opened([delivery])
            try:
                await self._log.append(events)
            except PoisonEvent as error:
                await _put_aside(self._inbox.refuse, delivery, str(error))

    async def retry(self, refusal: int) -> int:
        """Open one delivery that was put aside; gives how many events it told.

        Raises:
            InvalidInput: it is not there, or still cannot be read.
            StoreUnavailable: try again later.
        """
        delivery = await self._inbox.refused(refusal)
        if delivery is None:
            raise InvalidInput(f"'inbox/{refusal}' is not in quarantine: `engintel quarantine list` prints what is.")
        events = _events(delivery)
        await self._log.append(events)
        await self._inbox.drop(refusal)
        return len(events)

    async def _sort_if_ours(self) -> int:
        now = time.monotonic()
        if now >= self._renew_at:
            await self._renew(now)
        if now >= self._lease_until:
            return 0
        if self._at is None:
            await self._settle()
            self._at = await self._position()
        opened = await self._open(self._at)
        await self._settle()
        if opened is None:
            return 0
        # Opening the next batch takes the program as long as landing this one takes the database.
        self._landing = asyncio.create_task(self._land(opened))
        self._at = opened.upto
        return len(opened.deliveries)

    async def _settle(self) -> None:
        """Wait for what is on its way into the log."""
        landing, self._landing = self._landing, None
        if landing is not None:
            await landing

    async def _renew(self, now: float) -> None:
        lost = now >= self._lease_until
        if await self._leases.take("sorter", self._holder, _LASTS) is None:
            self._lease_until, self._at = 0.0, None
            return
        if lost:
            self._at = None
        self._lease_until, self._renew_at = now + _LASTS.total_seconds() / 2, now + _RENEW
        if self._landed > self._forgotten:
            await self._inbox.forget(self._landed)
            self._forgotten = self._landed

    async def _position(self) -> int:
        cursor = await self._log.cursor(CURSOR)
        return int(cursor["position"]) if cursor else 0

    async def _leave(self) -> None:
        try:
            await self._settle()
            lease = await self._leases.take("sorter", self._holder, _LASTS)
            if lease is not None:
                await self._inbox.forget(self._landed)
                await self._leases.give_back(lease)
        except StoreUnavailable:
            logger.debug("The sorter's lease runs out by itself.")


async def send_on(deliveries: Sequence[Delivery], stream: Stream, refuse: Refuse) -> None:
    """Read `deliveries` at once and make what they tell durable in `stream`, which needs no database.

    Args:
        deliveries: as they came.
        stream: what lies before the log.
        refuse: keeps what cannot be read.

    Raises:
        StoreUnavailable: not all of it is durable; sending them again is safe.
    """
    events, problems = await asyncio.to_thread(_opened, deliveries)
    if events:
        await stream.send(events)
    for delivery, reason in problems:
        await _put_aside(refuse, delivery, reason)


async def _put_aside(refuse: Refuse, delivery: Delivery, reason: str) -> None:
    logger.warning("A delivery of %s cannot be read and is put aside: %s", delivery.source, reason)
    await refuse(delivery, delivery_key(delivery.source, delivery.headers, delivery.body), reason)


def _opened(deliveries: Sequence[Delivery]) -> tuple[list[Event], list[tuple[Delivery, str]]]:
    """What `deliveries` tell, and those that cannot be read, each with the reason."""
    events: list[Event] = []
    problems: list[tuple[Delivery, str]] = []
    for delivery in deliveries:
        try:
            events += _events(delivery)
        except InvalidInput as error:
            problems.append((delivery, str(error)))
        except Exception as error:
            logger.exception("Reading a delivery of %s failed", delivery.source)
            problems.append((delivery, f"reading it failed with {type(error).__name__}"))
    return events, problems


def _events(delivery: Delivery) -> list[Event]:
    return events_of(delivery.source, delivery.headers, parsed(delivery.body), received_at=delivery.received_at)
