"""Telling how far something has come: a bar on a terminal, a line now and then elsewhere. Always on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tqdm import tqdm

from server.intake import Progress

_EVERY_SECONDS: Final = 5.0


@contextmanager
def progress(what: str, unit: str) -> Iterator[Progress]:
    """Something to tell progress to.

    Args:
        what: what is going on.
        unit: what is counted.
    """
    if sys.stderr.isatty():
        with tqdm(desc=what, unit=f" {unit}", file=sys.stderr, leave=False) as bar:

            def show(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield show
        return
    told = time.monotonic()

    def say(done: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() - told >= _EVERY_SECONDS:
            told = time.monotonic()
            of = f" of {total}" if total is not None else ""
            print(f"{what}: {done}{of} {unit}", file=sys.stderr)

    yield say
