"""What happens at Brambleway in the sample: everything is begun here, and then runs by itself to the end."""

from datetime import datetime, timedelta

from adapters.sources.sample.changes import bump, change, direct
from adapters.sources.sample.company import Company
from adapters.sources.sample.plan import spread, tasks
from adapters.sources.sample.planted import SINGLE_POINT, plant
from adapters.sources.sample.projects import PROJECTS, project
from adapters.sources.sample.roster import person
from adapters.sources.sample.shipping import ship_regularly
from adapters.sources.sample.sprints import plan_sprints
from adapters.sources.sample.stage import Stage
from adapters.sources.sample.surroundings import surround


def play(until: datetime, seed: int) -> Stage:
    """The whole story; its ledger is in `records`."""
    stage = Stage(until, seed)
    company = Company(stage)
    surround(company)
    plan_sprints(company)
    for each in PROJECTS:
        for task in tasks(stage, each):
            stage.start(change(company, task))
        for moment in spread(stage, each.pace.bumps):
            stage.start(bump(company, each, moment + timedelta(minutes=stage.dice.randint(0, 300))))
        stage.start(ship_regularly(company, company.repositories[each.name]))
    _work_without_pull_requests(company)
    plant(company)
    stage.play()
    return stage


def _work_without_pull_requests(company: Company) -> None:
    """Whoever works alone sometimes pushes straight to the default branch."""
    home, author = project(SINGLE_POINT[0]), person(SINGLE_POINT[1])
    for index, moment in enumerate(spread(company.stage, 6)):
        area = home.areas[index % len(home.areas)]
        path = area.path(area.files[index % len(area.files)])
        message = f"Tidy the comments in {path}"
        company.stage.start(direct(company, home, author, moment, message=message, path=path))
