"""How a change comes about: an issue, a branch, commits, a pull request, reviews, the merge, and Done."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Final

from adapters.sources.sample import writing
from adapters.sources.sample.board import Board
from adapters.sources.sample.codebase import Repository
from adapters.sources.sample.company import Company
from adapters.sources.sample.people import Person
from adapters.sources.sample.plan import Task
from adapters.sources.sample.projects import Project
from adapters.sources.sample.records import Commit, PullRequest, RunCompleted
from adapters.sources.sample.roster import DEPENDABOT, REVIEWER_BOT
from adapters.sources.sample.stage import Scene, Stage
from adapters.sources.sample.workdays import at_work

BOT_REVIEWED: Final = "storefront"
"""The project in which a bot comments on every pull request."""

_DEPENDENCIES: Final = {
    "payouts": ("go_modules", "go.mod", ("github.com/jackc/pgx/v5", "go.uber.org/zap", "golang.org/x/sync")),
    "checkout": ("maven", "pom.xml", ("junit-jupiter", "jackson-databind", "flyway-core")),
    "storefront": ("npm_and_yarn", "package.json", ("react", "vite", "typescript", "vitest", "zod")),
    "search": ("pip", "requirements.txt", ("httpx", "pydantic", "numpy", "uvicorn", "orjson")),
    "dispatch": ("maven", "pom.xml", ("junit-jupiter", "jackson-databind", "micrometer-core")),
    "courier-app": ("gradle", "app/build.gradle.kts", ("okhttp", "room-runtime", "coroutines-core")),
    "data-warehouse": ("pip", "requirements.txt", ("sqlglot", "duckdb")),
}
"""Ecosystem, manifest and packages of each project that dependabot looks after."""


def change(company: Company, task: Task) -> Scene:
    """One task, from its issue to Done or to where it ends."""
    stage, author = company.stage, task.author
    repo, board = company.repositories[task.project.name], company.boards[task.project.name]
    key = (yield from _plan(company, board, task)) if task.tracked else None
    yield task.starts
    if key:
        yield from _begin(stage, board, key, author)
    branch = repo.new_branch(writing.branch(key, task.title))
    commits = yield from _write(stage, repo, task, branch)
    if key and stage.chance(0.3 if task.project.status == "At risk" else 0.08):
        board.move(key, "Blocked", author)
        yield stage.work((3, 24))
        board.move(key, "In Progress", author)
    title = f"{key}: {task.title}" if key and stage.chance(0.5) else task.title
    paths = tuple(dict.fromkeys(path for commit in commits for path in commit.paths))
    text = writing.pull_request(stage.dice, task.title, key, paths)
    yield stage.minutes(3, 25)
    number = repo.open(branch, commits, author, title, text, draft=task.draft)
    show_to_bot(repo, number)
    yield from _get_ready(stage, repo, number)
    if key:
        yield stage.minutes(1, 6)
        board.move(key, "In Review", author)
    reviewers = task.reviewers or tuple(company.reviewers(task.project, author)[: stage.dice.choice((1, 1, 2))])
    for reviewer in reviewers:
        yield stage.minutes(0.05, 0.5)
        repo.ask(number, reviewer)
    if task.ends == "opened":
        return
    yield from _get_reviewed(stage, repo, task, number, reviewers)
    if task.ends == "closed":
        repo.close(number, author)
        if key:
            yield stage.minutes(2, 30)
            board.move(key, "To Do", author)
        return
    yield stage.work(task.project.pace.merging)
    pr = repo.merge(number, author if stage.chance(0.75) else reviewers[0])
    stage.start(checks(repo, pr.project.branch, repo.head, author))
    if key:
        yield from _finish(stage, repo, board, key, pr)


def _plan(company: Company, board: Board, task: Task) -> Generator[datetime, None, str]:
    """Somebody writes the issue, some days before it is begun."""
    stage = company.stage
    lead = stage.dice.uniform(0.02, 3) if task.kind == "Bug" else stage.dice.uniform(0.3, 14)
    soonest = stage.since + (task.starts - stage.since) * 0.5
    written = at_work(max(soonest, task.starts - timedelta(days=lead)))
    yield min(task.starts, written + timedelta(minutes=stage.dice.randint(0, 55)))
    reporter = company.reporter(task.project, task.author)
    key = board.create(
        task.kind,
        task.title,
        writing.description(stage.dice, task.title, task.topic),
        reporter,
        priority=task.priority,
        points=task.points,
        labels=(task.area.prefix.rstrip("/").rpartition("/")[2],),
    )
    board.due[key] = task.starts
    if stage.chance(0.12):
        yield stage.work((0.5, 6))
        board.comment(key, reporter, writing.comment(stage.dice))
    return key


def _begin(stage: Stage, board: Board, key: str, author: Person) -> Scene:
    running = board.running_sprint()
    if running and not board.issues[key].sprints:
        board.put_into(key, running, author)
        yield stage.minutes(1, 3)
    board.assign(key, author, author)
    yield stage.minutes(1, 5)
    board.move(key, "In Progress", author)


def _write(stage: Stage, repo: Repository, task: Task, branch: str) -> Generator[datetime, None, tuple[Commit, ...]]:
    """One to five commits, pushed in one or two pushes."""
    dice = stage.dice
    count = dice.choice((1, 2, 2, 3, 4, 5))
    pause = dice.uniform(*task.project.pace.coding) / count
    halfway = dice.randint(1, count)
    commits: list[Commit] = []
    waiting: list[Commit] = []
    for done in range(1, count + 1):
        yield stage.work((pause * 0.5, pause * 1.5))
        signature = dice.choice(task.author.stray) if task.stray else None
        waiting.append(repo.write(task.area, task.author, writing.commit(dice, task.topic), stage.now, signature))
        if done in {halfway, count}:
            yield stage.minutes(1, 8)
            repo.push(branch, waiting, task.author)
            commits += waiting
            waiting = []
            if stage.chance(0.15):
                stage.start(checks(repo, branch, commits[-1].sha, task.author))
    return tuple(commits)


def _get_ready(stage: Stage, repo: Repository, number: int) -> Scene:
    """A draft becomes ready; now and then what was ready goes back to draft, or is closed by mistake."""
    pr = repo.prs[number]
    coding = pr.project.pace.coding
    if pr.draft:
        yield stage.work((coding[0] * 0.5, coding[1] * 0.5))
        repo.change(number, "ready_for_review", pr.author, draft=False)
    elif stage.chance(0.03):
        yield stage.minutes(5, 30)
        repo.change(number, "converted_to_draft", pr.author, draft=True)
        yield stage.work((coding[0] * 0.5, coding[1] * 0.5))
        repo.change(number, "ready_for_review", pr.author, draft=False)
    elif stage.chance(0.02):
        yield stage.minutes(2, 10)
        repo.close(number, pr.author)
        yield stage.minutes(1, 20)
        repo.change(number, "reopened", pr.author, closed_at=None)


def _get_reviewed(stage: Stage, repo: Repository, task: Task, number: int, reviewers: tuple[Person, ...]) -> Scene:
    """The first one asked decides, after changes if they want some; a second one may add a word before."""
    dice, pace, first = stage.dice, task.project.pace, reviewers[0]
    yield stage.work(pace.pickup)
    if len(reviewers) > 1 and stage.chance(0.55):
        repo.review(number, reviewers[1], "commented", writing.remark(dice))
        yield stage.work(pace.review)
    if task.ends == "closed":
        repo.review(number, first, "commented", "We have this already, two directories further down.")
        yield stage.work(pace.review)
        return
    if stage.chance(0.08):
        repo.comment(repo.prs[number], first, writing.remark(dice))
        yield stage.minutes(5, 20)
    if stage.chance(0.22):
        repo.review(number, first, "changes_requested", writing.objection(dice))
        yield stage.work(pace.review)
        signature = dice.choice(task.author.stray) if task.stray else None
        repo.extend(number, [repo.write(task.area, task.author, "What the review asked for", stage.now, signature)])
        yield stage.minutes(1, 4)
        repo.ask(number, first)
    elif task.project.merge_style == "squash" and stage.chance(0.06):
        repo.rebase(number)
    yield stage.work(pace.review)
    repo.review(number, first, "approved", writing.approval(dice))


def _finish(stage: Stage, repo: Repository, board: Board, key: str, pr: PullRequest) -> Scene:
    """The issue is done once its change is in production, or after some days where that takes longer."""
    for _ in range(12):
        yield stage.work((2, 5))
        if repo.in_production(pr.merge_sha or ""):
            break
    board.move(key, "Done", pr.author)


def checks(repo: Repository, branch: str, sha: str, actor: Person) -> Scene:
    """CI runs on a commit; a failure is tried a second time."""
    stage = repo.stage
    run_id = stage.new_id("run", 11_902_300_000)
    fails = stage.chance(0.18 if repo.project.status == "At risk" else 0.04)
    for attempt in (1, 2) if fails else (1,):
        started_at = stage.now
        yield stage.minutes(4, 14)
        stage.record(
            RunCompleted(
                at=stage.now,
                id=run_id,
                project=repo.project,
                name="ci",
                branch=branch,
                sha=sha,
                started_at=started_at,
                conclusion="failure" if fails and attempt == 1 else "success",
                actor=actor,
                attempt=attempt,
            )
        )
        yield stage.minutes(3, 20)


def show_to_bot(repo: Repository, number: int) -> None:
    """Let the review bot look at a new pull request, where the project has it."""
    if repo.project.name == BOT_REVIEWED:
        repo.stage.start(_bot_review(repo, number))


def _bot_review(repo: Repository, number: int) -> Scene:
    """The review bot says something within a minute."""
    stage = repo.stage
    yield stage.minutes(0.3, 0.9)
    if stage.chance(0.5):
        repo.comment(repo.prs[number], REVIEWER_BOT, "Bundle size: +0.3 kB. Coverage of changed lines: 91 %.")
    verdict = "No accessibility problems found in the changed components."
    repo.review(number, REVIEWER_BOT, "commented", verdict)


def bump(company: Company, project: Project, at: datetime) -> Scene:
    """Dependabot raises a version and merges it itself."""
    stage, repo = company.stage, company.repositories[project.name]
    ecosystem, manifest, packages = _DEPENDENCIES[project.name]
    yield at
    package = stage.dice.choice(packages)
    minor, patch = stage.dice.randint(2, 40), stage.dice.randint(0, 8)
    title = f"Bump {package} from 1.{minor}.{patch} to 1.{minor}.{patch + 1}"
    branch = repo.new_branch(f"dependabot/{ecosystem}/{package}-1.{minor}.{patch + 1}")
    commit = repo.edit(DEPENDABOT, f"{title}\n\nRaises {package} by a patch version.", (manifest,), web=True)
    repo.push(branch, (commit,), DEPENDABOT)
    yield stage.minutes(0.1, 0.5)
    text = f"Raises [{package}] from 1.{minor}.{patch} to 1.{minor}.{patch + 1}.\n\nNo breaking changes."
    number = repo.open(branch, (commit,), DEPENDABOT, title, text, labels=("dependencies",))
    stage.start(checks(repo, branch, commit.sha, DEPENDABOT))
    show_to_bot(repo, number)
    yield stage.minutes(18, 90)
    repo.merge(number, DEPENDABOT)


def direct(company: Company, project: Project, author: Person, at: datetime, *, message: str, path: str) -> Scene:
    """A small commit goes straight to the default branch, without a pull request."""
    repo = company.repositories[project.name]
    yield at
    repo.push(project.branch, (repo.edit(author, message, (path,)),), author)
