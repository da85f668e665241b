"""The books: the records of the story, sorted by what they are about. The truth is computed from here alone."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import Project
from adapters.sources.sample.records import (
    Blamed,
    Commit,
    Deployment,
    DeploymentChanged,
    Issue,
    IssueChanged,
    Noted,
    PullRequest,
    PullRequestChanged,
    Pushed,
    Record,
    Reviewed,
    StatusName,
)

WINDOWS = (30, 90, 120)
"""Days that activity is counted over."""


@dataclass(slots=True)
class Ledger:
    """The records up to `until`.

    Shape:
        commits: what came to a default branch, with its project, once each.
        prs: pull requests by `org/repo#12`, as they stand at the end.
        deployed: successful deployments to production with the moment they finished.
        issues: Jira issues by key as they stand at the end, deleted ones left out.
        moves: by key, when an issue came to which status; the first is its creation.
        blames: what is known of deployments that turned out bad, the latest word by deployment and evidence.
        notes: planted facts by name.
    """

    until: datetime
    records: Sequence[Record]
    commits: list[tuple[Project, Commit]] = field(default_factory=list)
    prs: dict[str, PullRequest] = field(default_factory=dict)
    reviews: list[Reviewed] = field(default_factory=list)
    deployed: list[tuple[datetime, Deployment]] = field(default_factory=list)
    issues: dict[str, Issue] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    moves: dict[str, list[tuple[datetime, StatusName]]] = field(default_factory=lambda: defaultdict(list))
    blames: dict[tuple[int, str], Blamed] = field(default_factory=dict)
    notes: dict[str, list[Noted]] = field(default_factory=lambda: defaultdict(list))

    def since(self, days: int) -> datetime:
        """Where the window of the last `days` begins."""
        return self.until - timedelta(days=days)

    def within(self, moment: datetime | None, days: int) -> bool:
        """Whether `moment` lies in the last `days`."""
        return moment is not None and self.since(days) <= moment < self.until

    def deployments(self, project: Project) -> Iterator[tuple[datetime, Deployment]]:
        """Successful deployments of one project to production."""
        return ((at, deployment) for at, deployment in self.deployed if deployment.project == project)

    def merged(self, project: Project) -> Iterator[PullRequest]:
        """Merged pull requests of one project."""
        return (pr for pr in self.prs.values() if pr.project == project and pr.merged_at)

    def first_human_review(self, pr: PullRequest) -> datetime | None:
        """When a person who is not its author first reviewed a pull request."""
        return next(
            (
                review.at
                for review in self.reviews
                if review.pr.ref == pr.ref and not review.reviewer.bot and review.reviewer != pr.author
            ),
            None,
        )


def read(records: Sequence[Record], until: datetime) -> Ledger:
    """The books of a story."""
    ledger = Ledger(until, records)
    shas: set[str] = set()
    for record in records:
        match record:
            case Pushed(default=True):
                new = [commit for commit in record.commits if commit.sha not in shas]
                shas.update(commit.sha for commit in new)
                ledger.commits += [(record.project, commit) for commit in new]
            case PullRequestChanged():
                ledger.prs[record.pr.ref] = record.pr
            case Reviewed():
                ledger.prs[record.pr.ref] = record.pr
                ledger.reviews.append(record)
            case DeploymentChanged(outcome="success"):
                if record.deployment.environment == "production":
                    ledger.deployed.append((record.at, record.deployment))
            case IssueChanged():
                _enter_issue(ledger, record)
            case Blamed():
                ledger.blames[record.deployment.id, record.evidence] = record
            case Noted():
                ledger.notes[record.fact].append(record)
            case _:
                pass
    return ledger


def _enter_issue(ledger: Ledger, record: IssueChanged) -> None:
    key = record.issue.key
    if record.event == "deleted":
        ledger.issues.pop(key)
        ledger.deleted.append(key)
        return
    before = ledger.issues.get(key)
    if before is None or before.status != record.issue.status:
        ledger.moves[key].append((record.at, record.issue.status))
    ledger.issues[key] = record.issue


def actor(record: Record) -> Person | None:
    """Who did what a record says, where doing it shows that somebody was there."""
    match record:
        case Pushed():
            return record.pusher
        case Reviewed():
            return record.reviewer
        case PullRequestChanged() | IssueChanged():
            return record.actor
        case _:
            return getattr(record, "author", None) or getattr(record, "editor", None)


def stamp(moment: datetime | None) -> str | None:
    """A moment as the truth writes it: ISO 8601 in UTC."""
    return moment.isoformat() if moment else None


def hours(since: datetime, until: datetime) -> float:
    """How long something took."""
    return round((until - since).total_seconds() / 3600, 4)


def median(values: Sequence[float]) -> float | None:
    """The middle value, or the mean of the middle two; None of nothing."""
    if not values:
        return None
    ordered, half = sorted(values), len(values) // 2
    middle = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return round(middle, 4)
