"""Pull requests, out of everything that was said of them."""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from domain.delivery.ancestry import Ancestry
from domain.delivery.facts import Change, Pickup
from domain.events import Actor, Commit, Event, PullRequest, Review

_REVERTS_PULL: Final = re.compile(r"\breverts?:? (?:[\w.-]+/[\w.-]+)?#(\d+)", re.IGNORECASE)
_REVERTS_SHA: Final = re.compile(r"\bthis reverts commit ([0-9a-f]{7,64})", re.IGNORECASE)
_REVERT_TITLE: Final = re.compile(r'^revert "(?P<title>.+)"', re.IGNORECASE)


def read_pulls(
    events: Sequence[Event], ancestry: Ancestry, bots: Collection[str]
) -> tuple[dict[int, Change], list[Pickup]]:
    """Every merged pull request by number, in the order of merging; and every pull request that a person took up.

    Args:
        events: of one project, in the order in which they occurred.
        ancestry: the commits of that project.
        bots: account keys of programs, whose reviews are not the first one.
    """
    newest: dict[int, tuple[Event, PullRequest]] = {}
    moments: dict[int, list[tuple[datetime, bool]]] = {}
    reviews: dict[int, list[Event]] = {}
    messages = {e.body.sha: e.body.message for e in events if isinstance(e.body, Commit)}
    for event in events:
        body = event.body
        if isinstance(body, PullRequest):
            moments.setdefault(body.number, []).append((body.updated_at, body.draft))
            if body.type == "pr_ready":  # so it was a draft before, even if nobody said so
                moments[body.number].append((body.created_at, True))
            known = newest.get(body.number)
            if known is None or _stage(known[1]) <= _stage(body):
                newest[body.number] = (event, body)
        elif isinstance(body, Review) and event.actor and not event.actor.bot and event.actor.key not in bots:
            reviews.setdefault(body.number, []).append(event)
    changes: dict[int, Change] = {}
    pickups: list[Pickup] = []
    for event, pull in sorted(newest.values(), key=lambda m: (m[1].merged_at or m[1].updated_at, m[1].number)):
        author = event.actor
        by_bot = bool(author and (author.bot or author.key in bots))
        others = [r.occurred_at for r in reviews.get(pull.number, ()) if _other(r.actor, author)]
        first_review = min(others, default=None)
        ready = _ready_at(sorted(moments[pull.number]), pull, first_review)
        if first_review and ready and ready <= first_review:
            pickups.append(Pickup(number=pull.number, bot=by_bot, ready_at=ready, reviewed_at=first_review))
        if pull.state == "merged" and pull.merged_at:
            own = ancestry.commits_of(pull)
            says = "\n".join((pull.title, pull.text, messages.get(pull.merge_sha or "", "")))
            changes[pull.number] = Change(
                number=pull.number,
                title=pull.title,
                author=author.key if author else None,
                bot=by_bot,
                first_commit_at=min((ancestry.authored[sha] for sha in own if sha in ancestry.authored), default=None),
                opened_at=pull.created_at,
                ready_at=ready,
                first_review_at=first_review,
                merged_at=pull.merged_at,
                merge_sha=pull.merge_sha,
                reverts=_reverted(says, pull, newest),
                reverts_shas=tuple(sha.lower() for sha in _REVERTS_SHA.findall(says)),
                hotfix="hotfix" in pull.labels or pull.head_branch.lower().startswith(("hotfix/", "hotfix-")),
            )
    return changes, pickups


def _stage(pull: PullRequest) -> tuple[bool, datetime]:
    """How far along it is: a merge is final, and GitHub may tell of it and of something else in the same second."""
    return (pull.state == "merged", pull.updated_at)


def _other(reviewer: Actor | None, author: Actor | None) -> bool:
    """Whether somebody else reviewed. Of one account two deliveries may say different things."""
    return reviewer is not None and (author is None or reviewer.key != author.key)


def _ready_at(
    moments: Sequence[tuple[datetime, bool]], pull: PullRequest, first_review: datetime | None
) -> datetime | None:
    """When it last stopped being a draft before the first review (or at all); None if that was never seen."""
    ready: datetime | None = None
    was_draft = True
    for at, draft in moments:
        if first_review and at > first_review:
            break
        if was_draft and not draft:
            # The first thing heard of it may be late: what was never seen as a draft was ready from the start.
            ready = pull.created_at if ready is None and moments[0] == (at, draft) else at
        was_draft = draft
    return ready


def _reverted(says: str, pull: PullRequest, newest: dict[int, tuple[Event, PullRequest]]) -> tuple[int, ...]:
    """Numbers of the pull requests that this one says it reverts: by number, or by GitHub's `Revert "title"`."""
    if "revert" not in says.casefold():
        return ()
    numbers = {int(number) for number in _REVERTS_PULL.findall(says)}
    if not numbers and (quoted := _REVERT_TITLE.match(pull.title)):
        same = [body for _, body in newest.values() if body.title == quoted["title"] and body.merged_at]
        earlier = [body for body in same if body.merged_at and body.merged_at < pull.created_at]
        if earlier:
            numbers.add(max(earlier, key=lambda body: (body.merged_at, body.number)).number)
    return tuple(sorted(numbers - {pull.number}))
