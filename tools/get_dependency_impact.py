"""What a change to a project reaches, and whom to tell."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from domain.answers import Evidence, Listing, Named, Page
from domain.frozen import Frozen
from domain.impact import CARRIES, ChangeKind, Reached, reached_by
from domain.people import Person
from domain.ports import Activity
from domain.projects import Project as Built
from domain.routing import Store
from domain.text import count
from domain.window import Window
from tools.context import ToolContext
from tools.naming import between_projects, people_of, projects_of, the_project
from tools.parameters import Cursor, Detail, Limit, Project
from tools.people import COUNTED, by_person, groups
from tools.spec import reads

CONTRIBUTOR_DAYS: Final = 180
PEOPLE_A_PROJECT: Final = 3
_CONCISE_EVIDENCE: Final = 2


class AffectedProject(Frozen):
    """A project that the change reaches: over which path, how that is known."""

    id: str
    name: str
    distance: int
    path: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class Concerned(Frozen):
    """Somebody to tell, and why."""

    id: str
    name: str
    why: str


class Impact(Listing):
    """What is reached, nearest first, and whom to tell: the people of the projects of this page, the teams of all."""

    affected_projects: tuple[AffectedProject, ...]
    people: tuple[Concerned, ...]
    teams: tuple[Named, ...]


@reads(title="Get a dependency impact")
async def get_dependency_impact(
    context: ToolContext,
    project: Project,
    change: Annotated[ChangeKind, Field(description="what happens to it")] = "breaking_change",
    depth: Annotated[int, Field(ge=1, le=6)] = 3,
    limit: Limit = 10,
    detail: Detail = "concise",
    cursor: Cursor = None,
) -> Impact:
    """Tell what breaks or waits if a project is late, down or changed: every path, its evidence, and whom to tell."""
    page = Page.of(cursor, limit, (project, change, depth, detail))
    which = await the_project(context, project)
    asked = context.graph.dependencies(which.refs, upstream=False, depth=depth + 1)
    edges = await context.part(Store.GRAPH, asked, ())
    by_ref = await projects_of(context, [ref for edge in edges for ref in (edge.dependent, edge.needed)])
    by_id = {built.id: built for built in (which, *by_ref.values())}
    reached, beyond = reached_by(which.id, between_projects(edges, by_ref), change, depth)
    shown, next_cursor = page.cut(reached)
    teams = {by_id[r.project].owner_team for r in reached} | {which.owner_team}
    people, named = await asyncio.gather(
        _people(context, [by_id[r.project] for r in shown]),
        context.directory.teams(ids=[team for team in teams if team]),
    )
    cycles = [by_id[r.project].name for r in reached if r.in_cycle]
    left_out = {edge.kind for edge in edges} - CARRIES[change]
    return Impact(
        affected_projects=tuple(_affected(r, by_id, detail) for r in shown),
        people=people,
        teams=tuple(Named(id=team.id, name=team.name) for team in sorted(named, key=lambda team: team.id)),
        truncated=next_cursor is not None,
        next_cursor=next_cursor,
        **await context.about(
            (Store.DIRECTORY, Store.GRAPH, Store.EVENTS),
            f"{count(len(reached), 'project is', 'projects are')} affected, {len(shown)} of them shown"
            if len(shown) < len(reached)
            else "",
            f"Paths were followed {count(depth, 'step')}; there are more beyond" if beyond else "",
            f"In a cycle of dependencies: {', '.join(cycles)}" if cycles else "",
            f"Dependencies of kind {', '.join(sorted(left_out))} do not carry {change} and were left out"
            if left_out
            else "",
            "Nothing known depends on it. Dependencies are read from manifests in ingested clones and from roadmap "
            "pages: what was never ingested cannot show up here"
            if not reached and context.has(Store.GRAPH)
            else "",
            f"People: the {PEOPLE_A_PROJECT} most active of the last {CONTRIBUTOR_DAYS} days on each affected project"
            if context.has(Store.GRAPH, Store.EVENTS)
            else "",
        ),
    )


async def _people(context: ToolContext, affected: Sequence[Built]) -> tuple[Concerned, ...]:
    """The most active people of each affected project, each person once, for the nearest project."""
    window = Window.last(CONTRIBUTOR_DAYS, context.now)
    where = {ref: built.id for built in affected for ref in built.refs}
    if not where:
        return ()
    # The graph knows who was there at all, and asks less for it than counting everything that happened.
    there = await context.part(Store.GRAPH, context.graph.contributors(list(where)), ())
    lately = [each.account for each in there if each.last_at >= window.since]
    people = {p.id: p for p in (await people_of(context, lately)).values() if not p.bot}
    asked = context.events.activity(window, COUNTED, accounts=groups(people.values()), projects=where)
    rows = await context.part(Store.EVENTS, asked, ())
    done: dict[str, list[Activity]] = defaultdict(list)
    for row in rows:
        done[row.project or ""].append(row)
    concerned: dict[str, Concerned] = {}
    for built in affected:
        counts = by_person(done[built.id])
        for id_ in sorted(counts, key=lambda i: (-counts[i].weight(), i))[:PEOPLE_A_PROJECT]:
            did = counts[id_]
            why = (
                f"{built.name}: {count(did.commits, 'commit')}, {count(did.prs_merged, 'merged pull request')}, "
                f"{count(did.reviews, 'review')}{_away(people[id_], context.now)}"
            )
            concerned.setdefault(id_, Concerned(id=id_, name=people[id_].name, why=why))
    return tuple(concerned.values())


def _away(person: Person, now: datetime) -> str:
    until = person.terms.away_until
    return f"; away until {until:%Y-%m-%d}" if until and until > now else ""


def _affected(reached: Reached, by_id: Mapping[str, Built], detail: Detail) -> AffectedProject:
    told = reached.evidence if detail == "full" else reached.evidence[: max(_CONCISE_EVIDENCE, reached.distance)]
    name = by_id[reached.project].name if reached.project in by_id else reached.project
    return AffectedProject(id=reached.project, name=name, distance=reached.distance, path=reached.path, evidence=told)
