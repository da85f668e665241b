"""The command line as its user has it: a home that stays up from one command to the next, and what commands print."""

import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from adapters.postgres.embedded import EmbeddedPostgres
from server.bootstrap import Engine, open_engine
from server.settings import Settings
from tests.acceptance.program import NOW, run
from tests.conftest import make_home, remove_home
from tests.unit.git.clones import START, Clone

Done = subprocess.CompletedProcess[str]


@contextmanager
def held_home() -> Iterator[Path]:
    """A home whose database runs until the block ends, as beside a server: each command is spared its start."""
    home = make_home()
    server = EmbeddedPostgres(home)
    try:
        server.start()
        yield home
    finally:
        server.stop()
        remove_home(home)


def engintel(home: Path, *words: str | Path, **settings: str) -> Done:
    """A command, done. Whatever becomes of it, nobody is shown a traceback or is told to report a mistake of ours."""
    done = run(home, *map(str, words), **{"ENGINTEL_NOW": NOW, **settings})
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "should not have happened" not in said
    return done


def succeed(home: Path, *words: str | Path, **settings: str) -> str:
    """What a command prints that does what it was asked for, and has nothing to complain about."""
    done = engintel(home, *words, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fail(home: Path, *words: str | Path, **settings: str) -> str:
    """The one line on stderr of a command that cannot do what it was asked for."""
    done = engintel(home, *words, **settings)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("engintel: ")
    return done.stderr.removeprefix("engintel: ").rstrip("\n")


def ask(home: Path, tool: str, **arguments: object) -> dict[str, Any]:
    """The structured answer of a tool, over `engintel call`."""
    words = [f"{name}={json.dumps(v) if isinstance(v, list) else v}" for name, v in arguments.items()]
    told = json.loads(succeed(home, "call", tool, *words, "--json"))
    assert isinstance(told, dict)
    return told


def ask_all(home: Path, *questions: tuple[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As `ask`, several at once: most of such a command's time is its start."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda question: ask(home, question[0], **question[1]), questions))


def developers(home: Path, *people: str) -> list[dict[str, Any]]:
    """What is known of each of some people, from as long ago as one may ask."""
    return ask_all(home, *(("get_developer", {"person": person, "days": 3650}) for person in people))


def clone_at(path: Path, day: int = 0) -> Clone:
    """An empty clone whose first commit is made 2026-06-01T22:13:20Z, or some days later."""
    return Clone(path, ticks=(1_780_352_000 - START) // 3600 + 24 * day)


def write_lines(path: Path, *lines: bytes | Mapping[str, Any] | list[Any] | float | str) -> Path:
    """A file with these lines, each as it is or as JSON."""
    path.write_bytes(b"".join((x if isinstance(x, bytes) else json.dumps(x).encode()) + b"\n" for x in lines))
    return path


def github(event: str, body: object, delivery: str = "d-1") -> dict[str, Any]:
    """A recorded delivery of GitHub's."""
    return {"source": "github", "headers": {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery}, "body": body}


def jira(body: object, delivery: str = "h-1") -> dict[str, Any]:
    """A recorded delivery of Jira's."""
    return {"source": "jira", "headers": {"X-Atlassian-Webhook-Identifier": delivery}, "body": body}


@asynccontextmanager
async def inside(home: Path) -> AsyncIterator[Engine]:
    """The program's own view of a home, for what no command shows and for what no command would do."""
    async with open_engine(Settings(home=str(home), now=NOW)) as opened:
        yield opened
