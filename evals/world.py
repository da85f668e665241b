"""The world that tasks are played in: the sample organisation in a home of its own, upstreams that write all down.

Nothing here reaches into the program: it is started as a command, asked as a command, and served over stdio.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from mcp import Client, StdioServerParameters

from evals.standins import Sent, StandIn, comment_taken, message_taken, standing_in
from evals.user import User

NOW: Final = "2026-11-21T00:00:00+00:00"
"""Where the clock stands still, so that two runs see the same."""
_ROOT: Final = Path(__file__).resolve().parents[1]
_PATIENCE: Final = 180.0
"""Seconds for one command."""
_KEPT: Final = ("PATH", "HOME", "LANG", "TMPDIR")
"""What the program gets to see of the environment around it: nothing that would change what it answers."""


class WorldFailed(Exception):
    """The program itself would not start or load. The text is what it said."""


@dataclass(frozen=True)
class World:
    """What happened outside the conversation while one task was played.

    Shape:
        jira, slack: the requests that they received, in order.
        asked: the questions that were put to the user, word for word.
        audit: rows of `engintel audit --json`, the oldest first.
        outbox: entries of `engintel outbox --json`, the oldest first.
    """

    jira: tuple[Sent, ...] = ()
    slack: tuple[Sent, ...] = ()
    asked: tuple[str, ...] = ()
    audit: tuple[Mapping[str, Any], ...] = ()
    outbox: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Mark:
    """A moment, and how much had happened by then."""

    at: datetime
    jira: int
    slack: int
    asked: int


@dataclass
class Playground:
    """The running world. `truth` is what is planted in the sample; verifiers see it, agents never do."""

    home: Path
    settings: Mapping[str, str]
    jira: StandIn
    slack: StandIn
    user: User
    truth: Mapping[str, Any]

    def mark(self) -> Mark:
        """Remember this moment, to tell later what happened since."""
        return Mark(datetime.now(UTC), len(self.jira.received), len(self.slack.received), len(self.user.asked))

    def between(self, began: Mark, ended: Mark, records: "Records") -> World:
        """What happened from one mark to the other."""
        return World(
            jira=tuple(self.jira.received[began.jira : ended.jira]),
            slack=tuple(self.slack.received[began.slack : ended.slack]),
            asked=tuple(self.user.asked[began.asked : ended.asked]),
            audit=tuple(row for row in records.audit if began.at <= datetime.fromisoformat(row["at"]) <= ended.at),
            outbox=tuple(
                entry for entry in records.outbox if began.at <= datetime.fromisoformat(entry["created_at"]) <= ended.at
            ),
        )

    def records(self) -> "Records":
        """What the program itself wrote down of everything that was done so far."""
        audit = json.loads(self.command("audit", "--json", "--limit", "1000"))
        outbox = json.loads(self.command("outbox", "--json"))
        return Records(audit=tuple(reversed(audit)), outbox=tuple(outbox))

    def command(self, *words: str) -> str:
        """Run `engintel` to its end; gives what it printed.

        Raises:
            WorldFailed: it failed.
        """
        return _command(self.settings, *words)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Client]:
        """A client of the program, which is started as a host starts it."""
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "engintel", "serve", "--transport", "stdio"],
            env=dict(self.settings),
            cwd=str(self.home.parent),
        )
        async with Client(
            parameters, read_timeout_seconds=60, elicitation_callback=self.user.answer_question
        ) as connected:
            yield connected


@dataclass(frozen=True)
class Records:
    """Audit rows and outbox entries as the program prints them, the oldest first."""

    audit: tuple[Mapping[str, Any], ...]
    outbox: tuple[Mapping[str, Any], ...]


@contextmanager
def playground(deliveries: Sequence[Path] = ()) -> Iterator[Playground]:
    """Load the sample organisation into a temporary home, with a Jira and a Slack that may be written to.

    Args:
        deliveries: files of recorded webhooks to read on top of the sample.

    Raises:
        WorldFailed: the program would not load it.
    """
    with ExitStack() as stack:
        jira = stack.enter_context(standing_in(comment_taken))
        slack = stack.enter_context(standing_in(message_taken))
        home = stack.enter_context(_temporary_home())
        settings = _environment(home, jira, slack)
        with ThreadPoolExecutor(2) as both:
            truth = both.submit(_command, settings, "demo", "--truth")
            loaded = both.submit(_command, settings, "demo", "--no-serve")
            loaded.result()
        for file in deliveries:
            _command(settings, "ingest", "deliveries", str(file))
        yield Playground(home, settings, jira, slack, User(), json.loads(truth.result()))


@contextmanager
def _temporary_home() -> Iterator[Path]:
    """A new home that any user can walk into: as root, the embedded database runs under another account."""
    folder = Path(tempfile.mkdtemp(prefix="engintel-eval-"))
    folder.chmod(0o711)
    try:
        yield folder / "home"
    finally:
        shutil.rmtree(folder)


def _environment(home: Path, jira: StandIn, slack: StandIn) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(_ROOT),
        "ENGINTEL_HOME": str(home),
        "ENGINTEL_NOW": NOW,
        "ENGINTEL_WRITES": "on",
        "ENGINTEL_JIRA_URL": jira.url,
        "ENGINTEL_JIRA_USER": "assistant@brambleway.example",
        "ENGINTEL_JIRA_TOKEN": "not-a-secret",
        "ENGINTEL_SLACK_URL": slack.url,
        "ENGINTEL_SLACK_TOKEN": "not-a-secret",
    }


def _command(settings: Mapping[str, str], *words: str) -> str:
    told = f"`engintel {' '.join(words)}`"
    try:
        done = subprocess.run(  # noqa: S603 - this program
            [sys.executable, "-m", "engintel", *words],
            env=dict(settings),
            cwd=Path(settings["ENGINTEL_HOME"]).parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WorldFailed(f"{told} did not end within {_PATIENCE:.0f} s.") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise WorldFailed(f"{told} failed: {said[-1] if said else f'exit code {done.returncode}'}")
    return done.stdout


def imagine(calls: Sequence[Mapping[str, Any]]) -> World:
    """The world after `calls` (each `{"tool", "arguments"}`) if the user had said yes to everything.

    A task's `wrong_calls.json` is turned into what a verifier would then have seen.
    """
    jira, slack, asked, audit, outbox = [], [], [], [], []
    for call in calls:
        tool, given = call["tool"], call["arguments"]
        if tool == "post_jira_comment":
            target, text = f"jira:{given['issue']}", given["body"]
            jira.append(Sent(f"/rest/api/2/issue/{given['issue']}/comment", {"body": text}))
        elif tool == "transition_jira_issue":
            target, text = f"jira:{given['issue']}", given["to"]
            jira.append(Sent(f"/rest/api/2/issue/{given['issue']}/transitions", {"transition": {"id": "11"}}))
        elif tool == "notify_slack":
            target, text = f"slack:{given['channel']}", given["text"]
            slack.append(Sent("/chat.postMessage", {"channel": given["channel"], "text": text}))
        else:
            continue
        asked.append(f"Send this to {target.replace(':', ' ', 1)}?\n\n{text}")
        audit.append({"action": tool, "target": target, "outcome": "done", "details": {"text": text}})
        draft = {"action": tool, "target": target, "text": text}
        outbox.append({"state": "done", "draft": draft})
    return World(tuple(jira), tuple(slack), tuple(asked), tuple(audit), tuple(outbox))
