"""A Jira project, read over its API: issues with their whole history, comments, and sprints; Cloud and Server."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.sources import patience
from adapters.sources.jira import JiraProject
from adapters.sources.jira.client import JiraReader
from domain.delivery.issues import flow, histories
from domain.errors import SourceUnusable
from domain.events import Issue
from tests.polling.conftest import Desk
from tests.polling.jira_site import JiraSite, an_issue, moved, status
from tests.polling.web import Dropped, Reply, Request, failing, running
from tests.unit.deliveries.payloads import issue_event, jira, jira_user, sprint_event

Json = dict[str, Any]
CREATED = "2026-08-20T10:00:00.000+0200"


@pytest.fixture(params=[True, False], ids=["cloud", "server"])
def site(request: pytest.FixtureRequest) -> Iterator[JiraSite]:
    with running(JiraSite(cloud=request.param)) as there:
        yield there


def source(site: JiraSite, project: str = "PAY") -> JiraProject:
    user = "bot@acme.example" if site.cloud else None
    return JiraProject(JiraReader(site.url, "jira-token", user), project)


def a_comment(number: int, when: str) -> Json:
    return {"id": str(number), "author": jira_user(), "body": "I see it too.", "created": when}


def done_issue(number: int = 12) -> Json:
    """An issue that was begun, reviewed and done, with a comment and an assignee who changed."""
    return an_issue(
        number, "2026-08-25T12:00:00.000+0200",
        moved(901, "2026-08-21T10:00:00.000+0200", "Open", "In Progress"),
        {"id": "902", "created": "2026-08-22T10:00:00.000+0200", "author": jira_user(), "items": [
            {"field": "assignee", "fieldId": "assignee", "from": "712020:linus", "fromString": "Linus"},
            {"field": "Story Points", "fieldId": "customfield_10016", "fromString": "5", "toString": "3"},
            {"field": "Sprint", "fieldId": "customfield_10020", "from": "70", "to": "70, 71"},
        ]},
        moved(903, "2026-08-24T10:00:00.000+0200", "In Progress", "Done"),
        comments=[a_comment(1, "2026-08-25T12:00:00.000+0200")],
        status=status("Done"), resolutiondate="2026-08-24T10:00:00.000+0200",
        customfield_10020=[{"id": 70}, {"id": 71}],
    )  # fmt: skip


async def test_an_issue_is_told_with_its_history(desk: Desk, site: JiraSite) -> None:
    site.add(done_issue())
    result = await desk.backfill(source(site))
    assert result.problems == []
    events = {e.id.removeprefix("jira:issue:PAY-12:"): e for e in await desk.events() if isinstance(e.body, Issue)}
    states = {name: e.body for name, e in events.items() if isinstance(e.body, Issue)}
    assert {name: (s.status, s.category, s.assignee and s.assignee.external_id, s.points, s.sprints)
            for name, s in states.items()} == {
        "created": ("Open", "todo", "712020:linus", 5.0, ("70",)),
        "update:901": ("In Progress", "doing", "712020:linus", 5.0, ("70",)),
        "update:902": ("In Progress", "doing", "712020:ada", 3.0, ("70", "71")),
        "update:903": ("Done", "done", "712020:ada", 3.0, ("70", "71")),
    }  # fmt: skip
    assert events["update:901"].occurred_at == datetime(2026, 8, 21, 8, tzinfo=UTC)
    assert events["update:901"].actor
    assert (await desk.types())["issue_commented"] == 1


async def test_the_way_to_done_is_as_if_every_change_had_been_heard(desk: Desk, site: JiraSite) -> None:
    site.add(done_issue())
    await desk.backfill(source(site))
    told = flow(histories(await desk.events())["PAY-12"])
    assert told is not None
    assert told.started_at == datetime(2026, 8, 21, 8, tzinfo=UTC)
    assert told.done_at == datetime(2026, 8, 24, 8, tzinfo=UTC)
    assert (told.reopened, told.points) == (0, 3.0)


async def test_what_webhooks_told_before_is_known(desk: Desk, site: JiraSite) -> None:
    issue = done_issue()
    site.add(issue)
    site.boards = [{"id": 5, "type": "scrum"}]
    closed = {**sprint_event("closed", "closed")["sprint"], "completeDate": "2026-09-01T09:00:00.000Z"}
    site.sprints[5] = [closed]
    await desk.log.append(
        [
            *jira(issue_event("created", issue)),
            *jira(issue_event("updated", issue, changelog=issue["changelog"]["histories"][0])),
            *jira({"webhookEvent": "comment_created", "issue": issue, "comment": a_comment(1, CREATED)}),
            *jira(sprint_event("started", "active")),
            *jira({"timestamp": 1, "webhookEvent": "sprint_closed", "sprint": closed}),
        ]
    )
    before = await desk.types()
    await desk.backfill(source(site))
    assert await desk.types() - before == {"issue_updated": 2}, "two changes of which no webhook told"


async def test_a_changelog_that_is_cut_is_read_on(desk: Desk, site: JiraSite) -> None:
    site.shown_histories = site.page_limit = 1
    site.add(done_issue())
    await desk.backfill(source(site))
    assert (await desk.types())["issue_updated"] == 3


async def test_news_are_read_alone(desk: Desk, site: JiraSite) -> None:
    site.add(*(an_issue(n, f"2026-08-2{n}T10:00:00.000+0200") for n in range(1, 6)))
    await desk.backfill(source(site))
    site.add(an_issue(9, "2026-09-02T10:00:00.000+0200"))
    result = await desk.backfill(source(site))
    assert (result.read, (await desk.types())["issue_created"]) == (1, 6)
    assert (await desk.backfill(source(site))).appended.new == 0


async def test_more_issues_in_one_minute_than_fit_a_page(desk: Desk, site: JiraSite) -> None:
    """A bulk change: JQL knows minutes only. Meanwhile somebody works on, and the pages shift."""
    site.page_limit = 5
    site.add(*(an_issue(n, f"2026-08-21T10:00:{n:02}.000+0200") for n in range(1, 41)))
    to_change = list(range(1, 9))

    def meddle(request: Request) -> None:
        if "/search" in request.path and to_change:
            number = to_change.pop(0)
            site.add(an_issue(number, f"2026-08-21T10:05:{number:02}.000+0200", summary="Changed"))

    site.fault = meddle
    await desk.backfill(source(site))
    told = {e.body.key for e in await desk.events() if e.type == "issue_created"}  # type: ignore[union-attr]
    assert len(told) == 40
    changed = {e.body.key for e in await desk.events() if isinstance(e.body, Issue) and e.body.title == "Changed"}
    assert len(changed) == 8


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "Mars/Olympus"])
async def test_times_are_asked_for_in_the_accounts_zone(desk: Desk, site: JiraSite, zone: str) -> None:
    real = site.zone = zone if "Mars" not in zone else "Asia/Kathmandu"
    site.add(an_issue(1, "2026-08-21T10:00:00.000+0200"))
    site.fault = lambda r: Reply(body={"timeZone": zone}) if r.path.endswith("/myself") else None
    await desk.backfill(source(site))
    site.add(an_issue(2, "2026-08-21T10:01:00.000+0200"))
    result = await desk.backfill(source(site))
    assert (result.problems, result.read, site.zone) == ([], 1, real)


async def test_sprints_of_every_board(desk: Desk, site: JiraSite) -> None:
    base = sprint_event("x", "x")["sprint"]
    site.boards = [{"id": 5, "type": "scrum"}, {"id": 6, "type": "kanban"}, {"id": 7, "type": "simple"}]
    closed = {**base, "state": "closed", "completeDate": "2026-09-01T09:00:00.000Z"}
    site.sprints[5] = [closed, {**base, "id": 78, "state": "active"}, {**base, "id": 79, "state": "future"}]
    site.fault = lambda r: (
        Reply(400, {"errorMessages": ["The board doesn't support sprints"]}) if "/board/7/" in r.path else None
    )
    result = await desk.backfill(source(site))
    assert result.problems == []
    assert await desk.types() == {"sprint_started": 2, "sprint_closed": 1, "sprint_created": 1}
    assert (await desk.backfill(source(site))).read == 0


async def test_a_limit_is_waited_for_and_what_breaks_is_tried_again(desk: Desk, site: JiraSite) -> None:
    site.add(done_issue())
    site.fault = failing(1, Reply(429, "", {"Retry-After": "1"}), "/search")
    assert (await desk.backfill(source(site))).problems == []
    site.fault = failing(1, Dropped, "/status")
    assert (await desk.backfill(source(site))).problems == []


@pytest.mark.parametrize(
    ("reply", "path", "says"),
    [
        (Reply(401, ""), "/myself", "ENGINTEL_JIRA_USER and ENGINTEL_JIRA_TOKEN"),
        (Reply(404, {"errorMessages": ["No project"]}), "/project/PAY", "shows no project PAY"),
        (Reply(200, "<html>Log in</html>"), "/serverInfo", "not what Jira answers"),
        (Reply(503, "<html>Down</html>"), "/serverInfo", "503"),
    ],
)
async def test_a_site_that_cannot_be_read_is_said_in_a_line(
    desk: Desk, site: JiraSite, monkeypatch: pytest.MonkeyPatch, *, reply: Reply, path: str, says: str
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    site.fault = lambda r: reply if r.path.endswith(path) else None
    with pytest.raises(SourceUnusable, match=says) as told:
        await desk.backfill(source(site))
    assert "\n" not in str(told.value)
    assert "jira-token" not in str(told.value)


async def test_a_part_that_fails_costs_itself_alone(
    desk: Desk, site: JiraSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    site.boards = [{"id": 5, "type": "scrum"}]
    site.sprints[5] = [sprint_event("x", "active")["sprint"]]
    site.fault = lambda r: Reply(500, "") if "/search" in r.path else None
    result = await desk.backfill(source(site))
    assert [problem.partition(": ")[0] for problem in result.problems] == ["jira:PAY#issues"]
    assert await desk.types() == {"sprint_started": 1}
    site.fault = lambda r: Reply(403, "") if "/board" in r.path else None
    assert [note.partition(":")[0] for note in (await desk.backfill(source(site))).notes] == ["sprints were not read"]
