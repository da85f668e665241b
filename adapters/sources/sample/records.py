"""What the generator writes into its ledger as the story plays: one record for everything that happened.

Deliveries are drawn from records, and so is the truth; neither is ever read back from the other. Everything in a
record is a frozen snapshot of how it stood at that moment. All times are UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from adapters.sources.sample.people import Person, Signature, Team
from adapters.sources.sample.projects import Project

StatusName = Literal["To Do", "In Progress", "In Review", "Blocked", "Done"]
CATEGORIES: dict[StatusName, str] = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "In Review": "indeterminate",
    "Blocked": "indeterminate",
    "Done": "done",
}
"""Jira's key of the category of each status."""
Verdict = Literal["approved", "changes_requested", "commented"]
Outcome = Literal["in_progress", "success", "failure", "error"]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. `web` ones were made by GitHub when somebody pressed a button."""

    sha: str
    message: str
    author: Person
    signature: Signature
    authored_at: datetime
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    additions: int = 0
    deletions: int = 0
    web: bool = False
    merge: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file it touched."""
        return (*self.added, *self.removed, *self.modified)

    @property
    def attributable(self) -> bool:
        """Whether anything outside this generator ties it to its author."""
        return self.signature not in self.author.stray


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stood. `asked` are its requested reviewers; `commits` those of its branch, oldest first."""

    id: int
    project: Project
    number: int
    title: str
    text: str
    author: Person
    branch: str
    base_sha: str
    commits: tuple[Commit, ...]
    created_at: datetime
    updated_at: datetime
    draft: bool = False
    asked: tuple[Person, ...] = ()
    labels: tuple[str, ...] = ()
    merged_at: datetime | None = None
    merged_by: Person | None = None
    merge_sha: str | None = None
    closed_at: datetime | None = None

    @property
    def ref(self) -> str:
        """`org/repo#12`."""
        return f"{self.project.repo}#{self.number}"

    @property
    def url(self) -> str:
        """Where it can be looked at."""
        return f"https://github.com/{self.project.repo}/pull/{self.number}"

    @property
    def open(self) -> bool:
        """Whether it is neither merged nor closed."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Sprint:
    """A sprint as it stood."""

    id: int
    project: Project
    name: str
    goal: str
    starts_at: datetime
    ends_at: datetime
    state: Literal["future", "active", "closed"] = "future"
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Issue:
    """A Jira issue as it stood. `sprints` are the ids of all it was ever in, oldest first."""

    id: int
    key: str
    project: Project
    kind: str
    title: str
    text: str
    priority: str
    reporter: Person
    created_at: datetime
    updated_at: datetime
    status: StatusName = "To Do"
    assignee: Person | None = None
    points: float | None = None
    labels: tuple[str, ...] = ()
    sprints: tuple[int, ...] = ()
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A line of a changelog: ids, and what a person would read."""

    field: str
    before_id: str | None
    before: str | None
    after_id: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """One run of a deployment. `contains` are the default-branch commits that were never deployed there before."""

    id: int
    project: Project
    environment: Literal["staging", "production"]
    sha: str
    creator: Person
    created_at: datetime
    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pushed:
    """A branch moved. `before` or `after` is None where it began or ended."""

    at: datetime
    project: Project
    branch: str
    before: str | None
    after: str | None
    commits: tuple[Commit, ...]
    pusher: Person
    forced: bool = False

    @property
    def default(self) -> bool:
        """Whether it is the branch that the project releases from."""
        return self.branch == self.project.branch


@dataclass(frozen=True, slots=True)
class PullRequestChanged:
    """A pull request did what GitHub calls `action`."""

    at: datetime
    action: str
    pr: PullRequest
    actor: Person
    reviewer: Person | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Somebody, or a bot, submitted a review."""

    at: datetime
    id: int
    pr: PullRequest
    reviewer: Person
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class GitHubIssue:
    """An issue on GitHub: a project's public door, beside Jira."""

    id: int
    project: Project
    number: int
    title: str
    text: str
    author: Person
    created_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GitHubIssueChanged:
    """An issue on GitHub was opened or closed."""

    at: datetime
    action: Literal["opened", "closed"]
    issue: GitHubIssue
    actor: Person


@dataclass(frozen=True, slots=True)
class GitHubCommented:
    """A comment below an issue or a pull request on GitHub."""

    at: datetime
    id: int
    subject: PullRequest | GitHubIssue
    author: Person
    text: str


@dataclass(frozen=True, slots=True)
class RunCompleted:
    """A CI workflow came to an end."""

    at: datetime
    id: int
    project: Project
    name: str
    branch: str
    sha: str
    started_at: datetime
    conclusion: Literal["success", "failure"]
    actor: Person
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class DeploymentChanged:
    """A deployment reached a state."""

    at: datetime
    status_id: int
    deployment: Deployment
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Released:
    """A version was published."""

    at: datetime
    id: int
    project: Project
    tag: str
    sha: str
    text: str
    author: Person


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody became a member of a team."""

    at: datetime
    team: Team
    member: Person
    actor: Person


@dataclass(frozen=True, slots=True)
class Starred:
    """Somebody marked a repository as a favourite."""

    at: datetime
    project: Project
    actor: Person


@dataclass(frozen=True, slots=True)
class IssueChanged:
    """A Jira issue was created, changed or deleted; `sprints` are those it is or was in, as they stood."""

    at: datetime
    event: Literal["created", "updated", "deleted"]
    issue: Issue
    sprints: tuple[Sprint, ...]
    actor: Person
    changes: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueCommented:
    """A comment on a Jira issue."""

    at: datetime
    id: int
    issue: Issue
    author: Person
    text: str


@dataclass(frozen=True, slots=True)
class SprintChanged:
    """A sprint was created, started or closed."""

    at: datetime
    event: Literal["created", "started", "closed"]
    sprint: Sprint


@dataclass(frozen=True, slots=True)
class PageSaved:
    """A Notion page was written; `row` of a roster or a roadmap, or a document of that name."""

    at: datetime
    page_id: str
    created_at: datetime
    editor: Person
    subject: Person | Project | str
    away_until: date | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Two days of samples of one metric: a value every six hours for each service."""

    at: datetime
    metric: str
    series: tuple[tuple[str, tuple[tuple[datetime, float], ...]], ...]


@dataclass(frozen=True, slots=True)
class Blamed:
    """A deployment turned out bad. Nobody delivers this: it is the generator's own knowledge.

    `restored_at` comes with a later record of the same deployment and evidence.
    """

    at: datetime
    deployment: Deployment
    pr: PullRequest
    kind: Literal["incident", "revert"]
    evidence: str
    restored_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A planted fact was planted. Nobody delivers this either."""

    at: datetime
    fact: str
    about: dict[str, Any]


Record = (
    Pushed
    | PullRequestChanged
    | Reviewed
    | GitHubIssueChanged
    | GitHubCommented
    | RunCompleted
    | DeploymentChanged
    | Released
    | Joined
    | Starred
    | IssueChanged
    | IssueCommented
    | SprintChanged
    | PageSaved
    | Measured
    | Blamed
    | Noted
)
