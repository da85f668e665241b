"""Every number that the tools give of the sample organisation, held against what its generator knows.

The generator counts in a ledger of its own while it makes the deliveries; nothing here is computed twice by one code.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest

from server.bootstrap import Engine, open_engine
from server.settings import Settings
from tests.acceptance.program import NOW
from tools.find_developers import find_developers
from tools.get_dependency_impact import get_dependency_impact
from tools.get_developer import get_developer
from tools.get_project_health import ProjectHealth, get_project_health
from tools.get_team_workload import get_team_workload

Truth = dict[str, Any]


@pytest.fixture(scope="module")
async def engine(sample_home: Path) -> AsyncIterator[Engine]:
    """The program on the sample organisation."""
    async with open_engine(Settings(home=str(sample_home), now=NOW)) as opened:
        yield opened


async def health(engine: Engine, project: str) -> ProjectHealth:
    """What is said of a project."""
    return await get_project_health(engine.context(), project, detail="full")


@pytest.fixture(scope="module")
async def repositories(engine: Engine) -> dict[str, str]:
    """By project id, the whole name of its repository, `owner/name`: ids are short, and what is planted is not."""
    return {
        project.id: ref.removeprefix("github:")
        for project in await engine.directory.projects()
        for ref in project.refs
        if ref.startswith("github:")
    }


@pytest.mark.parametrize("days", [30, 90, 120])
async def test_everybody_s_activity_is_what_it_was(
    engine: Engine, repositories: dict[str, str], truth: Truth, days: int
) -> None:
    """Commits, merged pull requests, reviews and completed issues of each person in each project."""
    for person in (p for p in truth["people"] if not p["bot"]):
        told = await get_developer(engine.context(), person["email"], days=days, detail="full")
        window = str(days)
        assert told.name == person["name"]
        for field in ("commits", "prs_merged", "reviews"):
            said = {repositories[row.id]: n for row in told.projects if (n := getattr(row, field))}
            planted = truth[field][window].get(person["name"], {})
            assert said == {repository: n for repository, n in planted.items() if n}, (person["name"], field)
        assert told.activity is not None
        assert told.activity.issues_completed == sum(truth["issues_completed"][window].get(person["name"], {}).values())


async def test_everybody_has_all_their_accounts_and_nobody_else_s(engine: Engine, truth: Truth) -> None:
    """Different handles in each source are one person; commits that cannot be attributed are nobody's of the roster."""
    for person in (p for p in truth["people"] if not p["bot"]):
        told = await get_developer(engine.context(), person["notion_page_id"])
        said = {(account.source, account.external_id) for account in told.identities}
        assert {
            ("github", str(person["github"]["id"])),
            ("jira", person["jira_account_id"]),
            ("slack", person["slack_id"]),
        } <= said
        assert told.teams == (person["team"].lower(),)
        assert told.role == person["role"]
        assert {key for source, key in said if source == "git"} <= set(person["git_signatures"])


async def test_everybody_s_desk_is_what_it_is(engine: Engine, truth: Truth) -> None:
    """Open issues, own pull requests and reviews asked for, of every member of every team."""
    for team in truth["teams"]:
        told = await get_team_workload(engine.context(), team["name"], detail="full")
        assert sorted(member.name for member in told.members) == sorted(team["members"])
        for member in told.members:
            desk = truth["open_work"].get(member.name, {"issues": [], "prs": [], "reviews_requested": []})
            assert sorted(member.issues) == sorted(desk["issues"])
            assert (member.open_prs, member.reviews_requested) == (len(desk["prs"]), len(desk["reviews_requested"]))


async def test_delivery_is_what_it_was(engine: Engine, truth: Truth) -> None:
    """Deployments, lead times, failures, recovery and pickup of every project, with their n."""
    for project in truth["projects"]:
        told = {metric.name: metric for metric in (await health(engine, project["name"])).metrics}
        was = truth["delivery"][project["repo"]]["90"]
        lead_times = [change["hours"] for change in was["lead_times"] if not change["bot"]]
        failed = len({failure["deployment_id"] for failure in was["failed"]})
        assert told["deployment_frequency"].n == was["deployments"], project
        assert told["change_fail_rate"].n == was["deployments"]
        for name, values in (
            ("change_lead_time", lead_times),
            ("failed_deployment_recovery_time", was["recovery_hours"]),
            ("review_pickup_time", [pickup["hours"] for pickup in was["pickups"]]),
        ):
            assert told[name].n == len(values), (project["name"], name)
            if len(values) >= 5:
                assert told[name].value == pytest.approx(median(values), abs=0.1), (project["name"], name)
            else:
                assert told[name].value is None
                assert "insufficient data" in told[name].missing
        if was["deployments"] >= 5:
            assert told["change_fail_rate"].value == pytest.approx(failed / was["deployments"], abs=1e-4)
            assert told["deployment_frequency"].value == pytest.approx(was["deployments"] / 90, abs=1e-3)


async def test_velocity_is_what_sprints_completed(engine: Engine, truth: Truth) -> None:
    """The mean over the sprints that were closed in the window."""
    for project in truth["projects"]:
        told = {metric.name: metric for metric in (await health(engine, project["name"])).metrics}["velocity"]
        closed = [
            sprint["completed_points"]
            for sprint in truth["sprints"]
            if sprint["project"] == project["name"]
            and sprint["completed_at"]
            and sprint["completed_at"] >= "2026-08-23"
        ]
        assert told.n == len(closed), project["name"]
        if closed:
            assert told.value == pytest.approx(fmean(closed), abs=0.05), project["name"]


async def test_planted_risks_are_told_where_they_are_and_nowhere_else(engine: Engine, truth: Truth) -> None:
    """The single point of knowledge, the project in trouble, and a healthy one without either."""
    facts = truth["facts"]
    said = {p["name"]: {risk.kind for risk in (await health(engine, p["name"])).risks} for p in truth["projects"]}

    alone = {name for name, kinds in said.items() if "single_point_of_knowledge" in kinds}
    assert alone == {facts["single_point_of_knowledge"]["project"]}
    assert {"blocked_urgent_issues", "stale_pull_requests", "failing_changes"} <= said[
        facts["project_in_trouble"]["project"]
    ]
    assert not said[facts["healthy_project"]["project"]]


async def test_too_little_data_is_said_as_such(engine: Engine, truth: Truth) -> None:
    """No figure and no tier for the project with three deployments."""
    quiet = truth["facts"]["quiet_project"]["project"]
    told = {metric.name: metric for metric in (await health(engine, quiet)).metrics}

    for name in ("deployment_frequency", "change_fail_rate"):
        assert (told[name].value, told[name].tier) == (None, None)
        assert "3" in told[name].missing


async def test_the_free_second_best_comes_before_the_drowned_expert(engine: Engine, truth: Truth) -> None:
    """Who knows it best is named as well, with what is on their desk."""
    expert, second = truth["facts"]["overloaded_expert"], truth["facts"]["free_second_best"]
    found = await find_developers(
        engine.context(), "Work on the routing of couriers", paths=[expert["area"]], limit=10, detail="full"
    )

    names = [developer.name for developer in found.developers]
    assert names[0] == second["person"]
    assert expert["person"] in names
    drowned = found.developers[names.index(expert["person"])]
    assert drowned.availability == 0
    assert any(reason.kind == "availability" and "open issues" in reason.text for reason in drowned.reasons)


async def test_what_is_affected_is_told_page_by_page_with_those_to_tell(engine: Engine) -> None:
    """A change at the root of everything would fill the window of whoever asks; nobody on a page is of another page."""
    whole = await get_dependency_impact(engine.context(), "platform-infra", "outage", depth=6)
    pages = [await get_dependency_impact(engine.context(), "platform-infra", "outage", depth=6, limit=2)]
    while pages[-1].truncated:
        cursor = pages[-1].next_cursor
        pages.append(
            await get_dependency_impact(engine.context(), "platform-infra", "outage", 6, limit=2, cursor=cursor)
        )

    assert not whole.truncated
    assert len(pages) > 1
    assert [project for page in pages for project in page.affected_projects] == list(whole.affected_projects)
    assert {person.id for page in pages for person in page.people} == {person.id for person in whole.people}
    assert {page.teams for page in pages} == {whole.teams}
    assert pages[0].notes[0] == f"{len(whole.affected_projects)} projects are affected, 2 of them shown"


async def test_the_chain_of_dependencies_is_walked_to_its_end(engine: Engine, truth: Truth) -> None:
    """With every path, and the cycle elsewhere named as one."""
    chain = truth["facts"]["dependency_chain"]
    impact = await get_dependency_impact(engine.context(), "payouts")

    paths = {affected.id: affected.path for affected in impact.affected_projects}
    assert paths["storefront"] == ("payouts", "checkout", "storefront")
    assert chain
    cycle = await get_dependency_impact(engine.context(), "dispatch")
    assert any("cycle" in note for note in cycle.notes)
