"""`make bench`: prints every figure. Machines differ by a factor of two; ratios of one run tell more."""

import os
import platform
from pathlib import Path

from evals.speed.calls import measure_calls
from evals.speed.graph import measure_graph
from evals.speed.logs import measure_logs
from evals.speed.pipeline import measure_pipeline
from evals.speed.program import run, temporary_home
from evals.speed.replay import measure_replay
from evals.speed.repository import make_repository
from evals.speed.startup import measure_startup
from evals.speed.visible import measure_visible
from evals.speed.webhooks import measure_webhooks

_HISTORIES = (1_500, 5_700)
_STEADY = 2_500
"""Deliveries a second that two cores keep up with, all stores and the sender included."""
_CALM = 1_000


def main() -> None:
    """Measure everything, a line a figure."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    with temporary_home() as home:
        _print(*measure_startup(home))
    with temporary_home() as home:
        loaded = run(home, "demo", "--no-serve")
        _print(f"loading the sample           {loaded.seconds:6.1f} s   ({loaded.output.splitlines()[0]})")
        _print(*measure_calls(home))
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        _print(*measure_webhooks(home))
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        _print(*measure_pipeline(home, rate=_STEADY, seconds=30))
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        _print(*measure_visible(home, rate=_CALM, seconds=15))
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        _print(*measure_replay(home))
    _print(*measure_logs())
    _print(*measure_graph())
    for commits in _HISTORIES:
        with temporary_home() as home:
            home.mkdir(mode=0o711)
            _print(*_measure_ingest(home, make_repository(home.parent / "made-up.git", commits), commits))


def _measure_ingest(home: Path, repository: Path, commits: int) -> list[str]:
    first = run(home, "ingest", "git", str(repository))
    second = run(home, "ingest", "git", str(repository))
    return [
        f"ingest git, {commits} commits    {first.seconds:6.1f} s   (peak {first.megabytes:.0f} MB)",
        f"  again, nothing new         {second.seconds:6.2f} s   (peak {second.megabytes:.0f} MB)",
    ]


def _print(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
