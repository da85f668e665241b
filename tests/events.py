"""Small builders of events, with everything that a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from domain.events import (
    AccountDescribed,
    Actor,
    Alert,
    Body,
    Commit,
    Document,
    Event,
    FileChange,
    Issue,
    Manifest,
    PersonDescribed,
    ProjectDescribed,
    PullRequest,
    Requirement,
    Review,
    Source,
    TeamMembership,
    git_actor,
)

START = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
PROJECT = "github:acme/api"

ADA = git_actor("Ada Lovelace", "ada@acme.dev")
GRACE = git_actor("Grace Hopper", "grace@acme.dev")


def at(hours: float = 0) -> datetime:
    """So many hours after the tests' beginning of time."""
    return START + timedelta(hours=hours)


def github(number: int, login: str, *, bot: bool = False) -> Actor:
    """A GitHub account."""
    return Actor(source=Source.GITHUB, external_id=str(number), username=login, bot=bot)


def jira(account: str, name: str) -> Actor:
    """A Jira account; webhooks say nothing of its mail."""
    return Actor(source=Source.JIRA, external_id=account, name=name)


def event(
    id: str,  # noqa: A002 - the field's name
    body: Body,
    *,
    entity: str | None = None,
    project: str | None = PROJECT,
    actor: Actor | None = None,
    when: datetime = START,
    source: Source = Source.GITHUB,
) -> Event:
    """Any event."""
    return Event(id=id, source=source, occurred_at=when, entity=entity or id, project=project, actor=actor, body=body)


def commit(
    sha: str,
    author: Actor = ADA,
    *files: str,
    hours: float = 0,
    project: str = "git:api",
    title: str = "Change things",
    **fields: Any,
) -> Event:
    """A commit as the git source tells it."""
    body = Commit(
        sha=sha,
        title=title,
        authored_at=at(hours),
        files=tuple(FileChange(path=path, added=1, deleted=0) for path in files),
        files_total=len(files),
        **fields,
    )
    return event(
        f"{project}:commit:{sha}",
        body,
        entity=f"commit:{sha}",
        project=project,
        actor=author,
        when=at(hours),
        source=Source.GIT,
    )


PullType = Literal[
    "pr_opened", "pr_ready", "pr_review_requested", "pr_updated", "pr_closed", "pr_merged", "pr_reopened"
]


def pull(
    number: int,
    type: PullType = "pr_opened",  # noqa: A002 - the field's name
    author: Actor | None = None,
    *,
    hours: float = 0,
    project: str = PROJECT,
    **fields: Any,
) -> Event:
    """A pull request as it stood `hours` after the beginning."""
    state: Literal["open", "closed", "merged"]
    state = {"pr_merged": "merged", "pr_closed": "closed"}.get(type, "open")  # type: ignore[assignment]  # literals
    told: dict[str, Any] = {
        "title": f"Change {number}",
        "created_at": at(),
        "updated_at": at(hours),
        "state": state,
        "merged_at": at(hours) if state == "merged" else None,
        "closed_at": at(hours) if state != "open" else None,
    }
    body = PullRequest(type=type, number=number, **{**told, **fields})
    return event(
        f"{project}:pr:{number}:{type}:{hours}",
        body,
        entity=f"pr:{project}#{number}",
        project=project,
        actor=author or github(1, "ada"),
        when=at(hours),
    )


def review(number: int, reviewer: Actor, *, hours: float = 0, project: str = PROJECT) -> Event:
    """An approving review."""
    body = Review(number=number, pr_title=f"Change {number}", pr_author=github(1, "ada"), verdict="approved")
    return event(
        f"{project}:review:{number}:{reviewer.key}:{hours}",
        body,
        entity=f"pr:{project}#{number}",
        project=project,
        actor=reviewer,
        when=at(hours),
    )


def issue(
    key: str,
    status: str = "To Do",
    assignee: Actor | None = None,
    *,
    hours: float = 0,
    type: Literal["issue_created", "issue_updated", "issue_deleted"] = "issue_updated",  # noqa: A002 - the field's name
    **fields: Any,
) -> Event:
    """An issue as it stood `hours` after the beginning."""
    category = {"To Do": "todo", "Done": "done"}.get(status, "doing")
    told: dict[str, Any] = {
        "title": f"Issue {key}",
        "status": status,
        "category": category,
        "assignee": assignee,
        "created_at": at(),
        "updated_at": at(hours),
    }
    body = Issue(type=type, key=key, **{**told, **fields})
    return event(
        f"jira:issue:{key}:{type}:{hours}",
        body,
        entity=f"issue:{key}",
        project=f"jira:{key.partition('-')[0]}",
        actor=assignee,
        when=at(hours),
        source=Source.JIRA,
    )


def document(path: str, text: str, *, hours: float = 0, project: str = "git:api", title: str | None = None) -> Event:
    """A document in a clone."""
    doc_id = f"{project}:{path}"
    body = Document(doc_id=doc_id, title=title or path, text=text, path=path)
    return event(
        f"{project}:doc:{path}@{hours}",
        body,
        entity=f"doc:{doc_id}",
        project=project,
        when=at(hours),
        source=Source.GIT,
    )


def manifest(
    project: str,
    *,
    provides: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
    hours: float = 0,
    path: str = "pyproject.toml",
) -> Event:
    """A package file in a clone."""
    body = Manifest(path=path, provides=provides, requires=tuple(Requirement(package=package) for package in requires))
    return event(
        f"{project}:manifest:{path}@{hours}",
        body,
        entity=f"manifest:{project}:{path}",
        project=project,
        when=at(hours),
        source=Source.GIT,
    )


def roadmap(page: str, *refs: str, depends_on: tuple[str, ...] | None = None, hours: float = 0, **fields: Any) -> Event:
    """A roadmap row."""
    body = ProjectDescribed(refs=refs, depends_on=depends_on, **fields)
    ref = f"notion:{page}"
    return event(f"{ref}@{hours}", body, entity=f"project:{ref}", project=ref, when=at(hours), source=Source.NOTION)


def roster(page: str, name: str, *accounts: Actor, hours: float = 0, **fields: Any) -> Event:
    """A roster row."""
    row = Actor(source=Source.NOTION, external_id=page, name=name, email=fields.get("email"))
    body = PersonDescribed(name=name, accounts=accounts, **fields)
    return event(
        f"notion:{page}@{hours}",
        body,
        entity=f"person:notion:{page}",
        project=None,
        actor=row,
        when=at(hours),
        source=Source.NOTION,
    )


def joined(team: str, member: Actor, *, hours: float = 0, left: bool = False) -> Event:
    """A change of a team."""
    body = TeamMembership(type="team_left" if left else "team_joined", team=team, team_name=team.title())
    return event(
        f"github:team:{team}:{member.key}:{hours}:{left}",
        body,
        entity=f"team:{team}:{member.key}",
        project=None,
        actor=member,
        when=at(hours),
    )


def member(account: str, name: str, email: str | None = None, *, hours: float = 0, bot: bool = False) -> Event:
    """A member of the Slack workspace as Slack describes it."""
    actor = Actor(source=Source.SLACK, external_id=account, name=name, email=email, bot=bot)
    body, told = AccountDescribed(), f"slack:account:{account}:{hours}"
    return event(
        told, body, entity=f"account:{actor.key}", project=None, actor=actor, when=at(hours), source=Source.SLACK
    )


def alert(name: str, *, hours: float = 0, over: float | None = None, project: str | None = PROJECT) -> Event:
    """A severe alert that fires, or, with `over`, one that was resolved so many hours after the beginning."""
    body = Alert(
        type="alert_firing" if over is None else "alert_resolved",
        fingerprint=name,
        name=name,
        starts_at=at(hours),
        ends_at=None if over is None else at(over),
        labels={"severity": "critical"},
    )
    when = at(hours if over is None else over)
    return event(f"alert:{name}:{body.type}", body, entity=f"alert:{name}", project=project, when=when)
