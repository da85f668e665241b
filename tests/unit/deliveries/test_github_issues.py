from datetime import UTC, datetime

import pytest

from domain.events import FieldChange, Issue, IssueComment
from tests.unit.deliveries.payloads import Json, ids, types
from tests.unit.deliveries.payloads_github import BOT, comment, envelope, github, issue, user

CLOSED: Json = {"state": "closed", "closed_at": "2026-08-30T09:30:00Z", "updated_at": "2026-08-30T09:30:01Z"}


def issues(action: str, /, *, about: Json | None = None, **fields: object) -> Json:
    return envelope(action=action, issue=issue(**fields), **(about or {}))


def the_issue(body: object) -> Issue:
    told = github("issues", body)[0].body
    assert isinstance(told, Issue)
    return told


@pytest.mark.parametrize(
    ("action", "fields", "kind", "name", "minute"),
    [
        ("opened", {}, "issue_created", "created", 0),
        ("closed", CLOSED, "issue_updated", "update:2026-08-30T09:30:00Z:closed", 30),
        ("edited", {}, "issue_updated", "update:2026-08-30T09:00:00Z:edited", 0),
        ("deleted", {}, "issue_deleted", "deleted", 0),
    ],
)
def test_an_action_becomes_its_event(action: str, fields: Json, kind: str, name: str, minute: int) -> None:
    event = github("issues", issues(action, **fields))[0]
    assert (event.type, event.id) == (kind, f"github:acme/api:issue:40:{name}")
    assert event.entity == "issue:acme/api#40"
    assert event.occurred_at.minute == minute


def test_an_open_issue_is_yet_to_be_done() -> None:
    told = the_issue(issues("opened", type={"name": "Incident"}, assignee=user()))
    assert (told.key, told.title, told.text) == ("acme/api#40", "It is slow", "Very.")
    assert (told.status, told.category, told.resolved_at) == ("open", "todo", None)
    assert (told.kind, told.labels) == ("Incident", ("bug",))
    assert told.assignee
    assert told.reporter
    assert (told.assignee.key, told.reporter.key) == ("github:1", "github:5")


def test_a_closed_issue_is_done_at_the_time_it_was_closed() -> None:
    told = the_issue(issues("closed", **CLOSED))
    assert (told.status, told.category) == ("closed", "done")
    assert told.resolved_at == datetime(2026, 8, 30, 9, 30, tzinfo=UTC)
    assert told.changes == (FieldChange(field="status", before="open", after="closed"),)


def test_a_reopened_issue_is_not_resolved() -> None:
    told = the_issue(issues("reopened", closed_at="2026-08-30T09:30:00Z"))
    assert (told.category, told.resolved_at) == ("todo", None)
    assert told.changes == (FieldChange(field="status", before="closed", after="open"),)


def test_the_actor_is_whoever_did_it() -> None:
    actor = github("issues", issues("closed", **CLOSED))[0].actor
    assert actor
    assert actor.key == "github:2"


def test_two_labels_set_within_a_second_are_two_events() -> None:
    bodies = [issues("labeled", about={"label": {"id": number, "name": "x"}}) for number in (1, 2)]
    assert len({github("issues", body)[0].id for body in bodies}) == 2


@pytest.mark.parametrize("action", ["created", "edited"])
def test_a_comment_keeps_its_id_when_it_is_edited(action: str) -> None:
    events = github("issue_comment", envelope(action=action, issue=issue(), comment=comment()))
    assert ids(events)[0] == "github:acme/api:comment:701"
    assert events[0].entity == "issue:acme/api#40"
    assert events[0].body == IssueComment(key="acme/api#40", comment_id="701", text="I see it too.")
    assert events[0].occurred_at == datetime(2026, 8, 30, 10, tzinfo=UTC)


def test_a_comment_on_a_pull_request_belongs_to_it() -> None:
    body = envelope(
        action="created", issue=issue(pull_request={"url": "x"}), comment=comment(user=BOT, body="x" * 9_000)
    )
    event = github("issue_comment", body)[0]
    assert event.entity == "pr:github:acme/api#40"
    assert event.actor
    assert event.actor.bot
    assert isinstance(event.body, IssueComment)
    assert len(event.body.text) == 4_000


def test_a_deleted_comment_is_not_understood() -> None:
    assert types(github("issue_comment", envelope(action="deleted", issue=issue(), comment=comment()))) == ["raw"]
