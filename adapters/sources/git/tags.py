"""Tags as releases: each is told once, when it appears or moves."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Final, NamedTuple

from adapters.sources.git.decode import moment, nul_separated, path_of, signature, text_of
from adapters.sources.git.snapshot import Findings, Part, Snapshot
from domain.events import Event, Release
from domain.text import clean

_TOKEN: Final = 10
"""Hexadecimal digits that stand for a tag in a position. A repository may have thousands: 40 bits make it unlikely
(1 in 100 million for the next of 10,000) that a new tag is taken for a known one."""

_FIELDS: Final = (
    "objectname", "refname:strip=2", "objecttype", "*objecttype", "*objectname", "taggername", "taggeremail",
    "taggerdate:unix", "committerdate:unix", "*committerdate:unix", "contents:subject", "contents:body",
)  # fmt: skip
_FORMAT: Final = "".join(f"%({name})%00" for name in _FIELDS)
_PRERELEASE: Final = re.compile(
    r"\d[-._]?(?:a|alpha|b|beta|c|rc|cr|m|pre|preview|dev|snapshot)[-._]?\d*$", re.IGNORECASE
)
"""A version that ends like one that PEP 440, SemVer or Maven puts before the release."""


class _Tag(NamedTuple):
    """A tag as `for-each-ref` tells it. Of a lightweight tag, which is a name and nothing else, most is empty."""

    oid: bytes
    name: bytes
    kind: bytes
    target_kind: bytes
    target: bytes
    tagger: bytes
    mail: bytes
    tagged: bytes
    committed: bytes
    target_committed: bytes
    subject: bytes
    text: bytes


def read_tags(snapshot: Snapshot) -> Part:
    """A release for every tag of a commit that is not known, or not where it was."""
    before = snapshot.before.tags
    known = {before[at : at + _TOKEN] for at in range(0, len(before), _TOKEN)}
    listed = snapshot.git.output("for-each-ref", "--format=%(objectname) %(refname:strip=2)", "refs/tags")
    found = {_token(*line.split(b" ", 1)) for line in listed.splitlines()}
    if found == known:
        return Findings()
    if not found <= known:
        for tag in _tags(snapshot):
            if _token(tag.oid, tag.name) not in known:
                yield from _release(snapshot, tag)
    return Findings({"tags": "".join(sorted(found))})


def _tags(snapshot: Snapshot) -> Iterator[_Tag]:
    with closing(snapshot.git.stream("for-each-ref", f"--format={_FORMAT}", "refs/tags")) as chunks:
        pieces = (piece.removeprefix(b"\n") for piece in nul_separated(chunks))
        for fields in zip(*[pieces] * len(_FIELDS), strict=False):
            yield _Tag(*fields)


def _release(snapshot: Snapshot, tag: _Tag) -> Iterator[Event]:
    annotated = tag.kind == b"tag"
    sha = _commit(snapshot, tag)
    if sha is None:
        return  # a tag of a file or a folder: a key, a picture
    name = path_of(tag.name)
    mail = tag.mail.removeprefix(b"<").removesuffix(b">")
    body = Release(
        tag=name,
        name=name,
        sha=sha,
        text=clean(text_of(tag.subject + b"\n\n" + tag.text)) if annotated else "",
        prerelease=_PRERELEASE.search(name) is not None,
    )
    yield snapshot.event(
        f"tag:{name}:{sha}",
        f"release:{snapshot.ref}:{name}",
        body,
        at=moment((tag.tagged, tag.target_committed, tag.committed), snapshot.now),
        actor=signature(tag.tagger, mail) if tag.tagger or mail else None,
    )


def _commit(snapshot: Snapshot, tag: _Tag) -> str | None:
    """The commit that a tag names, directly or through other tags."""
    kind, oid = (tag.target_kind, tag.target) if tag.kind == b"tag" else (tag.kind, tag.oid)
    if kind == b"tag":
        return snapshot.git.answer("rev-parse", "--quiet", "--verify", f"{oid.decode('ascii')}^{{commit}}")
    return oid.decode("ascii") if kind == b"commit" else None


def _token(oid: bytes, name: bytes) -> str:
    return hashlib.sha256(oid + b" " + name).hexdigest()[:_TOKEN]
