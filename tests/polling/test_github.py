"""A GitHub repository, read over its API: everything once, whatever webhooks told before or after."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from adapters.sources.github import GitHubRepository
from adapters.sources.github.client import GitHubClient
from domain.delivery.ancestry import Ancestry
from domain.delivery.changes import read_pulls
from domain.delivery.issues import flow, histories
from domain.events import Commit, Deployment, Issue, PullRequest, Review
from tests.polling.conftest import Desk, of_type
from tests.polling.github_site import ROOT, GitHubSite, a_pull, at, sha_of
from tests.polling.web import Reply, running
from tests.unit.deliveries.payloads_github import (
    comment,
    commit,
    deployment,
    envelope,
    github,
    issue,
    push,
    release,
    repository,
    run,
    user,
)

Json = dict[str, Any]


@pytest.fixture
def site() -> Iterator[GitHubSite]:
    with running(GitHubSite()) as there:
        yield there


def source(site: GitHubSite, name: str = "acme/api", path: str = "") -> GitHubRepository:
    return GitHubRepository(GitHubClient("gh-token", site.url + path), name)


def a_review(number: int, minute: float, **fields: Any) -> Json:
    told = {"id": number, "user": user(3, "linus"), "body": "Good.", "state": "APPROVED", "submitted_at": at(minute)}
    return {**told, "html_url": "https://github.com/acme/api/pull/1#r", **fields}


def fill(site: GitHubSite) -> None:
    """Some of everything."""
    site.add_pull(a_pull(1, 0), a_review(801, 3))
    site.add_pull(
        a_pull(2, 10, state="open", merged=False, merged_at=None, closed_at=None, merged_by=None,
               updated_at=at(30), requested_reviewers=[user(3, "linus")])
    )  # fmt: skip
    site.add_pull(a_pull(3, 20, merged=False, merged_at=None, merged_by=None))
    site.issues[40] = issue(id=640, number=40, created_at=at(1), updated_at=at(2), closed_at=at(2), state="closed")
    site.comments.append(
        comment(
            id=701, created_at=at(4), updated_at=at(4), issue_url=f"https://x{ROOT}/issues/40", html_url="h/issues/40"
        )
    )
    site.code_comments.append(
        comment(id=702, created_at=at(4), updated_at=at(4), pull_request_url=f"https://x{ROOT}/pulls/1")
    )
    site.add_commit(1)
    site.add_commit(2)
    told = deployment("success")
    site.deployments.append(told["deployment"])
    site.statuses[1001] = [{**told["deployment_status"], "id": 1100, "state": "in_progress"}, told["deployment_status"]]
    site.runs.append(run())
    site.releases += [release()["release"], {**release()["release"], "id": 2, "tag_name": "next", "draft": True}]


async def test_a_repository_is_read_whole(desk: Desk, site: GitHubSite) -> None:
    fill(site)
    result = await desk.backfill(source(site))
    assert (result.problems, result.appended.known) == ([], 0)
    assert await desk.types() == {
        "project_described": 1, "pr_opened": 3, "pr_merged": 1, "pr_closed": 1, "pr_updated": 1, "pr_reviewed": 1,
        "issue_created": 1, "issue_updated": 1, "issue_commented": 2, "commit": 2, "deployment": 1, "workflow_run": 1,
        "release": 1,
    }  # fmt: skip


async def test_what_webhooks_told_before_is_known(desk: Desk, site: GitHubSite) -> None:
    """A webhook and a backfill of the same happening give one event."""
    fill(site)
    one, three, closed = site.pulls[1], site.pulls[3], site.issues[40]
    unmerged = {**one, "state": "open", "merged": False, "merged_at": None, "closed_at": None, "updated_at": at(0)}
    hooks = [
        ("pull_request", envelope(action="opened", pull_request=unmerged)),
        ("pull_request_review", envelope(action="submitted", review={**site.reviews[1][0], "state": "approved"},
                                         pull_request={**unmerged, "updated_at": at(3)})),
        ("pull_request", envelope(action="closed", pull_request=one)),
        ("pull_request", envelope(action="opened", pull_request={**three, "state": "open", "closed_at": None})),
        ("pull_request", envelope(action="closed", pull_request={**three, "updated_at": at(25.02)})),
        ("issues", envelope(action="opened", issue={**closed, "state": "open", "updated_at": at(1)})),
        ("issues", envelope(action="closed", issue=closed)),
        ("issue_comment", envelope(action="created", comment=site.comments[0], issue=closed)),
        ("pull_request_review_comment", envelope(action="created", comment=site.code_comments[0], pull_request=one)),
        ("push", push(commit("x", id=sha_of(1)), commit("x", id=sha_of(2)))),
        ("deployment_status", deployment("success")),
        ("workflow_run", envelope(action="completed", workflow_run=run())),
        ("release", release()),
    ]  # fmt: skip
    told = [event for name, body in hooks for event in github(name, {**body, "repository": repository(pushed_at=1)})]
    await desk.log.append(told)
    before = await desk.types()

    await desk.backfill(source(site))

    now = await desk.types()
    assert now - before == {"pr_opened": 1, "pr_updated": 1}, "the open one, of which no webhook told"


async def test_a_second_reading_finds_nothing_and_asks_little(desk: Desk, site: GitHubSite) -> None:
    fill(site)
    await desk.backfill(source(site))
    before = await desk.ids()
    site.asked.clear()

    result = await desk.backfill(source(site))

    assert (result.appended.new, await desk.ids()) == (0, before)
    assert not [path for path in site.paths() if "/pulls/1" in path], (
        "a pull request that did not change is not asked for"
    )


async def test_an_unchanged_list_is_not_sent_again(desk: Desk, site: GitHubSite) -> None:
    """A poller keeps what it was told last, and GitHub does not count that it asks whether it still holds."""
    fill(site)
    polled = source(site)
    for _ in range(3):
        assert (await desk.polling.backfill(polled, lambda *_: None)).problems == []
    assert site.not_modified > 5
    await polled.close()


async def test_news_are_read_alone(desk: Desk, site: GitHubSite) -> None:
    fill(site)
    await desk.backfill(source(site))
    site.add_pull(a_pull(4, 50), a_review(804, 53, state="CHANGES_REQUESTED"), a_review(805, 54, state="PENDING"))
    site.add_commit(3)
    site.runs.append(run(id=902, created_at="2026-08-31T12:00:00Z"))
    site.asked.clear()

    result = await desk.backfill(source(site))

    assert result.problems == []
    assert f"{ROOT}/compare/{sha_of(2)}...{sha_of(3)}" in site.paths()
    assert [path for path in site.paths() if path.startswith(f"{ROOT}/pulls/1")] == []
    assert [path for path in site.paths() if path.startswith(f"{ROOT}/pulls/4")] != []
    types = await desk.types()
    assert (types["pr_reviewed"], types["commit"], types["workflow_run"]) == (2, 3, 2)


async def test_a_pull_request_is_told_as_it_was_and_as_it_is(desk: Desk, site: GitHubSite) -> None:
    fill(site)
    await desk.backfill(source(site))
    told = [event for event in await desk.events() if isinstance(event.body, PullRequest)]
    states = {(e.body.number, e.type): e.body for e in told if isinstance(e.body, PullRequest)}
    assert (states[1, "pr_opened"].state, states[1, "pr_opened"].merged_at) == ("open", None)
    assert (states[1, "pr_merged"].state, states[1, "pr_merged"].added) == ("merged", 30)
    assert states[1, "pr_merged"].merge_sha
    assert [r.username for r in states[2, "pr_updated"].reviewers] == ["linus"]
    [review] = of_type(await desk.events(), "pr_reviewed")
    assert isinstance(review.body, Review)
    assert (review.body.verdict, review.actor and review.actor.username) == ("approved", "linus")


async def test_an_issue_is_done_when_it_was_closed(desk: Desk, site: GitHubSite) -> None:
    site.issues[7] = issue(id=7, number=7, created_at=at(0), updated_at=at(90), closed_at=at(30), state="closed")
    await desk.backfill(source(site))
    states = [event.body for event in await desk.events() if isinstance(event.body, Issue)]
    told = sorted((s.updated_at.isoformat(), s.category) for s in states)
    assert told == [(at(0)[:-1] + "+00:00", "todo"), (at(30)[:-1] + "+00:00", "done"), (at(90)[:-1] + "+00:00", "done")]


async def test_a_draft_waited_for_nobody(desk: Desk, site: GitHubSite) -> None:
    """Opened as a draft at 0, ready at 60, reviewed at 70: it waited ten minutes for a review, not seventy."""
    told = a_pull(1, 0, merged_at=at(80), closed_at=at(80), updated_at=at(80))
    site.add_pull(told, a_review(801, 70))
    site.add_event("labeled", 1, told)
    site.add_event("ready_for_review", 60, told)
    await desk.backfill(source(site))
    events = sorted(await desk.events(), key=lambda event: event.occurred_at)
    _, [pickup] = read_pulls(events, Ancestry(events), frozenset())
    assert (pickup.reviewed_at - pickup.ready_at).total_seconds() == 600
    ready = envelope(action="ready_for_review", pull_request={**told, "updated_at": at(60), "state": "open"})
    assert github("pull_request", ready)[0].id in await desk.ids(), "as the webhook would have called it"


async def test_an_issue_that_was_opened_again_was_closed_before(desk: Desk, site: GitHubSite) -> None:
    told = issue(id=7, number=7, created_at=at(0), updated_at=at(90), closed_at=at(90), state="closed")
    site.issues[7] = told
    for name, minute in (("closed", 30), ("reopened", 60), ("closed", 90)):
        site.add_event(name, minute, told)
    await desk.backfill(source(site))
    states = histories(await desk.events())["acme/api#7"]
    assert [state.category for state in states] == ["todo", "done", "todo", "done"]
    way = flow(states)
    assert way is not None
    assert (way.reopened, way.done_at.isoformat()) == (1, at(90)[:-1] + "+00:00")


async def test_commits_have_parents_and_files(desk: Desk, site: GitHubSite) -> None:
    site.add_commit(1)
    site.add_commit(2)
    await desk.backfill(source(site))
    commits = {e.body.sha: e.body for e in await desk.events() if isinstance(e.body, Commit)}
    second = commits[sha_of(2)]
    assert second.parents == (sha_of(1),)
    assert [(f.path, f.added, f.deleted) for f in second.files] == [("src/part2.py", 3, 1)]


async def test_the_first_reading_may_begin_late_and_a_later_one_earlier(desk: Desk, site: GitHubSite) -> None:
    def since(minute: float) -> GitHubRepository:
        client = GitHubClient("gh-token", site.url)
        return GitHubRepository(client, "acme/api", start=datetime.fromisoformat(at(minute)))

    for number in (10, 20, 30):
        site.add_commit(number)
        site.add_pull(a_pull(number, number))
        site.runs.append(run(id=number, created_at=at(number)))
    await desk.backfill(since(25))
    assert Counter(commit=1, pr_merged=2, workflow_run=1) <= await desk.types(), "what ended since, and began since"
    await desk.backfill(source(site))
    assert (await desk.types())["commit"] == 1, "without a time it goes on where it was"
    await desk.backfill(since(5))
    assert Counter(commit=3, pr_merged=3, workflow_run=3) <= await desk.types()


async def test_rewritten_history_is_read_again(desk: Desk, site: GitHubSite) -> None:
    site.add_commit(1)
    site.add_commit(2)
    await desk.backfill(source(site))
    site.commits.pop()
    site.add_commit(3)
    result = await desk.backfill(source(site))
    assert (result.problems, (await desk.types())["commit"]) == ([], 3)


async def test_a_deployment_under_way_is_asked_for_until_it_is_over(desk: Desk, site: GitHubSite) -> None:
    told = deployment("success", created_at="2026-11-20T12:00:00Z")
    site.deployments.append(told["deployment"])
    site.statuses[1001] = [{**told["deployment_status"], "id": 1100, "state": "in_progress"}]
    await desk.backfill(source(site))
    assert (await desk.types())["deployment"] == 0
    site.deployments.append({**told["deployment"], "id": 1002, "created_at": "2026-11-20T13:00:00Z"})
    site.statuses[1001].append(told["deployment_status"])
    await desk.backfill(source(site))
    [over] = of_type(await desk.events(), "deployment")
    assert isinstance(over.body, Deployment)
    assert (over.body.deployment_id, over.body.outcome) == ("1001", "success")


async def test_a_renamed_repository_is_read_under_its_new_name(desk: Desk, site: GitHubSite) -> None:
    """GitHub redirects from the old name, and the client package would lose the query on the way."""
    fill(site)
    site.fault = lambda r: (
        Reply(301, {"message": "Moved"}, {"Location": f"{site.url}{r.path.replace('old/name', 'acme/api')}"})
        if "/old/name" in r.path else None
    )  # fmt: skip
    result = await desk.backfill(source(site, "old/name"))
    assert result.problems == []
    assert {event.project for event in await desk.events()} == {"github:acme/api"}
    assert [path for path in site.paths() if path.startswith("/repos/old/name/")] == []


async def test_github_enterprise_has_its_api_below_a_path(desk: Desk, site: GitHubSite) -> None:
    fill(site)
    result = await desk.backfill(source(site, path="/api/v3"))
    assert result.problems == []
    assert all(path.startswith("/api/v3/") for path in site.paths())
    assert {r.headers["authorization"] for r in site.asked} == {"token gh-token"}
