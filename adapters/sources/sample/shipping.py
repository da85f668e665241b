"""How changes reach customers, what goes wrong there, and how it is put right."""

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.sources.sample.changes import checks, show_to_bot
from adapters.sources.sample.codebase import Repository
from adapters.sources.sample.company import Company
from adapters.sources.sample.paces import Mishap
from adapters.sources.sample.people import COMPANY, Person
from adapters.sources.sample.records import Blamed, Deployment, Noted, PullRequest
from adapters.sources.sample.roster import REVIEWER_BOT
from adapters.sources.sample.stage import Scene, Stage
from adapters.sources.sample.workdays import at_work, workdays


def ship_regularly(company: Company, repo: Repository) -> Scene:
    """At each hour that the project deploys, whatever was merged since goes out."""
    for moment in _moments(repo.stage, repo):
        yield moment
        if repo.deployed < len(repo.main):
            yield from ship(company, repo)


def _moments(stage: Stage, repo: Repository) -> list[datetime]:
    pace = repo.project.pace
    if pace.deploy_days:
        return [at_work(stage.ago(days) + timedelta(hours=9)) for days in pace.deploy_days]
    return [
        day + timedelta(hours=hour, minutes=stage.dice.randint(0, 25))
        for day in workdays(stage.since, stage.until)
        for hour in pace.deploys.get(day.weekday(), ())
    ]


def ship(company: Company, repo: Repository, *, urgent: bool = False) -> Generator[datetime, None, Deployment | None]:
    """Deploy the default branch to staging, then to production; None if it fails there."""
    stage = repo.stage
    while repo.shipping:
        yield stage.minutes(1, 3)
    repo.shipping = True
    count, head = len(repo.main), repo.head
    staging = _deployment(stage, repo, "staging", head)
    yield stage.minutes(2, 3) if urgent else stage.minutes(4, 9)
    repo.deploy(staging, "success")
    yield stage.minutes(0.5, 1) if urgent else stage.minutes(3, 15)
    production = _deployment(stage, repo, "production", head)
    if stage.chance(0.6):
        repo.deploy(production, "in_progress")
    yield stage.minutes(2, 4) if urgent else stage.minutes(3, 8)
    repo.shipping = False
    repo.attempts += 1
    pace = repo.project.pace
    if pace.fails and repo.attempts % pace.fails == 0 and not urgent:
        repo.deploy(production, "failure")
        return None
    contains = tuple(commit.sha for commit in repo.main[repo.deployed : count])
    repo.deployed = max(repo.deployed, count)
    production = replace(production, contains=contains)
    repo.deploy(production, "success")
    if repo.project.name == "courier-app":
        repo.release(production)
    if not urgent:
        _go_wrong(company, repo, production)
    return production


def _deployment(stage: Stage, repo: Repository, environment: str, head: str) -> Deployment:
    return Deployment(
        id=stage.new_id("deployment", 2_640_100_000),
        project=repo.project,
        environment="production" if environment == "production" else "staging",
        sha=head,
        creator=REVIEWER_BOT,
        created_at=stage.now,
    )


def _go_wrong(company: Company, repo: Repository, deployment: Deployment) -> None:
    """Begin the next mishap, if it is time and a person's change is in the deployment."""
    if not repo.mishaps or repo.stage.now < repo.stage.ago(repo.mishaps[0].days):
        return
    suspects = [
        pr
        for pr in repo.prs.values()
        if pr.merge_sha in deployment.contains and not pr.author.bot and not pr.title.startswith("Revert")
    ]
    if suspects:
        cause = repo.stage.dice.choice(suspects)
        repo.stage.start(mishap(company, repo, deployment, cause, repo.mishaps.pop(0)))


def mishap(company: Company, repo: Repository, deployment: Deployment, cause: PullRequest, plan: Mishap) -> Scene:
    """A deployment turns out bad; an incident is opened, or not; a revert or a fix repairs it."""
    stage, board = company.stage, company.boards[repo.project.name]
    urgency = repo.project.pace.urgency
    fixer = company.reviewers(repo.project, cause.author)[0] if stage.chance(0.5) else cause.author
    outage = company.begin_outage(repo.project.name)
    yield stage.minutes(urgency * 0.3, urgency * 0.6)
    key = None
    if "incident" in plan.kind:
        key = _open_incident(company, deployment, cause, plan)
        stage.record(Blamed(stage.now, deployment, cause, "incident", key))
        yield stage.minutes(1, 3)
        board.assign(key, fixer, fixer)
        yield stage.minutes(1, 3)
        board.move(key, "In Progress", fixer)
    if "revert" in plan.kind:
        repair = yield from _revert(company, repo, cause, fixer)
    else:
        repair = yield from _fix(company, repo, cause, fixer, key or "")
    fixed_by = yield from ship(company, repo, urgent=True)
    restored_at = stage.now
    company.end_outage(outage)
    if "revert" in plan.kind:
        stage.record(Blamed(stage.now, deployment, cause, "revert", repair.ref, restored_at))
    if key:
        yield stage.minutes(1, urgency * 0.3 + 1)
        board.move(key, "Done", fixer)
        stage.record(Blamed(stage.now, deployment, cause, "incident", key, stage.now))
    if plan.fact:
        about = {"deployment": deployment, "cause": cause, "repair": repair, "fixed_by": fixed_by, "issue": key}
        stage.record(Noted(stage.now, plan.fact, about))


def _open_incident(company: Company, deployment: Deployment, cause: PullRequest, plan: Mishap) -> str:
    stage, name = company.stage, deployment.project.name
    finished = f"{stage.now:%H:%M} UTC"
    named = (
        f"production deployment {deployment.id} of {deployment.project.repo}"
        if plan.names == "deployment"
        else f"pull request {cause.ref}"
    )
    symptom = stage.dice.choice(("error ratio above 5 %", "answers slower than 4 s", "every third request fails"))
    text = (
        f"Alert since {finished}: {symptom} in {name}.\n\n"
        f"Caused by {named}.\n\n"
        f"Customers of {COMPANY} notice. On call has acknowledged; updates in {deployment.project.slack}."
    )
    return company.boards[name].create(
        "Incident",
        f"{name}: {symptom}",
        text,
        company.reporter(deployment.project, cause.author),
        priority="Highest",
        labels=("incident",),
    )


def _revert(
    company: Company, repo: Repository, cause: PullRequest, fixer: Person
) -> Generator[datetime, None, PullRequest]:
    branch = f"revert-{cause.number}-{cause.branch}"
    paths = tuple(dict.fromkeys(path for commit in cause.commits for path in commit.modified))
    message = f'Revert "{cause.title} (#{cause.number})"\n\nThis reverts commit {cause.merge_sha}.'
    yield repo.stage.minutes(1, 3)
    commit = repo.edit(fixer, message, paths, web=True)
    repo.push(branch, (commit,), fixer)
    text = f"Reverts {cause.ref}"
    yield repo.stage.minutes(0.1, 0.4)
    number = repo.open(branch, (commit,), fixer, f'Revert "{cause.title}"', text)
    return (yield from _wave_through(company, repo, number))


def _fix(
    company: Company, repo: Repository, cause: PullRequest, fixer: Person, key: str
) -> Generator[datetime, None, PullRequest]:
    stage = repo.stage
    urgency = repo.project.pace.urgency
    yield stage.minutes(urgency * 0.5, urgency)
    branch = f"{key}-hotfix"
    paths = cause.commits[-1].paths[:1]
    commit = repo.edit(fixer, f"Guard against what {cause.ref} let through", paths)
    repo.push(branch, (commit,), fixer)
    yield stage.minutes(1, 4)
    text = f"Repairs {key}, which {cause.ref} caused."
    number = repo.open(branch, (commit,), fixer, f"{key}: hotfix for #{cause.number}", text, labels=("hotfix",))
    return (yield from _wave_through(company, repo, number))


def _wave_through(company: Company, repo: Repository, number: int) -> Generator[datetime, None, PullRequest]:
    """Review and merge something urgent."""
    stage, author = repo.stage, repo.prs[number].author
    urgency = repo.project.pace.urgency
    reviewer = company.reviewers(repo.project, author)[0]
    show_to_bot(repo, number)
    yield stage.minutes(0.3, 1)
    repo.ask(number, reviewer)
    yield stage.minutes(urgency * 0.2, urgency * 0.5)
    repo.review(number, reviewer, "approved", "Go.")
    yield stage.minutes(0.5, urgency * 0.2)
    pr = repo.merge(number, author)
    stage.start(checks(repo, repo.project.branch, repo.head, author))
    return pr
