"""The history as events: one `git log`, streamed, parents before children."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from adapters.sources.git.decode import moment, nul_separated, path_of, signature, text_of
from adapters.sources.git.history import exclude
from adapters.sources.git.snapshot import Findings, Part, Snapshot
from domain.events import FILES_KEPT, Actor, Commit, CommitDropped, Event, FileChange
from domain.text import clean, line

_FIELDS: Final = ("%H", "%P", "%an", "%ae", "%at", "%ct", "%B")
LOG: Final = (
    "log", "-z", "--numstat", "-M", "-l1000", "--diff-algorithm=myers", "--topo-order", "--reverse",
    "--encoding=UTF-8", "--no-color", "--no-ext-diff", "--no-textconv", f"--format={'%x00'.join(_FIELDS)}",
)  # fmt: skip
"""Names and mails are those of the commit (`%an`, not `%aN`): whose they really are is told apart, by the mailmap."""

_CO_AUTHOR: Final = b"co-authored-by"
_REVERTED: Final = re.compile(r"\bThis reverts commit\s+([0-9a-f]{7,64})\b")
_FILE_TABS: Final = 2
_RENAME_PATHS: Final = 2


@dataclass(slots=True)
class Record:
    """One commit as `git log` tells it, nothing decoded. `files` stops being filled beyond `FILES_KEPT`."""

    sha: bytes
    parents: bytes
    name: bytes
    mail: bytes
    authored: bytes
    committed: bytes
    message: bytes
    files: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    """Lines added, lines deleted, path; `-` where git counts no lines."""
    files_total: int = 0


def read_commits(snapshot: Snapshot, known: Sequence[str]) -> Part:
    """Everything that HEAD's history has beyond that of `known`."""
    capped = 0
    arguments = (*LOG, snapshot.head, *exclude(known), "--")
    with closing(snapshot.git.stream(*arguments)) as chunks:
        for record in records(chunks):
            capped += record.files_total > FILES_KEPT
            yield commit_event(snapshot, record)
    if not capped:
        return Findings()
    note = f"commits that change more than {FILES_KEPT} files, which are counted and not recorded: {capped}"
    return Findings(notes=(note,))


def drop_commits(snapshot: Snapshot, dropped: Iterable[str]) -> Iterator[Event]:
    """That HEAD's history no longer contains these commits."""
    for sha in dropped:
        yield snapshot.state(f"drop:{sha}", f"commit:{sha}", CommitDropped(sha=sha))


def records(chunks: Iterable[bytes]) -> Iterator[Record]:
    """The commits in the output of `LOG`.

    No field can hold a NUL byte, since git itself takes messages and names for strings that end there. So counting
    them is enough: the fields of a commit, then one piece for each of its files, or three where the file was renamed
    (an empty path, then the old and the new one). Only the piece of a file has tabs before its path, and no commit
    begins with a piece that has any.
    """
    pieces = nul_separated(chunks)
    record: Record | None = None
    for piece in pieces:
        start = piece.removeprefix(b"\n")
        if start.count(b"\t") >= _FILE_TABS and record is not None:
            added, deleted, path = start.split(b"\t", 2)
            if not path:
                *_, path = (next(pieces, b"") for _ in range(_RENAME_PATHS))
            _add_file(record, added, deleted, path)
        elif start:
            if record is not None:
                yield record
            parents, name, mail, authored, committed, message = (next(pieces, b"") for _ in _FIELDS[1:])
            record = Record(start, parents, name, mail, authored, committed, message)
    if record is not None:
        yield record


def _add_file(record: Record, added: bytes, deleted: bytes, path: bytes) -> None:
    record.files_total += 1
    if record.files_total <= FILES_KEPT:
        record.files.append((added, deleted, path))
    else:
        record.files.clear()


def commit_event(snapshot: Snapshot, record: Record) -> Event:
    """`record` as an event of its author."""
    sha = record.sha.decode("ascii", "replace")
    author = signature(record.name, record.mail)
    authored_at = moment((record.authored, record.committed), snapshot.now)
    message = text_of(record.message).replace("\r\n", "\n").strip()
    reverted = _REVERTED.search(message)
    others = dict.fromkeys(signature(*pair) for pair in co_authors(record.message))
    body = Commit(
        sha=sha,
        title=line(message.partition("\n\n")[0]),
        message=clean(message),
        authored_at=authored_at,
        parents=tuple(record.parents.decode("ascii", "replace").split()),
        files=tuple(_file(*file) for file in record.files),
        files_total=record.files_total,
        co_authors=tuple(_without(author, others)),
        reverts=reverted[1] if reverted else None,
    )
    return snapshot.event(f"commit:{sha}{snapshot.suffix}", f"commit:{sha}", body, at=authored_at, actor=author)


def co_authors(message: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and mail in each `Co-authored-by: Name <mail>` of a message, wherever it stands; malformed ones are not."""
    if _CO_AUTHOR not in message.lower():
        return
    for text in message.splitlines():
        key, _, value = text.partition(b":")
        name, opened, rest = value.partition(b"<")
        mail, closed, _ = rest.partition(b">")
        if key.strip().lower() == _CO_AUTHOR and opened and closed and mail.strip() and b"<" not in mail:
            yield name.strip(), mail.strip()


def _without(author: Actor, others: Iterable[Actor]) -> Iterator[Actor]:
    return (other for other in others if other.key != author.key)


def _file(added: bytes, deleted: bytes, path: bytes) -> FileChange:
    return FileChange(path=path_of(path), added=_lines(added), deleted=_lines(deleted))


def _lines(count: bytes) -> int | None:
    return int(count) if count.isdigit() else None
