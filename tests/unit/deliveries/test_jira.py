from datetime import UTC, datetime

import pytest

from adapters.sources.deliveries import events_of
from domain.errors import InvalidInput
from domain.events import Actor, Event, FieldChange, Issue, IssueComment, ProjectDescribed, Raw, Source, Sprint
from tests.unit.deliveries.payloads import (
    RECEIVED_AT,
    SITE,
    Json,
    ids,
    issue_event,
    jira,
    jira_issue,
    jira_user,
    sprint_event,
    types,
)

HAPPENED_AT = datetime(2026, 8, 31, 8, 0, 1, 250_000, tzinfo=UTC)
CHANGELOG = {
    "id": "20017",
    "items": [
        {"field": "status", "from": "3", "fromString": "In Progress", "to": "10003", "toString": "In Review"},
        {"field": "assignee", "from": None, "fromString": None, "to": "x", "toString": "Lovelace, Ada"},
    ],
}


def the_issue(**fields: object) -> Issue:
    issue = jira_issue()
    issue["fields"] |= fields
    told = jira(issue_event("updated", issue))[0].body
    assert isinstance(told, Issue)
    return told


def comment_event(kind: str = "created", **fields: object) -> Json:
    comment = {
        "id": "30001",
        "author": jira_user(),
        "body": "See the bank's calendar.",
        "created": "2026-08-31T10:00:00.000+0200",
        **fields,
    }
    return {"timestamp": 1, "webhookEvent": f"comment_{kind}", "comment": comment, "issue": jira_issue()}


@pytest.mark.parametrize(
    ("kind", "name", "at"),
    [
        ("created", "created", datetime(2026, 8, 20, 8, tzinfo=UTC)),
        ("updated", "update:20017", HAPPENED_AT),
        ("deleted", "deleted", HAPPENED_AT),
    ],
)
def test_a_change_of_an_issue_becomes_its_event(kind: str, name: str, at: datetime) -> None:
    event = jira(issue_event(kind, changelog=CHANGELOG))[0]
    assert (event.type, event.id) == (f"issue_{kind}", f"jira:issue:PAY-12:{name}")
    assert (event.entity, event.project) == ("issue:PAY-12", "jira:PAY")
    assert event.occurred_at == at
    assert event.actor == Actor(source=Source.JIRA, external_id="712020:grace", name="Grace Hopper")


def test_an_issue_is_told_whole() -> None:
    told = the_issue()
    assert (told.key, told.title, told.kind) == ("PAY-12", "Pay on Sundays", "Story")
    assert told.text == "Banks are closed.\n\nWe are not."
    assert (told.status, told.category, told.priority) == ("In Review", "doing", "High")
    assert (told.points, told.labels) == (3.0, ("banks",))
    assert told.updated_at == datetime(2026, 8, 31, 8, tzinfo=UTC)
    assert told.url == f"{SITE}/browse/PAY-12"
    assert told.reporter
    assert told.reporter.external_id == "712020:grace"


def test_a_change_without_a_changelog_is_known_by_its_time() -> None:
    assert jira(issue_event("updated"))[0].id == "jira:issue:PAY-12:update:2026-08-31T08:00:01.250000Z"


def test_a_delivery_without_a_time_has_the_issues_own() -> None:
    event = jira(issue_event("updated", timestamp=None))[0]
    assert event.occurred_at == datetime(2026, 8, 31, 8, tzinfo=UTC)


def test_a_changelog_says_what_a_person_would_read() -> None:
    told = jira(issue_event("updated", changelog=CHANGELOG))[0].body
    assert isinstance(told, Issue)
    assert told.changes == (
        FieldChange(field="status", before="In Progress", after="In Review"),
        FieldChange(field="assignee", after="Lovelace, Ada"),
    )


@pytest.mark.parametrize(
    ("key", "category"), [("new", "todo"), ("indeterminate", "doing"), ("done", "done"), ("undefined", "todo")]
)
def test_a_status_has_one_of_three_categories(key: str, category: str) -> None:
    assert the_issue(status={"name": "x", "statusCategory": {"key": key}}).category == category


def test_an_issue_is_resolved_while_it_has_a_date_of_that() -> None:
    resolved = the_issue(resolutiondate="2026-08-31T09:59:00.000+0200").resolved_at
    assert resolved == datetime(2026, 8, 31, 7, 59, tzinfo=UTC)
    assert the_issue().resolved_at is None


@pytest.mark.parametrize("points", [None, "five", True, {"value": 5}, 10**9, 1e300])
def test_what_is_no_estimate_gives_no_points(points: object) -> None:
    assert the_issue(customfield_10016=points).points is None


@pytest.mark.parametrize(
    ("sprints", "expected"),
    [
        (None, ()),
        ([{"id": 76, "state": "closed"}, {"id": 77, "state": "active"}, {"id": 77}], ("76", "77")),
        ({"id": 76}, ("76",)),
        (
            [
                "com.atlassian.greenhopper.service.sprint.Sprint@1f2e[id=12,rapidViewId=3,state=CLOSED,name=A, id=9]",
                "com.atlassian.greenhopper.service.sprint.Sprint@77aa[rapidViewId=3,name=B,id=13]",
            ],
            ("12", "13"),
        ),
        (["no sprint", 7, None, {"name": "x"}, {"id": True}, {"id": " "}], ()),
    ],
)
def test_sprints_are_read_in_every_form_that_jira_writes(sprints: object, expected: tuple[str, ...]) -> None:
    assert the_issue(customfield_10020=sprints).sprints == expected


def test_links_lead_both_ways() -> None:
    links = [
        {"type": {"name": "Blocks"}, "outwardIssue": {"key": "PAY-13"}},
        {"type": {"name": "Blocks"}, "inwardIssue": {"key": "OPS-1"}},
        {"type": {"name": "Relates"}, "inwardIssue": {"key": "PAY-13"}},
    ]
    assert the_issue(issuelinks=links).links == ("PAY-13", "OPS-1")


def test_a_description_may_be_a_document() -> None:
    def text(said: str) -> Json:
        return {"type": "text", "text": said}

    document = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 2}, "content": [text("Why")]},
            {"type": "paragraph", "content": [text("Ask "), {"type": "mention", "attrs": {"id": "1", "text": "@Ada"}}]},
            {
                "type": "bulletList",
                "content": [{"type": "listItem", "content": [{"type": "paragraph", "content": [text("one")]}]}],
            },
            {"type": "paragraph", "content": [text("a"), {"type": "hardBreak"}, text("b")]},
            {"type": "inlineCard", "attrs": {"url": "https://acme.example"}},
            7,
        ],
    }
    assert the_issue(description=document).text == "Why\nAsk @Ada\none\n\na\nb\nhttps://acme.example"


def test_a_document_may_be_nested_beyond_reason() -> None:
    document: Json = {"type": "text", "text": "deep"}
    for _ in range(100_000):
        document = {"type": "panel", "content": [document]}
    assert the_issue(description=document).text == "deep"


def test_of_an_endless_document_the_beginning_is_kept() -> None:
    document = {"type": "doc", "content": [{"type": "text", "text": "x" * 100}] * 1_000_000}
    assert len(the_issue(description=document).text) == 4_000


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("Lovelace, Ada", "Ada Lovelace"),
        ("Grace Hopper", "Grace Hopper"),
        ("Smith, John, Jr.", "Smith, John, Jr."),
        ("Support,", "Support,"),
        ("", None),
    ],
)
def test_names_are_put_into_speaking_order(name: str, spoken: str | None) -> None:
    assignee = the_issue(assignee=jira_user(name=name)).assignee
    assert assignee
    assert assignee.name == spoken


def test_an_account_has_a_mail_only_if_jira_gives_it() -> None:
    assignee = the_issue(assignee=jira_user(emailAddress="Ada@Acme.example")).assignee
    assert assignee
    assert assignee.email == "ada@acme.example"


def test_an_app_is_a_bot() -> None:
    actor = jira(issue_event("updated", user=jira_user("app-1", "Automation", accountType="app")))[0].actor
    assert actor == Actor(source=Source.JIRA, external_id="app-1", name="Automation", bot=True)


def test_an_account_of_jira_server_is_known_by_its_key() -> None:
    assignee = the_issue(assignee={"key": "JIRAUSER10100", "name": "ada", "displayName": "Ada"}).assignee
    assert assignee == Actor(source=Source.JIRA, external_id="JIRAUSER10100", username="ada", name="Ada")


def test_nobody_need_have_done_it() -> None:
    event = jira(issue_event("updated", jira_issue(assignee=None, reporter=None), user=None))[0]
    assert event.actor is None
    assert isinstance(event.body, Issue)
    assert event.body.assignee is None


def test_an_issue_also_describes_its_project() -> None:
    described = jira(issue_event("updated"))[1]
    assert described.body == ProjectDescribed(name="Payments", url=f"{SITE}/browse/PAY")
    assert (described.entity, described.project) == ("project:jira:PAY", "jira:PAY")
    assert ids(jira(issue_event("created")))[1] == described.id


def test_an_app_sees_no_address_that_a_person_could_open() -> None:
    issue = jira_issue() | {"self": "https://api.atlassian.com/ex/jira/1/rest/api/2/issue/10012"}
    told = jira(issue_event("updated", issue))[0].body
    assert isinstance(told, Issue)
    assert told.url is None


@pytest.mark.parametrize("kind", ["created", "updated"])
def test_a_comment_keeps_its_id_when_it_is_edited(kind: str) -> None:
    events = jira(comment_event(kind))
    assert types(events) == ["issue_commented", "project_described"]
    assert (events[0].id, events[0].entity) == ("jira:comment:30001", "issue:PAY-12")
    assert events[0].body == IssueComment(key="PAY-12", comment_id="30001", text="See the bank's calendar.")
    assert events[0].occurred_at == datetime(2026, 8, 31, 8, tzinfo=UTC)
    assert events[0].actor
    assert events[0].actor.name == "Ada Lovelace"


def test_a_comment_beside_a_bare_issue_finds_its_project_in_the_key() -> None:
    (event,) = jira(comment_event() | {"issue": {"key": "PAY-12"}})
    assert event.project == "jira:PAY"


def test_a_sprint_is_told_whole() -> None:
    (event,) = jira(sprint_event("closed", "closed", completeDate="2026-09-01T09:00:00.000Z"))
    assert (event.entity, event.project, event.occurred_at) == ("sprint:jira:77", None, HAPPENED_AT)
    assert event.body == Sprint(
        type="sprint_closed",
        sprint_id="77",
        name="PAY 14",
        board_id="5",
        goal="Sundays",
        starts_at=datetime(2026, 8, 18, 8, tzinfo=UTC),
        ends_at=datetime(2026, 9, 1, 8, tzinfo=UTC),
        completed_at=datetime(2026, 9, 1, 9, tzinfo=UTC),
    )


def test_only_a_closed_sprint_is_complete() -> None:
    (event,) = jira(sprint_event("updated", "active", completeDate="2026-09-01T09:00:00.000Z"))
    assert isinstance(event.body, Sprint)
    assert event.body.completed_at is None


def test_a_sprint_is_a_new_event_in_each_state_and_with_other_dates() -> None:
    bodies = [
        sprint_event("created", "future"),
        sprint_event("started", "active"),
        sprint_event("updated", "active", endDate="2026-09-02T08:00:00.000Z"),
        sprint_event("updated", "active", endDate="2026-09-03T08:00:00.000Z"),
        sprint_event("closed", "closed"),
    ]
    assert len({jira(body)[0].id for body in bodies}) == 5
    assert ids(jira(bodies[0])) == ids(jira(bodies[0], identifier="again"))


@pytest.mark.parametrize("kind", ["comment_deleted", "worklog_created", "jira:version_released", "user_created"])
def test_what_is_not_understood_is_kept_raw(kind: str) -> None:
    (event,) = jira({"timestamp": 1_788_163_201_250, "webhookEvent": kind, "issue": jira_issue(), "user": jira_user()})
    assert (event.id, event.project, event.occurred_at) == ("jira:raw:hook-1", "jira:PAY", HAPPENED_AT)
    assert isinstance(event.body, Raw)
    assert event.body.kind == kind


def test_nothing_about_what_is_not_understood_can_be_wrong() -> None:
    (event,) = jira({"timestamp": "x", "webhookEvent": "worklog_created", "issue": 7, "user": 7})
    assert (event.project, event.actor, event.occurred_at) == (None, None, RECEIVED_AT)


def test_an_older_jira_tells_deliveries_apart_by_what_they_say() -> None:
    def told(timestamp: int) -> Event:
        body = {"timestamp": timestamp, "webhookEvent": "worklog_created"}
        return events_of("jira", {}, body, received_at=RECEIVED_AT)[0]

    assert told(1).id == told(1).id
    assert told(1).id != told(2).id


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], "an object as a Jira delivery, got a list"),
        ({}, "a text at 'webhookEvent' of a Jira delivery, got nothing"),
        ({"webhookEvent": "jira:issue_created"}, "an object at 'issue'"),
        (issue_event("created", jira_issue("12")), "a key such as PAY-12 at 'issue.key'"),
        (
            issue_event("created", jira_issue(created="2026-08-20T10:00:00")),
            "offset such as +00:00 at 'issue.fields.created'",
        ),
        (issue_event("created", jira_issue(status={})), "a text at 'issue.fields.status.name'"),
        (issue_event("created", jira_issue(project={"key": "P Q"})), "a key such as PAY at 'issue.fields.project.key'"),
        (issue_event("updated", timestamp=10**18), "a time as a number since 1970 at 'timestamp'"),
        (issue_event("updated", timestamp="now"), "a time as a number since 1970 at 'timestamp'"),
        (issue_event("updated", jira_issue(assignee={})), "a text at 'issue.fields.assignee.accountId'"),
        (sprint_event("started", "active", startDate="today"), "offset such as +00:00 at 'sprint.startDate'"),
    ],
)
def test_what_is_no_delivery_is_refused_in_one_sentence(body: object, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        jira(body)
    assert expected in str(refused.value)
