"""What several tools say of people: how loaded they are, and what they did."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from domain.people import Person
from domain.ports import Activity
from domain.routing import Store
from domain.work import Load, load_of
from tools.context import ToolContext

COUNTED = ("commit", "pr_merged", "pr_reviewed")
"""The event types that count as activity."""

COUNTING = (
    "commits count once for their author, merges included, on the branch projects release from; "
    "pull requests count for their author when merged; reviews for the reviewer"
)


async def loads_of(context: ToolContext, people: Sequence[Person]) -> Mapping[str, Load]:
    """By person id, what is on everybody's desk."""
    accounts = [key for person in people for key in person.keys]
    if not people:
        return {}
    work, seen = await asyncio.gather(
        context.directory.open_work(accounts=accounts),
        # Without the events nobody can be called silent.
        context.part(Store.EVENTS, context.events.last_seen(groups(people)), {p.id: context.now for p in people}),
    )
    return {person.id: load_of(person, work, context.now, seen.get(person.id)) for person in people}


def groups(people: Iterable[Person]) -> dict[str, str]:
    """Account keys, each counting as its owner."""
    return {key: person.id for person in people for key in person.keys}


class Counts:
    """Activity added up by person or project: commits, merged pull requests, reviews."""

    def __init__(self) -> None:
        self.commits = 0
        self.prs_merged = 0
        self.reviews = 0

    def add(self, activity: Activity) -> None:
        """Add one row."""
        match activity.type:
            case "commit":
                self.commits += activity.n
            case "pr_merged":
                self.prs_merged += activity.n
            case "pr_reviewed":
                self.reviews += activity.n

    def weight(self) -> int:
        """All of it together, for sorting."""
        return self.commits + self.prs_merged + self.reviews


def by_person(rows: Iterable[Activity]) -> Mapping[str, Counts]:
    """The counts of everybody in `rows`."""
    counts: dict[str, Counts] = defaultdict(Counts)
    for row in rows:
        counts[row.account].add(row)
    return counts


def by_project(rows: Iterable[Activity]) -> Mapping[str, Counts]:
    """The counts of every project in `rows`."""
    counts: dict[str, Counts] = defaultdict(Counts)
    for row in rows:
        if row.project:
            counts[row.project].add(row)
    return counts
