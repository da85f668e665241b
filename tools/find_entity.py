"""From a part of a name to the thing and its id."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final, get_args

from pydantic import Field

from domain.answers import Listing, Page
from domain.frozen import Frozen
from domain.lookup import Found, Kind, best
from domain.people import Person
from domain.projects import Project
from domain.routing import Store
from tools.context import ToolContext
from tools.parameters import Cursor, Limit
from tools.spec import reads

FURTHEST: Final = 100
"""Things that one search can be paged through."""


CLOSE: Final = 0.6


class Entity(Frozen):
    """Something that can be asked about by its id."""

    kind: str
    id: str
    name: str
    why: str


class FoundEntities(Listing):
    """The closest first."""

    entities: tuple[Entity, ...]


@reads(title="Find an entity")
async def find_entity(
    context: ToolContext,
    query: Annotated[str, Field(min_length=1, max_length=200, description="a name or a part of one")],
    kind: Kind | None = None,
    limit: Limit = 10,
    cursor: Cursor = None,
) -> FoundEntities:
    """Find people, projects, teams, documents, issues and pull requests by a name, handle, mail, key or part of one.

    `*` lists all people, projects or teams.
    """
    page = Page.of(cursor, limit, (query, kind))
    kinds = [kind] if kind else list(get_args(Kind))
    if query.strip() == "*":
        found = await _all(context, kinds)
    else:
        exact, alike = await asyncio.gather(
            _exact(context, query, kinds), context.directory.search(query, kinds, FURTHEST)
        )
        # Beside what is exactly meant, only what is very much like it is of interest.
        found = best([*exact, *(f for f in alike if not exact or f.score >= CLOSE)], FURTHEST)
    rows, next_cursor = page.cut(found)
    return FoundEntities(
        entities=tuple(Entity(kind=f.kind, id=f.id, name=f.name, why=f.why) for f in rows),
        truncated=next_cursor is not None,
        next_cursor=next_cursor,
        **await context.about((Store.DIRECTORY,), "" if rows else f"Nothing goes by anything like {query!r}"),
    )


async def _all(context: ToolContext, kinds: Sequence[Kind]) -> list[Found]:
    """Everything of the kinds that there are few of."""
    found: list[Found] = []
    if "person" in kinds:
        found += [_person(person, "on record") for person in await context.directory.people() if not person.bot]
    if "project" in kinds:
        found += [_project(project, "on record") for project in await context.directory.projects()]
    if "team" in kinds:
        teams = await context.directory.teams()
        found += [Found(kind="team", id=team.id, name=team.name, why="on record") for team in teams]
    return sorted(found, key=lambda f: (f.kind, f.name.lower(), f.id))


async def _exact(context: ToolContext, query: str, kinds: Sequence[Kind]) -> list[Found]:
    """What is exactly meant: it comes before everything that is only alike."""
    found: list[Found] = []
    if "person" in kinds:
        found += [_person(person) for person in await context.directory.find_people(query)]
    if "project" in kinds:
        found += [_project(project) for project in await context.directory.find_projects(query)]
    return found


def _person(person: Person, why: str = "name, handle or mail") -> Found:
    return Found(kind="person", id=person.id, name=person.name, why=why)


def _project(project: Project, why: str = "name or reference") -> Found:
    return Found(kind="project", id=project.id, name=project.name, why=why)
