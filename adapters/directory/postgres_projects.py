"""Filling the directory's projects: the references that events use, and the projects behind them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.directory.postgres_names import put_names
from adapters.postgres.database import Connection, json_text, load_queries
from domain.events import CodeOwners, Event, ProjectDescribed
from domain.projects import Project, ProjectRef, resolve_projects
from domain.text import slug

_SQL: Final = load_queries("adapters.directory", "postgres.sql")
_TOLD_BEST: Final = ("notion", "jira", "github", "git")
"""Whose description of a project is taken first, field by field: what a team plans with before what hosts its code."""
_FIELDS: Final = ("name", "description", "owner_team", "status", "priority", "target_date", "slack_channel", "url")


async def fill_projects(connection: Connection, org: str, events: Sequence[Event]) -> None:
    """Take in what `events` say of projects, and work out which they are if that can have changed."""
    refs = {event.project for event in events if event.project and _is_project(event)}
    refs |= {ref for event in events if isinstance(event.body, ProjectDescribed) for ref in event.body.refs}
    changed = bool(refs and await connection.fetch(_SQL["put_refs"], org, sorted(refs)))
    for event in events:
        if isinstance(event.body, ProjectDescribed) and event.project:
            changed |= await _describe(connection, org, event.project, event.body, event)
        elif isinstance(event.body, CodeOwners) and event.project:
            rules = json_text([rule.model_dump() for rule in event.body.rules])
            place = (org, event.project, event.body.path)
            await connection.execute(_SQL["put_owner_rules"], *place, rules, event.occurred_at)
    if changed:
        await _resolve(connection, org)


def _is_project(event: Event) -> bool:
    """Whether what an event names as its project is one: a page that others lie under is one only if it says so."""
    return isinstance(event.body, ProjectDescribed) or not (event.project or "").startswith("notion:")


async def _describe(connection: Connection, org: str, ref: str, body: ProjectDescribed, event: Event) -> bool:
    text = body.model_dump_json(exclude_defaults=True, exclude={"refs", "depends_on"})
    if not await connection.fetchval(_SQL["describe_ref"], org, ref, text, event.occurred_at):
        return False  # something newer is known
    await connection.execute(_SQL["drop_project_links"], org, ref)
    if body.refs:
        await connection.execute(_SQL["put_project_links"], org, ref, list(body.refs))
    return True


async def _resolve(connection: Connection, org: str) -> None:
    """Work out which projects there are, and write them all: there are few, and they change rarely."""
    rows = await connection.fetch(_SQL["all_refs"], org)
    told = {row["ref"]: json.loads(row["description"] or "{}") for row in rows}
    refs = [ProjectRef(ref=ref, name=says.get("name")) for ref, says in told.items()]
    links = [(row["left_ref"], row["right_ref"]) for row in await connection.fetch(_SQL["all_project_links"], org)]
    projects = [_project(id_, group, told) for id_, group in resolve_projects(refs, links)]
    await connection.execute(_SQL["drop_projects"], org, [project.id for project in projects])
    rendered = [project.model_dump_json() for project in projects]
    await connection.execute(_SQL["put_projects"], org, [project.id for project in projects], rendered)
    owned = [(ref, project.id) for project in projects for ref in project.refs]
    await connection.execute(_SQL["assign_refs"], org, *map(list, zip(*owned, strict=True)))
    known = await connection.fetch("SELECT DISTINCT id FROM names WHERE org = $1 AND kind = 'project'", org)
    await connection.execute(_SQL["drop_names"], org, "project", [row["id"] for row in known])
    await put_names(connection, org, "project", {project.id: _names(project) for project in projects})


def _project(id_: str, refs: tuple[str, ...], told: Mapping[str, Mapping[str, Any]]) -> Project:
    """One project, each field from the best source that says anything of it."""
    order = sorted(refs, key=lambda ref: (_order(ref), ref))
    says = {field: next((told[ref][field] for ref in order if told.get(ref, {}).get(field)), None) for field in _FIELDS}
    team = says.pop("owner_team")
    return Project(
        id=id_,
        refs=refs,
        name=says.pop("name") or id_,
        description=says.pop("description") or "",
        owner_team=slug(team) if team else None,
        **says,
    )


def _order(ref: str) -> int:
    source = ref.partition(":")[0]
    return _TOLD_BEST.index(source) if source in _TOLD_BEST else len(_TOLD_BEST)


def _names(project: Project) -> set[str]:
    return {project.name, project.id, *(ref.partition(":")[2] for ref in project.refs if not ref.startswith("notion:"))}
