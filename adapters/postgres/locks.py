"""Locks between processes that the kernel lets go of, however a process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock; the kernel lets go of it however the process ends."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def shared_lock(path: Path) -> IO[bytes]:
    """Hold a lock that any number may hold; closing the file lets go of it."""
    file = path.open("ab")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def upgrade(file: IO[bytes]) -> bool:
    """Whether nobody else holds the shared lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
