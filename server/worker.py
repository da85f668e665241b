"""A worker: fills the stores, does whatever else is to be done in the background, and leaves in good order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from domain.errors import EngintelError

if TYPE_CHECKING:  # the router is built by whoever builds the worker
    from server.router import Router

DRAIN_SECONDS: Final = 5.0
"""How long a worker that was told to leave goes on filling stores with what is in the log already."""
LEAVE_SECONDS: Final = DRAIN_SECONDS + 10.0
"""How long it may take in all before somebody loses patience."""
_LONGEST_PAUSE: Final = 60.0
_LONG_ENOUGH: Final = 60.0
"""Seconds after which a duty that fails again is not failing at once."""

logger = logging.getLogger(__name__)


class Duty(Protocol):
    """Something that is done for as long as a worker lives."""

    async def run(self) -> None:
        """Do it until cancelled."""


class Worker:
    """The router and any number of duties, in one process."""

    def __init__(self, router: "Router", duties: Mapping[str, Duty], drain_seconds: float = DRAIN_SECONDS) -> None:
        """Name what is to be done; nothing starts.

        Args:
            router: fills the stores.
            duties: what else, by name.
            drain_seconds: how long stores are filled on after the rest has ended.
        """
        self._router = router
        self._duties = duties
        self._drain_seconds = drain_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then leave: end what takes in, fill the stores, give the leases back."""
        filling = asyncio.create_task(lasting("router", lambda: self._router.run(member_after=0)))
        others = [asyncio.create_task(lasting(name, duty.run)) for name, duty in self._duties.items()]
        try:
            await stop.wait()
            await _end(others)
            with suppress(EngintelError, TimeoutError, ExceptionGroup):
                async with asyncio.timeout(self._drain_seconds):
                    await self._router.drain()
        finally:
            await _end([*others, filling])


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def lasting(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Do something until cancelled; what ends by a mistake of ours begins again, with growing pauses."""
    pause = 0.0
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await run()
            logger.warning("The %s ended by itself", name)
        except EngintelError as error:
            logger.warning("The %s cannot work: %s", name, error)
        except Exception:
            logger.exception("The %s failed", name)
        pause = min(_LONGEST_PAUSE, pause * 2 or 1.0) if loop.time() - began < _LONG_ENOUGH else 1.0
        await asyncio.sleep(pause)
