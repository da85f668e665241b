"""How long each reading tool takes in a large organisation, as a client over stdio sees it.

`python -m evals.speed.scale [EVENTS]` (1,000,000 unless given) makes one up, restores it, and asks.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

from mcp import Client, StdioServerParameters

from evals.speed.organisation import write_organisation
from evals.speed.program import environment, run, temporary_home

_ASKED: Final = 100
_QUESTIONS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "find_developers": (
        {"requirement": "Retry timeout of the ledger batch"},
        {"requirement": "A faster search index for service-07", "skills": ["Go"], "limit": 10},
        {"requirement": "Price window", "paths": ["internal/ledger/timeout.go"]},
    ),
    "get_developer": ({"person": "dev017"}, {"person": "dev200@acme.example", "days": 365}),
    "get_project_health": ({"project": "service-07"}, {"project": "service-31", "days": 30}, {"project": "P55"}),
    "get_dependency_impact": ({"project": "service-00", "change": "outage"}, {"project": "service-20", "depth": 6}),
    "get_team_workload": ({"team": "team-03"}, {"team": "Team 11", "days": 90}),
    "search_docs": ({"query": "retry timeout of the queue"}, {"query": "ledger schema", "project": "service-12"}),
    "find_entity": ({"query": "service-3"}, {"query": "Devon Cart", "kind": "person"}, {"query": "*"}),
}


def measure_scale(home: Path, events: int) -> list[str]:
    """p50 and p95 of every tool with so many events, in PostgreSQL unless the environment names other engines."""
    backup = home.parent / "organisation.zip"
    began = time.perf_counter()
    write_organisation(backup, events)
    made = time.perf_counter() - began
    restored = run(home, "restore", str(backup))
    backup.unlink()
    lines = [
        f"made up {events:,} events       {made:6.0f} s",
        f"restored, every store filled {restored.seconds:6.0f} s   (peak {restored.megabytes:.0f} MB)",
    ]
    return [*lines, *asyncio.run(_measure(home))]


async def _measure(home: Path) -> list[str]:
    lines = []
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "engintel", "serve"], env=environment(home), cwd=str(home.parent)
    )
    async with Client(parameters) as client:
        for tool, questions in _QUESTIONS.items():
            for arguments in questions:  # the first call of each plans its queries
                answer = await client.call_tool(tool, arguments)
                if answer.is_error:
                    raise RuntimeError(f"{tool}: {answer.content}")
            took: list[tuple[float, str]] = []
            for number in range(_ASKED):
                question = questions[number % len(questions)]
                began = time.perf_counter()
                answer = await client.call_tool(tool, question)
                took.append(((time.perf_counter() - began) * 1_000, str(question)))
                whole = answer.structured_content or {}
                if any(store["state"] == "down" for store in whole.get("coverage", {}).values()):
                    raise RuntimeError(f"{tool}: {whole['notes']}")
            took.sort()
            (median, _), (late, slowest) = took[_ASKED // 2], took[int(_ASKED * 0.95)]
            lines.append(f"{tool:28} {median:6.1f} ms p50, {late:6.1f} ms p95   ({slowest})")
    return lines


if __name__ == "__main__":
    with temporary_home() as place:
        for told in measure_scale(place, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000):
            print(told, flush=True)
