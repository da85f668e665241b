"""Who could do a piece of work. The model file of this room: content, arguments, one function from top to bottom."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Final

from pydantic import Field

from domain.answers import Evidence, Listing, Page
from domain.frozen import Frozen
from domain.people import Person
from domain.ports import Closest, Match, SkillUse, Touch, WorkHit
from domain.projects import Project
from domain.ranking import HALF_LIFE, Fact, Kind, Ranked, decay, foremost, nearness, rank
from domain.routing import Store
from domain.skills import RECENT, named_skill
from domain.text import count, slug
from domain.window import Window
from domain.work import AVAILABILITY_DEFINITION, Load
from tools.context import ToolContext
from tools.naming import people_of, the_team
from tools.parameters import Cursor, Detail, Limit, Team, Texts
from tools.people import loads_of
from tools.spec import reads

CANDIDATES: Final = 60
"""How many of the best are looked at for their availability: it can at most halve a score, so the rest cannot rise."""
_CONCISE_REASONS: Final = 3
WEAK: Final = 0.4
"""Work that matches less than this share of what matches best is a coincidence of words."""
_TOUCHES: Final = 500
"""Who changed which file at or near the paths: where that is so much close by, nobody looks farther away."""
_MARKS: Final = re.compile(r"^[A-Z][A-Z0-9_]+-\d+:? |\(#\d+\)$")
_WORD: Final = re.compile(r"[A-Za-z+#]+")


class Developer(Frozen):
    """Somebody who could do it: how well they fit 0..1, how free they are 0..1 (absent: unknown), and why."""

    id: str
    name: str
    score: float
    availability: float | None = None
    reasons: tuple[Evidence, ...]


class FoundDevelopers(Listing):
    """The best first."""

    developers: tuple[Developer, ...]


@reads(title="Find developers")
async def find_developers(
    context: ToolContext,
    requirement: Annotated[str, Field(min_length=2, max_length=2000, description="the work, in plain words")],
    skills: Annotated[Texts | None, Field(description="languages")] = None,
    paths: Annotated[Texts | None, Field(description="files or folders it touches")] = None,
    team: Team | None = None,
    min_availability: Annotated[float | None, Field(ge=0, le=1)] = None,
    limit: Limit = 5,
    detail: Detail = "concise",
    cursor: Cursor = None,
) -> FoundDevelopers:
    """Rank the people who could do a piece of work, by what they lately touched and wrote and by how free they are.

    Every rank comes with its evidence. Give `paths` if you know them: they are the strongest signal.
    """
    asked_skills, unknown_skills = _skills(skills, requirement)
    page = Page.of(cursor, limit, (requirement, skills, paths, team, min_availability, detail))
    window = Window.last(RECENT.days, context.now)

    about, members = await asyncio.gather(_projects_in(context, requirement), _members(context, team))
    touches, uses, work, profiles = await asyncio.gather(
        context.part(Store.EVENTS, _touches(context, window, paths, about), ()),
        context.part(Store.EVENTS, _uses(context, window, asked_skills), ()),
        context.part(Store.EVENTS, _work(context, requirement, window, about), ()),
        context.part(Store.VECTORS, _profiles(context, requirement), Closest()),
    )
    told = (touches, uses, work)
    profiles_of = [match.metadata["account"] for match in profiles.matches]
    people = await people_of(context, [*(row.account for rows in told for row in rows), *profiles_of])
    # What nobody known did is no evidence: of thousands of rows it is left out before anything is made of them.
    facts = [
        *_path_facts([touch for touch in touches if touch.account in people], paths or ()),
        *_skill_facts(use for use in uses if use.account in people),
        *_work_facts(work, context),
        *_profile_facts(profiles.matches),
    ]
    known = [replace(fact, person=people[fact.person].id) for fact in facts if fact.person in people]
    by_id = {person.id: person for person in people.values()}
    bots = {person.id for person in by_id.values() if person.bot}
    fit = [f for f in known if f.person not in bots and (members is None or f.person in members)]
    asked: dict[Kind, int] = {"work": 1, "profile": 1}
    asked |= {"skill": len(asked_skills)} if asked_skills else {}
    asked |= {"path": len(paths)} if paths else {}

    best = foremost(fit, asked, max(CANDIDATES, page.end + 1))
    loads = await loads_of(context, [by_id[id_] for id_ in best])
    free = {id_: load.availability for id_, load in loads.items()}
    ranked = rank([fact for fact in fit if fact.person in best], asked, free)
    kept = [r for r in ranked if min_availability is None or (free[r.person] or 0) >= min_availability]
    rows, next_cursor = page.cut(kept)
    return FoundDevelopers(
        developers=tuple(_developer(r, by_id[r.person], loads[r.person], detail) for r in rows),
        truncated=next_cursor is not None,
        next_cursor=next_cursor,
        **await context.about(
            (Store.DIRECTORY, Store.EVENTS, Store.VECTORS),
            f"Read as work on {', '.join(project.name for project in about)}, because it names that" if about else "",
            f"Nobody changed {', '.join(paths)}, or anything near, in a year"
            if paths and not touches and context.has(Store.EVENTS)
            else "",
            f"Unknown skills were not used: {', '.join(unknown_skills)}" if unknown_skills else "",
            f"{count(len(ranked) - len(kept), 'person was', 'people were')} left out: "
            f"less free than {min_availability}, or nobody knows"
            if min_availability is not None and len(kept) < len(ranked)
            else "",
            f"Profiles were compared by their words ({context.vectors.method}), not by meaning"
            if context.vectors.method == "lexical"
            else "",
            *profiles.notes,
            "Nobody's work matches: try other words, or give paths"
            if not ranked and context.has(Store.EVENTS, Store.VECTORS)
            else "",
            AVAILABILITY_DEFINITION if detail == "full" else "",
        ),
    )


def _skills(skills: Sequence[str] | None, requirement: str) -> tuple[list[str], list[str]]:
    """The skills asked for, or else those that the requirement names; and those that are not known."""
    if skills is None:
        named = (named_skill(word) for word in _WORD.findall(requirement) if len(word) > 1)
        return list(dict.fromkeys(skill for skill in named if skill)), []
    known = {skill: named_skill(skill) for skill in skills}
    return [name for name in known.values() if name], [skill for skill, name in known.items() if not name]


async def _members(context: ToolContext, team: str | None) -> set[str] | None:
    """The ids of whoever belongs to `team`; None if no team was asked for."""
    return set((await the_team(context, team)).members) if team else None


async def _projects_in(context: ToolContext, requirement: str) -> list[Project]:
    """The projects that a requirement names: work elsewhere with the same words says little."""
    words = f"-{slug(requirement)}-"
    named = {
        project.id: project
        for project in await context.directory.projects()
        if any(f"-{name}-" in words for name in (slug(project.id), slug(project.name)) if name)
    }
    return list(named.values())


async def _touches(
    context: ToolContext, window: Window, paths: Sequence[str] | None, about: Sequence[Project]
) -> Sequence[Touch]:
    if not paths:
        return ()
    where = {ref: ref for project in about for ref in project.refs} or None
    return await context.events.touches(window, half_life=HALF_LIFE, paths=paths, projects=where, limit=_TOUCHES)


async def _work(context: ToolContext, requirement: str, window: Window, about: Sequence[Project]) -> Sequence[WorkHit]:
    refs = [ref for project in about for ref in project.refs] or None
    return await context.events.find_work(requirement, window, projects=refs)


async def _uses(context: ToolContext, window: Window, skills: Sequence[str]) -> Sequence[SkillUse]:
    return await context.events.skills(window, skills=skills) if skills else ()


async def _profiles(context: ToolContext, requirement: str) -> Closest:
    return await context.vectors.search("developer_profiles", requirement, limit=CANDIDATES)


def _path_facts(touches: Sequence[Touch], paths: Sequence[str]) -> Iterable[Fact]:
    near = {path: max(nearness(path, asked) for asked in paths) for path in {touch.path for touch in touches}}
    for touch in touches:
        how = "on" if near[touch.path] == 1 else "near it, on"
        yield Fact(
            person=touch.account,
            kind="path",
            subject=touch.path,
            weight=touch.weight * near[touch.path],
            at=touch.last_at,
            text=f"{count(touch.commits, 'commit')} {how} {touch.path}",
            source=touch.project,
        )


def _skill_facts(uses: Iterable[SkillUse]) -> Iterable[Fact]:
    for use in uses:
        text = f"{count(use.commits, 'commit')} with {use.skill} in a year"
        yield Fact(person=use.account, kind="skill", subject=use.skill, weight=use.commits, at=use.last_at, text=text)


def _work_facts(hits: Sequence[WorkHit], context: ToolContext) -> Iterable[Fact]:
    least = max((hit.score for hit in hits), default=0) * WEAK
    for hit in hits:
        if hit.score >= least:
            yield Fact(
                person=hit.account,
                kind="work",
                # An issue, its commit and its pull request are one piece of work, and say it once.
                subject=_MARKS.sub("", hit.title).strip().lower(),
                weight=hit.score * decay(hit.at, context.now),
                at=hit.at,
                text=hit.title,
                source=hit.entity,
            )


def _profile_facts(matches: Iterable[Match]) -> Iterable[Fact]:
    for match in matches:
        text = f"what they work on reads like it (likeness {match.score:g})"
        yield Fact(person=match.metadata["account"], kind="profile", subject="profile", weight=match.score, text=text)


def _developer(ranked: Ranked, person: Person, load: Load, detail: Detail) -> Developer:
    shown = ranked.reasons if detail == "full" else ranked.reasons[:_CONCISE_REASONS]
    free = Evidence(kind="availability", text=load.because)
    return Developer(
        id=person.id, name=person.name, score=ranked.score, availability=load.availability, reasons=(*shown, free)
    )
