"""Backfills through the program: killed in their midst, beside each other, and told in a line when they cannot be."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.program import run, start, start_interruptible
from tests.acceptance.shell import ask, fail, held_home, inside, succeed
from tests.polling.github_site import ROOT, GitHubSite, a_pull
from tests.polling.jira_site import JiraSite
from tests.polling.notion_site import NotionSite, a_block, a_page
from tests.polling.test_github import fill
from tests.polling.test_jira import done_issue
from tests.polling.test_prometheus import PrometheusSite
from tests.polling.web import Reply, Request, running


@pytest.fixture
def home() -> Iterator[Path]:
    with held_home() as folder:
        yield folder


@pytest.fixture
def github() -> Iterator[GitHubSite]:
    with running(GitHubSite()) as site:
        fill(site)
        yield site


def settings(site: GitHubSite) -> dict[str, str]:
    return {"ENGINTEL_GITHUB_URL": site.url, "ENGINTEL_GITHUB_TOKEN": "gh-token"}


async def ids(home: Path) -> set[str]:
    async with inside(home) as engine:
        entries = [entry for lane in range(4) for entry in await engine.log.read(lane, 0, 100_000)]
    return {entry.event.id for entry in entries if entry.event}


def test_a_repository_from_github_answers_questions(home: Path, github: GitHubSite) -> None:
    told = succeed(home, "ingest", "github", "acme/api", **settings(github))
    assert told.startswith("github:acme/api: ")
    assert "deliveries that were missed were not looked for" not in told
    again = succeed(home, "ingest", "github", "acme/api", **settings(github))
    assert "0 events new" in again
    found = ask(home, "find_entity", query="acme/api#2")
    assert found["entities"][0]["id"] == "acme/api#2"


async def test_a_backfill_that_is_killed_is_finished_by_the_next(home: Path, github: GitHubSite) -> None:
    """kill -9, wherever it stands: the next run waits for the lease of the dead, and ends with the same events."""
    for number in range(10, 60):
        github.add_pull(a_pull(number, number * 10))
    for reviews in (20, 45):
        reached = threading.Event()

        def watch(request: Request, reviews: int = reviews, reached: threading.Event = reached) -> None:
            if request.path == f"{ROOT}/pulls/{reviews}/reviews":
                reached.set()

        github.fault = watch
        process = start(home, "ingest", "github", "acme/api", **settings(github))
        assert reached.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    github.fault = lambda _: None
    github.asked.clear()
    done = run(home, "ingest", "github", "acme/api", **settings(github))
    assert (done.returncode, "waiting" in done.stderr) == (0, True), done.stderr
    assert f"{ROOT}/pulls/10" not in github.paths(), "what was durable is not asked for again"

    with held_home() as other:
        succeed(other, "ingest", "github", "acme/api", **settings(github))
        assert await ids(home) == await ids(other)


def test_two_backfills_at_once_read_once(home: Path, github: GitHubSite) -> None:
    """The second waits for the first, and then finds nothing new."""
    processes = [start(home, "ingest", "github", "acme/api", **settings(github)) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert sum("0 events new" in out for out, _ in told) == 1
    assert github.paths().count(f"{ROOT}/pulls/1") == 1


def test_what_cannot_be_read_is_told_in_a_line_and_stops_no_other(home: Path, github: GitHubSite) -> None:
    done = run(home, "ingest", "github", "acme/none", "acme/api", **settings(github))
    assert done.returncode == 1
    assert done.stderr.startswith("engintel: GitHub does not give repos/acme/none (404)")
    assert done.stderr.count("\n") == 1
    assert "github:acme/api: " in done.stdout


def test_what_is_missing_is_said_before_anything_starts(home: Path) -> None:
    assert "ENGINTEL_JIRA_URL" in fail(home, "ingest", "jira", "PAY")
    assert "ENGINTEL_NOTION_TOKEN" in fail(home, "ingest", "notion")
    assert "ENGINTEL_PROMETHEUS_URL" in fail(home, "ingest", "prometheus")
    assert "owner/name" in fail(home, "ingest", "github", "acme")
    assert run(home, "ingest", "github").returncode == 2
    assert run(home, "ingest", "jira", "PAY", "--days", "0").returncode == 2


def test_jira_notion_and_prometheus(home: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.yaml"
    queries.write_text("queries:\n  - {name: up, query: up, project: acme/api}\n")
    now = datetime.now(UTC).isoformat()
    with running(JiraSite()) as jira, running(NotionSite()) as notion, running(PrometheusSite()) as prometheus:
        jira.add(done_issue())
        notion.add(a_page(1, 1, "Runbook"), a_block(1, "Restart it."))
        account = {"ENGINTEL_JIRA_URL": jira.url, "ENGINTEL_JIRA_USER": "a@b.example", "ENGINTEL_JIRA_TOKEN": "t"}
        assert "1 issues and sprints read" in succeed(home, "ingest", "jira", "PAY", **account)
        told = succeed(home, "ingest", "notion", ENGINTEL_NOTION_URL=notion.url, ENGINTEL_NOTION_TOKEN="t")
        assert "1 pages read, 1 events new" in told
        asked = {"ENGINTEL_PROMETHEUS_URL": prometheus.url, "ENGINTEL_PROMETHEUS_QUERIES": str(queries)}
        assert "points read" in succeed(home, "ingest", "prometheus", "--days", "1", ENGINTEL_NOW=now, **asked)
    assert [p["title"] for p in ask(home, "search_docs", query="restart")["passages"]] == ["Runbook"]


def test_doctor_tells_of_every_source(home: Path, github: GitHubSite) -> None:
    def doctor(**more: str) -> tuple[int, dict[str, dict[str, object]]]:
        done = run(home, "doctor", "--json", **settings(github), **more)
        rows = json.loads(done.stdout)["checks"]
        return done.returncode, {row["part"].removeprefix("source "): row for row in rows if "source" in row["part"]}

    code, rows = doctor(ENGINTEL_JIRA_URL="http://127.0.0.1:9", ENGINTEL_JIRA_TOKEN="t")
    assert (code, {name: row["state"] for name, row in rows.items()}) == (0, {"github": "ok", "jira": "off"})
    assert "4990 of 5000" in str(rows["github"]["knows_us_as"])
    assert "cannot be reached" in str(rows["jira"]["why"])
    code, rows = doctor(ENGINTEL_POLL="github:acme/api")
    assert (code, rows["github:acme/api"]["state"], rows["github:acme/api"]["read"]) == (0, "ok", "never")
    run(home, "ingest", "github", "acme/api", **settings(github))
    code, rows = doctor(ENGINTEL_POLL="github:acme/api, github:acme/none, notion")
    assert code == 1
    assert {name: row["state"] for name, row in rows.items()} == {
        "github:acme/api": "ok", "github:acme/none": "down", "notion": "down",
    }  # fmt: skip
    assert rows["github:acme/api"]["knows_us_as"] == "acme/api"
    assert isinstance(lag := rows["github:acme/api"]["lag_seconds"], int)
    assert lag < 60
    code, rows = doctor(ENGINTEL_POLL="gitlab:x")
    assert code == 1


def test_interrupting_a_wait_ends_at_once(home: Path, github: GitHubSite) -> None:
    """GitHub asks to wait ten minutes; Ctrl-C does not."""

    waiting = threading.Event()

    def slow_down(request: Request) -> Reply | None:
        if request.path == f"{ROOT}/issues":
            waiting.set()
            return Reply(429, {"message": "slow"}, {"Retry-After": "600"})
        return None

    github.fault = slow_down
    process = start_interruptible(home, "ingest", "github", "acme/api", **settings(github))
    try:
        assert waiting.wait(60)
        assert "GitHub asks to wait 600 s" in (process.stderr.readline() if process.stderr else "")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, "Traceback" in stderr, time.monotonic() - began < 10) == (130, False, True)
