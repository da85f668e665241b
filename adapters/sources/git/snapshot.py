"""A repository at one moment, and what was read of it before: what every part of a reading is given."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.sources.git.command import Git
from domain.events import Actor, Body, Event, Source
from domain.frozen import Frozen, Utc


class Position(Frozen):
    """How far a repository was read. It is kept as JSON beside the log, so it stays small however big the repository.

    Shape:
        head: the commit up to which everything was read; None before the first.
        head_at: the time of the newest state that was told. Stores pass over states that are older than what they
            know, so the time of a state never goes back, even where HEAD does.
        roots: the commits without parents that `head` leads to: by these a repository is known again.
        recent: the last commits that were read, newest first.
        rewrites: how often a former head was no part of HEAD's history any more.
        suffix: what the ids of events end in since the last of these.
        begun: heads of readings that were begun after that of `head`, and perhaps cut short.
        mailmap, described: what was last told of each, as a digest; empty if nothing was.
        owners: the CODEOWNERS file that was last told, as blob and path; empty if there was none.
        tags: the known tags, a digest of fixed length for each.
        descriptions: how often the project was described.
        manifests, documents: the blob that was last looked at, by path.
    """

    head: str | None = None
    head_at: Utc | None = None
    roots: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    rewrites: int = 0
    suffix: str = ""
    begun: tuple[str, ...] = ()
    mailmap: str = ""
    owners: str = ""
    described: str = ""
    descriptions: int = 0
    tags: str = ""
    manifests: Mapping[str, str] = {}
    documents: Mapping[str, str] = {}


@dataclass(frozen=True)
class Snapshot:
    """A repository at one moment.

    Shape:
        git: the repository.
        project: the project's id.
        head: the commit that HEAD named; everything is read from there, whatever happens to HEAD meanwhile.
        head_at: its time, or that of what was read before, if that is later.
        now: the time of this machine's clock.
        before: how far it was read before.
        suffix: as in `Position`, from now on.
    """

    git: Git
    project: str
    head: str
    head_at: datetime
    now: datetime
    before: Position
    suffix: str = ""

    @property
    def ref(self) -> str:
        """The project as events name it."""
        return f"git:{self.project}"

    @property
    def moved(self) -> bool:
        """Whether HEAD is not where it was when it was read before."""
        return self.head != self.before.head

    def event(
        self, name: str, entity: str, body: Body, *, at: datetime | None = None, actor: Actor | None = None
    ) -> Event:
        """An event of this repository.

        Args:
            name: what tells it apart within the project; it becomes a part of the event's id.
            entity: what it is about.
            body: what happened.
            at: when; the time of HEAD, unless given.
            actor: who did it.
        """
        return Event(
            id=f"{self.ref}:{name}",
            source=Source.GIT,
            occurred_at=at or self.head_at,
            entity=entity,
            project=self.ref,
            actor=actor,
            body=body,
        )

    def state(self, name: str, entity: str, body: Body) -> Event:
        """An event that says how something stands at HEAD. The same state at another HEAD is another event."""
        return self.event(f"{name}:{self.head}{self.suffix}", entity, body)


@dataclass(frozen=True)
class Findings:
    """What a part of a reading leaves behind, once its events are out.

    Shape:
        position: fields of `Position` that change.
        notes: what a user should know.
    """

    position: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Part = Generator[Event, None, Findings]
"""A part of a reading: events, and in the end what it found."""
