"""What several tools say of people: how loaded they are, and what they did."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from domain.people import Person
from domain.ports import Activity, Groups
from domain.routing import Store
from domain.window import Window
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


async def by_owners(
    context: ToolContext, window: Window, raw: Sequence[Activity], owners: Mapping[str, Person], projects: Groups
) -> Sequence[Activity]:
    """The activity of accounts, counted by who is behind them.

    Whoever was seen by one account has done what that did. What several accounts of one person did is counted anew:
    through two sources one thing is seen twice.

    Args:
        context: of the call.
        window: what `raw` is of.
        raw: everything `COUNTED` that was done on `projects` by any account.
        owners: by account; what nobody owns is left out.
        projects: where.
    """
    accounts: dict[str, set[str]] = defaultdict(set)
    for row in raw:
        if row.account in owners:
            accounts[owners[row.account].id].add(row.account)
    several = {person.id: person for person in owners.values() if len(accounts[person.id]) > 1}
    rows = [
        replace(row, account=owners[row.account].id)
        for row in raw
        if row.account in owners and owners[row.account].id not in several
    ]
    if several:
        asked = context.events.activity(window, COUNTED, accounts=groups(several.values()), projects=projects)
        rows.extend(await context.part(Store.EVENTS, asked, ()))
    return rows


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
