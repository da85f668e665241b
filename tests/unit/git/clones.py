"""Real git repositories, made in a moment, with fixed people and dates."""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from adapters.sources.git import GitRepository
from domain.events import Body, Commit, CommitDropped, Event, Manifest, ManifestRemoved

START = 1_700_000_000
"""2023-11-14T22:13:20Z, when the first commit of every clone is made; each later one follows an hour after."""

B = TypeVar("B")


def run_git(*arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Run git untouched by the configuration of this machine."""
    plain = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "file",
        "LC_ALL": "C",
    }
    settings = ["init.defaultBranch=main", "core.fsync=none", "gc.auto=0", "maintenance.auto=false"]
    command = ["git", *(part for setting in settings for part in ("-c", setting)), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, input=stdin, env={**plain, **(env or {})}).stdout


@dataclass
class Read:
    """One reading, done."""

    events: list[Event]
    cursor: dict[str, Any]
    total: int
    notes: tuple[str, ...]
    source: str
    project: str

    def bodies(self, kind: type[B]) -> list[B]:
        """The bodies of one kind, in order."""
        return [event.body for event in self.events if isinstance(event.body, kind)]

    def of(self, *kinds: type[Body]) -> list[Event]:
        """The events with bodies of these kinds, in order."""
        return [event for event in self.events if isinstance(event.body, kinds)]

    @property
    def titles(self) -> list[str]:
        """The titles of the commits, in order."""
        return [commit.title for commit in self.bodies(Commit)]

    @property
    def types(self) -> list[str]:
        """The types of all events but commits."""
        return [event.type for event in self.events if event.type != "commit"]


def read(path: Path, cursor: Mapping[str, Any] | None = None, project: str | None = None) -> Read:
    """Read a repository to the end."""
    reading = GitRepository(path, project).read(cursor)
    events = [event for batch in reading.batches() for event in batch]
    return Read(events, reading.next_cursor, reading.total, reading.notes, reading.source, reading.project)


@dataclass
class Clone:
    """A repository with a work tree."""

    path: Path
    ticks: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        run_git("init", "--quiet", "--template=", self.path)

    def git(self, *arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> str:
        """What git prints in this repository, without the line break at its end."""
        return run_git("-C", self.path, *arguments, stdin=stdin, env=env).decode("utf-8", "replace").rstrip("\n")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Put files into the work tree."""
        for name, content in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(
        self,
        message: str | bytes = "change",
        files: Mapping[str, str | bytes] | None = None,
        *,
        author: str = "Ada Lovelace <ada@example.org>",
        remove: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> str:
        """Commit everything in the work tree, an hour after the last commit; returns the sha."""
        self.write(files if files is not None else {"notes.py": f"{self.ticks}\n"})
        for name in remove:
            (self.path / name).unlink()
        self.git("add", "--all", "--force")
        encoded = message if isinstance(message, bytes) else message.encode()
        self.git(
            "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "--file=-", *options,
            stdin=encoded, env=self.signed(author),
        )  # fmt: skip
        return self.head

    def signed(self, author: str = "Ada Lovelace <ada@example.org>") -> dict[str, str]:
        """The environment that makes `author` act, an hour after whoever acted last."""
        name, _, mail = author.removesuffix(">").rpartition("<")
        date = f"{START + 3600 * self.ticks} +0200"
        self.ticks += 1
        return {
            "GIT_AUTHOR_NAME": name.strip(),
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": "Grace Hopper",
            "GIT_COMMITTER_EMAIL": "grace@example.org",
            "GIT_COMMITTER_DATE": date,
        }

    def commit_raw(
        self, author: bytes, committer: bytes = b"C <c@example.org> 1700000000 +0000", message: bytes = b"raw\n"
    ) -> str:
        """Commit with headers that no careful program would write, on top of HEAD if there is one; returns the sha."""
        tree = self.git("write-tree")
        born = self.git("rev-parse", "--quiet", "--verify", "HEAD") if self.git("for-each-ref", "refs/heads") else ""
        parents = f"parent {born}\n" if born else ""
        raw = f"tree {tree}\n{parents}".encode() + b"author %s\ncommitter %s\n\n%s" % (author, committer, message)
        sha = self.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw)
        self.git("update-ref", "refs/heads/main", sha)
        return sha

    @property
    def head(self) -> str:
        """The sha that HEAD names."""
        branch = (self.path / ".git" / "HEAD").read_text().strip().removeprefix("ref: ")
        loose = self.path / ".git" / branch
        return loose.read_text().strip() if loose.is_file() else self.git("rev-parse", "HEAD")

    @property
    def history(self) -> set[str]:
        """Every commit that HEAD leads to."""
        return set(self.git("rev-list", "HEAD").split())

    def keep_the_unreachable(self) -> None:
        """Leave everything as it is."""

    def forget_the_unreachable(self) -> None:
        """Delete every object that no branch leads to."""
        self.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
        self.git("gc", "--quiet", "--prune=now")


@dataclass
class Ledger:
    """What log and stores make of events: the first event of an id counts, the newest state of a thing holds."""

    ids: set[str] = field(default_factory=set)
    commits: set[str] = field(default_factory=set)
    packages: dict[str, Manifest | ManifestRemoved] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    cursor: dict[str, Any] | None = None

    def take(self, events: Iterable[Event]) -> None:
        """Append events."""
        for event in events:
            if event.id not in self.ids:
                self.ids.add(event.id)
                if isinstance(event.body, Commit):
                    self.commits.add(event.body.sha)
                elif isinstance(event.body, CommitDropped):
                    self.commits.discard(event.body.sha)
                elif isinstance(event.body, Manifest | ManifestRemoved) and self._newest(event):
                    self.packages[event.body.path] = event.body

    def _newest(self, event: Event) -> bool:
        newest = event.occurred_at >= self.since.get(event.entity, event.occurred_at)
        if newest:
            self.since[event.entity] = event.occurred_at
        return newest

    def names(self) -> dict[str, str]:
        """The package that each package file provides."""
        return {path: body.provides[0] for path, body in self.packages.items() if isinstance(body, Manifest)}

    def ingest(self, clone: Clone) -> Read:
        """Read what is new, and remember where to go on."""
        done = read(clone.path, self.cursor)
        self.take(done.events)
        self.cursor = done.cursor
        return done

    def be_cut_short(self, clone: Clone, events: int) -> None:
        """Read what is new, and stop after so many events."""
        reading = GitRepository(clone.path).read(self.cursor)
        self.cursor = reading.pending_cursor
        self.take([event for batch in reading.batches() for event in batch][:events])
