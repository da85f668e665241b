"""The truth about what was planted: for each fact everything that is needed to check an answer about it."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sources.sample import planted
from adapters.sources.sample.activity import open_work
from adapters.sources.sample.areas import Area
from adapters.sources.sample.changes import BOT_REVIEWED
from adapters.sources.sample.documents import DOCUMENTS, QUESTIONS
from adapters.sources.sample.ledger import Ledger, actor, stamp
from adapters.sources.sample.people import Person
from adapters.sources.sample.projects import PROJECTS, Project, project
from adapters.sources.sample.records import GitHubCommented, Noted, PullRequest
from adapters.sources.sample.roster import DEPENDABOT, REVIEWER_BOT, person

_STALE: Final = timedelta(days=14)
_ENOUGH: Final = 5
"""Fewer deployments than this are too few to say a rate."""
Fact = dict[str, Any]


def facts(ledger: Ledger, delivery: dict[str, Any]) -> Fact:
    """Every planted fact by its name. `delivery` is that part of the truth."""
    notes = {name: [_plain(note) for note in found] for name, found in ledger.notes.items()}
    expert_area = project(planted.EXPERT_PROJECT).areas[0]
    return {
        "overloaded_expert": _loaded(ledger, planted.EXPERT, expert_area),
        "free_second_best": _loaded(ledger, planted.SECOND_BEST, expert_area),
        "single_point_of_knowledge": _single_point(ledger),
        "project_in_trouble": _health(ledger, delivery, project(planted.IN_TROUBLE)),
        "healthy_project": _health(ledger, delivery, project(planted.HEALTHY)),
        "quiet_project": _health(ledger, delivery, project(planted.QUIET)),
        "dependency_chain": {
            "chain": list(planted.CHAIN),
            "cycle": list(planted.CYCLE),
            "edges": [[each.name, needed] for each in PROJECTS for needed in each.depends_on],
        },
        "bot": _bots(ledger),
        "reopened_issue": notes["reopened_issue"][0],
        "revert": _repaired(ledger, "revert"),
        "incident": _repaired(ledger, "incident"),
        "incidents": _incidents(ledger),
        "departed": _departed(ledger),
        "on_leave": _on_leave(ledger),
        "same_first_name": {"first_name": "Daniel", "people": list(planted.SAME_FIRST_NAME)},
        "ambiguous_handle_pair": {
            "handle": planted.AMBIGUOUS[0],
            "github_login_of": planted.AMBIGUOUS[1],
            "mailbox_of": planted.AMBIGUOUS[2],
        },
        "unattributable_commits": _stray(ledger),
        "injected_issue": notes["injected_issue"][0],
        "documents": [
            {
                "question": each.question,
                "page_id": DOCUMENTS[each.document].page,
                "title": DOCUMENTS[each.document].title,
                "project": DOCUMENTS[each.document].project,
                "sentence": each.sentence,
            }
            for each in QUESTIONS
        ],
        "high_priority_blocked": _blocked(ledger),
        "deleted_issues": notes["deleted_issues"],
        "window_edge": notes["window_edge"],
        "redelivery": notes["redelivery"][0],
        "out_of_order": notes["out_of_order"][0],
    }


def _plain(note: Noted) -> Fact:
    """A note's content as JSON can say it."""

    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return stamp(value)
        return value.name if isinstance(value, Person) else value

    return {name: plain(value) for name, value in note.about.items()}


def _ranking(ledger: Ledger, home: Project, area: Area) -> list[Fact]:
    """Who knows an area, best first: commits of the default branch that touch it, merges left out."""
    commits: Counter[str] = Counter()
    files: defaultdict[str, set[str]] = defaultdict(set)
    last: dict[str, datetime] = {}
    for where, commit in ledger.commits:
        touched = {path for path in commit.paths if path.startswith(area.prefix)}
        if where == home and touched and commit.attributable and not commit.merge and not commit.author.bot:
            name = commit.author.name
            commits[name] += 1
            files[name] |= touched
            last[name] = max(last.get(name, commit.authored_at), commit.authored_at)
    return [
        {"person": name, "commits": count, "files": len(files[name]), "last_at": stamp(last[name])}
        for name, count in commits.most_common()
    ]


def _loaded(ledger: Ledger, name: str, area: Area) -> Fact:
    home = project(planted.EXPERT_PROJECT)
    return {
        "person": name,
        "login": person(name).login,
        "project": home.name,
        "repo": home.repo,
        "area": area.prefix,
        "ranking": _ranking(ledger, home, area),
        "open_work": open_work(ledger)[name],
    }


def _single_point(ledger: Ledger) -> Fact:
    home, name = project(planted.SINGLE_POINT[0]), planted.SINGLE_POINT[1]
    humans = [commit for where, commit in ledger.commits if where == home and not commit.author.bot]
    own = sum(commit.author.name == name for commit in humans)
    return {
        "project": home.name,
        "repo": home.repo,
        "person": name,
        "commits": own,
        "human_commits": len(humans),
        "share": round(own / len(humans), 4),
    }


def _health(ledger: Ledger, delivery: dict[str, Any], home: Project) -> Fact:
    numbers = delivery[home.repo]["90"]
    failed, deployments = len(numbers["failed"]), numbers["deployments"]
    return {
        "project": home.name,
        "repo": home.repo,
        "days": 90,
        "deployments": deployments,
        "deployment_days": numbers["deployment_days"],
        "enough": deployments >= _ENOUGH,
        "failed": failed,
        "change_fail_rate": round(failed / deployments, 4) if deployments else None,
        "lead_time_median_hours": numbers["lead_time_median_hours"],
        "lead_times": len(numbers["lead_times"]),
        "recovery_median_hours": numbers["recovery_median_hours"],
        "unsuccessful_runs": [run["id"] for run in numbers["unsuccessful_runs"]],
        "incidents": [fact["issue"] for fact in _incidents(ledger) if fact["project"] == home.name],
        "reverts": [
            blame.evidence
            for blame in ledger.blames.values()
            if blame.kind == "revert" and blame.deployment.project == home
        ],
        "stale_prs": [_stale(ledger, pr) for pr in ledger.prs.values() if pr.project == home and _is_stale(ledger, pr)],
        "high_priority_blocked": [fact["issue"] for fact in _blocked(ledger) if fact["project"] == home.name],
    }


def _is_stale(ledger: Ledger, pr: PullRequest) -> bool:
    old = pr.created_at <= ledger.until - _STALE
    return pr.open and old and not pr.author.bot and ledger.first_human_review(pr) is None


def _stale(ledger: Ledger, pr: PullRequest) -> Fact:
    return {
        "pr": pr.ref,
        "author": pr.author.name,
        "opened_at": stamp(pr.created_at),
        "days": (ledger.until - pr.created_at).days,
        "waits_for": [each.name for each in pr.asked],
    }


def _bots(ledger: Ledger) -> Fact:
    commits = [commit for _, commit in ledger.commits if ledger.within(commit.authored_at, 90)]
    dependabot = sum(commit.author == DEPENDABOT for commit in commits)
    return {
        "login": DEPENDABOT.login,
        "id": DEPENDABOT.github_id,
        "commits_90": dependabot,
        "share_of_commits_90": round(dependabot / len(commits), 4),
        "prs_merged_90": sum(pr.author == DEPENDABOT and ledger.within(pr.merged_at, 90) for pr in ledger.prs.values()),
        "reviewer": {
            "login": REVIEWER_BOT.login,
            "id": REVIEWER_BOT.github_id,
            "project": BOT_REVIEWED,
            "reviews": sum(review.reviewer == REVIEWER_BOT for review in ledger.reviews),
            "comments": sum(
                isinstance(record, GitHubCommented) and record.author == REVIEWER_BOT for record in ledger.records
            ),
        },
    }


def _repaired(ledger: Ledger, fact: str) -> Fact:
    """A deployment that went bad, its cause and its repair."""
    about = ledger.notes[fact][0].about
    deployment, cause, repair, fixed_by = (about[name] for name in ("deployment", "cause", "repair", "fixed_by"))
    blame = next(blame for (number, _), blame in ledger.blames.items() if number == deployment.id)
    return {
        "project": deployment.project.name,
        "repo": deployment.project.repo,
        "deployment_id": deployment.id,
        "pr": cause.number,
        "title": cause.title,
        "merge_sha": cause.merge_sha,
        "repaired_by_pr": repair.number,
        "repair_title": repair.title,
        "repair_sha": repair.merge_sha,
        "repaired_by_deployment": fixed_by.id,
        "restored_at": stamp(blame.restored_at),
        "issue": about["issue"],
    }


def _incidents(ledger: Ledger) -> list[Fact]:
    return [
        {
            "issue": blame.evidence,
            "project": blame.deployment.project.name,
            "deployment_id": blame.deployment.id,
            "pr": blame.pr.number,
            "names": "deployment" if str(blame.deployment.id) in ledger.issues[blame.evidence].text else "pull request",
            "opened_at": stamp(ledger.issues[blame.evidence].created_at),
            "resolved_at": stamp(blame.restored_at),
        }
        for blame in ledger.blames.values()
        if blame.kind == "incident"
    ]


def _departed(ledger: Ledger) -> Fact:
    name, home = planted.DEPARTED[0], project(planted.DEPARTED[1])
    area = home.areas[0]
    return {
        "person": name,
        "login": person(name).login,
        "last_activity_at": stamp(_last_seen(ledger, name)),
        "project": home.name,
        "area": area.prefix,
        "ranking": _ranking(ledger, home, area),
    }


def _last_seen(ledger: Ledger, name: str) -> datetime | None:
    return max((record.at for record in ledger.records if (who := actor(record)) and who.name == name), default=None)


def _on_leave(ledger: Ledger) -> Fact:
    away = person(planted.ON_LEAVE)
    back = away.away_until(ledger.until)
    return {
        "person": away.name,
        "away_until": back.isoformat() if back else None,
        "last_activity_at": stamp(_last_seen(ledger, away.name)),
    }


def _stray(ledger: Ledger) -> Fact:
    """Commits that nothing ties to a person: whoever attributes them guesses."""
    stray = [(where, commit) for where, commit in ledger.commits if not commit.attributable]
    return {
        "really_by": planted.STRAY_AUTHOR,
        "signatures": sorted({f"{commit.signature.name} <{commit.signature.email}>" for _, commit in stray}),
        "repos": sorted({where.repo for where, _ in stray}),
        "shas": [commit.sha for _, commit in stray],
        "why": "a name of one word, no mail that can be one person's, no login beside it: in nobody's numbers",
    }


def _blocked(ledger: Ledger) -> list[Fact]:
    return [
        {
            "issue": key,
            "project": issue.project.name,
            "priority": issue.priority,
            "assignee": issue.assignee.name if issue.assignee else None,
            "blocked_since": stamp(ledger.moves[key][-1][0]),
        }
        for key, issue in ledger.issues.items()
        if issue.status == "Blocked" and issue.priority in {"High", "Highest"}
    ]
