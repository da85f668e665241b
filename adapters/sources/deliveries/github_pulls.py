"""GitHub pull requests, reviews of them, and comments on their code."""

from typing import Final, Literal

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.github_envelope import Envelope, account
from domain.events import Event, IssueComment, PullRequest, Review

_Kind = Literal["pr_opened", "pr_ready", "pr_review_requested", "pr_updated", "pr_closed", "pr_merged", "pr_reopened"]
_Verdict = Literal["approved", "changes_requested", "commented", "dismissed"]

_KINDS: Final[dict[str, _Kind]] = {
    "opened": "pr_opened",
    "ready_for_review": "pr_ready",
    "review_requested": "pr_review_requested",
    "closed": "pr_closed",
    "reopened": "pr_reopened",
}
"""Event types by GitHub's action; every other action is `pr_updated`."""
_VERDICTS: Final[dict[str, _Verdict]] = {
    "approved": "approved",
    "changes_requested": "changes_requested",
    "commented": "commented",
    "dismissed": "dismissed",
}
_ABOUT: Final = ("requested_reviewer", "requested_team", "assignee", "label", "milestone")
"""What an action may be about. Several may be named within one second, each in a delivery of its own."""


def pull_request(envelope: Envelope) -> list[Event]:
    """A pull request as it stands, and what happened to it."""
    pull = envelope.body.child("pull_request")
    kind = _KINDS.get(envelope.action, "pr_updated")
    if kind == "pr_closed" and _state(pull) == "merged":
        kind = "pr_merged"
    if kind in {"pr_opened", "pr_merged"}:
        name = kind.removeprefix("pr_")  # it happens once
    else:
        # A close has a time of its own, by which a later look at the pull request knows it too.
        closed_at = pull.maybe_moment("closed_at") if kind == "pr_closed" else None
        name = ":".join((kind, stamp(closed_at or pull.moment("updated_at")), *_about(envelope, kind)))
    return [_told(envelope, pull, kind, name)]


def _about(envelope: Envelope, kind: _Kind) -> list[str]:
    """What tells an event from others of its kind that happen to the same pull request within a second."""
    body = envelope.body
    about = [body.child(key).identifier("id") for key in _ABOUT if key in body and "id" in body.child(key)]
    if kind != "pr_updated":
        return about
    return [envelope.action, *about, *filter(None, (body.maybe_text("after"),))]


def review(envelope: Envelope) -> list[Event] | None:
    """A review, and the pull request as it left it: GitHub takes a name off the list of those asked."""
    given, pull = envelope.body.child("review"), envelope.body.child("pull_request")
    verdict = _VERDICTS.get(given.text("state").lower())
    if envelope.action not in {"submitted", "edited", "dismissed"} or verdict is None:
        return None
    number, updated_at = pull.integer("number"), pull.moment("updated_at")
    # A dismissal keeps the time of the review; the pull request has the time at which it was dismissed.
    submitted_at = given.maybe_moment("submitted_at") if envelope.action != "dismissed" else None
    name = f"review:{given.identifier('id')}:{verdict}"
    reviewed = envelope.event(
        f"pr:{number}:{name}",
        submitted_at or updated_at,
        # Of its own, so that two reviews of one pull request count as two and a dismissed one still as one.
        f"review:github:{envelope.repository}:{given.identifier('id')}",
        Review(
            number=number,
            pr_title=pull.text("title"),
            pr_author=account(pull.maybe_child("user")),
            verdict=verdict,
            text=given.body("body"),
            url=given.url("html_url"),
        ),
        account(given.maybe_child("user")),
    )
    return [reviewed, _told(envelope, pull, "pr_updated", f"pr_updated:{stamp(updated_at)}:{name}")]


def review_comment(envelope: Envelope) -> list[Event] | None:
    """A comment on a line of a pull request."""
    if envelope.action not in {"created", "edited"}:
        return None
    comment, number = envelope.body.child("comment"), envelope.body.child("pull_request").integer("number")
    comment_id = comment.identifier("id")
    written = envelope.event(
        f"review_comment:{comment_id}",
        comment.moment("created_at"),
        _entity(envelope, number),
        IssueComment(key=f"{envelope.repository}#{number}", comment_id=comment_id, text=comment.body("body")),
        account(comment.maybe_child("user")),
    )
    return [written]


def _entity(envelope: Envelope, number: int) -> str:
    return f"pr:github:{envelope.repository}#{number}"


def _told(envelope: Envelope, pull: Fields, kind: _Kind, name: str) -> Event:
    """The pull request as `kind` found it, at the time that GitHub gives for that."""
    number, updated_at = pull.integer("number"), pull.moment("updated_at")
    own_time = {"pr_opened": "created_at", "pr_merged": "merged_at", "pr_closed": "closed_at"}.get(kind, "updated_at")
    return envelope.event(
        f"pr:{number}:{name}",
        pull.maybe_moment(own_time) or updated_at,
        _entity(envelope, number),
        _snapshot(pull, kind),
        account(pull.maybe_child("user")),
    )


def _snapshot(pull: Fields, kind: _Kind) -> PullRequest:
    """A pull request as a delivery shows it; beside a review it is shown without its size and who merged it."""
    state = _state(pull)
    head, base = pull.maybe_child("head"), pull.maybe_child("base")
    asked = [account(user) for user in pull.children("requested_reviewers") if "login" in user]  # teams have none
    return PullRequest(
        type=kind,
        number=pull.integer("number"),
        title=pull.text("title"),
        text=pull.body("body"),
        state=state,
        draft=pull.flag("draft"),
        head_branch=(head.maybe_text("ref") if head else None) or "",
        head_sha=(head.maybe_text("sha") if head else None) or "",
        base_branch=(base.maybe_text("ref") if base else None) or "",
        # Before the merge this is a commit that GitHub makes to try it, which never reaches a branch.
        merge_sha=pull.maybe_text("merge_commit_sha") if state == "merged" else None,
        created_at=pull.moment("created_at"),
        updated_at=pull.moment("updated_at"),
        merged_at=pull.maybe_moment("merged_at"),
        closed_at=pull.maybe_moment("closed_at"),
        merged_by=account(pull.maybe_child("merged_by")),
        reviewers=tuple(user for user in asked if user),
        labels=tuple(name for label in pull.children("labels") if (name := label.text("name"))),
        added=pull.maybe_integer("additions"),
        deleted=pull.maybe_integer("deletions"),
        files_total=pull.maybe_integer("changed_files"),
        url=pull.url("html_url"),
    )


def _state(pull: Fields) -> Literal["open", "closed", "merged"]:
    if pull.flag("merged") or "merged_at" in pull:
        return "merged"
    return "closed" if pull.text("state").lower() == "closed" else "open"
