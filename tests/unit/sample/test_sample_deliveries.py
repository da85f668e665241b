"""The sample's deliveries look and arrive as real ones do."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from adapters.sources.sample import Delivery, Sample, sample

UNTIL = datetime(2026, 10, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> Sample:
    return sample(UNTIL)


def when(delivery: Delivery) -> datetime | None:
    """When the source says that it happened; None for a kind that does not say."""
    body, headers = delivery["body"], delivery["headers"]
    match delivery["source"]:
        case "jira":
            return datetime.fromtimestamp(body["timestamp"] / 1000, UTC)
        case "notion":
            return datetime.fromisoformat(body["last_edited_time"]).astimezone(UTC)
        case "prometheus":
            newest = max(sample[0] for series in body["data"]["result"] for sample in series["values"])
            return datetime.fromtimestamp(newest, UTC)
        case _:
            return when_on_github(headers["X-GitHub-Event"], body)


def when_on_github(event: str, body: dict[str, Any]) -> datetime | None:
    match event:
        case "push":
            return datetime.fromtimestamp(body["repository"]["pushed_at"], UTC)
        case "membership":
            return None
        case "star":
            return datetime.fromisoformat(body["starred_at"])
        case "pull_request_review":
            return datetime.fromisoformat(body["review"]["submitted_at"])
        case _:
            subject = body[{"issues": "issue", "issue_comment": "comment"}.get(event, event)]
            return datetime.fromisoformat(subject.get("updated_at") or subject["published_at"])


def dig(value: object, name: str) -> Iterator[Any]:
    """Every value of that name, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == name:
                yield inner
            yield from dig(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from dig(inner, name)


def of(company: Sample, event: str) -> list[dict[str, Any]]:
    return [each["body"] for each in company.deliveries if each["headers"].get("X-GitHub-Event") == event]


def test_the_same_day_and_seed_give_the_same_sample(company: Sample) -> None:
    again = sample(UNTIL.astimezone(timezone(timedelta(hours=5))) + timedelta(hours=11))

    assert company == again


def test_another_seed_gives_another_story_of_the_same_people(company: Sample) -> None:
    other = sample(UNTIL, seed=8)

    assert company.truth["commits"] != other.truth["commits"]
    assert [each["github"] for each in company.truth["people"]] == [each["github"] for each in other.truth["people"]]


def test_a_day_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        sample(datetime(2026, 10, 5))  # noqa: DTZ001 - that is the mistake


@pytest.mark.parametrize("days", [2, 5, 6])
def test_nothing_lies_in_the_future_whatever_the_weekday(days: int) -> None:
    until = UNTIL + timedelta(days=days)

    times = [moment for each in sample(until).deliveries if (moment := when(each))]

    assert max(times) < until
    assert min(times) >= until - timedelta(days=121)


def test_deliveries_arrive_in_order_but_for_the_planted_disorder(company: Sample) -> None:
    redelivered = company.truth["facts"]["redelivery"]["delivery_id"]
    late = company.truth["facts"]["out_of_order"]
    newest, backwards = datetime.min.replace(tzinfo=UTC), []
    for each in company.deliveries:
        moment = when(each)
        if moment is None or each["source"] in {"prometheus", "notion"}:
            continue  # a poll finds what was there for a while
        if moment < newest:
            backwards.append(each)
        newest = max(newest, moment)

    assert [each["source"] for each in backwards] in (["jira", "github"], ["github", "jira"])
    assert {redelivered} == {each["headers"]["X-GitHub-Delivery"] for each in backwards if each["source"] == "github"}
    assert [late["issue"]] == [each["body"]["issue"]["key"] for each in backwards if each["source"] == "jira"]


def test_every_delivery_has_an_id_of_its_own_but_the_redelivered_one(company: Sample) -> None:
    ids = Counter(
        each["headers"].get("X-GitHub-Delivery") or each["headers"]["X-Atlassian-Webhook-Identifier"]
        for each in company.deliveries
        if each["headers"]
    )

    assert [company.truth["facts"]["redelivery"]["delivery_id"]] == [key for key, n in ids.items() if n > 1]


def test_the_whole_is_as_large_as_four_months_of_a_small_company_and_fits_into_one_delivery(company: Sample) -> None:
    sizes = [len(json.dumps(each, ensure_ascii=False).encode()) for each in company.deliveries]
    github = sorted(size for size, each in zip(sizes, company.deliveries, strict=True) if each["source"] == "github")
    samples = sum(len(values) for each in company.deliveries for values in dig(each["body"], "values"))

    assert 4_000 <= len(sizes) <= 7_000
    assert sum(sizes) < 25_000_000
    assert 2_000 <= github[len(github) // 2] <= 7_000
    assert 0 < samples < 6_000


def test_the_truth_can_be_written_as_json_and_read_back(company: Sample) -> None:
    assert company.truth == json.loads(json.dumps(company.truth))


def test_every_kind_of_event_occurs(company: Sample) -> None:
    github = Counter(
        (each["headers"]["X-GitHub-Event"], each["body"].get("action"))
        for each in company.deliveries
        if each["source"] == "github"
    )
    jira = Counter(each["body"]["webhookEvent"] for each in company.deliveries if each["source"] == "jira")

    assert {
        ("push", None),
        *(
            ("pull_request", action)
            for action in (
                "opened",
                "ready_for_review",
                "converted_to_draft",
                "review_requested",
                "synchronize",
                "closed",
                "reopened",
            )
        ),
        ("pull_request_review", "submitted"),
        ("issues", "opened"),
        ("issues", "closed"),
        ("issue_comment", "created"),
        ("workflow_run", "completed"),
        ("deployment_status", "created"),
        ("release", "published"),
        ("membership", "added"),
        ("star", "created"),
    } == set(github)
    assert {
        "jira:issue_created",
        "jira:issue_updated",
        "jira:issue_deleted",
        "comment_created",
        "sprint_created",
        "sprint_started",
        "sprint_closed",
    } == set(jira)


def test_jira_tells_nobodys_mail_address(company: Sample) -> None:
    texts = [json.dumps(each["body"]) for each in company.deliveries if each["source"] == "jira"]

    assert not [text for text in texts if "@" in text]


def test_github_and_jira_tell_what_kind_of_account_acted(company: Sample) -> None:
    senders = {(body["login"], body["type"]) for each in company.deliveries for body in dig(each["body"], "sender")}

    assert {"dependabot[bot]", "brambleway-ci[bot]"} == {login for login, kind in senders if kind == "Bot"}
    assert {"atlassian"} == {kind for each in company.deliveries for kind in dig(each["body"], "accountType")}


def test_git_writes_local_time_for_about_half_of_the_people(company: Sample) -> None:
    offsets: dict[str, set[timedelta | None]] = {}
    for push in of(company, "push"):
        for commit in push["commits"]:
            written = datetime.fromisoformat(commit["timestamp"])
            offsets.setdefault(commit["author"].get("username", ""), set()).add(written.utcoffset())
    local = [login for login, seen in offsets.items() if login and timedelta(0) not in seen]

    assert 8 <= len(local) <= 16
    assert all(len(seen) == 1 for login, seen in offsets.items() if login)


def test_a_branch_moves_from_where_it_was_to_where_it_is(company: Sample) -> None:
    """Whoever finds the range of a deployment needs an unbroken chain of pushes."""
    heads: dict[tuple[str, str], str] = {}
    for push in of(company, "push"):
        branch = (push["repository"]["full_name"], push["ref"])
        assert push["created"] == (push["before"] == "0" * 40)
        assert push["deleted"] == (push["after"] == "0" * 40)
        if branch in heads:
            assert heads[branch] == push["before"]
        if push["commits"]:
            assert push["after"] == push["commits"][-1]["id"] == push["head_commit"]["id"]
        heads[branch] = push["after"]


def test_a_merged_pull_request_reaches_the_default_branch_the_way_its_project_merges(company: Sample) -> None:
    style = {project["repo"]: project["merge_style"] for project in company.truth["projects"]}
    pushed = {push["after"]: push for push in of(company, "push")}
    merged = [body["pull_request"] for body in of(company, "pull_request") if body["pull_request"]["merged"]]

    assert merged
    for pr in merged:
        push = pushed[pr["merge_commit_sha"]]
        repo = push["repository"]["full_name"]
        assert push["ref"] == f"refs/heads/{push['repository']['default_branch']}"
        if style[repo] == "squash":
            assert len(push["commits"]) == 1
            assert f"(#{pr['number']})" in push["commits"][0]["message"].splitlines()[0]
        else:
            assert len(push["commits"]) == pr["commits"] + 1
            assert [commit["distinct"] for commit in push["commits"] if commit["distinct"]] == [True]
            assert push["commits"][-1]["message"].startswith(f"Merge pull request #{pr['number']} ")


def test_a_submitted_review_takes_its_author_off_the_list_of_those_asked(company: Sample) -> None:
    for body in of(company, "pull_request_review"):
        asked = {user["login"] for user in body["pull_request"]["requested_reviewers"]}
        assert body["review"]["user"]["login"] not in asked


def test_a_changelog_agrees_with_the_issue_it_comes_with(company: Sample) -> None:
    updates = [each["body"] for each in company.deliveries if each["body"].get("changelog")]

    assert updates
    for body in updates:
        fields = body["issue"]["fields"]
        for item in body["changelog"]["items"]:
            if item["field"] == "status":
                assert (fields["status"]["id"], fields["status"]["name"]) == (item["to"], item["toString"])
                assert item["from"] != item["to"]
            if item["field"] == "assignee":
                assert fields["assignee"]["accountId"] == item["to"]
            if item["field"] == "Sprint":
                ids = [str(sprint["id"]) for sprint in fields["customfield_10020"]]
                assert ", ".join(ids) == item["to"]
        assert (fields["resolutiondate"] is not None) == (fields["status"]["statusCategory"]["key"] == "done")


def test_notion_delivers_the_roster_the_roadmap_and_documents(company: Sample) -> None:
    truth = company.truth
    pages = {each["body"]["id"]: each["body"] for each in company.deliveries if each["source"] == "notion"}
    parents = Counter(page["parent"].get("data_source_id", "document") for page in pages.values())

    assert {
        truth["notion"]["people_data_source_id"]: 24,
        truth["notion"]["roadmap_data_source_id"]: 8,
        "document": 14,
    } == parents
    roadmap = {project["notion_page_id"]: project for project in truth["projects"]}
    for page in pages.values():
        if page["parent"]["type"] == "page_id":
            words = " ".join(dig(page["blocks"], "plain_text")).split()
            assert page["parent"]["page_id"] in roadmap
            assert 150 <= len(words) <= 600
        elif page["id"] in roadmap:
            needed = [roadmap[each["id"]]["name"] for each in page["properties"]["Depends on"]["relation"]]
            assert roadmap[page["id"]]["depends_on"] == needed


def test_what_one_reads_can_be_changed_without_changing_another_delivery(company: Sample) -> None:
    one, two = of(company, "push")[:2]

    assert one["organization"] == two["organization"]
    assert one["organization"] is not two["organization"]
