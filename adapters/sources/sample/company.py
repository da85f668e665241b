"""The company as it stands while the story plays: one repository and one board a project."""

from dataclasses import dataclass
from datetime import datetime

from adapters.sources.sample.board import Board
from adapters.sources.sample.codebase import Repository
from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import PROJECTS, Project
from adapters.sources.sample.roster import PEOPLE, person
from adapters.sources.sample.stage import Stage


@dataclass(slots=True)
class Outage:
    """A time in which a service was in trouble; metrics show it."""

    service: str
    since: datetime
    until: datetime | None = None


class Company:
    """The stage with what stands on it, by project name."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.repositories = {project.name: Repository(stage, project) for project in PROJECTS}
        self.boards = {project.name: Board(stage, project) for project in PROJECTS}
        self.outages: list[Outage] = []

    def reviewers(self, project: Project, author: Person) -> list[Person]:
        """Who may be asked to review a change of `author` now: those who know the project, best first by chance."""
        stage = self.stage
        weights: dict[str, float] = {}
        for area in project.areas:
            for name, weight in area.people.items():
                # A square root, because the best are asked often, not always.
                weights[name] = max(weights.get(name, 0), weight**0.5)
        able = [
            (weight * stage.dice.random(), name)
            for name, weight in weights.items()
            if name != author.name and stage.present(person(name), stage.now, spare_days=6)
        ]
        found = [person(name) for _, name in sorted(able, reverse=True)]
        return found or self.colleagues(project, author)

    def colleagues(self, project: Project, but: Person) -> list[Person]:
        """Members of the owning team who are there now."""
        return [
            each
            for each in PEOPLE
            if each.team == project.team and each != but and self.stage.present(each, self.stage.now, spare_days=6)
        ]

    def reporter(self, project: Project, but: Person) -> Person:
        """Somebody of the team who writes an issue."""
        return self.stage.dice.choice(self.colleagues(project, but))

    def begin_outage(self, service: str) -> Outage:
        """A service gets into trouble."""
        outage = Outage(service, self.stage.now)
        self.outages.append(outage)
        return outage

    def end_outage(self, outage: Outage) -> None:
        """It works again."""
        outage.until = self.stage.now
