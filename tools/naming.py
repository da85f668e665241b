"""From what a person calls something to the one thing that is meant, or to an error that lists what it could be."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from domain.actions import ISSUE
from domain.errors import Ambiguous, InvalidInput, NotFound
from domain.impact import Dependency
from domain.lookup import Kind
from domain.people import Person, Team
from domain.projects import Project
from tools.context import ToolContext

_SUGGESTED = 5

Meant = TypeVar("Meant", Person, Project, Team)


async def the_person(context: ToolContext, wanted: str) -> Person:
    """The one person who is meant.

    Raises:
        NotFound: nobody goes by that name; says who comes closest.
        Ambiguous: several people do.
    """
    return await _only(context, "person", wanted, await context.directory.find_people(wanted))


async def the_project(context: ToolContext, wanted: str) -> Project:
    """The one project that is meant; raises as `the_person` does."""
    return await _only(context, "project", wanted, await context.directory.find_projects(wanted))


async def the_team(context: ToolContext, wanted: str) -> Team:
    """The one team that is meant; raises as `the_person` does."""
    found = await context.directory.find_teams(wanted)
    if not found and not await context.directory.teams():
        raise NotFound("team", f"{wanted} (no source has told of any team yet)")
    return await _only(context, "team", wanted, found)


async def _only(context: ToolContext, kind: Kind, wanted: str, found: Sequence[Meant]) -> Meant:
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(kind, wanted, [each.label for each in found])
    closest = await context.directory.search(wanted, [kind], _SUGGESTED)
    raise NotFound(kind, wanted, [each.label for each in closest])


def jira_target(context: ToolContext, issue: str) -> str:
    """The target of an action on `issue`, if it may be written to.

    Raises:
        InvalidInput: it is no issue key.
        Refused: the operator did not allow it.
    """
    key = issue.strip().upper()
    if not ISSUE.fullmatch(key):
        raise InvalidInput(f"{issue!r} is not an issue key: expected a project and a number, such as PAY-12.")
    context.writes.check(f"jira:{key}")
    return f"jira:{key}"


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
