"""What every directory promises: who and what there is, found by what people call it."""

import random
from datetime import timedelta, timezone

import pytest

from adapters.directory.postgres import PostgresDirectory
from adapters.postgres.database import Database
from domain.events import Actor, Event, git_actor
from domain.events.knowledge import CodeOwners, OwnerRule
from domain.ports import Batch
from domain.window import Window
from tests.contract.conftest import directory_of
from tests.contract.filling import fill
from tests.events import (
    ADA,
    GRACE,
    at,
    commit,
    document,
    event,
    github,
    issue,
    jira,
    joined,
    pull,
    roadmap,
    roster,
)

ADA_HUB = github(1, "ada")
ADA_JIRA = jira("j-ada", "Ada Lovelace")


async def test_blanks_and_hyphens_in_names_are_the_same(directory: PostgresDirectory) -> None:
    """People say `courier app` for `courier-app`, and `core team` for `core`."""
    await fill(directory, pull(1, project="github:acme/courier-app"), joined("core", ADA_HUB))

    assert [project.id for project in await directory.find_projects("Courier App")] == ["courier-app"]
    assert [team.id for team in await directory.find_teams("Core Team")] == ["core"]


async def test_a_project_has_all_the_names_that_a_roadmap_row_ties(directory: PostgresDirectory) -> None:
    """One project, whatever it is called: its repository, its tracker key, its name, its id."""
    page = roadmap(
        "p1", "github:acme/pay-api", "jira:PAY", name="Payments", owner_team="Core Team", slack_channel="#pay"
    )
    await fill(directory, pull(1, project="github:acme/pay-api"), issue("PAY-1"), page)

    [project] = await directory.projects()

    assert (project.id, project.name, project.owner_team, project.slack_channel) == (
        "pay-api", "Payments", "core-team", "#pay",
    )  # fmt: skip
    for wanted in ("pay-api", "PAY", "pay", "Payments", "acme/pay-api", "github:acme/pay-api"):
        assert [found.id for found in await directory.find_projects(wanted)] == ["pay-api"], wanted


async def test_a_project_of_the_clone_s_folder_keeps_that_name(directory: PostgresDirectory) -> None:
    """The folder's name wins, and a repository of the same name elsewhere gets its full one."""
    await fill(directory, commit("c1", project="git:api"), pull(1, project="github:acme/api"))

    assert {p.id: p.refs for p in await directory.projects()} == {
        "api": ("git:api",),
        "acme/api": ("github:acme/api",),
    }


async def test_wildcards_in_a_name_are_letters(directory: PostgresDirectory) -> None:
    """`%` names nothing."""
    await fill(directory, pull(1))

    assert await directory.find_projects("%") == []
    assert await directory.find_projects("a_i") == []


async def test_people_join_and_leave_teams(directory: PostgresDirectory) -> None:
    """The newest word on a membership counts, in whatever order it arrives."""
    await fill(
        directory, joined("core", ADA_HUB, hours=1), joined("core", github(2, "grace"), hours=1),
        joined("core", github(2, "grace"), hours=5, left=True), joined("core", github(2, "grace"), hours=3),
    )  # fmt: skip

    [team] = await directory.find_teams("Core")

    assert [person.keys for person in await directory.people(ids=team.members)] == [(ADA_HUB.key,)]


async def test_open_work_is_what_is_not_done(directory: PostgresDirectory) -> None:
    """Assigned issues, own pull requests and reviews asked for, as they stand."""
    reviewer = github(2, "grace")
    await fill(
        directory,
        issue("PAY-1", "In Progress", ADA_JIRA),
        issue("PAY-2", "Done", ADA_JIRA),
        issue("PAY-3", "To Do", ADA_JIRA, type="issue_deleted", hours=1),
        pull(1, author=ADA_HUB, reviewers=(reviewer,)),
        pull(2, "pr_merged", ADA_HUB, hours=1),
    )

    mine = await directory.open_work(accounts=[ADA_JIRA.key, ADA_HUB.key])
    theirs = await directory.open_work(accounts=[reviewer.key])

    assert {item.key for item in mine} == {"PAY-1", "acme/api#1"}
    assert [item.key for item in theirs] == ["acme/api#1"]


async def test_an_older_state_never_replaces_a_newer_one(directory: PostgresDirectory) -> None:
    """Webhooks are unordered."""
    await fill(directory, issue("PAY-1", "Done", hours=5), issue("PAY-1", "In Progress", hours=2))

    [item] = await directory.work_items(["PAY-1"])

    assert item.status == "Done"


async def test_a_reopened_issue_is_done_when_it_was_last_done(directory: PostgresDirectory) -> None:
    """And while it is open again it is not done at all."""
    window = Window(since=at(0), until=at(100))
    await fill(directory, issue("PAY-1", "Done", ADA_JIRA, hours=1))
    await fill(directory, issue("PAY-1", "In Progress", ADA_JIRA, hours=2))
    assert await directory.done_issues([ADA_JIRA.key], window) == []

    await fill(directory, issue("PAY-1", "Done", ADA_JIRA, hours=9), issue("PAY-1", "Done", ADA_JIRA, hours=12))

    [item] = await directory.done_issues([ADA_JIRA.key], window)
    assert item.done_at == at(9)


async def test_things_are_found_by_names_that_are_only_alike(directory: PostgresDirectory) -> None:
    """A typing mistake still finds what was meant."""
    await fill(
        directory, commit("c1", ADA), commit("c2", GRACE), document("docs/retry.md", "Wait.", title="Retrying payouts"),
        issue("PAY-7", title="Payouts fail at night"), joined("platform", ADA_HUB),
    )  # fmt: skip

    people = await directory.search("Ada Lovelase", ["person"], 5)
    documents = await directory.search("retrying payout", ["document"], 5)
    teams = await directory.search("platfrm", ["team"], 5)
    issues = await directory.search("payouts", ["issue"], 5)
    keyed = await directory.search("pay-7", ["issue"], 5)

    assert people[0].name == "Ada Lovelace"
    assert [found.name for found in documents] == ["Retrying payouts"]
    assert [found.id for found in teams] == ["platform"]
    assert [found.id for found in issues] == ["PAY-7"]
    assert keyed[0].score == 1.0


async def test_names_in_other_scripts_are_found(directory: PostgresDirectory) -> None:
    """Not everybody's name has Latin letters."""
    await fill(directory, commit("c1", git_actor("山田 花子", "hanako@acme.dev")))

    [exact] = await directory.find_people("山田 花子")
    alike = await directory.search("山田", ["person"], 5)

    assert [found.id for found in alike] == [exact.id]


async def test_owner_rules_and_documents_are_the_newest_ones(directory: PostgresDirectory) -> None:
    """What a repository says of itself is replaced as a whole."""
    for hours, owner in ((2, "@acme/core"), (1, "@old")):
        rules = CodeOwners(path="CODEOWNERS", rules=(OwnerRule(pattern="*", owners=(owner,)),))
        await fill(directory, event(f"o{hours}", rules, entity="codeowners:git:api", project="git:api", when=at(hours)))
    await fill(directory, document("README.md", "# API", hours=1))

    assert (await directory.owner_rules(["git:api"]))["git:api"][0].owners == ("@acme/core",)
    assert [row.id for row in await directory.documents(["git:api:README.md"])] == ["git:api:README.md"]


async def test_a_whole_organisation_is_found_person_by_person(directory: PostgresDirectory) -> None:
    """Fifty people and twelve projects: each is found by whatever names them, and by nothing of the others."""
    await fill(directory, *organisation())

    people, projects = await directory.people(), await directory.projects()

    assert len(people) == PEOPLE
    assert {project.id for project in projects} == {f"project-{number}" for number in range(PROJECTS)}
    for number in range(0, PEOPLE, 7):
        [found] = await directory.find_people(f"p{number}@acme.dev")
        assert set(found.keys) == {signature(number).key, hub(number).key, f"notion:row-{number}"}
        assert [person.id for person in await directory.people(accounts=[hub(number).key])] == [found.id]
        assert [person.id for person in await directory.find_people(found.name)] == [found.id]
    teams = await directory.teams()
    assert sorted(len(team.members) for team in teams) == [PEOPLE // TEAMS] * TEAMS
    assert {member for team in teams for member in team.members} == {person.id for person in people}
    assert len(await directory.open_work(projects=["jira:P3"])) == PEOPLE // PROJECTS + (PEOPLE % PROJECTS > 3)


async def test_an_organisation_sees_nothing_of_another(
    request: pytest.FixtureRequest, database: Database, directory: PostgresDirectory, org: str
) -> None:
    """Whatever it asks for, and however well it knows what the other calls things."""
    await fill(directory, *organisation())
    other = directory_of(request, database, f"{org}-other")
    people = await directory.people()

    assert await other.people() == []
    assert await other.people(ids=[person.id for person in people]) == []
    assert await other.people(accounts=[hub(1).key]) == []
    assert await other.find_people("p1@acme.dev") == []
    assert await other.projects() == await other.find_projects("project-1") == []
    assert await other.teams() == await other.find_teams("Team 1") == []
    assert await other.search("Person", ["person", "project", "team", "document"], 50) == []
    assert await other.open_work() == await other.work_items(["P1-1"]) == []
    await fill(other, commit("c1", ADA))
    assert len(await directory.people()) == PEOPLE


@pytest.mark.parametrize("seed", range(3))
async def test_everything_in_any_order_and_twice_gives_the_same_directory(
    request: pytest.FixtureRequest, database: Database, directory: PostgresDirectory, org: str, seed: int
) -> None:
    """Webhooks are unordered, redelivered, and backfilled: the newest word on each thing counts."""
    events = organisation(people=8)
    mixed = [*events, *events]
    random.Random(seed).shuffle(mixed)
    other = directory_of(request, database, f"{org}-other")

    await fill(directory, *events)
    for start in range(0, len(mixed), 17):
        await fill(other, *mixed[start : start + 17])

    assert await other.people() == await directory.people()
    assert await other.projects() == await directory.projects()
    assert await other.teams() == await directory.teams()
    assert await other.open_work() == await directory.open_work()


async def test_a_moment_is_the_same_in_every_time_zone(directory: PostgresDirectory) -> None:
    """Sources tell times as their servers' clocks have them; a window is compared by the moment."""
    india = timezone(timedelta(hours=5, minutes=30))
    done = at(9).astimezone(india)
    told = issue("PAY-1", "Done", ADA_JIRA, hours=9, resolved_at=done, updated_at=done)
    await fill(directory, told)

    [item] = await directory.done_issues([ADA_JIRA.key], Window(since=at(9).astimezone(india), until=at(9.01)))

    assert item.done_at == at(9)
    assert item.done_at is not None
    assert item.done_at.utcoffset() == timedelta(0)
    assert await directory.done_issues([ADA_JIRA.key], Window(since=at(0), until=at(9))) == []


@pytest.mark.parametrize(
    "name",
    ["Zoë Lefèvre", "Łukasz Żak", "山田 花子", "محمد علي", 'O\'Brien-Smith, "Bob"', "José {a,b} NULL", "e\u0301"],
)
async def test_a_name_in_any_script_is_kept_as_it_is(directory: PostgresDirectory, name: str) -> None:
    """Quotes, braces and backslashes are letters of a name, too."""
    await fill(directory, commit("c1", git_actor(name, "x@acme.dev")), joined(name, ADA_HUB))

    [person] = await directory.find_people("x@acme.dev")

    assert person.name == name
    assert [found.id for found in await directory.find_people(name)] == [person.id]
    assert [team.members for team in await directory.teams(ids=[name])] != [()]


async def test_an_empty_batch_moves_on_and_a_huge_one_is_taken_whole(directory: PostgresDirectory) -> None:
    """A lane has stretches in which nothing is the directory's, and a backfill comes by the thousand."""
    assert await directory.apply(Batch(lane=3, after=0, upto=7, events=()))
    await fill(directory, *(issue(f"BIG-{number}", assignee=jira(f"j{number % 40}", "J")) for number in range(1_000)))

    assert await directory.positions() == {3: 7, 0: 1_000}
    assert len(await directory.open_work(projects=["jira:BIG"])) == 1_000
    assert await directory.people(ids=[]) == []
    assert await directory.work_items([]) == []
    assert len(await directory.work_items([f"BIG-{number}" for number in range(2_000)])) == 1_000


PEOPLE, PROJECTS, TEAMS = 50, 12, 5


def signature(number: int) -> Actor:
    """What a commit of theirs is signed with."""
    return git_actor(f"Person {chr(65 + number % 26)}{number}", f"p{number}@acme.dev")


def hub(number: int) -> Actor:
    """Their account on GitHub."""
    return github(1_000 + number, f"handle{number}")


def organisation(people: int = PEOPLE) -> list[Event]:
    """People of whom each has two accounts, a row in the roster, a team and work in one of twelve projects."""
    events: list[Event] = [
        roadmap(f"p{number}", f"git:project-{number}", f"jira:P{number}", name=f"Project {number}")
        for number in range(PROJECTS)
    ]
    for number in range(people):
        project, who = number % PROJECTS, signature(number)
        events += [
            commit(f"c{number}", who, hours=number, project=f"git:project-{project}"),
            issue(f"P{project}-{number}", "In Progress", hub(number), hours=number % 9),
            issue(f"P{project}-{number}", "To Do", hub(number), hours=10 + number % 9),
            roster(f"row-{number}", who.name or "", hub(number), email=who.email, team=f"Team {number % TEAMS}"),
        ]
    return events
