"""One reading of a repository: events in batches, then the position to go on from."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from adapters.sources.git.command import Git
from adapters.sources.git.commits import drop_commits, read_commits
from adapters.sources.git.decode import moment
from adapters.sources.git.files import read_files
from adapters.sources.git.history import Span
from adapters.sources.git.remote import describe
from adapters.sources.git.snapshot import Part, Position, Snapshot
from adapters.sources.git.tags import read_tags
from domain.events import Commit, Document, Event

_BATCH: Final = 500
"""Commits in a batch. A commit of many files and a long document count for several, so that a batch stays small."""
_FILES_A_COMMIT: Final = 20
_CHARACTERS_A_DOCUMENT: Final = 4_000

Events = Generator[Event, None, tuple[Position, tuple[str, ...]]]
"""Events, and in the end how far was read and what a user should know."""


@dataclass
class GitReading:
    """What is to be read of a repository, and how far that has come.

    Shape:
        project: the project's id.
        source: the name under which `next_cursor` is kept.
        total: how many commits will be read.
        notes: what a user should know; complete once `batches` is exhausted.
    """

    project: str
    source: str
    total: int
    notes: tuple[str, ...]
    _begun: Position = field(repr=False)
    _events: Callable[[], Events] = field(repr=False)
    _position: Position | None = field(default=None, repr=False)

    def batches(self) -> Generator[list[Event], None, None]:
        """The events, oldest commits first, then how the rest stands at HEAD. Memory does not grow with the history.

        Closing the generator before its end stops git, and leaves `next_cursor` unknown.

        Raises:
            SourceUnusable: the repository is damaged. What was given out so far is true and may be kept.
        """
        events = self._events()
        try:
            yield from _batched(self._watched(events))
        finally:
            events.close()

    @property
    def next_cursor(self) -> dict[str, Any]:
        """Where to go on reading, as JSON can hold it. It is to be stored with the last events, or after them.

        Raises:
            RuntimeError: not everything was read yet, so going on from there would lose events.
        """
        if self._position is None:
            raise RuntimeError("next_cursor is known once batches() is exhausted")
        return _as_json(self._position)

    @property
    def pending_cursor(self) -> dict[str, Any]:
        """Where to go on reading if this reading is cut short; it may be stored before the first event.

        Without it the next reading starts where this one did, which is right unless history is rewritten in between.
        """
        return _as_json(self._begun)

    def _watched(self, events: Events) -> Iterator[Event]:
        self._position, notes = yield from events
        self.notes = tuple(dict.fromkeys((*self.notes, *notes)))


def read_spans(git: Git, project: str, spans: Sequence[Span], before: Position, now: datetime) -> Events:
    """Everything that is new, span by span.

    Args:
        git: the repository.
        project: the project's id.
        spans: what to read, as planned from `before`.
        before: how far the repository was read before.
        now: the time of this machine's clock.
    """
    position = before
    notes: tuple[str, ...] = ()
    for span in spans:
        snapshot = Snapshot(
            git, project, span.head, _head_at(git, span.head, position, now), now, position, span.suffix
        )
        position, more = yield from _read_snapshot(snapshot, span)
        notes = (*notes, *more)
    return position.model_copy(update={"begun": ()}), notes


def _read_snapshot(snapshot: Snapshot, span: Span) -> Events:
    yield from drop_commits(snapshot, span.dropped)
    found: dict[str, Any] = {}
    notes: list[str] = []
    parts: tuple[Part, ...] = (
        read_commits(snapshot, span.known),
        describe(snapshot),
        read_files(snapshot),
        read_tags(snapshot),
    )
    for part in parts:
        findings = yield from part
        found |= findings.position
        notes.extend(findings.notes)
    position = {"head_at": snapshot.head_at, **span.position, **found}
    return snapshot.before.model_copy(update=position), tuple(notes)


def _head_at(git: Git, head: str, before: Position, now: datetime) -> datetime:
    """When the states at `head` are true from: never before those that were told."""
    if head == before.head and before.head_at:
        return before.head_at
    dates = git.output("log", "--max-count=1", "--no-color", "--format=%ct %at", head, "--").split()
    at = moment(dates, now)
    return max(at, before.head_at) if before.head_at else at


def _as_json(position: Position) -> dict[str, Any]:
    return position.model_dump(mode="json", exclude_defaults=True)


def _batched(events: Iterator[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    weight = 0
    for event in events:
        batch.append(event)
        weight += _weight(event)
        if weight >= _BATCH:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _weight(event: Event) -> int:
    if isinstance(event.body, Commit):
        return 1 + len(event.body.files) // _FILES_A_COMMIT
    return 1 + len(event.body.text) // _CHARACTERS_A_DOCUMENT if isinstance(event.body, Document) else 1
