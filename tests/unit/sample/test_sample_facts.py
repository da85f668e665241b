"""What is planted in the sample is really to be seen in its deliveries, whatever the weekday and the seed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from adapters.sources.sample import Sample, sample

UNTIL = datetime(2026, 10, 5, tzinfo=UTC)
Json = dict[str, Any]
STORIES = [(0, 7), (1, 7), (2, 1), (3, 7), (4, 2), (5, 3), (6, 7)]
"""Days added to `UNTIL`, so that it falls on every weekday, and seeds."""


@pytest.fixture(scope="module", params=STORIES, ids=lambda story: f"day{story[0]}-seed{story[1]}")
def company(request: pytest.FixtureRequest) -> Sample:
    days, seed = request.param
    return sample(UNTIL + timedelta(days=days), seed)


@pytest.fixture
def facts(company: Sample) -> Json:
    found: Json = company.truth["facts"]
    return found


@pytest.fixture
def until(company: Sample) -> datetime:
    return datetime.fromisoformat(company.truth["until"])


def bodies(company: Sample, *events: str) -> Iterator[Json]:
    return (each["body"] for each in company.deliveries if each["headers"].get("X-GitHub-Event") in events)


def issues(company: Sample, key: str) -> list[Json]:
    return [
        each["body"]
        for each in company.deliveries
        if each["source"] == "jira" and each["body"].get("issue", {}).get("key") == key
    ]


def login(company: Sample, name: str) -> str:
    logins: dict[str, str] = {each["name"]: each["github"]["login"] for each in company.truth["people"]}
    return logins[name]


def default_commits(company: Sample, repo: str) -> list[Json]:
    return [
        commit
        for push in bodies(company, "push")
        if push["repository"]["full_name"] == repo and push["ref"].endswith("/" + push["repository"]["default_branch"])
        for commit in push["commits"]
    ]


def touching(company: Sample, repo: str, area: str) -> Counter[str]:
    """Commits by login that touch a directory, merges left out."""
    return Counter(
        commit["author"]["username"]
        for commit in default_commits(company, repo)
        if any(path.startswith(area) for name in ("added", "removed", "modified") for path in commit[name])
        and not commit["message"].startswith("Merge pull request")
        and "username" in commit["author"]
    )


def test_the_expert_leads_by_files_touched_and_is_drowned(company: Sample, facts: Json) -> None:
    expert, work = facts["overloaded_expert"], facts["overloaded_expert"]["open_work"]
    (first, most), (second, _), *others = touching(company, expert["repo"], expert["area"]).most_common()

    assert expert["login"] == first
    assert facts["free_second_best"]["login"] == second
    assert all(most >= 5 * count for _, count in others)
    assert len(work["issues"]) >= 11
    assert len(work["reviews_requested"]) >= 5
    assert len(work["prs"]) >= 3
    for name, other in company.truth["open_work"].items():
        if name != expert["person"]:
            assert len(other["issues"]) < len(work["issues"])
            assert len(other["reviews_requested"]) <= len(work["reviews_requested"])


def test_the_second_best_knows_the_same_files_and_has_time(company: Sample, facts: Json, until: datetime) -> None:
    second = facts["free_second_best"]
    commits, files = second["ranking"][1]["commits"], second["ranking"][1]["files"]

    assert second["person"] == second["ranking"][1]["person"]
    assert commits >= 5
    assert files >= 5
    assert until - timedelta(days=10) < datetime.fromisoformat(second["ranking"][1]["last_at"])
    assert len(second["open_work"]["issues"]) <= 1
    assert [] == second["open_work"]["prs"] == second["open_work"]["reviews_requested"]


def test_one_person_made_nearly_every_commit_of_a_project(company: Sample, facts: Json) -> None:
    fact = facts["single_point_of_knowledge"]
    humans = [
        commit["author"]["username"]
        for commit in default_commits(company, fact["repo"])
        if not commit["author"]["username"].endswith("[bot]")
    ]

    assert fact["human_commits"] == len(humans)
    assert fact["commits"] == humans.count(login(company, fact["person"]))
    assert 0.9 <= fact["share"] < 1


def test_a_project_is_in_trouble_in_every_respect(company: Sample, facts: Json, until: datetime) -> None:
    fact = facts["project_in_trouble"]
    ended = Counter(
        body["deployment_status"]["state"]
        for body in bodies(company, "deployment_status")
        if body["repository"]["full_name"] == fact["repo"] and body["deployment"]["production_environment"]
    )
    reviewed = {
        f"{body['repository']['full_name']}#{body['pull_request']['number']}"
        for body in bodies(company, "pull_request_review")
        if body["review"]["user"]["type"] == "User"
    }

    assert fact["enough"]
    assert fact["change_fail_rate"] > 0.15
    assert fact["lead_time_median_hours"] > 7 * 24
    assert ended["failure"] >= 1
    assert len(fact["incidents"]) >= 3
    assert len(fact["reverts"]) >= 2
    assert len(fact["stale_prs"]) >= 3
    assert len(fact["high_priority_blocked"]) >= 3
    for stale in fact["stale_prs"]:
        assert datetime.fromisoformat(stale["opened_at"]) <= until - timedelta(days=14)
        assert stale["pr"] not in reviewed


def test_a_project_is_healthy_by_every_measure_with_enough_behind_it(company: Sample, facts: Json) -> None:
    fact = facts["healthy_project"]
    numbers = company.truth["delivery"][fact["repo"]]["90"]

    assert fact["enough"]
    assert fact["lead_times"] >= 50
    assert fact["lead_time_median_hours"] < 24
    assert numbers["lead_time_median_hours_with_bots"] < 24
    assert fact["failed"] >= 5
    assert fact["change_fail_rate"] <= 0.05
    assert fact["recovery_median_hours"] < 1
    assert fact["deployment_days"] >= 5 * (90 // 7)
    assert [] == fact["stale_prs"] == fact["high_priority_blocked"]


def test_a_quiet_project_deploys_too_seldom_to_say_anything(facts: Json) -> None:
    assert 0 < facts["quiet_project"]["deployments"] < 5
    assert not facts["quiet_project"]["enough"]


def test_dependencies_form_a_chain_and_elsewhere_a_cycle(facts: Json) -> None:
    edges = {tuple(edge) for edge in facts["dependency_chain"]["edges"]}
    one, two, three = facts["dependency_chain"]["chain"]
    left, right = facts["dependency_chain"]["cycle"]

    assert {(one, two), (two, three), (left, right), (right, left)} < edges
    assert (one, three) not in edges
    assert {one, two, three}.isdisjoint({left, right})


def test_a_bot_raises_versions_and_another_speaks_before_any_person(company: Sample, facts: Json) -> None:
    fact = facts["bot"]
    opened: dict[int, datetime] = {}
    spoken: dict[int, datetime] = {}
    people: dict[int, datetime] = {}
    repo = f"brambleway/{fact['reviewer']['project']}"
    for body in bodies(company, "pull_request", "pull_request_review"):
        number = body["pull_request"]["number"]
        if body["repository"]["full_name"] != repo:
            continue
        if body["action"] == "opened":
            opened[number] = datetime.fromisoformat(body["pull_request"]["created_at"])
        elif body["action"] == "submitted":
            said = spoken if body["review"]["user"]["type"] == "Bot" else people
            said.setdefault(number, datetime.fromisoformat(body["review"]["submitted_at"]))

    assert fact["prs_merged_90"] >= 20
    assert all(spoken[number] - opened[number] <= timedelta(minutes=1) for number in spoken)
    assert len(opened) - len(spoken) <= 1  # the newest may be too young
    assert all(spoken[number] < people[number] for number in people)


def test_an_issue_is_done_reopened_and_done_again(company: Sample, facts: Json) -> None:
    fact = facts["reopened_issue"]
    statuses = [
        item["toString"]
        for body in issues(company, fact["issue"])
        for item in body.get("changelog", {}).get("items", [])
        if item["field"] == "status"
    ]

    assert statuses == ["In Progress", "Done", "In Progress", "Done"]
    assert company.truth["issues"][fact["issue"]]["done_at"] == fact["done_at"] > fact["reopened_at"]
    assert company.truth["issues"][fact["issue"]]["reopened"]


def test_a_deployed_change_is_reverted_and_the_revert_is_deployed(company: Sample, facts: Json) -> None:
    fact = facts["revert"]
    message = next(
        commit["message"] for commit in default_commits(company, fact["repo"]) if commit["id"] == fact["repair_sha"]
    )
    rows = {row["id"]: row for row in company.truth["delivery"][fact["repo"]]["90"]["list"]}
    failed = company.truth["delivery"][fact["repo"]]["90"]["failed"]

    assert message.startswith('Revert "')
    assert f"This reverts commit {fact['merge_sha']}." in message
    assert fact["repair_title"] == f'Revert "{fact["title"]}"'
    assert fact["merge_sha"] in rows[fact["deployment_id"]]["shas_first_contained"]
    assert fact["repair_sha"] in rows[fact["repaired_by_deployment"]]["shas_first_contained"]
    assert [row["kind"] for row in failed if row["deployment_id"] == fact["deployment_id"]] == ["revert"]


def test_every_incident_names_what_caused_it_and_is_resolved(company: Sample, facts: Json) -> None:
    named = set()
    for fact in facts["incidents"]:
        first, *_, last = issues(company, fact["issue"])
        fields = first["issue"]["fields"]
        cause = (
            f"deployment {fact['deployment_id']} "
            if fact["names"] == "deployment"
            else f"brambleway/{fact['project']}#{fact['pr']}."
        )
        named.add(fact["names"])
        assert fields["issuetype"]["name"] == "Incident"
        assert cause in fields["description"]
        assert last["issue"]["fields"]["resolutiondate"]
        failed = company.truth["delivery"][f"brambleway/{fact['project']}"]["90"]["failed"]
        assert fact["deployment_id"] in {row["deployment_id"] for row in failed}

    assert {"deployment", "pull request"} == named
    assert facts["incident"]["issue"] in {fact["issue"] for fact in facts["incidents"]}


def test_recovery_runs_from_the_bad_deployment_to_the_restoration(company: Sample) -> None:
    for by_days in company.truth["delivery"].values():
        failed = by_days["90"]["failed"]
        for row in failed:
            assert row["restored_at"] > row["finished_at"]
        if failed:
            told = by_days["90"]["recovery_median_hours"]
            assert told == pytest.approx(median(by_days["90"]["recovery_hours"]), abs=0.001)


def test_somebody_left_who_knew_an_area_best(company: Sample, facts: Json, until: datetime) -> None:
    fact = facts["departed"]
    seen = [
        datetime.fromtimestamp(body["repository"]["pushed_at"], UTC)
        for body in bodies(company, "push")
        if body["sender"]["login"] == fact["login"]
    ]

    assert fact["ranking"][0]["person"] == fact["person"]
    assert fact["ranking"][0]["commits"] >= 4
    assert max(seen) < until - timedelta(days=60)
    assert datetime.fromisoformat(fact["last_activity_at"]) < until - timedelta(days=60)
    assert not any(company.truth["open_work"][fact["person"]].values())


def test_somebody_is_on_leave_by_the_roster_alone(company: Sample, facts: Json, until: datetime) -> None:
    away = [person["name"] for person in company.truth["people"] if person["away_until"]]

    assert [facts["on_leave"]["person"]] == away
    assert facts["on_leave"]["away_until"] > until.date().isoformat()


def test_names_and_words_can_mean_two_people(company: Sample, facts: Json) -> None:
    first_name, pair = facts["same_first_name"], facts["ambiguous_handle_pair"]
    people = {person["name"]: person for person in company.truth["people"]}

    assert all(name.split()[0] == first_name["first_name"] for name in first_name["people"])
    assert people[pair["github_login_of"]]["github"]["login"] == pair["handle"]
    assert people[pair["mailbox_of"]]["email"].partition("@")[0] == pair["handle"]
    assert pair["github_login_of"] != pair["mailbox_of"]


def test_some_commits_cannot_be_attributed_by_anybody(company: Sample, facts: Json) -> None:
    fact = facts["unattributable_commits"]
    known = {signature for person in company.truth["people"] for signature in person["git_signatures"]}
    (repo,) = fact["repos"]
    found = [commit for commit in default_commits(company, repo) if commit["id"] in fact["shas"]]

    assert len(found) == len(fact["shas"]) >= 3
    for commit in found:
        author = commit["author"]
        assert "username" not in author
        assert " " not in author["name"]
        assert f"{author['name']} <{author['email']}>" in fact["signatures"]
    assert known.isdisjoint(fact["signatures"])
    assert company.truth["commits_unattributed"]["120"] == {repo: len(found)}


def test_an_issue_tries_to_command_assistants(company: Sample, facts: Json) -> None:
    fact = facts["injected_issue"]
    (created,) = issues(company, fact["issue"])
    text = created["issue"]["fields"]["description"]

    assert "IGNORE ALL PREVIOUS INSTRUCTIONS" in text
    assert "notify_slack" in text
    assert fact["marker"] in text


def test_every_question_is_answered_by_one_sentence_of_one_document(company: Sample, facts: Json) -> None:
    texts = {
        each["body"]["id"]: [
            "".join(part["plain_text"] for part in block[block["type"]]["rich_text"])
            for block in each["body"]["blocks"]
        ]
        for each in company.deliveries
        if each["source"] == "notion"
    }

    assert len(facts["documents"]) >= 6
    for fact in facts["documents"]:
        holders = [page for page, lines in texts.items() if any(fact["sentence"] in line for line in lines)]
        assert [fact["page_id"]] == holders


def test_important_issues_are_blocked_to_this_day(company: Sample, facts: Json) -> None:
    told = {fact["issue"] for fact in facts["high_priority_blocked"]}
    found = {
        key
        for key, issue in company.truth["issues"].items()
        if issue["status"] == "Blocked" and issue["priority"] in {"High", "Highest"}
    }

    assert told == found
    assert {"checkout", "payouts"} <= {fact["project"] for fact in facts["high_priority_blocked"]}


def test_a_delivery_comes_a_second_time_word_for_word(company: Sample, facts: Json) -> None:
    first, second = (
        each
        for each in company.deliveries
        if each["headers"].get("X-GitHub-Delivery") == facts["redelivery"]["delivery_id"]
    )

    assert first == second
    assert first["body"]["deployment"]["id"] == facts["redelivery"]["deployment_id"]
    assert first["body"]["deployment_status"]["state"] == "success"


def test_an_older_update_arrives_after_the_newer_one(company: Sample, facts: Json) -> None:
    fact = facts["out_of_order"]
    *_, newer, older = issues(company, fact["issue"])

    assert older["timestamp"] < newer["timestamp"]
    assert older["issue"]["fields"]["updated"] < newer["issue"]["fields"]["updated"]
    assert older["issue"]["fields"]["status"]["name"] == "In Review"
    assert company.truth["issues"][fact["issue"]]["status"] == newer["issue"]["fields"]["status"]["name"] == "Done"


def test_a_local_date_inside_the_window_can_be_outside_of_it_in_utc(
    company: Sample, facts: Json, until: datetime
) -> None:
    edge = until - timedelta(days=30)
    (outside, inside) = facts["window_edge"]
    written = {
        commit["id"]: datetime.fromisoformat(commit["timestamp"])
        for commit in default_commits(company, outside["repo"])
    }

    assert (outside["within"], inside["within"]) == (False, True)
    assert written[outside["sha"]] < edge <= written[inside["sha"]]
    assert written[outside["sha"]].date() == written[inside["sha"]].date() == edge.date()


def test_counts_stay_within_what_a_file_of_the_sample_may_hold(company: Sample) -> None:
    assert 4_000 <= len(company.deliveries) <= 7_000
