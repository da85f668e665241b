"""Who means to do what, and when: the tasks of every project, spread over the story."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final, Literal

from adapters.sources.sample import writing
from adapters.sources.sample.areas import Area
from adapters.sources.sample.people import NEVER_RESTS, Person
from adapters.sources.sample.projects import Project
from adapters.sources.sample.roster import person
from adapters.sources.sample.stage import DAYS, Stage
from adapters.sources.sample.workdays import at_work, workdays

End = Literal["merged", "opened", "closed"]
POINTS: Final = (1, 2, 3, 3, 5, 5, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A change that somebody means to make.

    Shape:
        starts: when its author begins.
        tracked: whether it has an issue.
        reviewers: who is asked to review it; nobody in particular if empty.
        ends: how far it gets: merged; left open after the first review was asked for; or closed after a review.
        stray: whether the author's git is set up badly, so that nothing ties its commits to them.
    """

    project: Project
    area: Area
    author: Person
    starts: datetime
    kind: str
    topic: str
    title: str
    tracked: bool
    priority: str = "Medium"
    points: float | None = None
    draft: bool = False
    reviewers: tuple[Person, ...] = ()
    ends: End = "merged"
    stray: bool = False


class Rota:
    """Takes turns by weight: whoever has had the least, measured by their weight, is next, give or take a little.

    Drawing lots instead would make who knows what best depend on the seed.
    """

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._turns: Counter[str] = Counter()

    def next(self, weights: Mapping[str, float]) -> str:
        """Whose turn it is."""
        name = max(weights, key=lambda each: weights[each] / (self._turns[each] + 1) * self._dice.uniform(0.85, 1.2))
        self._turns[name] += 1
        return name


def make_task(
    stage: Stage,
    project: Project,
    area: Area,
    author: Person,
    starts: datetime,
    *,
    tracked: bool | None = None,
    reviewers: tuple[Person, ...] = (),
    ends: End = "merged",
    stray: bool = False,
) -> Task:
    """A task with the rest left to chance."""
    dice = stage.dice
    kind, topic = dice.choice(writing.KINDS), dice.choice(area.topics)
    return Task(
        project=project,
        area=area,
        author=author,
        starts=starts,
        kind=kind,
        topic=topic,
        title=writing.title(dice, kind, topic),
        tracked=stage.chance(project.pace.tracked) if tracked is None else tracked,
        priority=dice.choice(("Low", "Medium", "Medium", "Medium", "High")),
        points=None if kind == "Bug" and stage.chance(0.4) else dice.choice(POINTS),
        draft=stage.chance(0.14),
        reviewers=reviewers,
        ends=ends,
        stray=stray,
    )


def tasks(stage: Stage, project: Project) -> Iterator[Task]:
    """The tasks of one project in order of time, each taken on by somebody who is there then."""
    rotas = {area.prefix: Rota(stage.dice) for area in project.areas}
    by_prefix = {area.prefix: area for area in project.areas}
    turns = Rota(stage.dice)
    for starts in _starts(stage, project):
        present = {
            area.prefix: {name: weight for name, weight in area.people.items() if stage.present(person(name), starts)}
            for area in project.areas
        }
        prefix = turns.next({name: by_prefix[name].share for name, people in present.items() if people})
        author = person(rotas[prefix].next(present[prefix]))
        # Whoever rests later finishes what they began: nothing of theirs is left lying around.
        ends: End = "closed" if author.rests == NEVER_RESTS and stage.chance(0.02) else "merged"
        yield make_task(stage, project, by_prefix[prefix], author, starts, ends=ends)


def _starts(stage: Stage, project: Project) -> list[datetime]:
    count = project.pace.tasks
    if count == 0:
        return list(_twice_a_day(stage))
    gap = timedelta(days=DAYS) / count
    times = (stage.since + gap * (index + stage.dice.uniform(0.05, 0.95)) for index in range(count))
    return sorted(at_work(time.replace(hour=7) + timedelta(minutes=stage.dice.randint(0, 480))) for time in times)


def _twice_a_day(stage: Stage) -> Iterator[datetime]:
    for day in workdays(stage.since, stage.until):
        yield day + timedelta(hours=7, minutes=stage.dice.randint(5, 70))
        if stage.chance(0.86):
            yield day + timedelta(hours=11, minutes=stage.dice.randint(15, 75))


def spread(stage: Stage, count: int) -> list[datetime]:
    """`count` working moments, evenly spread over the story."""
    gap = timedelta(days=DAYS) / max(count, 1)
    return [
        at_work(stage.since + gap * (index + stage.dice.random())) + timedelta(minutes=stage.dice.randint(0, 55))
        for index in range(count)
    ]
