"""Whose folder it is: the engine in a process shares its folder with no other, and does not say so in time."""

import fcntl
from pathlib import Path
from typing import IO, Final

from adapters.events.clickhouse_errors import STORE
from domain.errors import StoreUnavailable

_NAME: Final = "engintel.lock"


class PathLock:
    """A folder that belongs to this process, for as long as it lives; the kernel lets go of it however it ends."""

    def __init__(self, path: str) -> None:
        """Name the folder; nothing is taken."""
        self._folder = Path(path)
        self._file: IO[bytes] | None = None

    def take(self) -> None:
        """Make the folder and have it, unless this process has it already.

        Raises:
            StoreUnavailable: another process has it.
        """
        if self._file is not None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (self._folder / _NAME).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise StoreUnavailable(
                STORE,
                f"chdb in {self._folder}: another process has it, and one folder belongs to one process. Stop the "
                "other, or let both use a server with clickhouse://",
            ) from None
        self._file = file

    def let_go(self) -> None:
        """Let others have it."""
        if self._file is not None:
            self._file.close()
            self._file = None
