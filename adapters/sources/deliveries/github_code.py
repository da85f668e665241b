"""GitHub pushes: what a branch gained, and the commits that reached the one that is released from."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.github_envelope import Envelope
from domain.events import FILES_KEPT, Actor, Commit, Event, FileChange, Push, PushedCommit, git_actor
from domain.text import clean, line

_BRANCHES: Final = "refs/heads/"
_PATH_LIMIT: Final = 1_000
_MESSAGE_READ: Final = 50_000
"""Characters of a message that are looked through: trailers stand at its end, far behind what is kept of it."""
_CO_AUTHOR: Final = re.compile(r"^co-authored-by:(?P<name>[^<\n]*)<(?P<mail>[^<>\n]*)>", re.IGNORECASE | re.MULTILINE)
_REVERTS: Final = re.compile(r"\bthis reverts commit ([0-9a-f]{7,64})", re.IGNORECASE)
_MERGES: Final = re.compile(r"Merge (pull request #\d+ from |((remote-tracking )?branch(es)?|commit|tag) ')")


def push(envelope: Envelope) -> list[Event] | None:
    """A branch moved: the push, and on the default branch its commits; None for a tag."""
    body = envelope.body
    ref = body.name("ref")
    if not ref.startswith(_BRANCHES):
        return None
    branch = ref.removeprefix(_BRANCHES)
    on_default = branch == body.child("repository").maybe_text("default_branch")
    before, after = body.name("before"), body.name("after")
    commits = body.children("commits")
    # On another branch, what was pushed elsewhere before came in with an update of the branch and is not its own. On
    # the default branch, that is how every merged commit looks, and there it counts.
    own = [commit for commit in commits if on_default or "distinct" not in commit or commit.flag("distinct")]
    pushed_at = _pushed_at(envelope)
    moved = envelope.event(
        f"push:{ref}:{before}..{after}",
        pushed_at,
        f"branch:github:{envelope.repository}:{branch}",
        Push(
            branch=branch,
            default_branch=on_default,
            before=_sha(before),
            after=_sha(after),
            commits=tuple(PushedCommit(sha=c.name("id"), authored_at=c.moment("timestamp")) for c in own),
            forced=body.flag("forced"),
        ),
        envelope.sender,
    )
    return [moved, *(commit_event(envelope, commit, pushed_at) for commit in commits if on_default)]


def _pushed_at(envelope: Envelope) -> datetime:
    """When the branch moved.

    In this event alone GitHub gives the repository's `pushed_at` as a number, taken at the push itself. The newest
    commit may be much older: a rebase keeps the time at which it was written.
    """
    repository = envelope.body.child("repository")
    if isinstance(repository.raw("pushed_at"), int):
        return repository.instant("pushed_at")
    head = envelope.body.maybe_child("head_commit")
    return head.moment("timestamp") if head else envelope.received_at


def _sha(sha: str) -> str | None:
    """A commit; None for the zeros that GitHub writes where a branch began or ended."""
    return sha if sha.strip("0") else None


def commit_event(envelope: Envelope, commit: Fields, pushed_at: datetime | None = None) -> Event:
    """A commit of the default branch. When it was authored is its time: the push may come days later."""
    sha = commit.name("id")
    title, _, message = commit.body("message", _MESSAGE_READ).partition("\n")
    actor = _author(commit.maybe_child("author"))
    authored_at = commit.moment("timestamp")
    changed = (path for field in ("added", "modified", "removed") for path in commit.texts(field, _PATH_LIMIT))
    paths = tuple(dict.fromkeys(changed))
    # A push does not tell parents. GitHub lists for a merge what all of its branch changed; whoever pressed the
    # button knows nothing of that, and the branch's own commits are listed beside it.
    told = not _MERGES.match(title) and len(paths) <= FILES_KEPT
    said = message.lower()  # looking for a few words in it is much cheaper than for a pattern
    reverted = _REVERTS.search(message) if "this reverts commit" in said else None
    others = _co_authors(message) if "co-authored-by:" in said else ()
    return envelope.event(
        f"commit:{sha}",
        authored_at,
        f"commit:{sha}",
        Commit(
            sha=sha,
            title=line(title),
            message=clean(message),
            authored_at=authored_at,
            files=tuple(FileChange(path=path) for path in paths) if told else (),
            files_total=len(paths),
            co_authors=tuple(dict.fromkeys(other for other in others if other != actor)),
            reverts=reverted[1].lower() if reverted else None,
            pushed_at=pushed_at,
            url=commit.url("url"),
        ),
        actor,
    )


def _author(author: Fields | None) -> Actor | None:
    """The signature on a commit, with the login that GitHub puts beside it where it knows whose the mail is."""
    if author is None:
        return None
    return git_actor(author.maybe_text("name") or "", author.maybe_text("email") or "", author.maybe_text("username"))


def _co_authors(message: str) -> Iterator[Actor]:
    """Everybody whom the trailers of a message name."""
    for trailer in _CO_AUTHOR.finditer(message):
        name, mail = line(trailer["name"]), line(trailer["mail"])
        if name or mail:
            yield git_actor(name, mail)
