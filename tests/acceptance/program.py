"""The program from outside: as a command, and as a server that a plain MCP client starts."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters

ROOT = Path(__file__).resolve().parents[2]
NOW = "2026-11-21T00:00:00+00:00"
"""Where the clock of the sample organisation stands still in these tests."""


def environment(home: Path, **settings: str) -> dict[str, str]:
    """What a process of ours gets to see: nothing of whoever runs the tests but where programs are."""
    base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    # How fast this machine is today is no concern of a test.
    patience = {"ENGINTEL_DEADLINE": "20"}
    return {**base, **patience, "ENGINTEL_HOME": str(home), "PYTHONPATH": str(ROOT), **settings}


def run(home: Path, *words: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "engintel", *words],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment(home, **settings),
        cwd=home.parent,
        timeout=180,
        check=False,
    )


_HEARS_CTRL_C = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)
"""What a shell starts in the background ignores Ctrl-C, and so does all that it starts in turn."""


def start(home: Path, *words: str, **settings: str) -> "subprocess.Popen[str]":
    """Start a command and go on; the caller ends it."""
    return _started(home, [sys.executable, "-m", "engintel", *words], settings)


def start_interruptible(home: Path, *words: str, **settings: str) -> "subprocess.Popen[str]":
    """The same, with an ear for Ctrl-C however these tests were started."""
    return _started(home, [sys.executable, "-c", _HEARS_CTRL_C, sys.executable, "-m", "engintel", *words], settings)


def _started(home: Path, command: list[str], settings: Mapping[str, str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, **settings),
        cwd=home.parent,
    )
    _running.append(process)
    return process


_running: "list[subprocess.Popen[str]]" = []


@contextmanager
def ended_with_it() -> Iterator[None]:
    """End whatever is started in it and left running, so that the failure of a test stays its own."""
    before = len(_running)
    yield
    for process in _running[before:]:
        process.kill()  # nothing, if it is gone
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(OSError):  # what was written to it and never read
                    pipe.close()
    del _running[before:]


@asynccontextmanager
async def served(
    home: Path, *, mode: str = "auto", settings: Mapping[str, str] | None = None, **client: Any
) -> AsyncIterator[Client]:
    """A client of `engintel serve --transport stdio`, started as a host starts it."""
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "engintel", "serve", "--transport", "stdio"],
        env=environment(home, **(settings or {})),
        cwd=str(home.parent),
    )
    async with Client(parameters, mode=mode, read_timeout_seconds=60, **client) as connected:
        yield connected


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(home: Path, **settings: str) -> AsyncIterator[str]:
    """`engintel serve --transport http`, ready for requests; gives its address."""
    port = free_port()
    process = start(home, "serve", "--transport", "http", "--port", str(port), ENGINTEL_NOW=NOW, **settings)
    try:
        yield await until_alive(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate, timeout=30)


def browser(**options: Any) -> httpx2.AsyncClient:
    """Patient, because a server's first request may wait until its database is made, on a machine with much to do."""
    return httpx2.AsyncClient(timeout=60, **options)


async def until_alive(url: str, process: "subprocess.Popen[str]") -> str:
    """Ask until the server answers, as long as it runs."""
    async with browser() as http:
        while process.poll() is None:
            try:
                if (await http.get(f"{url}/healthz")).status_code == 200:
                    return url
            except httpx2.TransportError:
                await asyncio.to_thread(_until_listening, url)
    raise AssertionError(process.communicate()[1])


def _until_listening(url: str) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        probe.settimeout(0.2)
        probe.connect_ex((host, int(port)))
