"""Reading clones and recorded webhooks, and asking afterwards: the numbers are git's own, and nothing counts twice."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import NOW, served
from tests.acceptance.shell import (
    ask,
    ask_all,
    clone_at,
    developers,
    engintel,
    github,
    held_home,
    jira,
    succeed,
    write_lines,
)
from tests.unit.deliveries import payloads as tracker
from tests.unit.deliveries import payloads_github as hub
from tests.unit.git.clones import Clone

ALL = 3650
MAILMAP = """\
Ada Lovelace <ada@acme.example> <ada@laptop.example>
Barbara Liskov <barbara@acme.example>
"""
API = '[project]\nname = "acme-api"\n'
SHOP = '[project]\nname = "acme-shop"\ndependencies = ["acme-api>=1.4"]\n'
WEB = '{"name": "@acme/web", "dependencies": {"@acme/shop-client": "^2.0.0"}}'
CLIENT = '{"name": "@acme/shop-client", "version": "2.1.0"}'


@dataclass
class Company:
    """Three clones that need each other, read into a home."""

    home: Path
    shop: Clone
    printed: str


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Read once; tests only ask."""
    folder = tmp_path_factory.mktemp("clones")
    api, web = clone_at(folder / "api"), clone_at(folder / "web")
    api.commit("begin", {"pyproject.toml": API}, author="Edsger Dijkstra <edsger@acme.example>")
    web.commit("begin", {"package.json": WEB}, author="Edsger Dijkstra <edsger@acme.example>")
    shop = a_shop(folder / "shop")
    with held_home() as home:
        yield Company(home, shop, succeed(home, "ingest", "git", api.path, shop.path, web.path))


def a_shop(path: Path) -> Clone:
    """A history with two signatures of one person, a person who changed their name, a co-author and a merge."""
    clone = clone_at(path)
    files = {".mailmap": MAILMAP, "pyproject.toml": SHOP, "client/package.json": CLIENT}
    clone.commit("begin", files, author="Ada Lovelace <ada@acme.example>")
    clone.commit("from home", {"a.py": "1\n"}, author="ada <ada@laptop.example>")
    clone.git("checkout", "--quiet", "-b", "feature")
    clone.ticks += 24 * 40
    clone.commit("aside", {"b.py": "1\n"}, author="Barbara Huberman <barbara@acme.example>")
    clone.commit(
        "together\n\nCo-authored-by: Ada Lovelace <ada@acme.example>\nCo-authored-by: Dana Scott <dana@acme.example>",
        {"b.py": "2\n"},
        author="Barbara Liskov <barbara@acme.example>",
    )
    clone.git("checkout", "--quiet", "main")
    clone.commit("meanwhile", {"c.py": "1\n"}, author="Cy D. Fect <cy@acme.example>")
    clone.ticks += 24 * 60
    merge = ("merge", "--quiet", "--no-ff", "--no-edit", "feature")
    clone.git(*merge, env=clone.signed("Ada Lovelace <ada@acme.example>"))
    return clone


def shortlog(clone: Clone, since: datetime | None = None) -> dict[str, int]:
    """By mail, the commits of `git shortlog -sne`."""
    limits = (f"--since={since.isoformat()}",) if since else ()
    rows = [row.strip().partition("\t") for row in clone.git("shortlog", "-sne", *limits, "HEAD").splitlines()]
    return {who.rpartition("<")[2].rstrip(">"): int(n) for n, _, who in rows}


def authored(clone: Clone, mail: str) -> list[datetime]:
    """When the commits of somebody were written, the oldest first, as git applies the mailmap."""
    rows = [row.split("\t") for row in clone.git("log", "--use-mailmap", "--format=%aE%x09%at", "HEAD").splitlines()]
    return sorted(datetime.fromtimestamp(int(at), UTC) for who, at in rows if who == mail)


def commits_on(answer: dict[str, Any], project: str) -> int:
    """A developer's commits on one project."""
    return sum(row["commits"] for row in answer["projects"] if row["id"] == project)


def test_what_was_read_is_told_repository_by_repository(company: Company) -> None:
    """Whoever ingests wants to know that all of it arrived."""
    *read, total = company.printed.splitlines()
    assert [row.partition(",")[0] for row in read] == [
        "api: 1 commits read",
        "shop: 6 commits read",
        "web: 1 commits read",
    ]
    assert "new events in the log and every store" in total


def test_everybody_has_as_many_commits_as_in_shortlog(company: Company) -> None:
    """With a mailmap, a co-author and a merge: numbers that differ from git's own are never trusted again."""
    expected = shortlog(company.shop)
    assert expected == {"ada@acme.example": 3, "barbara@acme.example": 2, "cy@acme.example": 1}

    told = developers(company.home, *expected)
    assert {answer["email"]: commits_on(answer, "shop") for answer in told} == expected


def test_a_project_has_the_contributors_of_shortlog(company: Company) -> None:
    """The same people, the same counts, and when each of them was last active."""
    expected = shortlog(company.shop)
    health = ask(company.home, "get_project_health", project="shop", days=ALL, detail="full")

    rows = {row["name"]: row for row in health["contributors"]}
    names = {
        "ada@acme.example": "Ada Lovelace",
        "barbara@acme.example": "Barbara Liskov",
        "cy@acme.example": "Cy D. Fect",
    }
    assert {mail: rows[name]["commits"] for mail, name in names.items()} == expected
    assert len(rows) == len(expected)
    for mail, name in names.items():
        assert datetime.fromisoformat(rows[name]["last_active"]) == authored(company.shop, mail)[-1]
        assert rows[name]["share"] == pytest.approx(expected[mail] / sum(expected.values()), abs=0.001)


def test_first_and_last_activity_are_those_of_git(company: Company) -> None:
    """The window that begins with somebody's first day holds all they did, and the one a day shorter holds less."""
    mail = "ada@acme.example"
    moments = authored(company.shop, mail)
    days = (datetime.fromisoformat(NOW) - moments[0]) // timedelta(days=1) + 1
    all_of_it, less = ask_all(
        company.home, *(("get_developer", {"person": mail, "days": span}) for span in (days, days - 1))
    )
    assert commits_on(all_of_it, "shop") == len(moments)
    assert datetime.fromisoformat(all_of_it["last_active"]) == moments[-1]

    later = [moment for moment in moments if moment >= datetime.fromisoformat(NOW) - timedelta(days=days - 1)]
    assert len(later) < len(moments)
    assert commits_on(less, "shop") == len(later)


def test_any_signature_of_the_mailmap_finds_the_person(company: Company) -> None:
    """The laptop's mail and a former name lead to one person, who goes by the name in the mailmap."""
    by_laptop, found = ask_all(
        company.home,
        ("get_developer", {"person": "ada@laptop.example"}),
        ("find_entity", {"query": "Barbara Huberman", "kind": "person"}),
    )
    assert (by_laptop["name"], by_laptop["email"]) == ("Ada Lovelace", "ada@acme.example")
    assert [entity["name"] for entity in found["entities"]] == ["Barbara Liskov"]


def test_who_is_only_thanked_made_no_commit(company: Company) -> None:
    """A co-author is known by name, and git counts nothing for them."""
    dana = ask(company.home, "get_developer", person="Dana Scott", days=ALL)
    assert dana["activity"]["commits"] == 0
    assert "dana@acme.example" not in shortlog(company.shop)


def test_every_clone_is_found_by_its_name(company: Company) -> None:
    """The folder's name is the project's id, unless another was given."""
    found = ask(company.home, "find_entity", query="*", kind="project")
    assert {entity["id"] for entity in found["entities"]} == {"api", "shop", "web"}


def test_package_files_link_repositories_with_themselves_as_evidence(company: Company) -> None:
    """Who is hit by a change of the API, over which path, and where that is written."""
    impact, health = ask_all(
        company.home,
        ("get_dependency_impact", {"project": "api", "change": "breaking_change"}),
        ("get_project_health", {"project": "shop"}),
    )

    reached = {row["id"]: row for row in impact["affected_projects"]}
    assert {id_: row["path"] for id_, row in reached.items()} == {
        "shop": ["api", "shop"],
        "web": ["api", "shop", "web"],
    }
    assert [e["source"] for e in reached["shop"]["evidence"]] == ["pyproject.toml requires pypi:acme-api >=1.4"]
    assert "package.json requires npm:@acme/shop-client ^2.0.0" in [e["source"] for e in reached["web"]["evidence"]]
    assert ([n["id"] for n in health["dependencies"]], [n["id"] for n in health["dependents"]]) == (["api"], ["web"])


def test_a_project_name_given_is_the_one_used(tmp_path: Path, home: Path) -> None:
    """Two folders called `api` are two projects; one name for two clones is refused before anything is read."""
    clone = clone_at(tmp_path / "api")
    clone.commit("begin")
    assert "payments-api: 1 commits read" in succeed(home, "ingest", "git", clone.path, "--project", "payments-api")
    assert ask(home, "get_project_health", project="payments-api")["project"]["id"] == "payments-api"

    refused = engintel(home, "ingest", "git", clone.path, clone.path, "--project", "x")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "--project names one project" in refused.stderr


# Recorded deliveries, and everything twice ----------------------------------------------------------------------------


def recorded(path: Path, head: str) -> Path:
    """A small company's week as GitHub and Jira told it; the push is of `head`, which a clone has too."""
    asked: dict[str, Any] = {"requested_reviewers": [hub.user(3, "linus")]}
    joined = [{**hub.membership(), "member": hub.user(number, login)} for number, login in ((1, "ada"), (3, "linus"))]
    deliveries = [
        github("push", hub.push(hub.commit("b", "Answer everybody", id=head)), "d-1"),
        github("pull_request", hub.pull_request("opened", **asked), "d-2"),
        github("pull_request_review", hub.review(), "d-3"),
        github("pull_request", hub.pull_request("closed", **hub.MERGED), "d-4"),
        github("deployment_status", hub.deployment("success"), "d-5"),
        github("issues", hub.envelope(action="opened", issue=hub.issue()), "d-6"),
        *(github("membership", body, f"d-7-{n}") for n, body in enumerate(joined)),
        jira(tracker.issue_event("created"), "h-1"),
        jira(tracker.sprint_event("started", "active"), "h-2"),
    ]
    return write_lines(path, *deliveries)


@dataclass
class Sources:
    """A clone and a file of deliveries about the same repository."""

    home: Path
    clone: Path
    file: Path

    def read(self) -> list[str]:
        """Ingest both; gives what was printed of each."""
        printed = [
            succeed(self.home, "ingest", "git", self.clone),
            succeed(self.home, "ingest", "deliveries", self.file),
        ]
        return [text.splitlines()[0] for text in printed]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """Read once; what tests do to it afterwards changes no answer."""
    folder = tmp_path_factory.mktemp("sources")
    clone = clone_at(folder / "api", day=90)
    clone.commit("begin", {"pyproject.toml": API, "README.md": "# API\n\nHow answers are cached: in Redis, an hour.\n"})
    head = clone.commit("Answer everybody", {"src/answer.py": "42\n"}, author="Ada Lovelace <ada@acme.example>")
    clone.git("remote", "add", "origin", "git@github.com:acme/api.git")
    with held_home() as home:
        made = Sources(home, clone.path, recorded(folder / "week.ndjson", head))
        assert made.read() == [
            "api: 2 commits read, 5 events new",
            "week.ndjson: 10 deliveries read, 14 events new, 5 known",  # five describe the repository once more
        ]
        yield made


QUESTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("find_developers", {"requirement": "answer everybody faster", "detail": "full"}),
    ("get_developer", {"person": "ada@acme.example", "days": ALL, "detail": "full"}),
    ("get_project_health", {"project": "api", "days": ALL, "detail": "full"}),
    ("get_dependency_impact", {"project": "api", "detail": "full"}),
    ("get_team_workload", {"team": "core", "days": ALL, "detail": "full"}),
    ("search_docs", {"query": "how are answers cached"}),
    ("find_entity", {"query": "PAY-12"}),
    ("find_entity", {"query": "*", "limit": 50}),
)


async def answers(home: Path) -> list[Any]:
    """What the reading tools answer, whole."""
    async with served(home, settings={"ENGINTEL_NOW": NOW}) as client:
        told = [await client.call_tool(tool, arguments) for tool, arguments in QUESTIONS]
    assert not any(result.is_error for result in told), told
    return [result.structured_content for result in told]


@pytest.fixture(scope="module")
async def at_first(sources: Sources) -> list[Any]:
    """What was answered when everything had been read once."""
    return await answers(sources.home)


def test_deliveries_are_told_by_every_tool(sources: Sources, at_first: list[Any]) -> None:
    """A pull request, its review, a deployment, a team and an issue, in the picture of people and projects."""
    by_tool = {tool: told for (tool, _), told in zip(QUESTIONS, at_first, strict=True)}

    ada, health = by_tool["get_developer"], by_tool["get_project_health"]
    assert (ada["activity"]["prs_merged"], ada["teams"]) == (1, ["core"])
    assert {(i["source"], i["external_id"]) for i in ada["identities"]} >= {("github", "1")}
    metrics = {metric["name"]: metric for metric in health["metrics"]}
    assert metrics["deployment_frequency"]["n"] == 1
    assert {member["name"] for member in by_tool["get_team_workload"]["members"]} == {"Ada Lovelace", "linus"}
    assert by_tool["find_developers"]["developers"][0]["name"] == "Ada Lovelace"
    assert "Redis" in by_tool["search_docs"]["passages"][0]["text"]
    issue = ask(sources.home, "find_entity", query="PAY-12")["entities"][0]
    assert (issue["kind"], issue["id"]) == ("issue", "PAY-12")


def test_a_commit_that_git_and_github_tell_of_counts_once(sources: Sources) -> None:
    """The clone has it and a push had it; the remote's address says that the two are one repository."""
    ada = ask(sources.home, "get_developer", person="ada@acme.example", days=ALL)
    assert [(row["id"], row["commits"]) for row in ada["projects"]] == [("api", 1)]


@pytest.mark.parametrize("number", [0, 4])
def test_call_prints_what_a_client_gets(sources: Sources, at_first: list[Any], number: int) -> None:
    """`--json` prints the structured content and nothing else, so a script can rely on it."""
    tool, arguments = QUESTIONS[number]
    assert ask(sources.home, tool, **arguments) == at_first[number]


async def test_reading_everything_again_changes_no_answer(sources: Sources, at_first: list[Any]) -> None:
    """A cron job that reads the same clone and the same file every night must not count anything twice."""
    assert sources.read() == [
        "api: 0 commits read, 0 events new",
        "week.ndjson: 10 deliveries read, 0 events new, 19 known",
    ]
    assert await answers(sources.home) == at_first


@pytest.mark.parametrize("words", [(), ("--store", "graph"), ("--store", "events", "--from", "2")], ids=" ".join)
async def test_replaying_the_log_changes_no_answer(
    sources: Sources, at_first: list[Any], words: tuple[str, ...]
) -> None:
    """The stores are nothing but the log read again, all of them or one, from nothing or on top of what is there."""
    printed = succeed(sources.home, "replay", *words)
    assert printed.startswith("filled ")
    assert printed.endswith("from 19 log entries\n")
    assert await answers(sources.home) == at_first


def test_a_long_file_is_read_to_its_last_line(home: Path, tmp_path: Path) -> None:
    """Deliveries are taken in by the batch, and no line may be lost where one batch ends and the next begins."""
    body = {"action": "created", "repository": hub.repository(), "sender": hub.user()}
    file = write_lines(tmp_path / "year.ndjson", *(github("star", body, f"star-{n}") for n in range(1_501)))
    assert "year.ndjson: 1501 deliveries read, 1501 events new" in succeed(home, "ingest", "deliveries", file)


async def test_the_order_of_reading_changes_no_answer(sources: Sources, at_first: list[Any], home: Path) -> None:
    """Deliveries first and the clone later is the same company."""
    succeed(home, "ingest", "deliveries", sources.file)
    succeed(home, "ingest", "git", sources.clone)
    assert await answers(home) == at_first
