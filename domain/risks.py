"""What a lead should worry about in a project: each risk with the facts that make it one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from domain.answers import Evidence
from domain.frozen import Frozen
from domain.metrics import ENOUGH, Metric
from domain.work import WorkItem

Severity = Literal["high", "medium"]

STALE_AFTER: Final = timedelta(days=14)
URGENT: Final = frozenset({"highest", "high", "critical", "blocker", "p0", "p1"})
_BLOCKED: Final = frozenset({"blocked", "on hold", "impeded"})
ALONE: Final = 0.8
"""The share of human commits from which one person's absence is a risk to the project."""
SHARE_ENOUGH: Final = 10
"""Fewer commits than this say nothing of who knows a project."""
SHOWN: Final = 5


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
    for count, most in enumerate(sorted(commits.values(), reverse=True), start=1):
        covered += most
        if covered >= half:
            return count
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


def load_risks(availability: Mapping[str, float | None], names: Mapping[str, str]) -> list[Risk]:
    """That the people a project rests on have no time left.

    Args:
        availability: of the main contributors.
        names: what people are called.
    """
    return [
        Risk(
            kind="overloaded_key_person",
            severity="medium",
            text=f"{names[person]} is a main contributor and has no time left (availability {free:g})",
            evidence=(Evidence(kind="person", text=names[person], source=person),),
        )
        for person, free in availability.items()
        if free is not None and free <= 0.1  # noqa: PLR2004 - about one issue of room
    ]


def work_risks(open_items: Iterable[WorkItem], now: datetime) -> list[Risk]:
    """That work is stuck: urgent issues blocked, pull requests that nobody moves."""
    items = list(open_items)
    blocked = [i for i in items if i.status.lower() in _BLOCKED and i.priority and i.priority.lower() in URGENT]
    stale = [i for i in items if i.kind == "pull_request" and now - i.updated_at > STALE_AFTER]
    risks = []
    if blocked:
        text = f"{len(blocked)} urgent issues are blocked"
        risks.append(Risk(kind="blocked_urgent_issues", severity="high", text=text, evidence=_items(blocked)))
    if stale:
        text = f"{len(stale)} open pull requests have not moved for {STALE_AFTER.days} days"
        risks.append(Risk(kind="stale_pull_requests", severity="medium", text=text, evidence=_items(stale)))
    return risks


def metric_risks(metrics: Iterable[Metric]) -> list[Risk]:
    """What the delivery figures say is wrong."""
    risks = []
    for figure in metrics:
        if figure.tier in {"low", "medium"} and figure.value is not None and figure.n >= ENOUGH:
            if figure.name == "change_fail_rate":
                text = f"{figure.value:.0%} of {figure.n} deployments failed"
                severity: Severity = "high" if figure.tier == "low" else "medium"
                risks.append(Risk(kind="failing_changes", severity=severity, text=text))
            elif figure.name == "failed_deployment_recovery_time":
                text = f"service is restored {figure.value:.0f} h after a failed deployment (median of {figure.n})"
                risks.append(Risk(kind="slow_recovery", severity="medium", text=text))
    return risks


def silence_risk(commits: Mapping[str, int], merged: int, open_items: Sequence[WorkItem], window: str) -> Risk | None:
    """That nobody works on a project although work is open."""
    if sum(commits.values()) or merged or not open_items:
        return None
    text = f"no human commit and no merged pull request from {window}, and {len(open_items)} items are open"
    return Risk(kind="silence", severity="medium", text=text, evidence=_items(open_items))


def _items(items: Sequence[WorkItem]) -> tuple[Evidence, ...]:
    newest = sorted(items, key=lambda i: (i.updated_at, i.key))[:SHOWN]
    return tuple(
        Evidence(kind=item.kind, text=f"{item.key} {item.title}", at=item.updated_at, source=item.url or item.key)
        for item in newest
    )
