"""The sample organisation's deliveries as events, held against what the sample says is true."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.sources.deliveries import events_of
from adapters.sources.sample import Sample, sample
from domain.delivery import read_delivery
from domain.events import Actor, Event, Issue, Raw
from tests.unit.deliveries.payloads import survives, types

UNTIL = datetime(2026, 10, 5, tzinfo=UTC)
Table = dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def company() -> Sample:
    return sample(UNTIL)


@pytest.fixture(scope="module")
def told(company: Sample) -> list[list[Event]]:
    """The events of every delivery."""
    return [events_of(d["source"], d["headers"], d["body"], received_at=UNTIL) for d in company.deliveries]


@pytest.fixture(scope="module")
def events(told: list[list[Event]]) -> list[Event]:
    """Every event once, as the log keeps them."""
    return list({event.id: event for each in told for event in reversed(each)}.values())


@pytest.fixture(scope="module")
def name_of(company: Sample) -> Callable[[Actor | None], str | None]:
    """What the sample calls the person behind an account."""
    known: dict[str, str] = {}
    for person in company.truth["people"]:
        known[f"github:{person['github']['id']}"] = person["name"]
        known[f"jira:{person['jira_account_id']}"] = person["name"]
        known |= {f"git:{signature}": person["name"] for signature in person["git_signatures"]}
    return lambda actor: known.get(actor.key) if actor else None


def test_every_delivery_maps_to_events_that_survive_the_log(events: list[Event]) -> None:
    assert all(survives(event) for event in events)


def test_next_to_nothing_is_left_raw(told: list[list[Event]]) -> None:
    kinds = Counter(kind for each in told for kind in types(each))
    assert kinds["raw"] / kinds.total() < 0.01
    assert {event.body.kind for each in told for event in each if isinstance(event.body, Raw)} == {"star.created"}


def test_only_a_redelivery_and_descriptions_repeat_an_id(company: Sample, told: list[list[Event]]) -> None:
    seen = Counter(event.id for each in told for event in each)
    repeated = {id_ for id_, count in seen.items() if count > 1 and ":described:" not in id_}
    again = company.truth["facts"]["redelivery"]
    assert [id_.split(":status:")[0] for id_ in repeated] == [
        f"github:{again['repo']}:deployment:{again['deployment_id']}"
    ]


@pytest.mark.parametrize(
    ("kind", "table"),
    [("commit", "commits"), ("pr_opened", "prs_opened"), ("pr_merged", "prs_merged"), ("pr_reviewed", "reviews")],
)
def test_everybody_did_what_the_sample_says(
    company: Sample,
    events: list[Event],
    name_of: Callable[[Actor | None], str | None],
    kind: str,
    table: str,
) -> None:
    for days, expected in company.truth[table].items():
        since = UNTIL - timedelta(days=int(days))
        deeds = (
            (name_of(event.actor), (event.project or "").removeprefix("github:"))
            for event in events
            if event.type == kind and since <= event.occurred_at < UNTIL
        )
        assert counted(deeds) == counted_by_truth(expected, company.truth["bots"][table][days])


def counted(deeds: Iterable[tuple[str | None, str]]) -> Table:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for name, place in deeds:
        if name:
            table[name][place] += 1
    return {name: dict(places) for name, places in table.items()}


def counted_by_truth(*tables: Table) -> Table:
    return {name: places for table in tables for name, places in table.items()}


def test_commits_that_nothing_ties_to_a_person_stay_so(
    company: Sample, events: list[Event], name_of: Callable[[Actor | None], str | None]
) -> None:
    stray = Counter(
        (event.project or "").removeprefix("github:")
        for event in events
        if event.type == "commit" and not name_of(event.actor)
    )
    assert stray == company.truth["commits_unattributed"][str(company.truth["days"])]


def test_issues_stand_where_the_sample_says(
    company: Sample, events: list[Event], name_of: Callable[[Actor | None], str | None]
) -> None:
    newest: dict[str, Issue] = {}
    for event in events:
        if isinstance(event.body, Issue) and event.source == "jira":
            known = newest.get(event.body.key)
            if known is None or known.updated_at <= event.body.updated_at:
                newest[event.body.key] = event.body
    stands = {key: issue for key, issue in newest.items() if issue.type != "issue_deleted"}
    expected: dict[str, Any] = company.truth["issues"]
    assert stands.keys() == expected.keys()
    for key, issue in stands.items():
        assert (issue.status, issue.points, name_of(issue.assignee)) == (
            expected[key]["status"],
            expected[key]["points"],
            expected[key]["assignee"],
        )


def test_projects_delivered_what_the_sample_says(company: Sample, events: list[Event]) -> None:
    for project in company.truth["projects"]:
        refs = {f"github:{project['repo']}", f"jira:{project['jira_key']}"}
        delivered = read_delivery(event for event in events if event.project in refs)
        for days, expected in company.truth["delivery"][project["repo"]].items():
            since = UNTIL - timedelta(days=int(days))
            deployments = [each for each in delivered.deployments if since <= each.finished_at < UNTIL]
            assert len(deployments) == expected["deployments"]
            assert {(number, each.deployment_id) for each in deployments for number in each.contains or ()} == {
                (change["pr"], str(change["deployment_id"])) for change in expected["lead_times"]
            }
            assert {each.deployment_id for each in deployments if each.failures} == {
                str(failure["deployment_id"]) for failure in expected["failed"]
            }
            begun = {change.number: change.first_commit_at for change in delivered.changes}
            assert all(
                begun[change["pr"]] == datetime.fromisoformat(change["first_commit_at"])
                for change in expected["lead_times"]
            )


def test_every_person_and_project_is_described(company: Sample, events: list[Event]) -> None:
    people = {event.entity for event in events if event.type == "person_described"}
    assert people == {
        f"person:notion:{person['notion_page_id']}" for person in company.truth["people"] if person["notion_page_id"]
    }
    described = {event.project for event in events if event.type == "project_described"}
    for project in company.truth["projects"]:
        assert {
            f"github:{project['repo']}",
            f"jira:{project['jira_key']}",
            f"notion:{project['notion_page_id']}",
        } <= described
