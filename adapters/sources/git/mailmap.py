"""Which signatures of the history are rewritten by `.mailmap`, as git itself applies it."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing

from adapters.sources.git.commits import co_authors
from adapters.sources.git.decode import nul_separated, signature
from adapters.sources.git.snapshot import Findings, Part, Snapshot
from adapters.sources.git.tree import Blob
from domain.events import Alias, Mailmap

Signature = tuple[bytes, bytes]
"""A name and a mail as they are written."""


def read_mailmap(snapshot: Snapshot, blob: Blob | None) -> Part:
    """All aliases as one event, if they are not what was told last.

    They depend on the file and on who is in the history: a line about somebody says nothing until they commit.

    Args:
        snapshot: the repository.
        blob: the `.mailmap` of HEAD; None if there is none.
    """
    aliases = sorted(_aliases(snapshot, blob), key=lambda a: (a.signature.key, a.proper.key)) if blob else []
    digest = _digest(aliases)
    if digest == snapshot.before.mailmap:
        return Findings()
    yield snapshot.state(f"mailmap:{digest}", f"mailmap:{snapshot.ref}", Mailmap(aliases=tuple(aliases)))
    return Findings({"mailmap": digest})


def _aliases(snapshot: Snapshot, blob: Blob) -> Iterator[Alias]:
    raw = sorted(_signatures(snapshot))
    # The blob is named by its own id: a `.mailmap` in a work tree, changed and not committed, is not read.
    mapped = snapshot.git.output(
        "-c", f"mailmap.blob={blob.oid}", "check-mailmap", "--stdin",
        stdin=b"".join(b"%s <%s>\n" % pair for pair in raw),
    ).splitlines()  # fmt: skip
    told = {}
    for pair, answer in zip(raw, mapped, strict=False):
        written = signature(*pair)
        proper = signature(*_parsed(answer))
        if written.key != proper.key:
            told[written.key, proper.key] = Alias(signature=written, proper=proper)
    yield from told.values()


def _signatures(snapshot: Snapshot) -> set[Signature]:
    """Everybody who wrote a commit of the history, or is thanked in one."""
    found: set[Signature] = set()
    arguments = ("log", "-z", "--encoding=UTF-8", "--no-color", "--format=%an%x00%ae%x00%B", snapshot.head, "--")
    with closing(snapshot.git.stream(*arguments)) as chunks:
        pieces = nul_separated(chunks)
        for name, mail, message in zip(pieces, pieces, pieces, strict=False):
            found.add((name, mail))
            found.update(co_authors(message))
    return found


def _parsed(answer: bytes) -> Signature:
    name, _, mail = answer.rpartition(b"<")
    return name.strip(), mail.removesuffix(b">")


def _digest(aliases: Iterable[Alias]) -> str:
    """What stands for `aliases` in a position; empty for none."""
    told = "\n".join(f"{alias.signature.key}\0{alias.proper.key}" for alias in aliases)
    return hashlib.sha256(told.encode()).hexdigest()[:16] if told else ""
