"""What happens beside the work: teams, favourites, the roster, the roadmap, documents, measurements, public issues."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from adapters.sources.sample.company import Company
from adapters.sources.sample.documents import DOCUMENTS
from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import PROJECTS, Project, project
from adapters.sources.sample.records import (
    GitHubIssue,
    GitHubIssueChanged,
    Joined,
    Measured,
    PageSaved,
    Starred,
)
from adapters.sources.sample.roster import PEOPLE, TEAMS, person
from adapters.sources.sample.stage import Scene, Stage

_METRICS: Final = (
    ("http_request_error_ratio", ("payouts", "checkout", "storefront", "search"), 0.002, 0.09),
    ("http_request_duration_p95_seconds", ("payouts", "checkout", "storefront", "search"), 0.24, 3.1),
    ("ci_build_duration_seconds", ("checkout", "storefront", "dispatch"), 410.0, 0.0),
)
"""Metric, services, the usual value, and what an outage adds to it."""

_STEP: Final = timedelta(hours=6)

_DOOR: Final = (
    (70, "Document the egress addresses", "Partners ask for the addresses that our webhooks come from.", 4),
    (33, "Module `database` ignores the maintenance window", "Seen with the newest provider version.", 9),
    (11, "Please publish the policy for spot instances", "We would like to copy it.", None),
)
"""Issues on GitHub: days before the end, title, text, days until closed."""


def join_teams(company: Company) -> Scene:
    """Everybody becomes a member of their GitHub team, in the first hours of the story."""
    stage = company.stage
    yield stage.since + timedelta(hours=6)
    for team in TEAMS:
        for member in PEOPLE:
            if member.team == team.name:
                stage.record(Joined(stage.now, team, member, person("Grace Mwangi")))
                yield stage.minutes(0.3, 1)


def write_notebook(company: Company) -> Scene:
    """The roster and the roadmap as they are found at the beginning."""
    stage = company.stage
    editor = person("Eleni Papadaki")
    yield stage.since + timedelta(hours=5)
    for subject in (*PEOPLE, *PROJECTS):
        page_id = subject.page if isinstance(subject, Project) else subject.row
        stage.record(PageSaved(stage.now, page_id, _found_at(stage, subject), editor, subject))
        yield stage.minutes(0.02, 0.1)


def _found_at(stage: Stage, subject: Person | Project) -> datetime:
    """When a row was first written, some time before the story."""
    number = subject.repo_id if isinstance(subject, Project) else subject.github_id
    return stage.since - timedelta(days=30 + number % 370)


def go_on_leave(company: Company) -> Scene:
    """Whoever is away at the end has it written into the roster before."""
    stage = company.stage
    yield stage.ago(11) + timedelta(hours=9)
    for member in PEOPLE:
        if back := member.away_until(stage.until):
            stage.record(PageSaved(stage.now, member.row, _found_at(stage, member), member, member, back))
            yield stage.minutes(1, 3)


def write_document(company: Company, name: str) -> Scene:
    """A document is written, or found as it was left before the story began, and perhaps edited later."""
    stage, document = company.stage, DOCUMENTS[name]
    author = person(document.author)
    created_at = stage.ago(document.written) + timedelta(hours=10, minutes=stage.dice.randint(0, 59))
    yield max(created_at, stage.since + timedelta(hours=5, minutes=20))
    stage.record(PageSaved(stage.now, document.page, created_at, author, name))
    if document.edited is not None:
        yield stage.ago(document.edited) + timedelta(hours=14)
        stage.record(PageSaved(stage.now, document.page, created_at, author, name))


def measure(company: Company, metric: str, services: tuple[str, ...], usual: float, trouble: float) -> Scene:
    """Every other evening, the samples of one metric of two days are fetched."""
    stage = company.stage
    day = stage.since
    while day < stage.until:
        yield day + timedelta(days=1, hours=18, minutes=5)
        series = tuple(
            (
                service,
                tuple(
                    (day + _STEP * index, _value(company, service, day + _STEP * index, usual, trouble))
                    for index in range(8)
                ),
            )
            for service in services
        )
        stage.record(Measured(stage.now, metric, series))
        day += timedelta(days=2)


def _value(company: Company, service: str, moment: datetime, usual: float, trouble: float) -> float:
    """A value near the usual one; higher if the service was in trouble in the step before."""
    hurt = any(
        outage.service == service and outage.since < moment and (outage.until or moment) > moment - _STEP
        for outage in company.outages
    )
    factor = 4.0 if project(service).status == "At risk" and trouble else 1.0
    noise = company.stage.dice.uniform(0.8, 1.25)
    return round((usual * factor + (trouble if hurt else 0)) * noise, 5)


def measure_everything(company: Company) -> None:
    """Let every metric be fetched regularly."""
    for metric in _METRICS:
        company.stage.start(measure(company, *metric))


def answer_the_door(company: Company, days: int, title: str, text: str, closed_after: int | None) -> Scene:
    """Somebody opens an issue on GitHub rather than in Jira."""
    stage, repo = company.stage, company.repositories["platform-infra"]
    yield stage.ago(days) + timedelta(hours=9, minutes=12)
    author, owner = person("Kofi Mensah"), person("Chen Wei")
    issue_id = stage.new_id("github issue", 3_318_000_000)
    issue = GitHubIssue(issue_id, repo.project, repo.number(), title, text, author, stage.now)
    stage.record(GitHubIssueChanged(stage.now, "opened", issue, author))
    yield stage.work((2, 9))
    repo.comment(issue, owner, "Thanks, I will look at it this week.")
    if closed_after:
        yield stage.ago(days - closed_after) + timedelta(hours=11)
        stage.record(GitHubIssueChanged(stage.now, "closed", replace(issue, closed_at=stage.now), owner))


def admire(company: Company) -> Scene:
    """Favourites are marked now and then: events that nothing needs."""
    stage = company.stage
    for days, name, who in (
        (97, "search", "Fiona Gallagher"),
        (58, "dispatch", "Leon Fischer"),
        (9, "search", "Kofi Mensah"),
    ):
        yield stage.ago(days) + timedelta(hours=12, minutes=30)
        stage.record(Starred(stage.now, project(name), person(who)))


def surround(company: Company) -> None:
    """Let all of this happen."""
    stage = company.stage
    for scene in (join_teams, write_notebook, go_on_leave, admire):
        stage.start(scene(company))
    for name in DOCUMENTS:
        stage.start(write_document(company, name))
    for visit in _DOOR:
        stage.start(answer_the_door(company, *visit))
    measure_everything(company)
