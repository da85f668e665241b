"""From what a person calls something to the one thing that is meant, or to an error that lists what it could be."""

from collections.abc import Mapping, Sequence

from domain.errors import Ambiguous, NotFound
from domain.impact import Dependency
from domain.lookup import Kind
from domain.people import Person, Team
from domain.projects import Project
from tools.context import ToolContext

_SUGGESTED = 5


async def the_person(context: ToolContext, wanted: str) -> Person:
    """The one person who is meant.

    Raises:
        NotFound: nobody goes by that name; says who comes closest.
        Ambiguous: several people do.
    """
    found = await context.directory.find_people(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous("person", wanted, [person.label for person in found])
    raise NotFound("person", wanted, await _closest(context, wanted, "person"))


async def the_project(context: ToolContext, wanted: str) -> Project:
    """The one project that is meant.

    Raises:
        NotFound: nothing goes by that name; says what comes closest.
        Ambiguous: several projects do.
    """
    found = await context.directory.find_projects(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous("project", wanted, [project.label for project in found])
    raise NotFound("project", wanted, await _closest(context, wanted, "project"))


async def the_team(context: ToolContext, wanted: str) -> Team:
    """The one team that is meant.

    Raises:
        NotFound: nothing goes by that name; says what comes closest.
        Ambiguous: several teams do.
    """
    found = await context.directory.find_teams(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous("team", wanted, [f"{team.name} ({team.id})" for team in found])
    closest = await _closest(context, wanted, "team")
    if not closest and not await context.directory.teams():
        raise NotFound("team", f"{wanted} (no source has told of any team yet)")
    raise NotFound("team", wanted, closest)


async def _closest(context: ToolContext, wanted: str, kind: Kind) -> Sequence[str]:
    return [found.label for found in await context.directory.search(wanted, [kind], _SUGGESTED)]


async def people_of(context: ToolContext, accounts: Sequence[str]) -> Mapping[str, Person]:
    """By account key, whoever is behind it."""
    people = await context.directory.people(accounts=dict.fromkeys(accounts)) if accounts else ()
    return {key: person for person in people for key in person.keys}


async def projects_of(context: ToolContext, refs: Sequence[str]) -> Mapping[str, Project]:
    """By project reference, the project that it names."""
    projects = await context.directory.projects(refs=dict.fromkeys(refs)) if refs else ()
    return {ref: project for project in projects for ref in project.refs}


def between_projects(edges: Sequence[Dependency], by_ref: Mapping[str, Project]) -> list[Dependency]:
    """The same edges between project ids; references of which the directory knows nothing stand for themselves."""
    return [
        edge.model_copy(
            update={
                "dependent": by_ref[edge.dependent].id if edge.dependent in by_ref else edge.dependent,
                "needed": by_ref[edge.needed].id if edge.needed in by_ref else edge.needed,
            }
        )
        for edge in edges
    ]
