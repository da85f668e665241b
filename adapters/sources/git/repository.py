"""A local clone as a source of events."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from adapters.sources.git.command import Git, shown
from adapters.sources.git.history import begin, plan
from adapters.sources.git.locate import find_head, locate, refuse_partial, refuse_shallow
from adapters.sources.git.reading import Events, GitReading, read_spans
from adapters.sources.git.snapshot import Position
from domain.errors import SourceUnusable
from domain.text import line


class GitRepository:
    """A local clone, read through the `git` command. Nothing is ever written into it."""

    def __init__(self, path: Path, project: str | None = None) -> None:
        """Name the clone; nothing is read.

        Args:
            path: the clone's folder, a bare repository, or a clone's `.git`.
            project: the project's id; the name of the folder, unless given.
        """
        self.path = path
        self.project = project

    def source(self) -> str:
        """The name under which this source's cursor is kept: `git:` and the project's id.

        Raises:
            SourceUnusable: it is no repository.
        """
        return f"git:{self.project or _name(locate(self.path))}"

    def read(self, cursor: Mapping[str, Any] | None) -> GitReading:
        """Look at the repository and say what there is to read. Blocks, for as long as git needs to count commits.

        Args:
            cursor: what `GitReading.next_cursor` was after the last reading; None before the first.

        Raises:
            SourceUnusable: it cannot be read; the text says what was expected and what to do.
        """
        git = locate(self.path)
        project = self.project or _name(git)
        before = Position.model_validate(cursor or {})
        head = find_head(git)
        if head is None:
            return _nothing(git, project, before)
        refuse_shallow(git)
        spans = plan(git, head, before, project)
        for span in spans:
            if span.total:
                refuse_partial(git, span.head, span.known)
        return GitReading(
            project,
            f"git:{project}",
            sum(span.total for span in spans),
            tuple(note for span in spans for note in span.notes),
            begin(before, head),
            partial(read_spans, git, project, spans, before, datetime.now(UTC)),
        )


def _name(git: Git) -> str:
    """The name of the folder that holds the repository, without the `.git` of a bare one."""
    folder = Path(os.path.abspath(git.path))  # noqa: PTH100 - a link keeps the name that its user gave it
    if folder.name == ".git":
        folder = folder.parent
    bare = git.git_dir == folder.resolve()
    name = line(folder.name.removesuffix(".git") if bare else folder.name)
    if not name:
        raise SourceUnusable(
            f"{shown(git.path)} has no name that a project could go by: give one with `--project NAME`."
        )
    return name


def _nothing(git: Git, project: str, before: Position) -> GitReading:
    def events() -> Events:
        yield from ()
        return before, ()

    note = f"{shown(git.path)} has no commits yet: nothing to read"
    return GitReading(project, f"git:{project}", 0, (note,), before, events)
