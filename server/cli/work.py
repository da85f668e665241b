"""`engintel work`: a worker process, beside servers or on a machine of its own."""

import argparse
import asyncio
import gc
import os
import signal
import sys

from server.bootstrap import open_engine
from server.cli.logs import log_to
from server.settings import load_settings
from server.worker import Worker


async def work(arguments: argparse.Namespace) -> int:
    """Work until told to stop, then leave in good order."""
    settings = load_settings()
    log_to(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if arguments.until_eof:
        # Ctrl-C in a terminal reaches everybody; whoever started this worker says when it is to leave.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        _stop_at_eof(loop, stop)
    else:
        loop.add_signal_handler(signal.SIGINT, stop.set)
    async with open_engine(settings) as engine:
        _collect_less()
        await Worker(engine.router, engine.duties).run(stop)
    return 0


def _collect_less() -> None:
    """Look for garbage in circles less often: events make none, and looking takes a tenth of a worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _stop_at_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    descriptor = sys.stdin.fileno()

    def look() -> None:
        if not os.read(descriptor, 1024):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, look)
