"""GitHub on a bad day: limits, errors, nonsense, lists that change while they are read, deliveries that got lost."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from adapters.sources import patience
from adapters.sources.github import GitHubRepository
from adapters.sources.github.client import GitHubClient
from domain.errors import SourceAway, SourceUnusable
from tests.polling.conftest import Desk
from tests.polling.github_site import ROOT, GitHubSite, a_pull, at
from tests.polling.test_github import fill, source
from tests.polling.web import Dropped, Reply, Request, failing, running
from tests.unit.deliveries.payloads_github import commit as pushed_commit
from tests.unit.deliveries.payloads_github import envelope, push, repository, user


@pytest.fixture
def site() -> Iterator[GitHubSite]:
    with running(GitHubSite()) as there:
        yield there


def limit(status: int, text: str, **headers: str) -> Reply:
    return Reply(status, {"message": text}, {name.replace("_", "-"): value for name, value in headers.items()})


SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: limit(403, "API rate limit exceeded for user ID 1.", X_RateLimit_Limit="5000",
                      X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(time.time()) + 1)),
        lambda: limit(429, "API rate limit exceeded for user ID 1.", X_RateLimit_Remaining="0",
                      X_RateLimit_Reset=str(int(time.time()))),
        lambda: limit(403, SECONDARY, Retry_After="1"),
        lambda: limit(429, SECONDARY, Retry_After="1"),
    ],
    ids=["primary 403", "primary 429", "secondary 403", "secondary 429"],
)  # fmt: skip
async def test_a_limit_is_waited_for_and_nothing_is_lost(desk: Desk, site: GitHubSite, refusal: object) -> None:
    assert callable(refusal)
    fill(site)
    site.fault = failing(1, refusal(), "/pulls/1")
    began = time.monotonic()
    result = await desk.backfill(source(site))
    assert result.problems == []
    assert (await desk.types())["pr_opened"] == 3
    assert time.monotonic() - began >= 1


async def test_github_is_not_asked_while_nothing_is_left_of_the_limit(desk: Desk, site: GitHubSite) -> None:
    """What is left is in every answer: nobody needs to be refused to know it."""
    fill(site)
    refused: list[str] = []
    reset_at = 0.0

    def budget(request: Request) -> Reply | None:
        nonlocal reset_at
        if reset_at and time.time() < reset_at:
            refused.append(request.path)
            return limit(
                403, "API rate limit exceeded", X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(reset_at))
            )
        if len(site.asked) == 4 and not reset_at:
            reset_at = int(time.time()) + 1
            reply = site.answer(request)
            left = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset_at))}
            return Reply(reply.status, reply.body, {**reply.headers, **left})
        return None

    site.fault = budget
    result = await desk.backfill(source(site))
    assert (result.problems, refused) == ([], [])


def test_a_wait_is_counted_by_githubs_clock() -> None:
    """A machine whose clock is an hour fast must not ask at once, nor one that is slow wait an hour more."""
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1788163260", "date": "Mon, 31 Aug 2026 08:00:00 GMT"}
    assert patience.wait_after(patience.Answer(403, headers, None), 0) == 61


@pytest.mark.parametrize(
    ("answer", "waited", "seconds"),
    [
        (patience.Answer(403, {}, {"message": "Resource not accessible by personal access token"}), 0, None),
        (patience.Answer(403, {}, {"message": SECONDARY}), 0, 60),
        (patience.Answer(403, {}, {"message": SECONDARY}), 2, 240),
        (patience.Answer(429, {"retry-after": "7"}, None), 0, 7),
        (patience.Answer(429, {"retry-after": "soon"}, None), 0, 60),
        (patience.Answer(503, {"retry-after": "3"}, None), 0, 3),
        (patience.Answer(503, {}, None), 0, None),
        (patience.Answer(404, {"retry-after": "3"}, None), 0, None),
    ],
)
def test_a_refusal_says_when_to_come_again(answer: patience.Answer, waited: int, seconds: float | None) -> None:
    assert patience.wait_after(answer, waited) == seconds


async def test_what_breaks_is_tried_again(desk: Desk, site: GitHubSite) -> None:
    fill(site)
    site.fault = failing(1, Dropped, "/pulls/1/reviews")
    assert (await desk.backfill(source(site))).problems == []
    site.fault = failing(2, Reply(502, "<html>Bad gateway</html>"), "/releases")
    assert (await desk.backfill(source(site))).problems == []


async def test_a_part_that_fails_costs_itself_alone(
    desk: Desk, site: GitHubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    fill(site)
    faults = {
        f"{ROOT}/commits": Reply(500, {"message": "Server Error"}),
        f"{ROOT}/deployments": Reply(200, "<html>Sign in</html>"),
        f"{ROOT}/actions/runs": Reply(200, {"workflow_runs": "none"}),
        f"{ROOT}/issues/comments": Reply(200, [{"id": 1}]),
        f"{ROOT}/releases": Reply(403, {"message": "Resource not accessible by personal access token"}),
        f"{ROOT}/hooks": Reply(404, {"message": "Not Found"}),
    }
    site.fault = lambda request: faults.get(request.path)

    result = await desk.backfill(source(site))

    assert {problem.partition(":")[2].partition(":")[0] for problem in result.problems} == {
        "acme/api#commits", "acme/api#deployments", "acme/api#runs", "acme/api#comments",
    }  # fmt: skip
    assert [note.partition(":")[0] for note in result.notes] == [
        "releases were not read",
        "deliveries that were missed were not looked for",
    ]
    types = await desk.types()
    assert (types["pr_opened"], types["issue_created"], types["issue_commented"]) == (3, 1, 1)
    assert (await desk.polled("github:acme/api")).failures == 1

    site.fault = lambda _: None
    assert (await desk.backfill(source(site))).problems == []
    assert (await desk.polled("github:acme/api")).problem is None
    assert (await desk.types())["commit"] == 2


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(401, {"message": "Bad credentials"}), "ENGINTEL_GITHUB_TOKEN"),
        (Reply(404, {"message": "Not Found"}), "check the name"),
        (Reply(200, {"hello": "world"}), "is not GitHub"),
        (Reply(200, "<html>Welcome</html>"), "not JSON"),
        (Reply(301, {}, {"Location": "https://elsewhere.example/repos/acme/api"}), "redirects"),
    ],
)
async def test_a_repository_that_cannot_be_read_is_said_in_a_line(
    desk: Desk, site: GitHubSite, monkeypatch: pytest.MonkeyPatch, reply: Reply, says: str
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    site.fault = lambda _: reply
    with pytest.raises(SourceUnusable, match=says) as told:
        await desk.backfill(source(site))
    assert "\n" not in str(told.value)
    assert "gh-token" not in str(told.value)
    assert (await desk.polled("github:acme/api")).problem == str(told.value)


async def test_a_server_that_is_not_there_is_said_in_a_line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    with pytest.raises(SourceAway, match=r"cannot be reached.*ENGINTEL_GITHUB_URL"):
        await desk.backfill(GitHubRepository(GitHubClient("t", "http://127.0.0.1:9"), "acme/api"))


async def test_what_changes_while_pages_are_read_is_not_lost(desk: Desk, site: GitHubSite) -> None:
    """Everything moves to the end of the list as it changes; counted pages would skip as many entries."""
    site.page_limit = 4
    for number in range(1, 31):
        site.add_pull(a_pull(number, number * 10))
    clock = [1_000.0]
    to_change = list(range(1, 21))

    def meddle(request: Request) -> Reply | None:
        if request.path == f"{ROOT}/issues" and to_change:
            for _ in range(2):
                number = to_change.pop(0)
                clock[0] += 1
                site.pulls[number] = {**site.pulls[number], "title": f"Renamed {number}", "updated_at": at(clock[0])}
        return None

    site.fault = meddle
    await desk.backfill(source(site))
    pulls = {e.body.number: e.body for e in await desk.events() if e.body.type == "pr_updated"}
    opened = {e.body.number for e in await desk.events() if e.body.type == "pr_opened"}
    assert opened == set(range(1, 31))
    assert {number for number, body in pulls.items() if body.title.startswith("Renamed")} == set(range(1, 21))


async def test_more_changes_in_one_second_than_fit_a_page(desk: Desk, site: GitHubSite) -> None:
    site.page_limit = 4
    for number in range(1, 12):
        site.add_pull(a_pull(number, 0))
    site.add_pull(a_pull(12, 30))
    await desk.backfill(source(site))
    assert (await desk.types())["pr_merged"] == 12


async def test_a_list_that_was_not_asked_for_is_refused(desk: Desk, site: GitHubSite) -> None:
    """A proxy that drops the query gives a first page over and over."""
    fill(site)
    await desk.backfill(source(site))
    lists = site.work()
    site.add_pull(a_pull(9, 100))
    site.fault = lambda r: Reply(body=lists) if r.path == f"{ROOT}/issues" else None
    result = await desk.backfill(source(site))
    assert len(result.problems) == 1
    assert "not the one that was asked for" in result.problems[0]


async def test_a_reading_that_is_cut_short_anywhere_is_finished_by_the_next(
    desk: Desk, site: GitHubSite, another: object
) -> None:
    """Cut after every single question, again and again: what is in the log in the end is what it should be."""
    assert callable(another)
    site.page_limit = 2
    fill(site)
    for number in range(10, 16):
        site.add_pull(a_pull(number, number * 10))
    reading, loop = source(site), asyncio.get_running_loop()
    for patience_left in range(1, 60):
        site.asked.clear()
        task = asyncio.create_task(desk.polling.backfill(reading, lambda *_: None))

        def cut(_: Request, task: "asyncio.Task[object]" = task, after: int = patience_left) -> None:
            if len(site.asked) == after:
                loop.call_soon_threadsafe(task.cancel)

        site.fault = cut
        try:
            await task
            break
        except asyncio.CancelledError:
            continue
    await reading.close()
    site.fault = lambda _: None
    await desk.backfill(source(site))

    undisturbed = GitHubSite()
    with running(undisturbed):
        undisturbed.page_limit = 2
        fill(undisturbed)
        for number in range(10, 16):
            undisturbed.add_pull(a_pull(number, number * 10))
        other = another("-other")
        await other.backfill(source(undisturbed))
    assert await desk.ids() == await other.ids()


def hook(site: GitHubSite, url: str = "https://engintel.acme.example/webhooks/github") -> None:
    site.hooks.append({"id": 5, "name": "web", "active": True, "config": {"url": url}})
    site.deliveries[5] = []


def lost(site: GitHubSite, number: int, event: str, body: object, *, status: int = 502, guid: str = "") -> None:
    guid = guid or f"guid-{number}"
    site.deliveries[5].append(
        {
            "id": number, "guid": guid, "event": event, "status_code": status, "redelivery": False,
            "delivered_at": at(number),
            "request": {"headers": {"X-GitHub-Event": event, "X-GitHub-Delivery": guid}, "payload": body},
        }
    )  # fmt: skip


def a_push(letter: str) -> object:
    return {**push(pushed_commit(letter)), "repository": repository(pushed_at=1_788_256_800)}


async def test_a_thing_that_cannot_be_read_costs_itself_alone(
    desk: Desk, site: GitHubSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request that GitHub lists and does not show, one that makes no sense, a difference too large to show."""
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    fill(site)
    for number in range(10, 16):
        site.add_pull(a_pull(number, number * 10))
    site.pulls[11]["base"] = "main"
    site.pulls[12]["user"] = {"login": 5}
    hidden = Reply(404, {"message": "Not Found"})
    site.fault = lambda r: (
        hidden if r.path in {f"{ROOT}/pulls/10", f"{ROOT}/commits/{site.commits[0]['sha']}"} else None
    )
    result = await desk.backfill(source(site))
    assert result.problems == []
    assert [note.partition(" was left out")[0] for note in result.notes] == [
        "#10", "#11", "#12", f"what commit {site.commits[0]['sha'][:12]} changed",
    ]  # fmt: skip
    types = await desk.types()
    assert (types["pr_opened"], types["commit"]) == (6, 2)


async def test_answers_that_make_no_sense_at_all_are_not_passed_over(desk: Desk, site: GitHubSite) -> None:
    """Were they, everything would count as read once the upstream has recovered."""
    for number in range(1, 9):
        site.add_pull({**a_pull(number, number * 10), "user": "nobody"})
    result = await desk.backfill(source(site))
    assert len(result.problems) == 1
    assert "none of 4 things" in result.problems[0]
    for number in range(1, 9):
        site.add_pull(a_pull(number, number * 10))
    await desk.backfill(source(site))
    assert (await desk.types())["pr_merged"] == 8


async def test_history_that_is_rewritten_while_it_is_read(desk: Desk, site: GitHubSite) -> None:
    site.add_commit(1)
    await desk.log.append([], {"github:acme/api#commits": {"head": "f" * 40, "base": None, "page": 2, "fence": 1}})
    gone = Reply(404, {"message": "No commit found for SHA: ffff"})
    site.fault = lambda r: gone if r.query.get("sha") == "f" * 40 else None
    result = await desk.backfill(source(site))
    assert (result.problems, (await desk.types())["commit"]) == ([], 0)
    await desk.backfill(source(site))
    assert (await desk.types())["commit"] == 1


async def test_deliveries_that_nobody_took_are_fetched(desk: Desk, site: GitHubSite) -> None:
    hook(site)
    site.page_limit = 2
    lost(site, 1, "push", a_push("b"))
    lost(site, 2, "push", a_push("c"), status=202)
    lost(site, 3, "push", a_push("d"), guid="again")
    lost(site, 4, "star", envelope(action="created"))
    lost(site, 5, "push", a_push("d"), status=202, guid="again")
    lost(site, 6, "push", {"ref": 1})
    result = await desk.backfill(source(site))

    fetched = [path for path in site.paths() if "/deliveries/" in path]
    assert sorted(fetched) == [f"{ROOT}/hooks/5/deliveries/{number}" for number in (1, 4, 6)]
    assert (await desk.types()) == {"project_described": 1, "push": 1, "commit": 1, "raw": 1}
    assert "github:raw:guid-4" in await desk.ids()
    assert len([note for note in result.notes if "guid-6" in note]) == 1

    site.asked.clear()
    lost(site, 7, "push", a_push("e"))
    await desk.backfill(source(site))
    assert [path for path in site.paths() if "/deliveries/" in path] == [f"{ROOT}/hooks/5/deliveries/7"]
    assert (await desk.types())["push"] == 2


async def test_deliveries_to_somebody_else_are_not_ours(desk: Desk, site: GitHubSite) -> None:
    hook(site, "https://chat.acme.example/hooks/github")
    lost(site, 1, "push", a_push("b"))
    await desk.backfill(source(site))
    assert [path for path in site.paths() if "/deliveries" in path] == []


async def test_text_from_outside_is_cleaned(desk: Desk, site: GitHubSite) -> None:
    site.add_pull(a_pull(1, 0, title="Pay\u202e me\x00 now", user=user(1, "ada\x1b")))
    await desk.backfill(source(site))
    [opened] = [e for e in await desk.events() if e.type == "pr_opened"]
    assert opened.body.title == "Pay me now"  # type: ignore[union-attr]
