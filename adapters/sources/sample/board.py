"""A Jira project as it stands while the story plays, and what people can do to it."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import Project
from adapters.sources.sample.records import (
    FieldChange,
    Issue,
    IssueChanged,
    IssueCommented,
    Sprint,
    SprintChanged,
    StatusName,
)
from adapters.sources.sample.stage import Stage

STATUS_IDS: Final[dict[StatusName, str]] = {
    "To Do": "10000",
    "In Progress": "3",
    "In Review": "10003",
    "Blocked": "10004",
    "Done": "10001",
}


class Board:
    """One Jira project: its issues by key and its sprints by id, as they stand.

    `due` says when somebody means to begin each issue: whoever plans a sprint looks there.
    """

    def __init__(self, stage: Stage, project: Project) -> None:
        self.stage = stage
        self.project = project
        self.issues: dict[str, Issue] = {}
        self.sprints: dict[int, Sprint] = {}
        self.due: dict[str, datetime] = {}
        self._next_key = project.first_key

    def create(
        self,
        kind: str,
        title: str,
        text: str,
        reporter: Person,
        *,
        priority: str = "Medium",
        points: float | None = None,
        labels: tuple[str, ...] = (),
        assignee: Person | None = None,
    ) -> str:
        """Create an issue and give its key."""
        key = f"{self.project.key}-{self._next_key}"
        self._next_key += 1
        issue = Issue(
            id=self.stage.new_id("jira issue", 41_300, gap=9),
            key=key,
            project=self.project,
            kind=kind,
            title=title,
            text=text,
            priority=priority,
            reporter=reporter,
            created_at=self.stage.now,
            updated_at=self.stage.now,
            assignee=assignee,
            points=points,
            labels=labels,
        )
        self.issues[key] = issue
        self.stage.record(IssueChanged(self.stage.now, "created", issue, (), reporter))
        return key

    def assign(self, key: str, assignee: Person, actor: Person) -> None:
        """Give an issue to somebody."""
        before = self.issues[key].assignee
        change = FieldChange(
            "assignee",
            before.jira_id if before else None,
            before.jira_name if before else None,
            assignee.jira_id,
            assignee.jira_name,
        )
        self._update(key, actor, change, assignee=assignee)

    def move(self, key: str, status: StatusName, actor: Person) -> None:
        """Move an issue to another status; Done resolves it, and leaving Done takes that back."""
        before = self.issues[key].status
        moved = FieldChange("status", STATUS_IDS[before], before, STATUS_IDS[status], status)
        if status == "Done":
            resolved = FieldChange("resolution", None, None, "10000", "Done")
            self._update(key, actor, resolved, moved, status=status, resolved_at=self.stage.now)
        elif before == "Done":
            reopened = FieldChange("resolution", "10000", "Done", None, None)
            self._update(key, actor, reopened, moved, status=status, resolved_at=None)
        else:
            self._update(key, actor, moved, status=status)

    def put_into(self, key: str, sprint: Sprint, actor: Person) -> None:
        """Put an issue into a sprint; Jira remembers the earlier ones."""
        sprints = self.issues[key].sprints
        after = (*sprints, sprint.id)
        change = FieldChange(
            "Sprint",
            ", ".join(map(str, sprints)),
            ", ".join(self.sprints[number].name for number in sprints),
            ", ".join(map(str, after)),
            ", ".join(self.sprints[number].name for number in after),
        )
        self._update(key, actor, change, sprints=after)

    def comment(self, key: str, author: Person, text: str) -> None:
        """Write a comment below an issue."""
        comment_id = self.stage.new_id("jira comment", 88_100, gap=9)
        self.stage.record(IssueCommented(self.stage.now, comment_id, self.issues[key], author, text))

    def delete(self, key: str, actor: Person) -> None:
        """Delete an issue for good."""
        issue = self.issues.pop(key)
        self.stage.record(IssueChanged(self.stage.now, "deleted", issue, self._sprints(issue), actor))

    def plan_sprint(self, name: str, goal: str, starts_at: datetime, ends_at: datetime) -> int:
        """Create a sprint and give its id."""
        sprint = Sprint(self.stage.new_id("sprint", 900, gap=3), self.project, name, goal, starts_at, ends_at)
        self.sprints[sprint.id] = sprint
        self.stage.record(SprintChanged(self.stage.now, "created", sprint))
        return sprint.id

    def start_sprint(self, number: int) -> None:
        """Start a sprint."""
        self.sprints[number] = replace(self.sprints[number], state="active")
        self.stage.record(SprintChanged(self.stage.now, "started", self.sprints[number]))

    def close_sprint(self, number: int) -> None:
        """Close a sprint, and only then move what is not done into the next one."""
        self.sprints[number] = replace(self.sprints[number], state="closed", completed_at=self.stage.now)
        self.stage.record(SprintChanged(self.stage.now, "closed", self.sprints[number]))
        following = self.next_sprint(self.stage.now)
        for issue in list(self.issues.values()):
            if issue.sprints[-1:] == (number,) and issue.status != "Done" and following:
                self.put_into(issue.key, following, issue.assignee or issue.reporter)

    def next_sprint(self, moment: datetime) -> Sprint | None:
        """The sprint that is planned and begins next."""
        future = (sprint for sprint in self.sprints.values() if sprint.starts_at > moment)
        return min(future, key=lambda sprint: sprint.starts_at, default=None)

    def running_sprint(self) -> Sprint | None:
        """The sprint that has begun."""
        return next((sprint for sprint in self.sprints.values() if sprint.state == "active"), None)

    def _sprints(self, issue: Issue) -> tuple[Sprint, ...]:
        return tuple(self.sprints[number] for number in issue.sprints)

    def _update(
        self,
        key: str,
        actor: Person,
        *changes: FieldChange,
        **fields: Any,  # noqa: ANN401 - whatever fields an issue has
    ) -> None:
        issue = replace(self.issues[key], updated_at=self.stage.now, **fields)
        self.issues[key] = issue
        self.stage.record(IssueChanged(self.stage.now, "updated", issue, self._sprints(issue), actor, changes))
