"""How a project is doing: delivery figures with definitions, who works on it, what it hangs on, what to worry about."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from domain.answers import Answer, Evidence, Named
from domain.delivery import DELIVERY_TYPES, LOOKBACK, SPRINT_TYPES, read_delivery
from domain.dora import delivery_metrics
from domain.events import Event
from domain.frozen import Frozen, Utc
from domain.impact import Dependency, evidence_of
from domain.metrics import Metric
from domain.ports import Activity
from domain.projects import Project as Built
from domain.projects import service_ref
from domain.risks import (
    Risk,
    absence_factor,
    knowledge_risk,
    load_risks,
    metric_risks,
    silence_risk,
    work_risks,
)
from domain.routing import Store
from domain.text import count
from domain.window import Window
from domain.work import WorkItem
from tools.context import ToolContext
from tools.naming import between_projects, people_of, projects_of, the_project
from tools.parameters import Days, Detail, Project
from tools.people import COUNTED, COUNTING, Counts, by_owners, by_person, loads_of
from tools.spec import reads

_CONCISE_PEOPLE: Final = 5
_KEY_PEOPLE: Final = 3


class Contributor(Frozen):
    """Somebody who worked on it in the window; `share` is of the human commits."""

    id: str
    name: str
    commits: int
    share: float
    last_active: Utc


class Neighbour(Frozen):
    """A project that depends on this one, or that this one depends on, and how that is known."""

    id: str
    name: str
    evidence: tuple[Evidence, ...]


class ProjectHealth(Answer):
    """One project. A metric without a value says in `missing` why."""

    project: Named
    status: str | None = None
    owner_team: str | None = None
    metrics: tuple[Metric, ...]
    contributors: tuple[Contributor, ...]
    dependents: tuple[Neighbour, ...]
    dependencies: tuple[Neighbour, ...]
    risks: tuple[Risk, ...]


@reads(title="Get a project's health")
async def get_project_health(
    context: ToolContext, project: Project, days: Days = 90, detail: Detail = "concise"
) -> ProjectHealth:
    """Tell how a project is doing: DORA and flow metrics with n and definition, contributors, dependencies, risks."""
    which = await the_project(context, project)
    window = Window.last(days, context.now)
    where = dict.fromkeys(which.refs, which.id)
    raw, events, work, up, down = await asyncio.gather(
        context.part(Store.EVENTS, context.events.activity(window, COUNTED, projects=where), ()),
        context.part(Store.EVENTS, _events(context, window, which), None),
        context.directory.open_work(projects=which.refs),
        context.part(Store.GRAPH, context.graph.dependencies(which.refs, upstream=True, depth=1), ()),
        context.part(Store.GRAPH, context.graph.dependencies(which.refs, upstream=False, depth=1), ()),
    )
    everybody = await people_of(context, [*(row.account for row in raw), *_people_in(work)])
    people = {person.id: person for person in everybody.values()}
    rows, near = await asyncio.gather(
        by_owners(context, window, raw, everybody, where),
        projects_of(context, [ref for edge in (*up, *down) for ref in (edge.dependent, edge.needed)]),
    )
    counts = by_person(rows)
    humans = {id_: c for id_, c in counts.items() if not people[id_].bot}
    commits = {id_: c.commits for id_, c in humans.items() if c.commits}
    bot_keys = {key for person in people.values() if person.bot for key in person.keys}
    delivery = None if events is None else read_delivery(events, bot_keys)
    metrics = delivery_metrics(delivery, window) if delivery else []
    failed = [d for d in delivery.deployments if d.failures and window.holds(d.finished_at)] if delivery else []
    left_out = delivery.alerts_left_out if delivery else 0
    key_people = [people[id_] for id_ in sorted(humans, key=lambda i: (-humans[i].weight(), i))[:_KEY_PEOPLE]]
    loads = await loads_of(context, key_people)
    names = {id_: person.name for id_, person in people.items()}
    merged = sum(c.prs_merged for c in humans.values())
    risks = [
        knowledge_risk(commits, names),
        *load_risks(loads, names),
        *work_risks(work, context.now, {key: person.name for key, person in everybody.items()}),
        *metric_risks(metrics, failed),
        silence_risk(commits, merged, work, str(window)) if context.has(Store.EVENTS) else None,
    ]
    contributors = _contributors(humans, commits, rows, names)
    shown = contributors if detail == "full" else contributors[:_CONCISE_PEOPLE]
    bots = sum(c.commits for id_, c in counts.items() if people[id_].bot)
    return ProjectHealth(
        project=Named(id=which.id, name=which.name),
        status=which.status,
        owner_team=which.owner_team,
        metrics=tuple(metrics),
        contributors=shown,
        dependents=_neighbours(which, down, near, upstream=False),
        dependencies=_neighbours(which, up, near, upstream=True),
        risks=tuple(risk for risk in risks if risk is not None),
        **await context.about(
            (Store.DIRECTORY, Store.EVENTS, Store.GRAPH),
            f"Activity of {window}: {COUNTING}",
            _roadmap(which),
            f"{count(left_out, 'alert')} had no room in their notifications (Alertmanager's max_alerts): incidents may "
            "be missing"
            if left_out
            else "",
            f"{count(absence_factor(commits), 'person', 'people')} made half of the "
            f"{count(sum(commits.values()), 'human commit')}"
            if commits
            else f"No human commit from {window}"
            if context.has(Store.EVENTS)
            else "",
            f"{count(bots, 'commit')} by bots, counted for nobody" if bots else "",
            f"{count(len(contributors) - len(shown), 'more contributor')}; ask with detail=full"
            if len(shown) < len(contributors)
            else "",
        ),
    )


def _people_in(work: Sequence[WorkItem]) -> list[str]:
    """The accounts of whoever wrote the work in hand, has it, or is asked to look at it."""
    return [key for item in work for key in (item.author, item.assignee, *item.reviewers) if key]


def _roadmap(which: Built) -> str:
    """What people say of the project, as opposed to what its events say."""
    told = {
        "status": which.status,
        "priority": which.priority,
        "target date": which.target_date,
        "Slack channel": which.slack_channel,
    }
    said = ", ".join(f"{name} {value}" for name, value in told.items() if value)
    return f"The roadmap says: {said}" if said else ""


async def _events(context: ToolContext, window: Window, which: Built) -> Sequence[Event]:
    """What tells of its delivery; read from well before the window, for a change begins before it is delivered."""
    service = service_ref(which.id)  # what monitoring calls it
    refs = [*which.refs, service] if service else which.refs
    longer = Window(since=window.since - LOOKBACK, until=window.until)
    delivery, sprints = await asyncio.gather(
        context.events.read(DELIVERY_TYPES, longer, projects=refs), context.events.read(SPRINT_TYPES, longer)
    )
    return [*delivery, *sprints]


def _contributors(
    humans: Mapping[str, Counts],
    commits: Mapping[str, int],
    rows: Sequence[Activity],
    names: Mapping[str, str],
) -> tuple[Contributor, ...]:
    total = sum(commits.values())
    last: dict[str, datetime] = {}
    for row in rows:
        last[row.account] = max(row.last_at, last.get(row.account, row.last_at))
    return tuple(
        Contributor(
            id=id_,
            name=names[id_],
            commits=humans[id_].commits,
            share=round(humans[id_].commits / total, 3) if total else 0.0,
            last_active=last[id_],
        )
        for id_ in sorted(humans, key=lambda i: (-humans[i].commits, -humans[i].weight(), i))
    )


def _neighbours(
    which: Built, edges: Sequence[Dependency], near: Mapping[str, Built], *, upstream: bool
) -> tuple[Neighbour, ...]:
    names = {built.id: built.name for built in near.values()}
    found: dict[str, tuple[str, list[Evidence]]] = {}
    for edge in between_projects(edges, near):
        id_ = edge.needed if upstream else edge.dependent
        if id_ != which.id:
            found.setdefault(id_, (names.get(id_, id_), []))[1].append(evidence_of(edge))
    return tuple(
        Neighbour(id=id_, name=name, evidence=tuple(evidence)) for id_, (name, evidence) in sorted(found.items())
    )
