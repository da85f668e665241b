"""How loaded each member of a team is."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from domain.answers import Answer
from domain.frozen import Frozen, Utc
from domain.people import Person as Human
from domain.ports import Activity
from domain.routing import Store
from domain.text import count
from domain.window import Window
from domain.work import AVAILABILITY_DEFINITION
from tools.context import ToolContext
from tools.naming import the_team
from tools.parameters import Days, Detail, Team
from tools.people import by_person, groups, loads_of
from tools.spec import reads


class Member(Frozen):
    """One member. Work is what is open now; commits are those of the window; `availability` is 0..1 or unknown."""

    id: str
    name: str
    role: str | None = None
    away_until: Utc | None = None
    open_issues: int
    open_prs: int
    reviews_requested: int
    commits: int | None = None
    availability: float | None = None
    issues: tuple[str, ...] = ()


class TeamWorkload(Answer):
    """The members, the most loaded first."""

    id: str
    name: str
    members: tuple[Member, ...]


@reads(title="Get a team's workload")
async def get_team_workload(
    context: ToolContext, team: Team, days: Days = 14, detail: Detail = "concise"
) -> TeamWorkload:
    """Tell what each member of a team has on the desk (issues, pull requests, reviews) and who has room for more."""
    which = await the_team(context, team)
    people = [p for p in await context.directory.people(ids=which.members) if not p.bot] if which.members else []
    window = Window.last(days, context.now)
    loads, rows = await asyncio.gather(
        loads_of(context, people), context.part(Store.EVENTS, _commits(context, window, people), None)
    )
    counts = by_person(rows or ())
    members = [
        Member(
            id=person.id,
            name=person.name,
            role=person.terms.role,
            away_until=person.terms.away_until if _is_away(person, context.now) else None,
            open_issues=len(load.issues),
            open_prs=len(load.pull_requests),
            reviews_requested=len(load.reviews),
            commits=None if rows is None else counts[person.id].commits if person.id in counts else 0,
            availability=load.availability,
            issues=tuple(issue.key for issue in load.issues) if detail == "full" else (),
        )
        for person in people
        for load in (loads[person.id],)
    ]
    unknown = sum(member.availability is None for member in members)
    return TeamWorkload(
        id=which.id,
        name=which.name,
        members=tuple(sorted(members, key=lambda m: (m.availability is None, m.availability or 0, m.name))),
        **await context.about(
            (Store.DIRECTORY, Store.EVENTS),
            f"Commits of {window}; everything else is as it stands now",
            AVAILABILITY_DEFINITION,
            f"Availability of {count(unknown, 'member')} is unknown: known from git only, or nothing was seen of them"
            if unknown
            else "",
        ),
    )


def _is_away(person: Human, now: datetime) -> bool:
    return person.terms.away_until is not None and person.terms.away_until > now


async def _commits(context: ToolContext, window: Window, people: Sequence[Human]) -> Sequence[Activity]:
    return await context.events.activity(window, ("commit",), accounts=groups(people)) if people else ()
