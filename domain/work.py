"""Work in hand: issues and pull requests as they stand, and what they leave of a person's time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

from domain.events.actors import Source
from domain.events.work import StatusCategory
from domain.frozen import Frozen, Utc
from domain.people import Person
from domain.text import count

CAPACITY: Final = 8.0
"""Issues in hand that fill a full-time person: the point at which availability reaches 0."""
REVIEW_WEIGHT: Final = 0.5
PULL_REQUEST_WEIGHT: Final = 0.5

QUIET_AFTER: Final = timedelta(days=45)
"""An empty desk after this much silence is no sign of free time: people leave."""

AVAILABILITY_DEFINITION: Final = (
    f"availability = 1 - (open assigned issues + {REVIEW_WEIGHT} x reviews asked for + {PULL_REQUEST_WEIGHT} x own "
    f"open pull requests) / ({CAPACITY:g} x allocation), within 0..1; 0 while away; unknown without a tracker account "
    f"or after {QUIET_AFTER.days} days of silence"
)


class WorkItem(Frozen):
    """An issue or a pull request as it stands. People are account keys, the project is a reference."""

    kind: Literal["issue", "pull_request"]
    key: str
    project: str | None
    title: str
    status: str
    category: StatusCategory
    label: str = ""
    """The issue type, or `draft` for a pull request that is one."""
    author: str | None = None
    assignee: str | None = None
    reviewers: tuple[str, ...] = ()
    priority: str | None = None
    points: float | None = None
    created_at: Utc
    updated_at: Utc
    done_at: Utc | None = None
    url: str | None = None


class Load(Frozen):
    """What is on one person's desk, and what that leaves."""

    issues: tuple[WorkItem, ...] = ()
    pull_requests: tuple[WorkItem, ...] = ()
    reviews: tuple[WorkItem, ...] = ()
    availability: float | None = None
    """None where no source says what the person is assigned, because nothing would then look like free time."""
    because: str = ""


def load_of(person: Person, open_items: Iterable[WorkItem], now: datetime, last_seen: datetime | None) -> Load:
    """The load of `person`.

    Args:
        person: whose.
        open_items: work in hand, which may be other people's too.
        now: the moment of the question.
        last_seen: when anything was last seen of them; None if nothing ever was.
    """
    keys = set(person.keys)
    items = [item for item in open_items if item.category != "done"]
    issues = tuple(item for item in items if item.kind == "issue" and item.assignee in keys)
    mine = tuple(item for item in items if item.kind == "pull_request" and item.author in keys)
    reviews = tuple(item for item in items if item.kind == "pull_request" and keys.intersection(item.reviewers))
    free, because = _availability(person, (len(issues), len(reviews), len(mine)), now, last_seen)
    return Load(issues=issues, pull_requests=mine, reviews=reviews, availability=free, because=because)


def _availability(
    person: Person, desk: tuple[int, int, int], now: datetime, last_seen: datetime | None
) -> tuple[float | None, str]:
    """How free somebody is, and why; None where nobody can know."""
    issues, reviews, pulls = desk
    parts = (
        f"{count(issues, 'open issue')}, {count(reviews, 'review')} asked for, {count(pulls, 'own open pull request')}"
    )
    if person.terms.away_until and person.terms.away_until > now:
        return 0.0, f"away until {person.terms.away_until:%Y-%m-%d}; {parts}"
    if all(identity.source is Source.GIT for identity in person.identities):
        return None, "unknown: only known from git, which says nothing of assigned work"
    load = issues + REVIEW_WEIGHT * reviews + PULL_REQUEST_WEIGHT * pulls
    if load == 0 and (last_seen is None or now - last_seen > QUIET_AFTER):
        since = f"since {last_seen:%Y-%m-%d}" if last_seen else "ever"
        return None, f"unknown: nothing was seen of them {since}"
    allocation = person.terms.allocation if person.terms.allocation is not None else 1.0
    free = max(0.0, min(1.0, 1 - load / (CAPACITY * allocation))) if allocation > 0 else 0.0
    return round(free, 2), parts if allocation == 1.0 else f"{parts}, allocated {allocation:.0%}"
