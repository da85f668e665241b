"""How long each reading tool takes on the sample organisation, as a client over stdio sees it."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psutil
from mcp import Client, StdioServerParameters

from evals.speed.program import environment
from evals.speed.startup import resident

_CALLS: Final = 100
QUESTIONS: Final[dict[str, tuple[dict[str, Any], ...]]] = {
    "find_developers": (
        {"requirement": "retry failed payouts after a timeout"},
        {"requirement": "a faster search ranking", "skills": ["Python"], "limit": 10},
    ),
    "get_developer": ({"person": "dkrueger"}, {"person": "Ingrid Solheim", "days": 30}),
    "get_project_health": ({"project": "checkout"}, {"project": "search"}, {"project": "payouts", "days": 30}),
    "get_dependency_impact": ({"project": "payouts"}, {"project": "platform-infra", "change": "outage"}),
    "get_team_workload": ({"team": "payments"},),
    "search_docs": (
        {"query": "how do I roll back a bad deployment"},
        {"query": "who is on call", "project": "payouts"},
    ),
    "find_entity": ({"query": "payout"}, {"query": "schmidt", "kind": "person"}),
}


def measure_calls(home: Path, **settings: str) -> list[str]:
    """p50 and p95 of every tool, and what the server's memory is after all that."""
    return asyncio.run(_measure(home, settings))


async def _measure(home: Path, settings: Mapping[str, str]) -> list[str]:
    lines = []
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "engintel", "serve"],
        env=environment(home, **settings),
        cwd=str(home.parent),
    )
    async with Client(parameters) as client:
        for tool, questions in QUESTIONS.items():
            for arguments in questions:  # the first call of each plans its queries
                answer = await client.call_tool(tool, arguments)
                if answer.is_error:
                    raise RuntimeError(f"{tool}: {answer.content}")
            took, largest = [], 0
            for number in range(_CALLS):
                began = time.perf_counter()
                answer = await client.call_tool(tool, questions[number % len(questions)])
                took.append((time.perf_counter() - began) * 1_000)
                largest = max(largest, *(len(getattr(block, "text", "").encode()) for block in answer.content))
            took.sort()
            lines.append(
                f"{tool:28} {took[_CALLS // 2]:6.1f} ms p50, {took[int(_CALLS * 0.95)]:6.1f} ms p95   "
                f"(text {largest} B at most)"
            )
        server = next(p for p in psutil.Process().children(recursive=True) if "serve" in p.cmdline())
        lines.append(f"server memory                {resident(server):6.0f} MB")
    return lines
