"""The sample's truth agrees with what somebody would count who reads nothing but the deliveries."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from adapters.sources.sample import Sample, sample

UNTIL = datetime(2026, 10, 5, tzinfo=UTC)
Json = dict[str, Any]
Counts = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def company() -> Sample:
    return sample(UNTIL)


@pytest.fixture(scope="module")
def names(company: Sample) -> dict[str, str]:
    """Roster names by GitHub login."""
    return {person["github"]["login"]: person["name"] for person in company.truth["people"]}


@pytest.fixture(scope="module")
def bots(company: Sample) -> set[str]:
    return {person["name"] for person in company.truth["people"] if person["bot"]}


def github(company: Sample, event: str) -> list[Json]:
    """Bodies of one event, a redelivered one once."""
    seen: dict[str, Json] = {}
    for each in company.deliveries:
        if each["headers"].get("X-GitHub-Event") == event:
            seen.setdefault(each["headers"]["X-GitHub-Delivery"], each["body"])
    return list(seen.values())


def jira(company: Sample) -> list[Json]:
    """Jira's bodies in the order of their own time."""
    bodies = [each["body"] for each in company.deliveries if each["source"] == "jira"]
    return sorted(bodies, key=lambda body: body["timestamp"])


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def within(moment: datetime, days: int) -> bool:
    return UNTIL - timedelta(days=days) <= moment < UNTIL


def tally(rows: list[tuple[str, str, datetime]], days: int, *, only: set[str] | None = None) -> Counts:
    table: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for who, where, at in rows:
        if within(at, days) and (only is None or who in only):
            table[who][where] += 1
    return {who: dict(places) for who, places in table.items()}


def default_commits(company: Sample) -> dict[str, tuple[str, Json]]:
    """Commits of default branches by sha, with their repository, oldest first."""
    found: dict[str, tuple[str, Json]] = {}
    for push in github(company, "push"):
        repo = push["repository"]
        if push["ref"] == f"refs/heads/{repo['default_branch']}":
            for commit in push["commits"]:
                found.setdefault(commit["id"], (repo["full_name"], commit))
    return found


def newest_prs(company: Sample) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for each in company.deliveries:
        if each["headers"].get("X-GitHub-Event") in {"pull_request", "pull_request_review"}:
            body = each["body"]
            found[f"{body['repository']['full_name']}#{body['pull_request']['number']}"] = body["pull_request"]
    return found


@pytest.mark.parametrize("days", [30, 90, 120])
def test_commits_are_those_on_default_branches_by_their_author(company: Sample, days: int, bots: set[str]) -> None:
    truth = company.truth
    by_signature = {signature: person["name"] for person in truth["people"] for signature in person["git_signatures"]}
    rows: list[tuple[str, str, datetime]] = []
    strays: list[tuple[str, str, datetime]] = []
    for repo, commit in default_commits(company).values():
        signature = f"{commit['author']['name']} <{commit['author']['email']}>"
        row = (by_signature.get(signature, "?"), repo, read(commit["timestamp"]))
        (rows if row[0] != "?" else strays).append(row)

    expected = {**truth["commits"][str(days)], **truth["bots"]["commits"][str(days)]}
    assert expected == tally(rows, days)
    assert truth["commits_unattributed"][str(days)] == tally(strays, days).get("?", {})
    assert bots.isdisjoint(truth["commits"][str(days)])


def test_a_login_beside_a_commit_never_contradicts_its_signature(company: Sample, names: dict[str, str]) -> None:
    by_signature = {
        signature: person["name"] for person in company.truth["people"] for signature in person["git_signatures"]
    }
    for _, commit in default_commits(company).values():
        author = commit["author"]
        if "username" in author:
            assert names[author["username"]] == by_signature[f"{author['name']} <{author['email']}>"]


@pytest.mark.parametrize("days", [30, 90, 120])
def test_pull_requests_and_reviews_count_people_and_bots_apart(
    company: Sample, days: int, names: dict[str, str], bots: set[str]
) -> None:
    prs = {ref: (names[pr["user"]["login"]], ref.partition("#")[0], pr) for ref, pr in newest_prs(company).items()}
    tables = {
        "prs_opened": [(who, repo, read(pr["created_at"])) for who, repo, pr in prs.values()],
        "prs_merged": [(who, repo, read(pr["merged_at"])) for who, repo, pr in prs.values() if pr["merged"]],
        "reviews": [
            (
                names[body["review"]["user"]["login"]],
                body["repository"]["full_name"],
                read(body["review"]["submitted_at"]),
            )
            for body in github(company, "pull_request_review")
        ],
    }
    people = set(names.values()) - bots
    for name, rows in tables.items():
        assert company.truth[name][str(days)] == tally(rows, days, only=people)
        assert company.truth["bots"][name][str(days)] == tally(rows, days, only=bots)


def issue_stories(company: Sample) -> tuple[dict[str, list[Json]], set[str]]:
    """Bodies by issue in order, and the keys of deleted issues."""
    stories: dict[str, list[Json]] = defaultdict(list)
    deleted = set()
    for body in jira(company):
        if body["webhookEvent"] == "jira:issue_deleted":
            deleted.add(body["issue"]["key"])
        elif body["webhookEvent"].startswith("jira:"):
            stories[body["issue"]["key"]].append(body)
    return {key: story for key, story in stories.items() if key not in deleted}, deleted


def test_issues_stand_as_their_last_update_says(company: Sample) -> None:
    by_account = {person["jira_account_id"]: person["name"] for person in company.truth["people"]}
    stories, deleted = issue_stories(company)
    truth = company.truth["issues"]

    assert set(truth) == set(stories)
    assert deleted == {fact["issue"] for fact in company.truth["facts"]["deleted_issues"]}
    for key, story in stories.items():
        fields = story[-1]["issue"]["fields"]
        moves = [(read(story[0]["issue"]["fields"]["created"]), story[0]["issue"]["fields"]["status"])]
        moves += [
            (read(body["issue"]["fields"]["updated"]), body["issue"]["fields"]["status"])
            for body in story[1:]
            if any(item["field"] == "status" for item in body["changelog"]["items"])
        ]
        ends = [at for at, _ in moves[1:]] + [UNTIL]
        blocked = sum(
            (end - at).total_seconds() / 3600
            for (at, status), end in zip(moves, ends, strict=True)
            if status["name"] == "Blocked"
        )
        begun = next((at for at, status in moves if status["statusCategory"]["key"] == "indeterminate"), None)
        done = moves[-1][0] if moves[-1][1]["name"] == "Done" else None
        expected = truth[key]
        assert expected["status"] == fields["status"]["name"]
        assert expected["category"] == fields["status"]["statusCategory"]["key"]
        assert expected["assignee"] == (by_account[fields["assignee"]["accountId"]] if fields["assignee"] else None)
        assert expected["first_in_progress_at"] == (begun.astimezone(UTC).isoformat() if begun else None)
        assert expected["done_at"] == (done.astimezone(UTC).isoformat() if done else None)
        assert expected["reopened"] == any(status["name"] == "Done" for _, status in moves[:-1])
        assert expected["blocked_hours"] == pytest.approx(blocked, abs=0.01)


@pytest.mark.parametrize("days", [30, 90, 120])
def test_finished_issues_count_for_who_has_them_at_the_end(company: Sample, days: int) -> None:
    rows = [
        (issue["assignee"], key.partition("-")[0], read(issue["done_at"]))
        for key, issue in company.truth["issues"].items()
        if issue["done_at"] and issue["assignee"]
    ]

    assert company.truth["issues_completed"][str(days)] == tally(rows, days)


def test_open_work_is_what_the_last_deliveries_leave_open(company: Sample, names: dict[str, str]) -> None:
    issues, prs, asked = defaultdict(set), defaultdict(set), defaultdict(set)
    for key, issue in company.truth["issues"].items():
        if issue["status"] != "Done" and issue["assignee"]:
            issues[issue["assignee"]].add(key)
    for ref, pr in newest_prs(company).items():
        if pr["state"] == "open":
            prs[names[pr["user"]["login"]]].add(ref)
            for user in pr["requested_reviewers"]:
                asked[names[user["login"]]].add(ref)
    for name, work in company.truth["open_work"].items():
        assert set(work["issues"]) == issues[name]
        assert set(work["prs"]) == prs[name]
        assert set(work["reviews_requested"]) == asked[name]


def production(company: Sample, repo: str) -> list[Json]:
    """Successes in production of one repository, in order."""
    return [
        body
        for body in github(company, "deployment_status")
        if body["repository"]["full_name"] == repo
        and body["deployment"]["production_environment"]
        and body["deployment_status"]["state"] == "success"
    ]


def test_a_deployment_first_contains_what_was_pushed_since_the_one_before(company: Sample) -> None:
    """Found again by walking the default branch: no sha twice, none left out."""
    for repo, by_days in company.truth["delivery"].items():
        branch = [sha for sha, (where, _) in default_commits(company).items() if where == repo]
        done, contained = 0, {}
        for body in production(company, repo):
            reached = branch.index(body["deployment"]["sha"]) + 1
            contained[body["deployment"]["id"]] = branch[done:reached]
            done = max(done, reached)
        rows = by_days["90"]["list"]
        assert by_days["90"]["deployments"] == len(rows) == len({row["id"] for row in rows})
        assert [row["id"] for row in rows] == [
            body["deployment"]["id"]
            for body in production(company, repo)
            if within(read(body["deployment_status"]["created_at"]), 90)
        ]
        for row in rows:
            assert row["shas_first_contained"] == contained[row["id"]]


def test_lead_times_run_from_the_first_commit_of_the_branch_to_production(company: Sample, bots: set[str]) -> None:
    first: dict[tuple[str, str], datetime] = {}
    for push in github(company, "push"):
        branch = (push["repository"]["full_name"], push["ref"].removeprefix("refs/heads/"))
        for commit in push["commits"]:
            moment = read(commit["timestamp"])
            first[branch] = min(first.get(branch, moment), moment)
    prs = newest_prs(company)
    for repo, by_days in company.truth["delivery"].items():
        numbers = by_days["90"]
        finished = {row["id"]: read(row["finished_at"]) for row in numbers["list"]}
        owners = {number: row["id"] for row in numbers["list"] for number in row["prs"]}
        for row in numbers["lead_times"]:
            pr = prs[f"{repo}#{row['pr']}"]
            began = first[repo, pr["head"]["ref"]]
            assert row["bot"] == (pr["user"]["type"] == "Bot")
            assert row["deployment_id"] == owners[row["pr"]]
            assert row["hours"] == pytest.approx((finished[owners[row["pr"]]] - began).total_seconds() / 3600, abs=0.01)
        people = [row["hours"] for row in numbers["lead_times"] if not row["bot"]]
        assert numbers["lead_time_median_hours"] == pytest.approx(median(people), abs=0.001)
        deployed = {number for row in numbers["list"] for number in row["prs"]}
        assert deployed.isdisjoint(numbers["never_deployed"])


def test_a_pickup_starts_when_the_pull_request_was_last_made_ready_and_ends_with_a_person(company: Sample) -> None:
    ready: dict[str, datetime] = {}
    found: dict[str, float] = {}
    bodies = [
        each["body"]
        for each in company.deliveries
        if each["headers"].get("X-GitHub-Event") in {"pull_request", "pull_request_review"}
    ]
    for body in bodies:
        pr = body["pull_request"]
        ref = f"{body['repository']['full_name']}#{pr['number']}"
        if body["action"] in {"opened", "ready_for_review"} and not pr["draft"]:
            ready[ref] = read(pr["updated_at"])
        elif body["action"] == "submitted" and body["review"]["user"]["type"] == "User" and ref not in found:
            found[ref] = (read(body["review"]["submitted_at"]) - ready[ref]).total_seconds() / 3600
    told = {
        f"{repo}#{row['pr']}": row["hours"]
        for repo, by_days in company.truth["delivery"].items()
        for row in by_days["90"]["pickups"]
    }

    assert len(told) > 150
    assert told == pytest.approx({ref: found[ref] for ref in told}, abs=0.01)


def test_sprints_add_up_from_what_jira_said_when_they_began_and_ended(company: Sample) -> None:
    points: dict[str, float] = {}
    inside: dict[str, int | None] = {}
    done: dict[str, bool] = {}
    at_start: dict[int, dict[str, float]] = {}
    told = {sprint["id"]: sprint for sprint in company.truth["sprints"]}
    closed = 0
    for body in jira(company):
        event = body["webhookEvent"]
        if event == "jira:issue_deleted":
            inside.pop(body["issue"]["key"], None)
        elif event.startswith("jira:"):
            key, fields = body["issue"]["key"], body["issue"]["fields"]
            points[key] = fields["customfield_10016"] or 0
            inside[key] = (fields["customfield_10020"] or [{"id": None}])[-1]["id"]
            done[key] = fields["status"]["name"] == "Done"
        elif event in {"sprint_started", "sprint_closed"}:
            number = body["sprint"]["id"]
            now = {key: points[key] for key, where in inside.items() if where == number}
            if event == "sprint_started":
                at_start[number] = now
                assert told[number]["committed_points"] == sum(now.values())
            else:
                closed += 1
                added = [value for key, value in now.items() if key not in at_start[number]]
                assert told[number]["completed_points"] == sum(value for key, value in now.items() if done[key])
                assert told[number]["added_after_start_points"] == sum(added)

    assert closed >= 36
    assert set(told) == set(at_start)


def test_nothing_is_finished_between_two_sprints(company: Sample) -> None:
    """Else velocity would depend on what one thinks of such an issue."""
    running: dict[str, int] = defaultdict(int)
    for body in jira(company):
        event = body["webhookEvent"]
        if event in {"sprint_started", "sprint_closed"}:
            running[body["sprint"]["name"].split()[0]] += 1 if event == "sprint_started" else -1
        elif event == "jira:issue_updated":
            fields = body["issue"]["fields"]
            moved = any(item["field"] == "status" for item in body["changelog"]["items"])
            if moved and fields["status"]["name"] == "Done" and fields["customfield_10020"]:
                assert running[fields["project"]["key"]] == 1


def test_the_teams_on_github_are_those_of_the_roster(company: Sample) -> None:
    members: dict[str, set[int]] = defaultdict(set)
    for body in github(company, "membership"):
        members[body["team"]["slug"]].add(body["member"]["id"])
    ids = {person["name"]: person["github"]["id"] for person in company.truth["people"]}

    assert members == {team["slug"]: {ids[name] for name in team["members"]} for team in company.truth["teams"]}
    assert [len(each) for each in members.values()] == [6, 6, 6, 6]


def test_the_roster_ties_every_account_of_a_person_together(company: Sample) -> None:
    rows = {}
    for each in company.deliveries:
        if each["source"] == "notion" and "GitHub" in each["body"]["properties"]:
            rows[each["body"]["id"]] = each["body"]["properties"]
    for person in company.truth["people"]:
        if person["bot"]:
            continue
        row = rows[person["notion_page_id"]]
        assert person["name"] == row["Name"]["title"][0]["plain_text"]
        assert person["email"] == row["Email"]["email"]
        assert person["github"]["login"] == row["GitHub"]["rich_text"][0]["plain_text"]
        assert person["jira_account_id"] == row["Jira"]["rich_text"][0]["plain_text"]
        assert person["slack_id"] == row["Slack"]["rich_text"][0]["plain_text"]
        assert person["team"] == row["Team"]["select"]["name"]
        assert person["allocation"] == row["Allocation"]["number"]
        assert person["away_until"] == (row["Away until"]["date"] or {"start": None})["start"]
