"""The sorter: opens the deliveries of the inbox in order, and puts what they tell into the log."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final, Protocol

from adapters.sources.deliveries import events_of, parsed
from adapters.sources.webhooks import delivery_key
from domain.deliveries import Delivery
from domain.errors import InvalidInput, StoreUnavailable
from domain.events import Event
from domain.ports import EventLog, Inbox, Leases, Sack, Stream

CURSOR: Final = "inbox"
BATCH: Final = 500
"""Deliveries that are opened together, give or take a sack."""
SACKS: Final = 50
POLL_SECONDS: Final = 1.0
_LASTS: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = 30.0

logger = logging.getLogger(__name__)


class HasInbox(Protocol):
    """The engine, as far as it is needed here."""

    @property
    def inbox(self) -> Inbox:
        """Where deliveries are kept that cannot be read."""


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
        self._name = f"{socket.gethostname()}/{os.getpid()}/{id(self):x}"

    async def run(self) -> None:
        """Empty the inbox as it fills, until cancelled."""
        pause = 0.0
        try:
            while True:
                try:
                    sorted_ = await self._sort_if_ours()
                    pause = 0.0
                except StoreUnavailable as error:
                    pause = min(_LONGEST_PAUSE, pause * 2 or 0.25)
                    logger.warning("The inbox waits %.2g s: %s", pause, error)
                    await asyncio.sleep(pause)
                    continue
                if not sorted_:
                    await self._inbox.wait(POLL_SECONDS)
        finally:
            await self._leave()

    async def catch_up(self) -> int:
        """Empty the inbox up to where it ends now, whoever else is at it; gives how many deliveries that were.

        Raises:
            StoreUnavailable: the inbox or the log is away.
        """
        goal, opened = await self._inbox.head(), 0
        while await self._position() < goal:
            opened += await self.sort()
        return opened

    async def sort(self) -> int:
        """Open the next sacks; gives how many deliveries they held."""
        after = await self._position()
        sacks = _up_to(BATCH, await self._inbox.read(after, SACKS))
        if not sacks:
            return 0
        deliveries = [delivery for sack in sacks for delivery in sack.deliveries]
        events, problems = await asyncio.to_thread(_opened, deliveries)
        for delivery, reason in problems:
            key = delivery_key(delivery.source, delivery.headers, delivery.body)
            logger.warning("A delivery of %s cannot be read and is put aside: %s", delivery.source, reason)
            await self._inbox.refuse(delivery, key, reason)
        # In one step: after a crash the same sacks are opened again, and the log knows what they told.
        await self._log.append(events, {CURSOR: {"position": sacks[-1].position}})
        await self._inbox.forget(sacks[-1].position)
        return len(deliveries)

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
        if await self._leases.take("sorter", self._name, _LASTS) is None:
            return 0
        return await self.sort()

    async def _position(self) -> int:
        cursor = await self._log.cursor(CURSOR)
        return int(cursor["position"]) if cursor else 0

    async def _leave(self) -> None:
        try:
            lease = await self._leases.take("sorter", self._name, _LASTS)
            if lease is not None:
                await self._leases.give_back(lease)
        except StoreUnavailable:
            logger.debug("The sorter's lease runs out by itself.")


async def send_on(deliveries: Sequence[Delivery], stream: Stream, engine: Callable[[], Awaitable["HasInbox"]]) -> None:
    """Read `deliveries` at once and make what they tell durable in `stream`, which needs no database.

    Raises:
        StoreUnavailable: not all of it is; sending them again is safe. Only what cannot be read needs the database.
    """
    events, problems = await asyncio.to_thread(_opened, deliveries)
    if events:
        await stream.send(events)
    for delivery, reason in problems:
        key = delivery_key(delivery.source, delivery.headers, delivery.body)
        await (await engine()).inbox.refuse(delivery, key, reason)


def _up_to(count: int, sacks: Sequence[Sack]) -> Sequence[Sack]:
    """The first of `sacks` that hold `count` deliveries, and one at least."""
    held = 0
    for number, sack in enumerate(sacks):
        held += len(sack.deliveries)
        if held >= count:
            return sacks[: number + 1]
    return sacks


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
