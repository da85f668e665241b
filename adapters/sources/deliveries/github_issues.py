"""GitHub issues, and comments on them and on pull requests, which GitHub counts among them."""

from typing import Final, Literal

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.github_envelope import Envelope, account
from domain.events import Event, FieldChange, Issue, IssueComment

_Kind = Literal["issue_created", "issue_updated", "issue_deleted"]
_KINDS: Final[dict[str, _Kind]] = {"opened": "issue_created", "deleted": "issue_deleted"}
_MOVES: Final = {
    "closed": FieldChange(field="status", before="open", after="closed"),
    "reopened": FieldChange(field="status", before="closed", after="open"),
}
_ABOUT: Final = ("assignee", "label", "milestone")
"""What an action may be about. Several may be named within one second, each in a delivery of its own."""


def issues(envelope: Envelope) -> list[Event]:
    """An issue as it stands. Whoever did it is the sender, not the one who opened the issue."""
    issue = envelope.body.child("issue")
    kind = _KINDS.get(envelope.action, "issue_updated")
    number, updated_at = issue.integer("number"), issue.moment("updated_at")
    # An issue is opened and closed at times of its own, which the update may follow.
    own_time = {"opened": "created_at", "closed": "closed_at"}.get(envelope.action, "updated_at")
    if kind == "issue_updated":
        body = envelope.body
        about = [body.child(key).identifier("id") for key in _ABOUT if key in body and "id" in body.child(key)]
        # A close has a time of its own, by which a later look at the issue knows it too.
        closed_at = issue.maybe_moment("closed_at") if envelope.action == "closed" else None
        name = ":".join(("update", stamp(closed_at or updated_at), envelope.action, *about))
    else:
        name = kind.removeprefix("issue_")
    changed = envelope.event(
        f"issue:{number}:{name}",
        issue.maybe_moment(own_time) or updated_at,
        f"issue:{envelope.repository}#{number}",
        _snapshot(envelope, issue, kind),
        envelope.sender,
    )
    return [changed]


def _snapshot(envelope: Envelope, issue: Fields, kind: _Kind) -> Issue:
    closed = issue.text("state").lower() == "closed"
    issue_type = issue.maybe_child("type")
    move = _MOVES.get(envelope.action)
    return Issue(
        type=kind,
        key=f"{envelope.repository}#{issue.integer('number')}",
        title=issue.text("title"),
        text=issue.body("body"),
        kind=(issue_type.maybe_text("name") if issue_type else None) or "",
        status="closed" if closed else "open",
        category="done" if closed else "todo",
        assignee=account(issue.maybe_child("assignee")),
        reporter=account(issue.maybe_child("user")),
        labels=tuple(name for label in issue.children("labels") if (name := label.text("name"))),
        created_at=issue.moment("created_at"),
        updated_at=issue.moment("updated_at"),
        resolved_at=issue.maybe_moment("closed_at") if closed else None,
        changes=(move,) if move else (),
        url=issue.url("html_url"),
    )


def issue_comment(envelope: Envelope) -> list[Event] | None:
    """A comment below an issue or a pull request, by the id that it keeps however often it is edited."""
    if envelope.action not in {"created", "edited"}:
        return None
    comment, issue = envelope.body.child("comment"), envelope.body.child("issue")
    comment_id, key = comment.identifier("id"), f"{envelope.repository}#{issue.integer('number')}"
    written = envelope.event(
        f"comment:{comment_id}",
        comment.moment("created_at"),
        f"pr:github:{key}" if "pull_request" in issue else f"issue:{key}",
        IssueComment(key=key, comment_id=comment_id, text=comment.body("body")),
        account(comment.maybe_child("user")),
    )
    return [written]
