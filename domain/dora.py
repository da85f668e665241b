"""Delivery figures of one project: DORA's five, and what explains them.

Definitions follow the DORA guides of 2026; tiers are the 2023 thresholds. Each figure is computed from the facts of
its window alone, never from other figures, and says what it could not count.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median
from typing import Final

from domain.delivery import CERTAINTY, Change, Delivery, Deployed
from domain.metrics import ENOUGH, HOUR, Metric, Tier, metric, share, too_few
from domain.text import count
from domain.window import Window

_DAY_HOURS: Final = 24.0
LEAD_TIME_BOUNDS: Final = (_DAY_HOURS, 7 * _DAY_HOURS, 30 * _DAY_HOURS)
RECOVERY_BOUNDS: Final = (1.0, _DAY_HOURS, 7 * _DAY_HOURS)
FAIL_BOUNDS: Final = (0.05, 0.10, 0.15)
_NO_DEPLOYMENTS: Final = (
    "no production deployment of this project was ever reported: send GitHub deployment_status deliveries"
)


def delivery_metrics(delivery: Delivery, window: Window) -> list[Metric]:
    """Every delivery figure of `delivery` for what happened in `window`."""
    deployments = [d for d in delivery.deployments if window.holds(d.finished_at)]
    return [
        _deployment_frequency(delivery, deployments, window),
        _lead_time(delivery, deployments, window),
        _fail_rate(delivery, deployments, window),
        _recovery_time(delivery, deployments, window),
        _rework_rate(delivery, deployments, window),
        _pickup(delivery, window),
        _cycle_time(delivery, window),
        _velocity(delivery, window),
    ]


def _deployment_frequency(delivery: Delivery, deployments: Sequence[Deployed], window: Window) -> Metric:
    n = len(deployments)
    per_week = _deployment_days_per_week(deployments, window)
    missing = _NO_DEPLOYMENTS if not delivery.deployments else too_few(n, "deployment") if n < ENOUGH else ""
    return Metric(
        name="deployment_frequency",
        value=None if missing else round(n / window.days, 3),
        unit="per day",
        n=n,
        window=str(window),
        definition=(
            "successful production deployments per day, days without one included; tier by the median number of "
            f"days with a deployment in a week ({per_week:g})"
            if per_week is not None
            else "successful production deployments per day, days without one included"
        ),
        tier=None if missing else _frequency_tier(n, per_week, window),
        missing=missing,
    )


def _deployment_days_per_week(deployments: Sequence[Deployed], window: Window) -> float | None:
    """The median over whole weeks, counted back from the window's last day; None if there is no whole week.

    Days are those of the calendar, in UTC: the hour at which somebody asks must not decide which deployments share one.
    """
    weeks = int(window.days // 7)
    if weeks == 0:
        return None
    last = (window.until - timedelta.resolution).date()
    per_week = Counter((last - day).days // 7 for day in {d.finished_at.date() for d in deployments})
    return float(median(per_week[week] for week in range(weeks)))


def _frequency_tier(n: int, per_week: float | None, window: Window) -> Tier | None:
    if per_week is None:
        return None
    if per_week >= 5:  # noqa: PLR2004 - DORA's own threshold, named in the definition
        return "elite"
    if per_week >= 1:
        return "high"
    return "medium" if n / window.days >= 1 / 30 else "low"


def _lead_time(delivery: Delivery, deployments: Sequence[Deployed], window: Window) -> Metric:
    changes = {change.number: change for change in delivery.changes}
    hours, unknown_start, later_start, by_bots = [], 0, 0, 0
    for deployment in deployments:
        for change in (changes[number] for number in deployment.contains or ()):
            if change.bot:
                by_bots += 1
            elif change.first_commit_at is None:
                unknown_start += 1
            elif change.first_commit_at > deployment.finished_at:
                later_start += 1  # a clock that ran ahead
            else:
                hours.append((deployment.finished_at - change.first_commit_at).total_seconds() / HOUR)
    blind = sum(deployment.contains is None for deployment in deployments)
    waiting = sum(window.holds(c.merged_at) and not c.bot for c in _numbered(delivery, delivery.undeployed))
    missing = _sentences(
        (not delivery.deployments, _NO_DEPLOYMENTS),
        (0 < len(deployments) < ENOUGH, f"it rests on {count(len(deployments), 'deployment')} only"),
        (unknown_start, f"{count(unknown_start, 'change')} whose first commit was never seen"),
        (later_start, f"{later_start} whose first commit is dated after its deployment"),
        (blind, f"the content of {count(blind, 'deployment')}, whose commits are not known"),
        (waiting, f"{waiting} merged and not yet deployed"),
        (by_bots, f"{by_bots} by bots"),
    )
    return metric(
        "change_lead_time",
        hours,
        unit="hours",
        window=window,
        definition="median over changes, from the first commit authored to the end of the production deployment "
        "that first contains it",
        bounds=LEAD_TIME_BOUNDS,
        missing=missing,
    )


def _fail_rate(delivery: Delivery, deployments: Sequence[Deployed], window: Window) -> Metric:
    failed = sum(bool(deployment.failures) for deployment in deployments)
    kinds = Counter(
        failure.kind for d in deployments for failure in sorted(d.failures, key=lambda f: CERTAINTY.index(f.kind))[:1]
    )
    told = ", ".join(f"{many} by {kind.replace('_', ' ')}" for kind, many in sorted(kinds.items()))
    return share(
        "change_fail_rate",
        failed,
        len(deployments),
        window=window,
        definition="deployments linked to an incident, reverted or hotfixed, over deployments"
        + (f" ({told})" if told else ""),
        bounds=FAIL_BOUNDS,
        missing="" if delivery.deployments else _NO_DEPLOYMENTS,
    )


def _recovery_time(delivery: Delivery, deployments: Sequence[Deployed], window: Window) -> Metric:
    hours, open_ended = [], 0
    for deployment in deployments:
        if deployment.failures:
            # The most certain reason says when service was back: an incident's end before a revert's deployment.
            restored_at = min(deployment.failures, key=lambda f: CERTAINTY.index(f.kind)).restored_at
            if restored_at:
                hours.append((restored_at - deployment.finished_at).total_seconds() / HOUR)
            else:
                open_ended += 1
    return metric(
        "failed_deployment_recovery_time",
        hours,
        unit="hours",
        window=window,
        definition="median over failed deployments, from the end of the deployment to service restored "
        "(incident resolved, or the fix deployed)",
        bounds=RECOVERY_BOUNDS,
        missing=_sentences((not delivery.deployments, _NO_DEPLOYMENTS), (open_ended, f"{open_ended} not restored yet")),
    )


def _rework_rate(delivery: Delivery, deployments: Sequence[Deployed], window: Window) -> Metric:
    return share(
        "deployment_rework_rate",
        sum(deployment.unplanned for deployment in deployments),
        len(deployments),
        window=window,
        definition="deployments that brought a revert or a hotfix, over deployments",
        missing="" if delivery.deployments else _NO_DEPLOYMENTS,
    )


def _pickup(delivery: Delivery, window: Window) -> Metric:
    taken_up = [pickup for pickup in delivery.pickups if window.holds(pickup.reviewed_at) and not pickup.bot]
    merged = [change for change in delivery.changes if window.holds(change.merged_at) and not change.bot]
    unreviewed = sum(change.first_review_at is None for change in merged)
    return metric(
        "review_pickup_time",
        [(pickup.reviewed_at - pickup.ready_at).total_seconds() / HOUR for pickup in taken_up],
        unit="hours",
        window=window,
        definition="median over pull requests first reviewed by another person in the window, from ready for review "
        "(waiting as a draft does not count) to that review",
        missing=_sentences((unreviewed, f"{unreviewed} merged without any review by another person")),
    )


def _cycle_time(delivery: Delivery, window: Window) -> Metric:
    flows = [flow for flow in delivery.flows if window.holds(flow.done_at)]
    hours = [
        (flow.done_at - flow.started_at).total_seconds() / HOUR
        for flow in flows
        if flow.started_at and flow.started_at <= flow.done_at
    ]
    reopened = sum(flow.reopened > 0 for flow in flows)
    blocked = sum(flow.blocked_seconds for flow in flows) / HOUR
    unstarted = len(flows) - len(hours)
    return metric(
        "cycle_time",
        hours,
        unit="hours",
        window=window,
        definition=(
            "median over done issues, from first in progress to last done"
            + (f"; {reopened} were reopened, and that time counts" if reopened else "")
            + (f"; {blocked:.0f} h of it all were spent blocked" if blocked else "")
        ),
        missing=_sentences((unstarted, f"{unstarted} that were never seen in progress")),
    )


def _velocity(delivery: Delivery, window: Window) -> Metric:
    sprints = [sprint for sprint in delivery.sprints if window.holds(sprint.completed_at)]
    n = len(sprints)
    completed = sum(sprint.completed_points for sprint in sprints)
    added = sum(sprint.added_points for sprint in sprints)
    # A sprint is itself a sum over many issues, so one closed sprint already says something.
    return Metric(
        name="velocity",
        value=round(completed / n, 1) if n else None,
        unit="points per sprint",
        n=n,
        window=str(window),
        definition="story points of issues done within a closed sprint, mean over closed sprints"
        + (f"; {added:g} points were added after a start" if added else ""),
        missing="" if n else "no sprint of this project was closed in the window",
    )


def _numbered(delivery: Delivery, numbers: Iterable[int]) -> list[Change]:
    wanted = set(numbers)
    return [change for change in delivery.changes if change.number in wanted]


def _sentences(*parts: tuple[object, str]) -> str:
    return "; ".join(text for applies, text in parts if applies)
