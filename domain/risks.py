"""What a lead should worry about in a project: each risk with the facts that make it one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from domain.answers import Evidence
from domain.delivery import Deployed, Failure
from domain.frozen import Frozen
from domain.metrics import ENOUGH, Metric
from domain.text import count
from domain.work import Load, WorkItem

Severity = Literal["high", "medium"]

STALE_AFTER: Final = timedelta(days=14)
URGENT: Final = frozenset({"highest", "high", "critical", "blocker", "p0", "p1"})
_BLOCKED: Final = frozenset({"blocked", "on hold", "impeded"})
ALONE: Final = 0.8
"""The share of human commits from which one person's absence is a risk to the project."""
SHARE_ENOUGH: Final = 10
"""Fewer commits than this say nothing of who knows a project."""
SHOWN: Final = 5
NO_ROOM: Final = 0.1
"""An availability of about one issue, or less."""


class Risk(Frozen):
    """Something to worry about: what kind, how much, in words, and what it rests on."""

    kind: Literal[
        "single_point_of_knowledge", "overloaded_key_person", "stale_pull_requests", "blocked_urgent_issues",
        "failing_changes", "slow_recovery", "silence",
    ]  # fmt: skip
    severity: Severity
    text: str
    evidence: tuple[Evidence, ...] = ()


def absence_factor(commits: Mapping[str, int]) -> int:
    """CHAOSS's contributor absence factor: the fewest people who together made half of the commits; 0 without any.

    Args:
        commits: by person.
    """
    half, covered = sum(commits.values()) / 2, 0
    for people, most in enumerate(sorted(commits.values(), reverse=True), start=1):
        covered += most
        if covered >= half:
            return people
    return 0


def knowledge_risk(commits: Mapping[str, int], names: Mapping[str, str]) -> Risk | None:
    """That one person alone knows the project.

    Args:
        commits: human commits by person, over the window.
        names: what people are called.
    """
    total = sum(commits.values())
    if total < SHARE_ENOUGH:
        return None
    top = max(commits, key=lambda person: (commits[person], person))
    share = commits[top] / total
    if share < ALONE:
        return None
    return Risk(
        kind="single_point_of_knowledge",
        severity="high",
        text=f"{names[top]} made {commits[top]} of {total} human commits ({share:.0%})",
        evidence=(Evidence(kind="person", text=names[top], source=top),),
    )


def load_risks(loads: Mapping[str, Load], names: Mapping[str, str]) -> list[Risk]:
    """That the people a project rests on have no time left, or are away.

    Args:
        loads: what is on the desks of the main contributors.
        names: what people are called.
    """
    return [
        Risk(
            kind="overloaded_key_person",
            severity="medium",
            text=f"{names[person]} is a main contributor and has no time left ({load.because})",
            evidence=(Evidence(kind="person", text=names[person], source=person),),
        )
        for person, load in loads.items()
        if load.availability is not None and load.availability <= NO_ROOM
    ]


def work_risks(open_items: Iterable[WorkItem], now: datetime, names: Mapping[str, str]) -> list[Risk]:
    """That work is stuck: urgent issues blocked, pull requests that nobody moves.

    Args:
        open_items: the project's work in hand.
        now: the moment of the question.
        names: what the owners of account keys are called; who is not among them is left unnamed.
    """
    items = list(open_items)
    blocked = [i for i in items if i.status.lower() in _BLOCKED and i.priority and i.priority.lower() in URGENT]
    stale = [i for i in items if i.kind == "pull_request" and now - i.updated_at > STALE_AFTER]
    risks = []
    if blocked:
        text = f"{count(len(blocked), 'urgent issue is', 'urgent issues are')} blocked"
        told = _items(blocked, lambda item: _blocked(item, names))
        risks.append(Risk(kind="blocked_urgent_issues", severity="high", text=text, evidence=told))
    if stale:
        many = count(len(stale), "open pull request has", "open pull requests have")
        told = _items(stale, lambda item: _stale(item, now, names))
        text = f"{many} not moved for {STALE_AFTER.days} days"
        risks.append(Risk(kind="stale_pull_requests", severity="medium", text=text, evidence=told))
    return risks


def metric_risks(metrics: Iterable[Metric], failed: Sequence[Deployed]) -> list[Risk]:
    """What the delivery figures say is wrong.

    Args:
        metrics: the figures.
        failed: the failed deployments behind them.
    """
    risks = []
    for figure in metrics:
        if figure.tier in {"low", "medium"} and figure.value is not None and figure.n >= ENOUGH:
            if figure.name == "change_fail_rate":
                text = f"{figure.value:.0%} of {figure.n} deployments failed"
                severity: Severity = "high" if figure.tier == "low" else "medium"
                told = failures(failed)[:SHOWN]
                risks.append(Risk(kind="failing_changes", severity=severity, text=text, evidence=told))
            elif figure.name == "failed_deployment_recovery_time":
                text = f"service is restored {figure.value:.0f} h after a failed deployment (median of {figure.n})"
                risks.append(Risk(kind="slow_recovery", severity="medium", text=text))
    return risks


def silence_risk(commits: Mapping[str, int], merged: int, open_items: Sequence[WorkItem], window: str) -> Risk | None:
    """That nobody works on a project although work is open."""
    if sum(commits.values()) or merged or not open_items:
        return None
    open_ones = count(len(open_items), "item is", "items are")
    text = f"no human commit and no merged pull request from {window}, and {open_ones} open"
    return Risk(kind="silence", severity="medium", text=text, evidence=_items(open_items, lambda _: ""))


def failures(deployments: Iterable[Deployed]) -> tuple[Evidence, ...]:
    """Which of `deployments` failed and how that is known, the latest first."""
    told = (
        Evidence(
            kind="deployment",
            text=f"deployment {deployment.deployment_id} of {deployment.sha[:10]} failed: "
            + ", ".join(_reason(failure) for failure in deployment.failures),
            at=deployment.finished_at,
            source=deployment.deployment_id,
        )
        for deployment in sorted(deployments, key=lambda d: (d.finished_at, d.deployment_id), reverse=True)
        if deployment.failures
    )
    return tuple(told)


def _reason(failure: Failure) -> str:
    told = {"incident": "incident {}", "same_service_incident": "incident {} soon after it"}
    return told.get(failure.kind, "{}").format(failure.evidence)


def _items(items: Sequence[WorkItem], more: Callable[[WorkItem], str]) -> tuple[Evidence, ...]:
    oldest = sorted(items, key=lambda i: (i.updated_at, i.key))[:SHOWN]
    return tuple(
        Evidence(
            kind=item.kind,
            text=f"{item.key} {item.title}{more(item)}",
            at=item.updated_at,
            source=item.url or item.key,
        )
        for item in oldest
    )


def _blocked(item: WorkItem, names: Mapping[str, str]) -> str:
    return f" ({item.priority}, {item.status}, assigned to {names.get(item.assignee or '', 'nobody known')})"


def _stale(item: WorkItem, now: datetime, names: Mapping[str, str]) -> str:
    still = f"unmoved for {count((now - item.updated_at).days, 'day')}"
    by = names.get(item.author or "")
    asked = ", ".join(names[key] for key in item.reviewers if key in names)
    told = (f"by {by}" if by else "", still, f"waits for {asked}" if asked else "")
    return f" ({', '.join(part for part in told if part)})"
