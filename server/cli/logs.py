"""Where a server's log goes: one line each on stderr for a person, everything in a file for whoever looks into it."""

import logging
import os
from logging.handlers import RotatingFileHandler
from typing import Final

from server.settings import Settings

_KEPT_BYTES: Final = 2_000_000
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class OneLine(logging.Formatter):
    """A formatter that tells what happened and leaves tracebacks to the file."""

    def formatException(self, ei: object) -> str:  # noqa: ARG002, N802 - the name and argument of logging
        """Nothing: tracebacks are in the file."""
        return ""

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line."""
        bare = logging.makeLogRecord({**vars(record), "exc_info": None, "exc_text": None, "stack_info": None})
        return super().format(bare).replace("\n", " ")


def log_to(settings: Settings) -> None:
    """Send this process's log to stderr and to `logs/engintel.log` in the home."""
    screen = logging.StreamHandler()
    screen.setLevel(logging.WARNING)
    screen.setFormatter(OneLine("engintel: %(message)s"))
    handlers: list[logging.Handler] = [screen]
    folder = settings.home_folder / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A file for each process: two of them rotating one file would lose lines.
        file = RotatingFileHandler(
            folder / f"engintel-{os.getpid()}.log", maxBytes=_KEPT_BYTES, backupCount=1, delay=True, encoding="utf-8"
        )
        file.setFormatter(logging.Formatter(_FORMAT))
        file.setLevel(logging.INFO)
        handlers.append(file)
    except OSError:
        pass  # a read-only home still has stderr
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("mcp").setLevel(logging.WARNING)
