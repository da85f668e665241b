"""Which commits are new since the last reading, and which are gone.

Usually HEAD grew: its history contains the commit up to which it was read, and `old..HEAD` is new. If it does not
contain it, history was rewritten (amended, rebased, reset) or another branch was checked out. Then, for the stores to
be left with HEAD's commits, each counted once:

- What only the old history had is dropped, one event a commit, and what only the new one has is appended.
- The log keeps the first event of an id, so a commit that was dropped and comes back needs a new id, and so does its
  second drop. After a rewrite all ids therefore end in a suffix that was never used before: how many rewrites there
  were, and the head that was left. It stays until the next one, because a commit may also come back later, by plain
  growth (reset, then pull). Stores count entities, not ids, so a commit that was told under two ids is still one.

A reading may be cut short, and history be rewritten before the next one. What the log holds then is that of neither
head. So a position also names the heads of readings that were begun: the next one first finishes those, which gives the
same ids again, and then goes on from there.

The old head may be gone as well: git forgets commits that nothing leads to, and a fresh clone never had them. That is
what the list of recent commits is for. Those of it that HEAD still contains, with everything before them, were read;
those that it does not contain are dropped. If it contains none, everything is read again, which changes nothing for
commits that were known. Commits that were lost and are older than that list cannot be named, and a note says so.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final

from adapters.sources.git.command import Git, quoted, shown
from adapters.sources.git.snapshot import Position
from domain.errors import SourceUnusable

RECENT_KEPT: Final = 500
"""How many commits are remembered for the case that the head they belong to gets lost."""
_SHOWN: Final = 12
"""Hexadecimal digits of a commit in the ids of events and in notes."""


@dataclass(frozen=True)
class Span:
    """What is to be read of the history of one head.

    Shape:
        head: the commit up to which is to be read.
        total: how many commits that are.
        known: commits that were read with everything before them.
        dropped: commits that were read and are no part of the history any more.
        roots: the commits without parents that HEAD leads to.
        rewrites, suffix: as in `Position`.
        recent: what `Position.recent` is afterwards.
        notes: what a user should know.
    """

    head: str
    total: int = 0
    known: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    rewrites: int = 0
    suffix: str = ""
    recent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def position(self) -> dict[str, Any]:
        """The fields of `Position` that this span decides."""
        names = ("head", "roots", "rewrites", "suffix", "recent")
        return {name: getattr(self, name) for name in names}


def plan(git: Git, head: str, before: Position, project: str) -> list[Span]:
    """What to read, in this order, so that everything up to `head` is known.

    Args:
        git: the repository.
        head: the commit to read up to.
        before: how far it was read before.
        project: the project's id, for errors.

    Raises:
        SourceUnusable: another repository was read as this project, or this one is damaged.
    """
    spans: list[Span] = []
    notes: list[str] = []
    position = before
    for step in before.begun if head in before.begun[-1:] else (*before.begun, head):
        if step != head and git.answer("rev-list", "--count", step, "--") is None:
            notes.append(
                f"a former reading, up to {step[:_SHOWN]}, was cut short and cannot be finished because that commit is "
                "gone: what it told of commits that this history has not may still be counted"
            )
            continue
        span = _find_span(git, step, position, project)
        spans.append(replace(span, notes=(*notes, *span.notes)))
        position = position.model_copy(update=span.position)
        notes = []
    return spans


def begin(before: Position, head: str) -> Position:
    """The position of a reading up to `head` that was begun and may be cut short."""
    heads = (before.head, *before.begun)
    return before if heads[-1] == head else before.model_copy(update={"begun": (*before.begun, head)})


def _find_span(git: Git, head: str, before: Position, project: str) -> Span:
    if before.head == head:
        return Span(head, 0, (head,), (), before.roots, before.rewrites, before.suffix, before.recent)
    if before.head is None:
        span = Span(head, roots=_roots(git, head))
    elif git.answer("merge-base", "--is-ancestor", before.head, head) is not None:
        roots = tuple(dict.fromkeys((*before.roots, *_roots(git, head, before.head))))
        span = Span(head, 0, (before.head,), (), roots, before.rewrites, before.suffix)
    else:
        span = _rewritten(git, head, before, before.head, project)
    total = int(git.text("rev-list", "--count", head, *exclude(span.known), "--"))
    recent = git.text("rev-list", f"--max-count={RECENT_KEPT}", head, "--").split()
    return replace(span, total=total, recent=tuple(recent))


def exclude(known: Sequence[str]) -> list[str]:
    """The arguments that leave out what was read."""
    return [f"^{sha}" for sha in known]


def _rewritten(git: Git, head: str, before: Position, old: str, project: str) -> Span:
    roots = _roots(git, head)
    if not set(roots) & set(before.roots):
        raise SourceUnusable(
            f"{shown(git.path)} has no commit in common with what was read as project {project!r} before: if it is "
            "another repository, give it a name of its own with `--project NAME`; if another branch is checked out, "
            f"go back to the former one with `git -C {quoted(git.path)} checkout BRANCH`."
        )
    rewrites = before.rewrites + 1
    suffix = f":{rewrites}.{old[:_SHOWN]}"
    lost = git.answer("rev-list", old, f"^{head}", "--")
    if lost is not None:
        known: tuple[str, ...] = (old,)
        dropped = tuple(lost.split())
        told = f"commits dropped: {len(dropped)}"
    else:
        gone = _unreachable(git, head, before.recent)
        known = tuple(sha for sha in before.recent if sha not in gone)
        dropped = tuple(sha for sha in before.recent if sha in gone)
        told = f"commits dropped: {len(dropped)}; the former head {old[:_SHOWN]} is gone"
        told += "" if known else ", so everything was read again"
        if len(before.recent) == RECENT_KEPT:
            told += f"; what it had and HEAD has not, beyond its last {RECENT_KEPT} commits, may still be counted"
    note = f"HEAD left its former history (it was rewritten, or another branch is checked out): {told}"
    return Span(head, 0, known, dropped, roots, rewrites, suffix, notes=(note,))


def _roots(git: Git, head: str, known: str | None = None) -> tuple[str, ...]:
    return tuple(git.text("rev-list", "--max-parents=0", head, *exclude([known] if known else []), "--").split())


def _unreachable(git: Git, head: str, shas: Sequence[str]) -> set[str]:
    """Those of `shas` that the history of `head` does not contain."""
    missing = {sha.encode() for sha in shas}
    pending = b""
    with closing(git.stream("rev-list", head, "--")) as chunks:
        for chunk in chunks:
            *lines, pending = (pending + chunk).split(b"\n")
            missing.difference_update(lines)
    return {sha.decode() for sha in missing}
