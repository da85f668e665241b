"""The engine of a server, started by the first call that needs it and not before."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from domain.errors import EngintelError, StoreUnavailable
from server.settings import Settings
from server.worker import lasting

if TYPE_CHECKING:  # the engine brings drivers along, and listing tools must not wait for them
    from collections.abc import Sequence

    from domain.deliveries import Delivery
    from domain.ports import Stream
    from server.bootstrap import Engine

logger = logging.getLogger(__name__)


def patience(settings: Settings) -> float | None:
    """How long a call waits for a start: a database elsewhere may never answer, our own starts as fast as it can."""
    return settings.deadline_seconds if settings.database_url else None


class EngineHolder:
    """Lists of tools need no database, so a server answers them at once; the rest waits for the engine to be up."""

    def __init__(
        self,
        settings: Settings,
        *,
        warm_after: float | None = None,
        fills: bool = True,
        waits: float | None = None,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        """Name what will be started.

        Args:
            settings: of this process.
            warm_after: seconds after which the engine is started even if nobody asked; None to wait for a call.
            fills: whether the stores are filled in this process; otherwise a worker does it.
            waits: seconds that a call waits for the start, which goes on without it; None for as long as it takes.
            started: called once it is up.
        """
        self.settings = settings
        self._warm_after = warm_after
        self._fills = fills
        self._waits = waits
        self._started = started
        self._starting: asyncio.Task[Engine] | None = None
        self._stream: Stream | None = None
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def engine(self) -> "Engine":
        """The running engine. A start that failed is tried again by the next call.

        Raises:
            EngintelError: it cannot be started; the text says why.
        """
        if self._starting is None or _failed(self._starting):
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(_failed)  # which everybody may have stopped waiting for
        done, _ = await asyncio.wait({self._starting}, timeout=self._waits)
        if not done:
            raise StoreUnavailable("PostgreSQL", f"it did not answer within {self._waits:g} s, and is still tried")
        return self._starting.result()

    async def _start(self) -> "Engine":
        from server.bootstrap import open_engine  # noqa: PLC0415 - see above

        stream = await self._opened_stream()
        engine = await self._stack.enter_async_context(open_engine(self.settings, stream))
        if self._fills:
            duties = {**engine.duties, "router": engine.router}
            for name, duty in duties.items():
                self._stack.push_async_callback(_stop, asyncio.create_task(lasting(name, duty.run)))
        self._started()
        return engine

    async def keep(self, deliveries: "Sequence[Delivery]") -> None:
        """Make `deliveries` durable: in the stream before the log, which needs no database, or else in the inbox.

        Raises:
            EngintelError: they are not; the text says why.
        """
        if (stream := await self._opened_stream()) is None:
            await (await self.engine()).inbox.put(deliveries)
            return
        from server.sorter import send_on  # noqa: PLC0415 - see above

        await send_on(deliveries, stream, self._refuse)

    async def _refuse(self, delivery: "Delivery", key: str, reason: str) -> None:
        await (await self.engine()).inbox.refuse(delivery, key, reason)

    async def _opened_stream(self) -> "Stream | None":
        if self.settings.log_url is None:
            return None
        async with self._opening:
            if self._stream is None:
                from server.bootstrap import open_stream  # noqa: PLC0415 - see above

                self._stream = await self._stack.enter_async_context(open_stream(self.settings))
            return self._stream

    @asynccontextmanager
    async def open(self) -> AsyncIterator["EngineHolder"]:
        """Hold the engine until the block ends; whatever was started then stops."""
        warming = asyncio.create_task(self._warm()) if self._warm_after is not None else None
        try:
            yield self
        finally:
            if warming is not None:
                await _stop(warming)
            if self._starting is not None and not self._starting.done():
                await _stop(self._starting)
            await self._stack.aclose()

    async def _warm(self) -> None:
        await asyncio.sleep(self._warm_after or 0)
        try:
            await self.engine()
        except EngintelError as error:
            logger.warning("Not ready yet: %s", error)


def _failed(start: "asyncio.Task[Engine]") -> bool:
    return start.done() and (start.cancelled() or start.exception() is not None)


async def _stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
