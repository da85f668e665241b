"""The receiver: makes deliveries durable, many in one step, before anybody is told that we have them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.deliveries import Delivery
from domain.errors import StoreUnavailable

WAITING_LIMIT: Final = 10_000
"""Deliveries that may wait to become durable before the next is asked to come again."""
WAITING_BYTES: Final = 64 * 1024 * 1024
"""Bytes of theirs; one delivery is taken however large it is."""
LINGER: Final = 0.005
"""Seconds that the first of a batch waits for others: a commit costs as much as reading ten deliveries."""
LONGEST_LINGER: Final = 0.02
"""Seconds, where so much comes in that all four stores and their readers want the processor that commits cost."""
FEW: Final = 24
"""Deliveries that come in `LINGER` seconds before they wait any longer."""
ENOUGH: Final = 64
"""Deliveries that wait for no others."""
BATCH: Final = 500
BATCH_BYTES: Final = 8 * 1024 * 1024

Put = Callable[[Sequence[Delivery]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    delivery: Delivery
    durable: "asyncio.Future[None]"


class Receiver:
    """Puts what comes in where it stays: the more wait, the more share a commit."""

    def __init__(self, put: Put, waiting_limit: int = WAITING_LIMIT, waiting_bytes: int = WAITING_BYTES) -> None:
        """Name where deliveries go.

        Args:
            put: makes deliveries durable, or raises `StoreUnavailable`.
            waiting_limit: how many may wait for it.
            waiting_bytes: how large they may be together.
        """
        self._put = put
        self._limit = waiting_limit
        self._bytes_limit = waiting_bytes
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None

    async def accept(self, delivery: Delivery) -> None:
        """Return once `delivery` is durable.

        Raises:
            StoreUnavailable: nothing is promised; sending it again is safe.
        """
        if len(self._waiting) >= self._limit or self._bytes > self._bytes_limit:
            raise StoreUnavailable("inbox", "too many deliveries wait for it")
        mine = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._bytes += len(delivery.body)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await mine.durable

    async def drain(self) -> None:
        """Return once whatever waits has become durable, or has been told that it did not."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        together: Sequence[_Waiting] = ()
        while self._waiting:
            if len(self._waiting) < ENOUGH:
                await asyncio.sleep(min(LINGER * max(1.0, len(together) / FEW), LONGEST_LINGER))
            together = self._batch()
            problem = await self._problem_with(together)
            if problem is None or isinstance(problem, StoreUnavailable) or len(together) == 1:
                _tell(together, problem)
                continue
            # One of them cannot be kept: each goes by itself, so that it costs nobody else theirs.
            for alone in together:
                _tell([alone], await self._problem_with([alone]))

    def _batch(self) -> list[_Waiting]:
        together: list[_Waiting] = []
        size = 0
        while self._waiting and len(together) < BATCH and size < BATCH_BYTES:
            together.append(self._waiting.popleft())
            size += len(together[-1].delivery.body)
        self._bytes -= size
        return together

    async def _problem_with(self, together: Sequence[_Waiting]) -> Exception | None:
        """What kept these from becoming durable; None if they did."""
        try:
            await self._put([waiting.delivery for waiting in together])
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits to hear of it
            return error
        return None


def _tell(together: Sequence[_Waiting], problem: Exception | None) -> None:
    for waiting in together:
        if waiting.durable.done():  # its sender went away meanwhile
            continue
        if problem is None:
            waiting.durable.set_result(None)
        else:
            waiting.durable.set_exception(problem)
