"""Servers of engintel on loopback, in processes of their own."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.acceptance.program import environment, free_port

COMMANDS: Final = {
    "plain": ("-m", "engintel", "serve", "--transport", "http", "--port"),
    "fixtures": ("-W", "ignore", "-m", "tests.conformance.fixtures"),
}
"""How each server is started; its port comes last. What the fixtures use of the SDK is deprecated, and they know it."""


@contextmanager
def serving(server: str, home: Path) -> Iterator[str]:
    """A server that is ready to answer; gives the address of its MCP endpoint."""
    port = free_port()
    log = home.parent / f"{server}.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[server], str(port)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env=environment(home),
            cwd=home.parent,
        )
    try:
        while not _ready(port):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                raise AssertionError(log.read_text(encoding="utf-8"))
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
