"""The program as the benchmarks start it: a command in a home of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOW = "2026-11-21T00:00:00+00:00"


@dataclass(frozen=True)
class Run:
    """One command, run to its end: how long it took and its own largest resident size."""

    seconds: float
    megabytes: float
    output: str


def environment(home: Path, **settings: str) -> dict[str, str]:
    """What a process of ours gets to see."""
    return {**os.environ, "ENGINTEL_HOME": str(home), "ENGINTEL_NOW": NOW, **settings}


def program(*words: str) -> list[str]:
    """The command line of this program."""
    return [sys.executable, "-m", "engintel", *words]


def run(home: Path, *words: str, **settings: str) -> Run:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the text is what it said.
    """
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this program
        program(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(home, **settings), text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    # wait4 tells of this one process, not of everything that was ever started from here.
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(output)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(took, kilobytes / 1024, output)


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A new home that any user can walk into (as root, the database runs under another account)."""
    folder = Path(tempfile.mkdtemp(prefix="engintel-speed-"))
    folder.chmod(0o711)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder)
