"""What these tests build from: moments, accounts, and the events of one small project.

The trunk is a line: pull request n lands on it as the commit `trunk(n)`, right after `trunk(n - 1)`. A test names what
it is about and leaves the rest to the defaults.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any, Literal

from domain.events import (
    Actor,
    Body,
    Commit,
    Deployment,
    Event,
    Issue,
    PullRequest,
    Push,
    PushedCommit,
    Review,
    Source,
    Sprint,
    StatusCategory,
    git_actor,
)
from domain.people import Identity

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, at midnight UTC."""

ADA = Actor(source=Source.GITHUB, external_id="101", username="ada")
GRACE = Actor(source=Source.GITHUB, external_id="102", username="grace")
LINTER = Actor(source=Source.GITHUB, external_id="900", username="linter[bot]", bot=True)


def at(days: float = 0, *, hours: float = 0) -> datetime:
    """So long after the tests' first midnight."""
    return START + timedelta(days=days, hours=hours)


def github(number: int, login: str | None = None, **fields: Any) -> Identity:
    """A GitHub account by its numeric id."""
    return Identity(source=Source.GITHUB, external_id=str(number), username=login, **fields)


def signature(name: str, email: str, login: str | None = None) -> Identity:
    """What git knows somebody by; `login` is what GitHub put beside it."""
    return Identity(**git_actor(name, email, login).model_dump())


def jira(account: str, name: str | None = None, **fields: Any) -> Identity:
    """A Jira account."""
    return Identity(source=Source.JIRA, external_id=account, name=name, **fields)


def sha(name: object) -> str:
    """A commit's name that looks like one, always the same for the same `name`."""
    return sha1(str(name).encode(), usedforsecurity=False).hexdigest()


def trunk(number: int) -> str:
    """The commit with which pull request `number` reached the trunk."""
    return sha(f"trunk {number}")


def event(body: Body, when: datetime, actor: Actor | None = None) -> Event:
    """An event of the project; equal content gives an equal id, as a redelivery does."""
    who = actor.key if actor else ""
    return Event(
        id=f"{body.type}:{when.isoformat()}:{who}:{sha(body.model_dump_json())}",
        source=Source.GITHUB,
        occurred_at=when,
        entity=f"{body.type}:{getattr(body, 'number', None) or getattr(body, 'key', '')}",
        project="github:acme/api",
        actor=actor,
        body=body,
    )


def pushed(branch: str, *commits: tuple[str, datetime], when: datetime, before: str | None = None) -> Event:
    """A push of `commits`, each with when it was authored, oldest first."""
    told = tuple(PushedCommit(sha=name, authored_at=authored) for name, authored in commits)
    after = told[-1].sha if told else None
    return event(Push(branch=branch, default_branch=branch == "main", before=before, after=after, commits=told), when)


def committed(name: str, when: datetime, *parents: str, message: str = "") -> Event:
    """A commit on the trunk, as its author made it."""
    return event(Commit(sha=name, title="Change things", message=message, authored_at=when, parents=parents), when, ADA)


Told = Literal["pr_opened", "pr_ready", "pr_review_requested", "pr_updated", "pr_closed", "pr_merged", "pr_reopened"]


def pull(
    number: int,
    told: Told,
    when: datetime,
    *,
    author: Actor | None = ADA,
    **fields: Any,
) -> Event:
    """A pull request as it stood at `when`."""
    merged = told == "pr_merged"
    known: dict[str, Any] = {
        "title": f"Change {number}",
        "state": "merged" if merged else "closed" if told == "pr_closed" else "open",
        "head_branch": f"branch-{number}",
        "head_sha": sha(f"head {number}"),
        "base_branch": "main",
        "merge_sha": trunk(number) if merged else None,
        "created_at": when,
        "updated_at": when,
        "merged_at": when if merged else None,
    }
    return event(PullRequest(type=told, number=number, **{**known, **fields}), when, author)


def landed(number: int, when: datetime) -> Event:
    """The push with which pull request `number` reached the trunk, squashed into one commit."""
    return pushed("main", (trunk(number), when), when=when, before=trunk(number - 1))


def change(
    number: int,
    merged: datetime,
    *,
    authored: datetime | None = None,
    opened: datetime | None = None,
    author: Actor | None = ADA,
    **fields: Any,
) -> list[Event]:
    """A pull request of one commit, from that commit to the trunk: authored a day before the merge, opened then."""
    authored = authored or merged - timedelta(days=1)
    opened = opened or authored
    return [
        pushed(f"branch-{number}", (sha(f"head {number}"), authored), when=opened),
        pull(number, "pr_opened", opened, author=author, **fields),
        pull(number, "pr_merged", merged, author=author, **{"created_at": opened, **fields}),
        landed(number, merged),
    ]


def reviewed(number: int, when: datetime, reviewer: Actor = GRACE) -> Event:
    """A review."""
    return event(Review(number=number, pr_title="", pr_author=ADA, verdict="approved"), when, reviewer)


Outcome = Literal["success", "failure", "error", "inactive"]


def deployed(
    name: int,
    commit: str,
    when: datetime,
    *,
    outcome: Outcome = "success",
    production: bool = True,
) -> Event:
    """A deployment that ended at `when`; `name` is the number that GitHub gave it."""
    body = Deployment(
        deployment_id=str(name),
        environment="production" if production else "staging",
        production=production,
        outcome=outcome,
        sha=commit,
        requested_at=when - timedelta(minutes=5),
        finished_at=when,
    )
    return event(body, when)


def issue(
    key: str,
    category: StatusCategory,
    when: datetime,
    **fields: Any,
) -> Event:
    """An issue as it stood at `when`."""
    known: dict[str, Any] = {"type": "issue_updated", "title": key, "status": category.title()}
    times = {"created_at": when, "updated_at": when}
    return event(Issue(key=key, category=category, **{**known, **times, **fields}), when)


def incident(
    key: str, when: datetime, *, resolved: datetime | None = None, text: str = "", kind: str = "Incident"
) -> list[Event]:
    """An incident from its beginning to its end, if it has one."""
    begun = issue(key, "todo", when, kind=kind, text=text)
    if resolved is None:
        return [begun]
    return [begun, issue(key, "done", resolved, kind=kind, text=text, created_at=when, resolved_at=resolved)]


def sprint(name: str, starts: datetime, completed: datetime | None, *, told: datetime | None = None) -> Event:
    """A sprint; closed if it was completed."""
    body = Sprint(
        type="sprint_closed" if completed else "sprint_started",
        sprint_id=name,
        name=f"Sprint {name}",
        starts_at=starts,
        completed_at=completed,
    )
    return event(body, told or completed or starts)


def flat(*parts: Event | Iterable[Event]) -> list[Event]:
    """Events and lists of events as one list."""
    return [each for part in parts for each in ([part] if isinstance(part, Event) else part)]
