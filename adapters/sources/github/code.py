"""Commits of the default branch. The walk is pinned to one head, so its pages do not shift while they are read."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.github_code import commit_event
from adapters.sources.deliveries.github_envelope import Envelope
from adapters.sources.gathering import Gathering
from adapters.sources.github.client import PAGE
from adapters.sources.github.work import Reading
from adapters.sources.patience import Refused
from domain.events import FILES_KEPT, Commit, Event, FileChange
from domain.ports.polls import Portion

FILES_READ: Final = 1_000
"""Of so many commits, the newest, the files are read in one go: each costs a question of its own."""
_EMPTY: Final = 409
_NOT_FOUND: Final = 404


async def commits(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Commits that the default branch gained, with their parents, and their files where that is affordable."""
    known = dict(cursor or {})
    wanted = stamp(reading.start) if reading.start else ""
    if wanted and wanted < known.get("start", ""):
        known = {}  # more is wanted than was then
    start = {"start": known["start"]} if "start" in known else {"start": wanted} if wanted and not known else {}
    if "head" not in known:
        head = await _head(reading)
        if head is None or head == known.get("done"):
            return
        known = {"head": head, "base": known.get("done"), "page": 1}
    head, base, page = known["head"], known["base"], known["page"]
    left_out = False
    try:
        async for number, entries in _pages(reading, head, base, page):
            affordable = max(0, FILES_READ - (number - 1) * PAGE)
            left_out = left_out or len(entries) > affordable
            found = reading.gathering()
            for place, entry in enumerate(entries):
                with found.one(f"commit {entry.get('sha')}"):
                    found.add([await _told(reading, entry, found, with_files=place < affordable)])
            moved = {"head": head, "base": base, "page": number + 1, **start}
            yield Portion(found.events, moved, read=len(entries), notes=found.notes)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        if base is None:
            yield Portion((), {}, notes=["history was rewritten while it was read; the next reading begins anew"])
            return
        # History was rewritten and what we knew of it is gone: all of it is read again, and what is known is known.
        anew = {"head": head, "base": None, "page": 1, **start}
        yield Portion((), anew)
        async for portion in commits(reading, anew):
            yield portion
        return
    note = (
        f"files were read of the newest {FILES_READ} commits only, as each costs a question; a clone gives all of "
        "them: engintel ingest git"
    )
    yield Portion((), {"done": head, **start}, notes=[note] if left_out else [])


async def _head(reading: Reading) -> str | None:
    """The newest commit of the default branch; None in a repository without any."""
    branch = reading.repository.get("default_branch") or "HEAD"
    try:
        answer = await reading.client.get(f"{reading.path}/commits", {"sha": branch, "per_page": 1}, remember=True)
    except Refused as error:
        if error.status == _EMPTY:
            return None
        raise
    newest = answer.body[0] if isinstance(answer.body, list) and answer.body else None
    return str(newest["sha"]) if isinstance(newest, dict) and "sha" in newest else None


async def _pages(
    reading: Reading, head: str, base: str | None, page: int
) -> AsyncIterator[tuple[int, Sequence[dict[str, Any]]]]:
    """What `head` has and `base` has not, a page at a time with its number."""
    if base is None:
        query = {"sha": head}
        if reading.start:
            query["since"] = reading.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        pages = reading.client.pages(f"{reading.path}/commits", query, first=page)
    else:
        pages = reading.client.pages(f"{reading.path}/compare/{base}...{head}", key="commits", first=page)
    async for entries in pages:
        yield page, entries
        page += 1


async def _told(reading: Reading, entry: Mapping[str, Any], found: Gathering, *, with_files: bool) -> Event:
    """A commit as a push would have told it, with what a push leaves out: its parents, and how much it changed."""
    sha, parents = str(entry["sha"]), tuple(str(parent["sha"]) for parent in entry.get("parents") or ())
    signed, account = entry["commit"], entry.get("author") or {}
    author = {**(signed.get("author") or {}), "username": account.get("login")}
    pushed = {"id": sha, "message": signed.get("message"), "timestamp": author.get("date"), "author": author}
    repository = str(reading.repository["full_name"])
    envelope = Envelope("", Fields({}, "a GitHub commit"), repository, datetime.now(UTC))
    event = commit_event(envelope, Fields(pushed, "a GitHub commit"))
    files: list[FileChange] = []
    if with_files and len(parents) <= 1:
        with found.one(f"what commit {sha[:12]} changed"):  # GitHub cannot show every difference
            files = await _files(reading, sha)
    assert isinstance(event.body, Commit)
    told = {
        "parents": parents,
        "files": tuple(files) if len(files) <= FILES_KEPT else (),
        "files_total": len(files),
    }
    return event.model_copy(update={"body": event.body.model_copy(update=told)})


async def _files(reading: Reading, sha: str) -> list[FileChange]:
    """What a commit changed; no more of it is asked for than shows that it is too much."""
    files: list[FileChange] = []
    async for page in reading.client.pages(f"{reading.path}/commits/{sha}", key="files"):
        for entry in page:
            fields = Fields(entry, "a file of a GitHub commit")
            path = fields.maybe_text("filename", 1_000)
            if path:
                counts = (fields.maybe_integer("additions"), fields.maybe_integer("deletions"))
                files.append(FileChange(path=path, added=counts[0], deleted=counts[1]))
        if len(files) > FILES_KEPT:
            break
    return files
