import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.sources.deliveries import SOURCES, events_of
from domain.errors import InvalidInput
from domain.events import ProjectDescribed, Raw, TeamMembership
from tests.unit.deliveries.payloads import RECEIVED_AT, Json, ids, types
from tests.unit.deliveries.payloads_github import (
    BOT,
    DELIVERY,
    MERGED,
    comment,
    commit,
    deployment,
    envelope,
    github,
    issue,
    membership,
    pull,
    pull_request,
    push,
    release,
    repository,
    review,
    run,
    user,
)

UNDERSTOOD: tuple[tuple[str, Any], ...] = (
    ("push", push(commit("b"), commit("c"))),
    ("pull_request", pull_request("closed", **MERGED)),
    ("pull_request", pull_request("labeled", about={"label": {"id": 1, "name": "x"}})),
    ("pull_request_review", review()),
    ("pull_request_review_comment", envelope(action="created", comment=comment(), pull_request=pull())),
    ("issues", envelope(action="opened", issue=issue())),
    ("issue_comment", envelope(action="created", comment=comment(), issue=issue())),
    ("workflow_run", envelope(action="completed", workflow_run=run())),
    ("deployment_status", deployment("success")),
    ("release", release()),
)


@pytest.mark.parametrize(("event", "body"), [*UNDERSTOOD, ("star", envelope(action="created"))])
def test_a_redelivery_gives_the_same_events_whenever_it_comes(event: str, body: object) -> None:
    later = RECEIVED_AT + timedelta(hours=1)
    assert ids(github(event, body)) == ids(github(event, body, received_at=later))


@pytest.mark.parametrize(("event", "body"), UNDERSTOOD)
def test_what_is_understood_is_known_by_what_it_is_and_not_by_its_delivery(event: str, body: object) -> None:
    events = github(event, body)
    assert ids(events) == ids(github(event, body, delivery="another"))
    assert len(set(ids(events))) == len(events)


@pytest.mark.parametrize(("event", "body"), UNDERSTOOD)
def test_every_delivery_about_a_repository_describes_it(event: str, body: object) -> None:
    events = github(event, body)
    described = events[-1]
    assert described.body == ProjectDescribed(description="Answers everybody", url="https://github.com/acme/api")
    assert (described.entity, described.project) == ("project:github:acme/api", "github:acme/api")
    assert described.occurred_at == events[0].occurred_at


def test_a_description_is_a_new_event_once_it_changes() -> None:
    said = [
        github("push", push(repository=repository(description=text)))[-1].id for text in ("one", "two", "one", None)
    ]
    assert said[0] == said[2]
    assert len(set(said)) == 3


def test_header_names_may_be_written_in_any_case() -> None:
    events = events_of(
        "github", {"x-GITHUB-event": "issues"}, envelope(action="opened", issue=issue()), received_at=RECEIVED_AT
    )
    assert types(events) == ["issue_created", "project_described"]


def test_a_ping_tells_nothing() -> None:
    assert github("ping", {"zen": "Speak like a human.", "hook_id": 1}) == []


@pytest.mark.parametrize("event", ["star", "repository", "an_event_of_next_year"])
def test_an_event_that_is_not_understood_is_kept_raw_and_alone(event: str) -> None:
    (told,) = github(event, envelope(action="created"))
    assert (told.id, told.project, told.occurred_at) == (f"github:raw:{DELIVERY}", "github:acme/api", RECEIVED_AT)
    assert told.actor
    assert told.actor.key == "github:2"
    assert isinstance(told.body, Raw)
    assert told.body.kind == f"{event}.created"
    assert json.loads(told.body.excerpt)["action"] == "created"


@pytest.mark.parametrize("body", [{}, {"action": 7}, {"repository": 7, "sender": "x"}, {"sender": {"id": None}}])
def test_nothing_about_an_event_that_is_not_understood_can_be_wrong(body: object) -> None:
    (told,) = github("star", body)
    assert isinstance(told.body, Raw)
    assert (told.body.kind, told.project, told.actor) == ("star", None, None)


def test_only_the_beginning_of_a_large_payload_is_kept() -> None:
    (told,) = github("star", {"deep": [["x" * 100]] * 1_000, "wide": "y" * 1_000_000})
    assert isinstance(told.body, Raw)
    assert len(told.body.excerpt) == 2_000
    assert told.body.excerpt.startswith('{"deep":[["xxx')


def test_a_payload_that_is_nested_beyond_reason_is_kept_as_far_as_it_can_be_written() -> None:
    body: Json = {}
    for _ in range(100_000):
        body = {"x": body}
    (told,) = github("star", body)
    assert isinstance(told.body, Raw)
    assert told.body.excerpt.startswith('{"x":{"x":')


def test_joining_a_team_is_the_members_doing() -> None:
    (event,) = github("membership", membership())
    assert event.body == TeamMembership(type="team_joined", team="core", team_name="Core Team")
    assert event.entity == "team:github:core:1"
    assert event.occurred_at == RECEIVED_AT
    assert event.actor
    assert event.actor.key == "github:1"


def test_joining_again_after_leaving_is_another_event() -> None:
    events = [
        github("membership", membership(action), delivery=delivery)[0]
        for action, delivery in (("added", "1"), ("removed", "2"), ("added", "3"), ("added", "3"))
    ]
    assert types(events) == ["team_joined", "team_left", "team_joined", "team_joined"]
    assert len({event.id for event in events}) == 3


def test_a_team_that_was_deleted_is_known_by_its_name() -> None:
    (event,) = github("membership", membership("removed", slug=None, deleted=True))
    assert event.body == TeamMembership(type="team_left", team="core-team", team_name="Core Team")


def test_a_membership_of_the_organisation_is_not_understood() -> None:
    assert types(github("membership", membership(scope="organization"))) == ["raw"]


def test_a_team_without_a_member_is_nobodys_doing() -> None:
    assert github("membership", membership() | {"member": None}) == []


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, envelope(), "the header X-GitHub-Event"),
        ({"X-GitHub-Event": " "}, envelope(), "the header X-GitHub-Event"),
        ({"X-GitHub-Event": "star"}, envelope(), "the header X-GitHub-Delivery"),
        ({"X-GitHub-Event": "push"}, [], "an object as a GitHub push delivery, got a list"),
        ({"X-GitHub-Event": "star"}, "x", "an object as a GitHub star delivery, got a text"),
        ({"X-GitHub-Event": "push"}, {}, "an object at 'repository' of a GitHub push delivery, got nothing"),
        ({"X-GitHub-Event": "push"}, {"repository": {"full_name": "api"}}, "a name such as owner/repository"),
        (
            {"X-GitHub-Event": "issues"},
            envelope(issue=issue(number="x")),
            "a whole number of 64 bits at 'issue.number'",
        ),
        ({"X-GitHub-Event": "issues"}, envelope(issue=issue(number=2**63)), "a whole number of 64 bits"),
        ({"X-GitHub-Event": "issues"}, envelope(issue=issue(number=True)), "got a boolean"),
        ({"X-GitHub-Event": "issues"}, envelope(issue=issue(labels={})), "a list at 'issue.labels'"),
        ({"X-GitHub-Event": "issues"}, envelope(issue=issue(body=[])), "a text at 'issue.body'"),
        ({"X-GitHub-Event": "push"}, push(forced="yes"), "a boolean at 'forced'"),
        ({"X-GitHub-Event": "push"}, push(ref=" "), "a text at 'ref' of a GitHub push delivery, got a blank one"),
        ({"X-GitHub-Event": "push"}, push(commit("b", added=[7])), "a list of texts at 'commits[0].added'"),
        (
            {"X-GitHub-Event": "push"},
            push(repository=repository(pushed_at=10**300)),
            "a time as a number since 1970 at 'repository.pushed_at'",
        ),
        (
            {"X-GitHub-Event": "push"},
            push(commit("b", timestamp="0001-01-01T00:00:00+05:00")),
            "an offset such as +00:00 at 'commits[0].timestamp' of a GitHub push delivery, got another text",
        ),
    ],
)
def test_what_is_no_delivery_is_refused_in_one_sentence(headers: dict[str, str], body: object, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        events_of("github", headers, body, received_at=RECEIVED_AT)
    assert str(refused.value).startswith("Expected ")
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_another_source_is_refused_by_naming_those_that_are_known() -> None:
    with pytest.raises(InvalidInput, match="github, jira, notion, prometheus, slack, alertmanager, not of 'gitlab'"):
        events_of("gitlab", {}, {}, received_at=RECEIVED_AT)
    assert set(SOURCES) == {"github", "jira", "notion", "prometheus", "slack", "alertmanager"}


def test_a_time_of_receipt_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        events_of("github", {}, {}, received_at=RECEIVED_AT.replace(tzinfo=None))


def test_a_bot_that_caused_something_is_marked() -> None:
    (told,) = github("star", envelope(action="created", sender=BOT))
    assert told.actor
    assert told.actor.bot


def test_texts_leave_their_control_characters_behind() -> None:
    body = envelope(action="opened", issue=issue(title="a\u202eb\x00\ud800", user=user(5, "vi\x07sitor")))
    event = github("issues", body)[0]
    assert event.body.model_dump()["title"] == "ab\ufffd"
