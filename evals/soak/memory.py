"""Millions of events through a server and its worker: the memory of both is flat."""

import argparse
import time
from pathlib import Path
from typing import Final

import psutil

from evals.speed.load import send
from evals.speed.pipeline import figures
from evals.speed.program import temporary_home
from evals.speed.traffic import Traffic
from evals.speed.webhooks import receiving

_BURST: Final = 10.0
"""Seconds of sending as fast as it goes, before the stores are given time to follow."""
_CONNECTIONS: Final = 64
_WARM: Final = 0.1
"""The share of events after which memory should no longer grow."""
_GROWTH_MB: Final = 64
_LOOKS: Final = 40


def main(words: list[str]) -> bool:
    """Play, print the memory on the way, and say whether it was flat."""
    parser = argparse.ArgumentParser(prog="soak memory", description="Watch memory over millions of events.")
    parser.add_argument("--events", type=int, default=5_000_000, help="how many (%(default)s)")
    events = parser.parse_args(words).events
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        sizes = _play(home, events)
    warm = [megabytes for count, megabytes in sizes if count >= events * _WARM]
    grown = max(warm) - warm[0]
    print(
        f"{sizes[-1][0]} events; {warm[0]:.0f} MB when warm, {max(warm):.0f} MB at most, {warm[-1]:.0f} MB at the end"
    )
    print("memory: flat" if grown <= _GROWTH_MB else f"memory: grew by {grown:.0f} MB")
    return grown <= _GROWTH_MB


def _play(home: Path, events: int) -> list[tuple[int, float]]:
    """Send until the stores have `events`; gives after each burst how many they have, and the memory of both."""
    traffic, sizes, sent = Traffic(), list[tuple[int, float]](), 0
    began = time.monotonic()
    with receiving(home, "--workers", "1", ENGINTEL_NOW="") as port:
        server = psutil.Process(next(p.pid for p in psutil.Process().children() if "serve" in p.cmdline()))
        told = 0
        while not sizes or sizes[-1][0] < events:
            burst = send(port, traffic.request, seconds=_BURST, connections=_CONNECTIONS, first=sent)
            sent += len(burst.took) + _CONNECTIONS
            entries = _followed(port)
            sizes.append((entries, sum(p.memory_info().rss for p in _ours(server)) / 2**20))
            if entries * _LOOKS >= told * events:
                told += 1
                print(f"{entries} events after {time.monotonic() - began:.0f} s: {sizes[-1][1]:.0f} MB", flush=True)
    return sizes


def _followed(port: int) -> int:
    """Wait until every store has all that was sent; gives how many events that are."""
    while True:
        now = figures(port)
        if not now["behind"] and not now["waiting"]:
            return int(now["entries"])
        time.sleep(0.5)


def _ours(server: psutil.Process) -> list[psutil.Process]:
    return [p for p in (server, *server.children(recursive=True)) if "engintel" in " ".join(p.cmdline())]
