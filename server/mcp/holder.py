"""The engine of a server, started by the first call that needs it and not before."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from domain.errors import EngintelError
from server.settings import Settings
from server.worker import lasting

if TYPE_CHECKING:  # the engine brings drivers along, and listing tools must not wait for them
    from server.bootstrap import Engine

logger = logging.getLogger(__name__)


class EngineHolder:
    """Lists of tools need no database, so a server answers them at once; the rest waits for the engine to be up."""

    def __init__(self, settings: Settings, *, warm_after: float | None = None, fills: bool = True) -> None:
        """Name what will be started.

        Args:
            settings: of this process.
            warm_after: seconds after which the engine is started even if nobody asked; None to wait for a call.
            fills: whether the stores are filled in this process; otherwise a worker does it.
        """
        self.settings = settings
        self._warm_after = warm_after
        self._fills = fills
        self._engine: Engine | None = None
        self._starting = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def engine(self) -> "Engine":
        """The running engine. A start that failed is tried again by the next call.

        Raises:
            EngintelError: it cannot be started; the text says why.
        """
        async with self._starting:
            if self._engine is None:
                from server.bootstrap import open_engine  # noqa: PLC0415 - see above

                self._engine = await self._stack.enter_async_context(open_engine(self.settings))
                if self._fills:
                    router = asyncio.create_task(lasting("router", self._engine.router.run))
                    self._stack.push_async_callback(_stop, router)
            return self._engine

    @asynccontextmanager
    async def open(self) -> AsyncIterator["EngineHolder"]:
        """Hold the engine until the block ends; whatever was started then stops."""
        warming = asyncio.create_task(self._warm()) if self._warm_after is not None else None
        try:
            yield self
        finally:
            if warming is not None:
                await _stop(warming)
            await self._stack.aclose()

    async def _warm(self) -> None:
        await asyncio.sleep(self._warm_after or 0)
        try:
            await self.engine()
        except EngintelError as error:
            logger.warning("Not ready yet: %s", error)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
