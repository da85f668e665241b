"""What the files of HEAD say about the project: package files, owners, documents, the mailmap.

Only what changed is told: a position holds, by path, the blob that was looked at last.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.sources.git.decode import text_of
from adapters.sources.git.documents import choose, is_document, title_of
from adapters.sources.git.mailmap import read_mailmap
from adapters.sources.git.manifests import MANIFEST_LIMIT, BadManifest, Declared, parser_of
from adapters.sources.git.owners import OWNERS_LIMIT, PLACES, owner_rules
from adapters.sources.git.snapshot import Findings, Part, Snapshot
from adapters.sources.git.tree import Blob, blobs, contents
from domain.events import CodeOwners, Document, DocumentRemoved, Event, Manifest, ManifestRemoved
from domain.text import DOCUMENT_LIMIT, clean

Read = Callable[[Blob], bytes]

_MAILMAP: Final = ".mailmap"
_OID_KEPT: Final = 16
"""Hexadecimal digits of an object id that a position keeps: enough to see that a file changed."""


@dataclass
class _Files:
    """The files of HEAD that are of interest."""

    mailmap: Blob | None = None
    owners: dict[str, Blob] = field(default_factory=dict)
    manifests: dict[str, Blob] = field(default_factory=dict)
    documents: list[Blob] = field(default_factory=list)


def read_files(snapshot: Snapshot) -> Part:
    """Everything that the files of HEAD say now and did not say when they were read before."""
    if not snapshot.moved:
        return Findings()
    files = _sorted_out(blobs(snapshot.git, snapshot.head))
    documents, notes = choose(files.documents)
    mailmap = yield from read_mailmap(snapshot, files.mailmap)
    with contents(snapshot.git) as read:
        manifests = yield from _read_manifests(snapshot, files.manifests, read)
        owners = yield from _read_owners(snapshot, files.owners, read)
        yield from _read_documents(snapshot, documents, read)
    kept = {"documents": _seen(documents)}
    return Findings(
        {**mailmap.position, **manifests.position, **owners.position, **kept}, (*manifests.notes, *owners.notes, *notes)
    )


def _sorted_out(found: Iterable[Blob]) -> _Files:
    files = _Files()
    for blob in found:
        if blob.path == _MAILMAP:
            files.mailmap = blob
        elif blob.path in PLACES:
            files.owners[blob.path] = blob
        elif parser_of(blob.path):
            files.manifests[blob.path] = blob
        elif is_document(blob.path):
            files.documents.append(blob)
    return files


def _seen(files: Mapping[str, Blob]) -> dict[str, str]:
    return {path: blob.oid[:_OID_KEPT] for path, blob in files.items()}


def _changed(files: Mapping[str, Blob], before: Mapping[str, str]) -> Iterator[Blob]:
    return (blob for path, blob in files.items() if before.get(path) != blob.oid[:_OID_KEPT])


def _gone(files: Mapping[str, Blob], before: Mapping[str, str]) -> Iterator[str]:
    return (path for path in before if path not in files)


def _read_manifests(snapshot: Snapshot, files: Mapping[str, Blob], read: Read) -> Part:
    """Package files that changed, and those that are gone.

    One that cannot be read changes nothing: what it said before is the best that is known.
    """
    notes = []
    for blob in _changed(files, snapshot.before.manifests):
        try:
            said = _declared(blob, read)
        except BadManifest as error:
            notes.append(f"{blob.path}: {error}")
            continue
        body = Manifest(path=blob.path, provides=said.provides, requires=said.requires)
        yield snapshot.state(f"manifest:{blob.path}@{blob.oid}", _manifest(snapshot, blob.path), body)
    for path in _gone(files, snapshot.before.manifests):
        yield snapshot.state(f"manifest:{path}@gone", _manifest(snapshot, path), ManifestRemoved(path=path))
    return Findings({"manifests": _seen(files)}, tuple(notes))


def _manifest(snapshot: Snapshot, path: str) -> str:
    return f"manifest:{snapshot.ref}:{path}"


def _declared(blob: Blob, read: Read) -> Declared:
    parse = parser_of(blob.path)
    assert parse is not None, "only files with a parser are manifests"
    if blob.size > MANIFEST_LIMIT:
        raise BadManifest(f"is longer than {MANIFEST_LIMIT // 1000} KB")
    raw = read(blob)
    if b"\0" in raw:
        raise BadManifest("is a binary file")
    return parse(text_of(raw).removeprefix("\ufeff"))


def _read_owners(snapshot: Snapshot, files: Mapping[str, Blob], read: Read) -> Part:
    """The CODEOWNERS file that counts, if it is another than before; without rules, if there is none any more."""
    blob = next((files[path] for path in PLACES if path in files), None)
    entity = f"codeowners:{snapshot.ref}"
    now = f"{blob.oid[:_OID_KEPT]} {blob.path}" if blob else ""
    if now == snapshot.before.owners:
        return Findings()
    notes = []
    if blob is None:
        former = snapshot.before.owners.partition(" ")[2]
        yield snapshot.state("codeowners:gone", entity, CodeOwners(path=former))
    elif blob.size > OWNERS_LIMIT:
        notes.append(f"{blob.path}: is longer than {OWNERS_LIMIT // 1_000_000} MB")
        yield snapshot.state(f"codeowners:{blob.path}@{blob.oid}", entity, CodeOwners(path=blob.path))
    else:
        body = CodeOwners(path=blob.path, rules=owner_rules(text_of(read(blob))))
        yield snapshot.state(f"codeowners:{blob.path}@{blob.oid}", entity, body)
    return Findings({"owners": now}, tuple(notes))


def _read_documents(snapshot: Snapshot, files: Mapping[str, Blob], read: Read) -> Iterator[Event]:
    """Documents that changed, and those that are gone, empty, or no text any more."""
    gone = list(_gone(files, snapshot.before.documents))
    for blob in _changed(files, snapshot.before.documents):
        raw = read(blob)
        text = "" if b"\0" in raw else clean(text_of(raw), DOCUMENT_LIMIT)
        if text:
            doc_id = f"{snapshot.ref}:{blob.path}"
            body = Document(doc_id=doc_id, title=title_of(text, blob.path), text=text, path=blob.path)
            yield snapshot.state(f"doc:{blob.path}@{blob.oid}", f"doc:{doc_id}", body)
        elif blob.path in snapshot.before.documents:
            gone.append(blob.path)
    for path in gone:
        doc_id = f"{snapshot.ref}:{path}"
        yield snapshot.state(f"doc:{path}@gone", f"doc:{doc_id}", DocumentRemoved(doc_id=doc_id))
