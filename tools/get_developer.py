"""Everything that is known of one person."""

import asyncio
from collections.abc import Sequence

from domain.answers import Answer
from domain.frozen import Frozen, Utc
from domain.ports import Activity
from domain.projects import Project
from domain.routing import Store
from domain.skills import LEVEL_DEFINITION, RECENT, skill_level
from domain.window import Window
from domain.work import AVAILABILITY_DEFINITION
from tools.context import ToolContext
from tools.naming import the_person
from tools.parameters import Days, Detail, Person
from tools.people import COUNTED, COUNTING, Counts, by_project, groups, loads_of
from tools.spec import reads

_CONCISE_ROWS = 8


class Account(Frozen):
    """One account of the person."""

    source: str
    external_id: str
    username: str | None = None


class OnProject(Frozen):
    """What the person did on one project in the window."""

    id: str
    name: str
    commits: int
    prs_merged: int
    reviews: int


class Skill(Frozen):
    """A language and how well it is known: expert, proficient, familiar or touched."""

    name: str
    level: str


class Activities(Frozen):
    """What the person did in the window, over all projects."""

    commits: int
    prs_merged: int
    reviews: int
    issues_completed: int


class Developer(Answer):
    """One person.

    `availability` is 0..1, absent where nobody can know; `last_active` is the last time that anything was seen of them,
    in or before the window.
    """

    id: str
    name: str
    email: str | None = None
    bot: bool
    role: str | None = None
    identities: tuple[Account, ...]
    teams: tuple[str, ...]
    projects: tuple[OnProject, ...]
    skills: tuple[Skill, ...]
    activity: Activities | None = None
    availability: float | None = None
    last_active: Utc | None = None


@reads(title="Get a developer")
async def get_developer(context: ToolContext, person: Person, days: Days = 90, detail: Detail = "concise") -> Developer:
    """Tell everything known of one person: accounts, teams, projects, skills, recent activity and how free they are."""
    window = Window.last(days, context.now)
    year = Window.last(RECENT.days, context.now)
    who, projects = await asyncio.gather(the_person(context, person), context.directory.projects())
    mine = groups([who])
    known, uses, seen, loads, done = await asyncio.gather(
        context.part(Store.EVENTS, _activity(context, window, mine, projects), None),
        context.part(Store.EVENTS, context.events.skills(year, accounts=mine), ()),
        context.part(Store.EVENTS, context.events.last_seen(mine), {}),
        loads_of(context, [who]),
        context.directory.done_issues(who.keys, window),
    )
    load = loads[who.id]
    on_projects = _on_projects(known or (), {project.id: project for project in projects})
    rest = 0 if detail == "full" else len(on_projects) - _CONCISE_ROWS
    return Developer(
        id=who.id,
        name=who.name,
        email=who.email,
        bot=who.bot,
        role=who.terms.role,
        identities=tuple(
            Account(source=i.source, external_id=i.external_id, username=i.username) for i in who.identities
        ),
        teams=who.teams,
        projects=on_projects[:_CONCISE_ROWS] if rest > 0 else on_projects,
        skills=tuple(Skill(name=use.skill, level=skill_level(use.commits)) for use in uses),
        activity=None if known is None else _total(known, len(done)),
        availability=load.availability,
        last_active=seen.get(who.id),
        **await context.about(
            (Store.DIRECTORY, Store.EVENTS),
            f"Activity of {window}: {COUNTING}",
            f"Availability: {load.because}",
            f"{rest} more projects; ask with detail=full" if rest > 0 else "",
            *((AVAILABILITY_DEFINITION, LEVEL_DEFINITION) if detail == "full" else ()),
        ),
    )


async def _activity(
    context: ToolContext, window: Window, mine: dict[str, str], projects: Sequence[Project]
) -> Sequence[Activity]:
    where = {ref: project.id for project in projects for ref in project.refs}
    return await context.events.activity(window, COUNTED, accounts=mine, projects=where) if where else ()


def _total(rows: Sequence[Activity], completed: int) -> Activities:
    total = Counts()
    for row in rows:
        total.add(row)
    return Activities(
        commits=total.commits, prs_merged=total.prs_merged, reviews=total.reviews, issues_completed=completed
    )


def _on_projects(rows: Sequence[Activity], projects: dict[str, Project]) -> tuple[OnProject, ...]:
    counts = sorted(by_project(rows).items(), key=lambda item: (-item[1].weight(), item[0]))
    return tuple(
        OnProject(id=id_, name=projects[id_].name, commits=c.commits, prs_merged=c.prs_merged, reviews=c.reviews)
        for id_, c in counts
    )
