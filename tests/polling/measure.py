"""How fast each backfill is against its stand-in, and how much memory it takes: `python -m tests.polling.measure`.

Both share this machine's cores, so the figures are a lower bound; real upstreams are slower by their limits (GitHub:
5,000 questions an hour, Notion: three a second).
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from tests.acceptance.program import environment
from tests.acceptance.shell import held_home
from tests.polling.github_site import GitHubSite, a_pull
from tests.polling.jira_site import JiraSite, an_issue, moved
from tests.polling.notion_site import NotionSite, a_block, a_page
from tests.polling.test_github import a_review
from tests.polling.test_prometheus import PrometheusSite
from tests.polling.web import Site, running

QUERIES: Final = "queries:\n  - {name: up, query: up, project: acme/api}\n"


def github(count: int) -> Site:
    """Pull requests, each merged after one review."""
    site = GitHubSite()
    for number in range(1, count + 1):
        site.add_pull(a_pull(number, number * 10), a_review(10_000_000 + number, number * 10 + 3))
    return site


def jira(count: int) -> Site:
    """Issues, each with two changes."""
    site = JiraSite()
    for number in range(1, count + 1):
        day = f"2026-{1 + number // 800 % 9:02}-{1 + number // 30 % 28:02}"
        hour = f"{number // 60 % 24:02}:{number % 60:02}"
        histories = (
            moved(2 * number, f"{day}T{hour}:01.000+0000", "Open", "In Progress"),
            moved(2 * number + 1, f"{day}T{hour}:02.000+0000", "In Progress", "In Review"),
        )
        site.add(an_issue(number, f"{day}T{hour}:02.000+0000", *histories, created="2025-12-01T10:00:00.000+0000"))
    return site


def notion(count: int) -> Site:
    """Pages of ten paragraphs."""
    site = NotionSite()
    for number in range(1, count + 1):
        site.add(a_page(number, number % 60), *(a_block(number, "Some words about it. " * 5) for _ in range(10)))
    return site


def prometheus(count: int) -> Site:
    """Series; a day of each is asked for."""
    site = PrometheusSite()
    site.series = [{"pod": str(number)} for number in range(max(1, count // 1_440))]
    return site


MAKERS: Final[dict[str, Callable[[int], Site]]] = {
    "github": github, "jira": jira, "notion": notion, "prometheus": prometheus
}  # fmt: skip


def serve(kind: str, count: int, told: Connection) -> None:
    """The stand-in, in a process of its own until that is ended."""
    with running(MAKERS[kind](count)) as site:
        told.send(site.url)
        told.recv()


def _resident(pid: int) -> int:
    """The most memory that a process ever had, in KB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM")), 0)


def measure(kind: str, count: int) -> str:
    """One backfill: items a second, and the most memory that the program took."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(kind, count, theirs), daemon=True)
    process.start()
    url = ours.recv()
    with held_home() as home, tempfile.TemporaryDirectory() as folder:
        queries = Path(folder) / "queries.yaml"
        queries.write_text(QUERIES)
        settings = {f"ENGINTEL_{kind.upper()}_URL": url, f"ENGINTEL_{kind.upper()}_TOKEN": "t"}
        settings |= {"ENGINTEL_PROMETHEUS_QUERIES": str(queries)} if kind == "prometheus" else {}
        named = {"github": ["acme/api"], "jira": ["PAY"], "prometheus": ["--days", "1"]}.get(kind, [])
        began = time.monotonic()
        command = [sys.executable, "-m", "engintel", "ingest", kind, *named]
        child = subprocess.Popen(command, env=environment(home, **settings), stdout=subprocess.PIPE, text=True)
        most = 0
        while child.poll() is None:
            most = max(most, _resident(child.pid))
            time.sleep(0.05)
        took = time.monotonic() - began
        out = child.stdout.read() if child.stdout else ""
    ours.send("done")
    process.join()
    told = out.splitlines()[0] if out else "nothing"
    return f"{kind}: {count / took:.0f} items/s, {most / 1024:.0f} MB at most, {took:.1f} s. {told}"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(MAKERS))
    parser.add_argument("--count", type=int, default=10_000)
    arguments = parser.parse_args()
    for kind in arguments.kinds:
        print(measure(kind, arguments.count), flush=True)  # noqa: T201 - this is the result


if __name__ == "__main__":
    main()
