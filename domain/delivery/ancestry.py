"""Which commits contain which others, as far as events tell."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from domain.events import Commit, Event, PullRequest, Push

_MERGE_SLACK = timedelta(minutes=1)
"""A merge reaches the trunk as a push of its own, within this time of the pull request's `merged_at`."""


class Ancestry:
    """The commits of one project: parents, times, and when each was first seen on the trunk."""

    def __init__(self, events: Iterable[Event]) -> None:
        """Read what commits and pushes say.

        A push lists everything between two points of a branch, so taking each commit's predecessor in the list for
        a parent keeps "is contained in" right even where the true parents are not told.

        Args:
            events: in the order in which they occurred.
        """
        self.parents: dict[str, tuple[str, ...]] = {}
        self.authored: dict[str, datetime] = {}
        self._on_trunk: dict[str, datetime] = {}
        self._on_branch: dict[str, set[str]] = defaultdict(set)
        for event in events:
            if isinstance(event.body, Commit):
                self._link(event.body.sha, event.body.parents)
                self.authored[event.body.sha] = event.body.authored_at
            elif isinstance(event.body, Push):
                self._read_push(event.body, event.occurred_at)

    def _read_push(self, push: Push, at: datetime) -> None:
        previous = push.before
        for commit in push.commits:
            self._link(commit.sha, (previous,) if previous else ())
            self.authored.setdefault(commit.sha, commit.authored_at)
            if push.default_branch:
                self._on_trunk.setdefault(commit.sha, at)
            else:
                self._on_branch[push.branch].add(commit.sha)
            previous = commit.sha

    def _link(self, sha: str, parents: tuple[str, ...]) -> None:
        known = self.parents.get(sha, ())
        self.parents[sha] = (*known, *(parent for parent in parents if parent not in known))

    def knows(self, sha: str) -> bool:
        """Whether anything was ever said of this commit."""
        return sha in self.parents

    def reach(self, start: Iterable[str], stop: Callable[[str], bool]) -> set[str]:
        """`start` and its known ancestors, without commits at which `stop` holds and what lies behind them."""
        seen: set[str] = set()
        waiting = [sha for sha in start if not stop(sha)]
        while waiting:
            sha = waiting.pop()
            if sha not in seen:
                seen.add(sha)
                waiting.extend(parent for parent in self.parents.get(sha, ()) if not stop(parent))
        return seen

    def commits_of(self, pull: PullRequest) -> set[str]:
        """The commits that a merged pull request brought, as far as they are known; may be empty.

        Its branch's pushes tell them; commits that were on the trunk before the merge came in with an update of the
        branch and are not its own. Without pushes, a true merge's two parents do.
        """
        merged_at = pull.merged_at or pull.updated_at
        pushed = self._on_branch.get(pull.head_branch, set())

        def foreign(sha: str) -> bool:
            on_trunk = self._on_trunk.get(sha)
            return sha not in pushed or (on_trunk is not None and on_trunk < merged_at - _MERGE_SLACK)

        if own := self.reach([pull.head_sha], foreign):
            return own
        first_parent, *others = self.parents.get(pull.merge_sha or "") or ("",)
        if pull.head_sha not in others:
            return set()
        before = self.reach([first_parent], lambda sha: not self.knows(sha))
        return self.reach([pull.head_sha], lambda sha: sha in before or not self.knows(sha))
