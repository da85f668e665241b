"""How work is planned: two weeks a sprint, from Monday morning to Friday evening."""

from datetime import datetime, timedelta

from adapters.sources.sample import writing
from adapters.sources.sample.board import Board
from adapters.sources.sample.company import Company
from adapters.sources.sample.projects import PROJECTS
from adapters.sources.sample.stage import Scene


def plan_sprints(company: Company) -> None:
    """Let every sprint of every board begin in its week; half of the boards are a week later."""
    stage = company.stage
    boards = [company.boards[project.name] for project in PROJECTS if project.sprints]
    first = stage.since + timedelta(days=4 + (-stage.since.weekday() - 4) % 7)
    for index, board in enumerate(boards):
        starts = first + timedelta(weeks=index % 2)
        number = 31 + index
        while starts < stage.until + timedelta(weeks=2):
            stage.start(sprint(board, number, starts + timedelta(hours=6, minutes=45)))
            starts += timedelta(weeks=2)
            number += 1


def sprint(board: Board, number: int, starts_at: datetime) -> Scene:
    """One sprint: created on a Thursday, filled on Friday, started on Monday, closed on the second Friday.

    It starts before the working day and ends after it, so that nothing is done between two sprints.
    """
    stage = board.stage
    ends_at = starts_at + timedelta(days=11, hours=10, minutes=25)
    yield starts_at - timedelta(days=4) + timedelta(hours=4)
    name = f"{board.project.key} Sprint {number}"
    sprint_id = board.plan_sprint(name, writing.goal(stage.dice), starts_at, ends_at)
    yield starts_at - timedelta(days=3) + timedelta(hours=7)
    for key, due in list(board.due.items()):
        issue = board.issues.get(key)
        if issue and issue.status == "To Do" and not issue.sprints and due < ends_at:
            board.put_into(key, board.sprints[sprint_id], issue.reporter)
            yield stage.minutes(0.2, 1)
    yield starts_at
    board.start_sprint(sprint_id)
    yield ends_at
    board.close_sprint(sprint_id)
