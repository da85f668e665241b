"""The truth about people: what they did, what they have finished, and what lies on their desks."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from adapters.sources.sample.ledger import WINDOWS, Ledger, hours, stamp
from adapters.sources.sample.people import Person
from adapters.sources.sample.records import CATEGORIES, Issue
from adapters.sources.sample.roster import PEOPLE

Deed = tuple[Person, str, datetime]
"""Who, in which repository (or Jira project), when."""
Table = dict[str, dict[str, dict[str, int]]]
"""Days -> person -> repository -> how many."""


def activity(ledger: Ledger) -> dict[str, Any]:
    """Commits, pull requests, reviews and finished issues by window; bots and stray commits apart."""
    attributed = [(project, commit) for project, commit in ledger.commits if commit.attributable]
    stray = [(project, commit) for project, commit in ledger.commits if not commit.attributable]
    deeds: dict[str, list[Deed]] = {
        "commits": [(commit.author, project.repo, commit.authored_at) for project, commit in attributed],
        "prs_opened": [(pr.author, pr.project.repo, pr.created_at) for pr in ledger.prs.values()],
        "prs_merged": [
            (pr.author, pr.project.repo, pr.merged_at) for pr in ledger.prs.values() if pr.merged_at is not None
        ],
        "reviews": [(review.reviewer, review.pr.project.repo, review.at) for review in ledger.reviews],
    }
    truth: dict[str, Any] = {name: _tabulate(ledger, rows, bots=False) for name, rows in deeds.items()}
    truth["bots"] = {name: _tabulate(ledger, rows, bots=True) for name, rows in deeds.items()}
    truth["commits_unattributed"] = {
        str(days): _count(project.repo for project, commit in stray if ledger.within(commit.authored_at, days))
        for days in WINDOWS
    }
    finished = [
        (issue.assignee, issue.project.key, done_at)
        for key, issue in ledger.issues.items()
        if issue.assignee and (done_at := last_done(ledger, key))
    ]
    truth["issues_completed"] = _tabulate(ledger, finished, bots=False)
    return truth


def _tabulate(ledger: Ledger, deeds: Iterable[Deed], *, bots: bool) -> Table:
    rows = [deed for deed in deeds if deed[0].bot == bots]
    table: Table = {}
    for days in WINDOWS:
        people: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for person, place, at in rows:
            if ledger.within(at, days):
                people[person.name][place] += 1
        table[str(days)] = {name: dict(sorted(places.items())) for name, places in sorted(people.items())}
    return table


def _count(names: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for name in names:
        counted[name] += 1
    return dict(sorted(counted.items()))


def last_done(ledger: Ledger, key: str) -> datetime | None:
    """When an issue that is done came to be so for the last time."""
    at, status = ledger.moves[key][-1]
    return at if status == "Done" else None


def open_work(ledger: Ledger) -> dict[str, dict[str, list[str]]]:
    """What everybody has to do at the end: issues, own pull requests, reviews asked for."""
    open_prs = [pr for pr in ledger.prs.values() if pr.open]

    def own(person: Person) -> list[str]:
        return [pr.ref for pr in open_prs if pr.author == person]

    def asked(person: Person) -> list[str]:
        return [pr.ref for pr in open_prs if person in pr.asked]

    def assigned(person: Person) -> list[str]:
        return [key for key, issue in ledger.issues.items() if issue.assignee == person and issue.status != "Done"]

    columns: dict[str, Callable[[Person], list[str]]] = {
        "issues": assigned,
        "prs": own,
        "reviews_requested": asked,
    }
    return {person.name: {name: column(person) for name, column in columns.items()} for person in PEOPLE}


def issues(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Every Jira issue that exists at the end."""
    return {key: _issue(ledger, key, issue) for key, issue in ledger.issues.items()}


def _issue(ledger: Ledger, key: str, issue: Issue) -> dict[str, Any]:
    moves = ledger.moves[key]
    begun = next((at for at, status in moves if CATEGORIES[status] == "indeterminate"), None)
    ends = [at for at, _ in moves[1:]] + [ledger.until]
    statuses = [status for _, status in moves]
    return {
        "project": issue.project.name,
        "title": issue.title,
        "kind": issue.kind,
        "priority": issue.priority,
        "points": issue.points,
        "status": issue.status,
        "category": CATEGORIES[issue.status],
        "assignee": issue.assignee.name if issue.assignee else None,
        "created_at": stamp(issue.created_at),
        "first_in_progress_at": stamp(begun),
        "done_at": stamp(last_done(ledger, key)),
        "reopened": "Done" in statuses[:-1],
        "blocked_hours": round(
            sum(hours(at, end) for (at, status), end in zip(moves, ends, strict=True) if status == "Blocked"),
            4,
        ),
    }
