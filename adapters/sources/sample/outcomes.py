"""The truth about projects: what they deployed, how long it took, what failed, and what their sprints achieved."""

from datetime import datetime
from typing import Any, Final

from adapters.sources.sample.ledger import Ledger, hours, median, stamp
from adapters.sources.sample.projects import PROJECTS, Project
from adapters.sources.sample.records import (
    Blamed,
    Deployment,
    DeploymentChanged,
    Issue,
    IssueChanged,
    PullRequestChanged,
    Reviewed,
    SprintChanged,
)

DELIVERY_DAYS: Final = 90


def delivery(ledger: Ledger) -> dict[str, dict[str, dict[str, Any]]]:
    """By repository and days: deployments, failures, lead times, recoveries, pickups."""
    return {project.repo: {str(DELIVERY_DAYS): _delivery(ledger, project, DELIVERY_DAYS)} for project in PROJECTS}


def _delivery(ledger: Ledger, project: Project, days: int) -> dict[str, Any]:
    prs = {pr.merge_sha: pr for pr in ledger.merged(project)}
    deployments = [(at, each) for at, each in ledger.deployments(project) if ledger.within(at, days)]
    shipped = {sha for _, each in ledger.deployments(project) for sha in each.contains}
    lead_times: list[dict[str, Any]] = [
        {
            "pr": pr.number,
            "bot": pr.author.bot,
            "first_commit_at": stamp(pr.commits[0].authored_at),
            "deployed_at": stamp(at),
            "deployment_id": each.id,
            "hours": hours(pr.commits[0].authored_at, at),
        }
        for at, each in deployments
        for sha in each.contains
        if (pr := prs.get(sha))
    ]
    failed = [row for at, each in deployments if (row := _failure(ledger, at, each))]
    return {
        "deployments": len(deployments),
        "deployment_days": len({at.date() for at, _ in deployments}),
        "list": [
            {
                "id": each.id,
                "sha": each.sha,
                "finished_at": stamp(at),
                "shas_first_contained": list(each.contains),
                "prs": [pr.number for sha in each.contains if (pr := prs.get(sha))],
            }
            for at, each in deployments
        ],
        "unsuccessful_runs": _unsuccessful(ledger, project, days),
        "failed": failed,
        "recovery_hours": [row["recovery_hours"] for row in failed],
        "recovery_median_hours": median([row["recovery_hours"] for row in failed]),
        "lead_times": lead_times,
        "lead_time_median_hours": median([row["hours"] for row in lead_times if not row["bot"]]),
        "lead_time_median_hours_with_bots": median([row["hours"] for row in lead_times]),
        "never_deployed": sorted(pr.number for sha, pr in prs.items() if sha not in shipped),
        "pickups": _pickups(ledger, project, days),
    }


def _failure(ledger: Ledger, finished_at: datetime, deployment: Deployment) -> dict[str, Any] | None:
    """What went wrong with a deployment; an incident that names it says more than a revert."""
    blames = [blame for (number, _), blame in ledger.blames.items() if number == deployment.id]
    if not blames:
        return None
    first: Blamed = min(blames, key=lambda blame: blame.kind)
    restored_at = first.restored_at
    return {
        "deployment_id": deployment.id,
        "pr": first.pr.number,
        "kind": first.kind,
        "evidence": [blame.evidence for blame in sorted(blames, key=lambda blame: blame.kind)],
        "finished_at": stamp(finished_at),
        "restored_at": stamp(restored_at),
        "recovery_hours": hours(finished_at, restored_at) if restored_at else None,
    }


def _unsuccessful(ledger: Ledger, project: Project, days: int) -> list[dict[str, Any]]:
    return [
        {"id": record.deployment.id, "state": record.outcome, "finished_at": stamp(record.at)}
        for record in ledger.records
        if isinstance(record, DeploymentChanged)
        and record.deployment.project == project
        and record.deployment.environment == "production"
        and record.outcome in {"failure", "error"}
        and ledger.within(record.at, days)
    ]


def _pickups(ledger: Ledger, project: Project, days: int) -> list[dict[str, Any]]:
    """For pull requests whose first review by a person is in the window: how long they had waited for it."""
    ready: dict[int, datetime] = {}
    seen: set[int] = set()
    rows = []
    for record in ledger.records:
        if isinstance(record, PullRequestChanged) and record.pr.project == project:
            if record.action in {"opened", "ready_for_review"} and not record.pr.draft:
                ready[record.pr.number] = record.at
        elif isinstance(record, Reviewed) and record.pr.project == project:
            number = record.pr.number
            if number in seen or record.reviewer.bot or record.reviewer == record.pr.author:
                continue
            seen.add(number)
            if ledger.within(record.at, days):
                rows.append(
                    {
                        "pr": number,
                        "ready_at": stamp(ready[number]),
                        "first_human_review_at": stamp(record.at),
                        "hours": hours(ready[number], record.at),
                    }
                )
    return rows


def sprints(ledger: Ledger) -> list[dict[str, Any]]:
    """Every sprint that was started. Points of a sprint that is still running are None."""
    issues: dict[str, Issue] = {}
    rows: dict[int, dict[str, Any]] = {}
    at_start: dict[int, set[str]] = {}
    for record in ledger.records:
        if isinstance(record, IssueChanged):
            if record.event == "deleted":
                issues.pop(record.issue.key)
            else:
                issues[record.issue.key] = record.issue
        elif isinstance(record, SprintChanged) and record.event != "created":
            sprint = record.sprint
            inside = [issue for issue in issues.values() if issue.sprints[-1:] == (sprint.id,)]
            if record.event == "started":
                at_start[sprint.id] = {issue.key for issue in inside}
                rows[sprint.id] = {
                    "id": sprint.id,
                    "name": sprint.name,
                    "project": sprint.project.name,
                    "jira_key": sprint.project.key,
                    "state": "active",
                    "started_at": stamp(record.at),
                    "completed_at": None,
                    "committed_points": _points(inside),
                    "completed_points": None,
                    "added_after_start_points": None,
                }
            else:
                added = [issue for issue in inside if issue.key not in at_start[sprint.id]]
                rows[sprint.id] |= {
                    "state": "closed",
                    "completed_at": stamp(record.at),
                    "completed_points": _points([issue for issue in inside if issue.status == "Done"]),
                    "added_after_start_points": _points(added),
                }
    return list(rows.values())


def _points(issues: list[Issue]) -> float:
    return sum(issue.points or 0 for issue in issues)
