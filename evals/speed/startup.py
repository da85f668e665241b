"""From spawn to the first list of tools, over raw stdio, beside the same with the SDK and one trivial tool alone."""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import psutil

from evals.speed.program import environment, program

_RUNS = 7
_REQUESTS = (
    (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},'
        '"clientInfo":{"name":"bench","version":"0"}}}'
    ),
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":2,"method":"tools/list"}',
)
_TRIVIAL = """
from mcp.server.mcpserver import MCPServer
server = MCPServer("trivial")
@server.tool()
def add(a: int, b: int) -> int:
    "Add."
    return a + b
server.run()
"""


def measure_startup(home: Path) -> list[str]:
    """Spawn to `tools/list` with nothing started yet: medians in turn, and their ratio."""
    ours, alone, answer = [], [], ""
    _once([sys.executable, "-c", _TRIVIAL], home)  # the first import of everything reads the disk
    _once(program("serve"), home)
    for _ in range(_RUNS):
        took, answer = _once(program("serve"), home)
        ours.append(took)
        alone.append(_once([sys.executable, "-c", _TRIVIAL], home)[0])
    sizes = {
        tool["name"]: len(json.dumps(tool, separators=(",", ":")).encode())
        for tool in json.loads(answer)["result"]["tools"]
    }
    largest = max(sizes, key=lambda name: sizes[name])
    ratio = median(ours) / median(alone)
    share = f"{len(sizes)} tools, largest {largest} {sizes[largest]} B"
    return [
        f"spawn to tools/list          {median(ours):6.2f} s   (the SDK alone {median(alone):.2f} s, x{ratio:.2f})",
        f"tools/list                   {len(answer.encode()):6d} B   ({share})",
    ]


def _once(command: list[str], home: Path) -> tuple[float, str]:
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - this program, or the lines above
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(home),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(_REQUESTS) + "\n")
    process.stdin.flush()
    process.stdout.readline()
    answer = process.stdout.readline()
    took = time.perf_counter() - began
    process.stdin.close()
    process.wait()
    process.stdout.close()
    return took, answer


def resident(process: psutil.Process) -> float:
    """A process's resident size in MB."""
    return float(process.memory_info().rss) / 1024 / 1024
