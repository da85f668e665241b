"""What a stream before the log costs and gives: signed deliveries a second made durable by Kafka, and a whole ingest.

Measured only in a checkout where a broker can be assembled (Java 17 and Maven).
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from evals.speed.program import run, temporary_home
from evals.speed.traffic import Traffic
from evals.speed.webhooks import measure_full

_DELIVERIES: Final = 1_000


def measure_logs() -> list[str]:
    """A line a figure; one that says why, where there is no broker."""
    if find_spec("tests") is None:
        return ["Kafka before the log         not measured: this is no checkout"]
    with _broker() as url:
        if url is None:
            return ["Kafka before the log         not measured: no broker can be had here"]
        told = []
        with temporary_home() as home:
            home.mkdir(mode=0o711)
            told.append(f"through Kafka, {measure_full(home, ENGINTEL_LOG_URL=f'{url}?prefix=webhooks.')}")
        for name, settings in (("no stream", {}), ("Kafka", {"ENGINTEL_LOG_URL": f"{url}?prefix=ingest."})):
            told.append(_measure_ingest(name, settings))
        return told


def _measure_ingest(name: str, settings: dict[str, str]) -> str:
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        file = home.parent / "deliveries.ndjson"
        traffic = Traffic()
        with file.open("w", encoding="utf-8") as lines:
            for number in range(_DELIVERIES):
                headers, body = traffic.delivery(number)
                lines.write(json.dumps({"source": "github", "headers": headers, "body": json.loads(body)}) + "\n")
        done = run(home, "ingest", "deliveries", str(file), **settings)
    rate = _DELIVERIES / done.seconds
    return f"ingest deliveries, {name:9} {rate:6.0f} /s  ({done.seconds:.1f} s until every store has them)"


@contextmanager
def _broker() -> Iterator[str | None]:
    """The address of a broker of our own; None where there can be none."""
    command = [sys.executable, "-m", "tests.engines.kafka"]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root)  # noqa: S603 - ours
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip().partition("=")[2] or None
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Measure this alone: `python -m evals.speed.logs`."""
    print("\n".join(measure_logs()))


if __name__ == "__main__":
    main()
