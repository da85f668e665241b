"""How long impact takes over 100,000 projects and 500,000 dependencies, in PostgreSQL and in Neo4j, in the same run.

Measured only in a checkout: the engines are assembled and filled by `tests/engines/graph_speed.py`. Neo4j wants Java 17
and Maven. Of a project, all dependencies within 3 steps are asked for, either way: the mark is a p95 under 20 ms.
"""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path


def measure_graph() -> Iterator[str]:
    """A line a figure; one that says why, where it cannot be measured."""
    if find_spec("tests") is None:
        yield "graph impact                 not measured: this is no checkout"
        return
    command = [sys.executable, "-m", "tests.engines.graph_speed"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        for told in process.stdout:
            yield told.rstrip()
    if process.returncode != 0:
        raise RuntimeError("measuring the graph failed; see above")


def main() -> None:
    """Measure this alone: `python -m evals.speed.graph`."""
    for told in measure_graph():
        print(told, flush=True)


if __name__ == "__main__":
    main()
