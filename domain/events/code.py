"""What happens to code: commits, pushes, pull requests, reviews."""

from typing import Literal

from domain.events.actors import Actor
from domain.frozen import Frozen, Utc

FILES_KEPT = 1_000
"""How many changed files of one commit are kept. A commit beyond that is a vendoring or a reformatting: it says
nothing about what its author knows, so its files are counted and not recorded."""


class FileChange(Frozen):
    """One file in one commit. Line counts are None for a binary file, and where the source gives none."""

    path: str
    added: int | None = None
    deleted: int | None = None


class Commit(Frozen):
    """A commit on the branch that a project releases from.

    The event's actor is the author. `files` is empty for a merge, and when there are more than `FILES_KEPT`;
    `files_total` says how many there were.
    """

    type: Literal["commit"] = "commit"
    sha: str
    title: str
    message: str = ""
    authored_at: Utc
    parents: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    files_total: int = 0
    co_authors: tuple[Actor, ...] = ()
    reverts: str | None = None
    """The sha that this commit says it reverts."""
    pushed_at: Utc | None = None
    """When it came in, where a push told of it; it may have been written days before."""
    url: str | None = None

    @property
    def merge(self) -> bool:
        """Whether it joins two histories."""
        return len(self.parents) > 1


class CommitDropped(Frozen):
    """A commit that a rewritten history no longer contains."""

    type: Literal["commit_dropped"] = "commit_dropped"
    sha: str


class PushedCommit(Frozen):
    """A commit as a push lists it."""

    sha: str
    authored_at: Utc


class Push(Frozen):
    """A branch moved from one commit to another. `before` or `after` is None where the branch began or ended.

    `commits` are what the push brought, oldest first; the last one is `after`.
    """

    type: Literal["push"] = "push"
    branch: str
    default_branch: bool
    before: str | None = None
    after: str | None = None
    commits: tuple[PushedCommit, ...] = ()
    forced: bool = False


class PullRequest(Frozen):
    """A pull request as it stood at one moment. The event's actor is its author, whoever pressed the button.

    One body serves every change of a pull request, because each delivery carries the whole of it; the newest
    `updated_at` wins.
    """

    type: Literal["pr_opened", "pr_ready", "pr_review_requested", "pr_updated", "pr_closed", "pr_merged", "pr_reopened"]
    number: int
    title: str
    text: str = ""
    state: Literal["open", "closed", "merged"]
    draft: bool = False
    head_branch: str = ""
    head_sha: str = ""
    base_branch: str = ""
    merge_sha: str | None = None
    created_at: Utc
    updated_at: Utc
    merged_at: Utc | None = None
    closed_at: Utc | None = None
    merged_by: Actor | None = None
    reviewers: tuple[Actor, ...] = ()
    """Whose review is asked for at this moment; GitHub takes a name off the list once its review is in."""
    labels: tuple[str, ...] = ()
    added: int | None = None
    deleted: int | None = None
    files_total: int | None = None
    url: str | None = None


class Review(Frozen):
    """One review of a pull request. The event's actor is the reviewer."""

    type: Literal["pr_reviewed"] = "pr_reviewed"
    number: int
    pr_title: str
    pr_author: Actor | None = None
    verdict: Literal["approved", "changes_requested", "commented", "dismissed"]
    text: str = ""
    url: str | None = None
