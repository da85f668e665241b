"""Whether all four stores keep up with webhooks that come in at a steady rate, on the cores that send them too."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psutil

from evals.speed.load import send
from evals.speed.program import temporary_home
from evals.speed.traffic import Traffic
from evals.speed.webhooks import receiving

_CONNECTIONS: Final = 128
_SUMMED: Final = {
    "behind": "engintel_store_lag_entries",
    "waiting": "engintel_inbox_lag",
    "entries": "engintel_log_entries",
}
"""What else is read of the figures, each added up over the stores."""
_LONGEST: Final = 300.0
"""Seconds that the stores are given to catch up once nothing more comes."""


@contextmanager
def watching(port: int) -> Iterator[list[float]]:
    """The longest lag of a store at each second of the block."""
    lags: list[float] = []
    stop = Event()

    def look() -> None:
        while not stop.wait(1.0):
            lags.append(figures(port)["lag"])

    thread = Thread(target=look, daemon=True)
    thread.start()
    try:
        yield lags
    finally:
        stop.set()
        thread.join()


def figures(port: int) -> dict[str, float]:
    """The server's figures: the longest `lag` of a store, in seconds, and how many `entries` the log has."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    told = [line.rpartition(" ") for line in lines if line and not line.startswith("#")]
    lags = [float(value) for name, _, value in told if name.startswith("engintel_store_lag_seconds")]
    return {"lag": max(lags, default=0.0), **{what: _total(told, name) for what, name in _SUMMED.items()}}


def _total(told: Iterable[tuple[str, str, str]], name: str) -> float:
    return sum(float(value) for found, _, value in told if found.startswith(name))


def measure_pipeline(home: Path, *, rate: float, seconds: float, workers: int = 1) -> list[str]:
    """Send at `rate` for `seconds`; how far the stores were behind meanwhile, and how long they took to the end."""
    traffic = Traffic()
    with receiving(home, "--workers", str(workers), ENGINTEL_NOW="") as port:
        server = psutil.Process(next(p.pid for p in psutil.Process().children() if "serve" in p.cmdline()))
        before = _busy(server, home)
        with watching(port) as lags:
            sent = send(port, traffic.request, seconds=seconds, connections=_CONNECTIONS, rate=rate)
        ended = time.monotonic()
        while (now := figures(port))["behind"] or now["waiting"]:
            if time.monotonic() - ended > _LONGEST:
                break
            time.sleep(0.2)
        took = time.monotonic() - ended
        busy = {part: seconds - before[part] for part, seconds in _busy(server, home).items()}
        ours = [p for p in (server, *server.children(recursive=True)) if "engintel" in " ".join(p.cmdline())]
        megabytes = sum(p.memory_info().rss for p in ours) / 2**20
    lags.sort()
    p50, p99 = (lags[min(len(lags) - 1, int(len(lags) * share))] for share in (0.5, 0.99))
    told = (
        f"{now['entries']:.0f} events, {now['entries'] / seconds:.0f} /s; lag p50 {p50:.1f} s, p99 {p99:.1f} s; done "
        f"{took:.1f} s after the last; accepted p99 {sent.quantile(0.99):.0f} ms; {megabytes:.0f} MB in all"
    )
    cost = ", ".join(f"{part} {seconds / now['entries'] * 1e6:.0f}" for part, seconds in busy.items())
    return [
        f"webhooks to all stores       {sent.rate:6.0f} /s  over {seconds:.0f} s  ({told})",
        f"  processor time an event    {sum(busy.values()) / now['entries'] * 1e6:6.0f} us  ({cost})",
    ]


def _busy(server: psutil.Process, home: Path) -> dict[str, float]:
    """Seconds of processor time that each part has used until now."""
    processes = list(psutil.process_iter(["name", "cmdline"]))
    postmaster = next(p.pid for p in processes if p.info["name"] == "postgres" and str(home) in str(p.info["cmdline"]))
    parts = {
        "load": [psutil.Process()],
        "receiver": [server],
        "worker": server.children(),
        # Backends that have ended are counted with the one that collects them.
        "PostgreSQL": [p for p in processes if postmaster in {p.pid, p.ppid()}],
    }
    return {part: sum(_seconds(p, ended=part == "PostgreSQL") for p in those) for part, those in parts.items()}


def _seconds(process: psutil.Process, *, ended: bool) -> float:
    used = process.cpu_times()
    return float(used.user + used.system + (used.children_user + used.children_system if ended else 0.0))


def main() -> None:
    """Measure this alone: `python -m evals.speed.pipeline [RATE [SECONDS [WORKERS]]]`."""
    import sys  # noqa: PLC0415 - for this alone

    rate, seconds, workers = (*map(float, sys.argv[1:]), *(1_000.0, 20.0, 1.0)[len(sys.argv) - 1 :])
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        print("\n".join(measure_pipeline(home, rate=rate, seconds=seconds, workers=int(workers))))


if __name__ == "__main__":
    main()
