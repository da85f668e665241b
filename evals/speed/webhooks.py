"""How many signed deliveries of GitHub are taken and made durable, and how soon their sender hears of it.

The load generator runs beside the server and takes its share of the same cores.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from evals.speed.load import Sent, send
from evals.speed.program import environment, program
from evals.speed.traffic import SECRET, Traffic

_SECONDS: Final = 10.0
_CONNECTIONS: Final = 256
_CALM: Final = 2_000
"""Deliveries a second at which a sender should hardly wait."""


def measure_full(home: Path, **settings: str) -> str:
    """Deliveries a second at saturation, and how long they took."""
    traffic = Traffic()
    with receiving(home, "--workers", "0", **settings) as port:
        full = send(port, traffic.request, seconds=_SECONDS, connections=_CONNECTIONS)
    return f"webhooks to durable          {full.rate:6.0f} /s  ({traffic.median} B in the median; {_told(full)})"


def measure_webhooks(home: Path) -> list[str]:
    """Deliveries a second at saturation, and how long they took; then the same at a calm rate."""
    traffic = Traffic()
    full = measure_full(home)
    with receiving(home, "--workers", "0") as port:
        calm = send(
            port, traffic.request, seconds=_SECONDS, connections=_CONNECTIONS, rate=_CALM, first=10_000_000
        )  # not one that was sent before
    return [
        full,
        f"  at a calm rate             {calm.rate:6.0f} /s  ({_told(calm)})",
    ]


def _told(sent: Sent) -> str:
    others = {status: n for status, n in sent.statuses.items() if status != 202}  # noqa: PLR2004 - HTTP's own
    return f"p50 {sent.quantile(0.5):.1f} ms, p99 {sent.quantile(0.99):.1f} ms; others: {others or 'none'}"


@contextmanager
def receiving(home: Path, *words: str, **settings: str) -> Iterator[int]:
    """The port of a server that takes GitHub's deliveries and leaves the stores to somebody else."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    known = environment(home, ENGINTEL_GITHUB_WEBHOOK_SECRET=SECRET, **settings)
    command = program("serve", "--transport", "http", "--port", str(port), *words)
    server = subprocess.Popen(command, env=known, stderr=subprocess.DEVNULL)  # noqa: S603 - this program
    try:
        _until_ready(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def _until_ready(port: int, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and server.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:  # noqa: PLR2004 - HTTP's own
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise RuntimeError("the server did not become ready within a minute")


def main() -> None:
    """Measure this alone: `python -m evals.speed.webhooks`."""
    from evals.speed.program import temporary_home  # noqa: PLC0415 - for this alone

    with temporary_home() as home:
        home.mkdir(mode=0o711)
        print("\n".join(measure_webhooks(home)))


if __name__ == "__main__":
    main()
