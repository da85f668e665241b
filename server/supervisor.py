"""Keeps worker processes going beside a server, so that filling stores never takes time from answering senders."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from server.worker import LEAVE_SECONDS

COMMAND: Final = (sys.executable, "-m", "engintel", "work", "--until-eof")
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LONG_ENOUGH: Final = 60.0
"""Seconds after which a worker that dies is not one that cannot start."""

logger = logging.getLogger(__name__)


class Supervisor:
    """Starts workers, and starts them again when they die. They end when this process does, however it ends.

    A worker reads from a pipe that nobody writes to. When this process is gone, even by `kill -9`, the kernel closes
    the pipe, and the worker leaves in good order.
    """

    def __init__(self, count: int, command: Sequence[str] = COMMAND) -> None:
        """Say how many; nothing starts.

        Args:
            count: how many workers.
            command: what starts one.
        """
        self._count = count
        self._command = command
        self._running: dict[int, Process] = {}

    @property
    def pids(self) -> Sequence[int]:
        """The workers that run at this moment."""
        return [process.pid for process in self._running.values()]

    async def run(self) -> None:
        """Keep the workers going until cancelled; then return once they have left."""
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._count):
                tasks.create_task(self._keep(number))

    async def _keep(self, number: int) -> None:
        pause = _FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE)
            self._running[number] = process
            try:
                code = await process.wait()
            finally:
                await _leave(process)
                del self._running[number]
            if loop.time() - began >= _LONG_ENOUGH:
                pause = _FIRST_PAUSE
            logger.warning("Worker %d ended with %d; another starts in %.2g s", process.pid, code, pause)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)


async def _leave(process: Process) -> None:
    """Have `process` leave, in good order if it can."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
