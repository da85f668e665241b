"""Every reading tool over 100,000 and over 10 million events in ClickHouse's engine; and question by question.

The organisation is the sample one with many more projects and people around it, who have the rest of the events: what
is asked is the same at both sizes. Measured only in a checkout, where the tests can fill an engine past the log.
"""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from evals.speed.calls import measure_calls
from evals.speed.program import run, temporary_home

_SIZES: Final = (100_000, 10_000_000)


def measure_events() -> Iterator[str]:
    """A line a figure; one that says why, where they cannot be measured."""
    if find_spec("tests") is None or find_spec("chdb") is None:
        yield "events in ClickHouse         not measured: this is no checkout with chdb"
        return
    for rows in _SIZES:
        yield from _tools(rows)
    yield from _questions()


def _tools(rows: int) -> list[str]:
    with temporary_home() as home:
        folder = home.parent / "clickhouse"
        url = f"chdb://{folder}"
        run(home, "demo", "--no-serve")
        run(home, "replay", "--store", "events", ENGINTEL_EVENTS_URL=url)
        _events_speed("fill", str(home), str(folder), str(rows))
        return [f"with {rows:,} events in ClickHouse", *measure_calls(home, ENGINTEL_EVENTS_URL=url)]


def _questions() -> list[str]:
    return _events_speed().splitlines()


def _events_speed(*words: str) -> str:
    """What the tests' own measuring says: it asks the engines themselves, as no client can."""
    command = [sys.executable, "-m", "tests.engines.events_speed", *words]
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=root).stdout  # noqa: S603 - ours


if __name__ == "__main__":
    for told in measure_events():
        print(told, flush=True)
