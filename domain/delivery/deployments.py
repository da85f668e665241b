"""Production deployments: what each was the first to contain, and which of them failed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from domain.delivery.ancestry import Ancestry
from domain.delivery.facts import Change, Deployed, Failure
from domain.delivery.issues import Incident
from domain.events import Deployment, Event

_PULL_MENTION: Final = re.compile(r"(?<![\w-])(?:[\w.-]+/[\w.-]+)?#(\d+)\b")
_WORD: Final = re.compile(r"[0-9A-Za-z]+")
_SHORTEST_ID: Final = 6
SAME_SERVICE_WITHIN: Final = timedelta(hours=24)
"""An incident that names no cause is charged to its own service's last deployment, if that is no older than this."""


def read_deployments(
    events: Sequence[Event], changes: Mapping[int, Change], ancestry: Ancestry
) -> tuple[list[Deployed], tuple[int, ...]]:
    """Every successful production deployment in order, and the merged pull requests that none of them contains."""
    by_sha = {change.merge_sha: number for number, change in changes.items() if change.merge_sha}
    finished: dict[str, tuple[datetime, Deployment]] = {}
    for event in events:
        body = event.body
        if isinstance(body, Deployment) and body.production and body.outcome == "success":
            finished.setdefault(body.deployment_id, (body.finished_at, body))
    released: set[str] = set()
    brought: set[int] = set()
    deployments = []
    for at, body in sorted(finished.values(), key=lambda d: (d[0], d[1].deployment_id)):
        new = ancestry.reach([body.sha], released.__contains__)
        known = ancestry.knows(body.sha) or body.sha in by_sha or body.sha in released
        numbers = sorted({by_sha[sha] for sha in new if sha in by_sha} - brought)
        released |= new
        brought.update(numbers)
        deployments.append(
            Deployed(
                deployment_id=body.deployment_id,
                sha=body.sha,
                requested_at=body.requested_at,
                finished_at=at,
                contains=tuple(numbers) if known else None,
                unplanned=any(changes[n].hotfix or changes[n].reverts or changes[n].reverts_shas for n in numbers),
            )
        )
    return deployments, tuple(number for number in changes if number not in brought)


def with_failures(
    deployments: Sequence[Deployed], changes: Mapping[int, Change], incidents: Sequence[Incident]
) -> tuple[Deployed, ...]:
    """`deployments`, each with every reason why it counts as failed.

    Links are made over everything that is known, never over a window, so a failure cannot move from one deployment to
    another because the question was asked a day later.
    """
    brought_by = {number: index for index, d in enumerate(deployments) for number in d.contains or ()}
    failures: dict[int, list[Failure]] = {}
    for incident in incidents:
        index, failure = _from_incident(incident, deployments, brought_by)
        if index is not None:
            failures.setdefault(index, []).append(failure)
    for change in changes.values():
        for index, failure in _from_repair(change, changes, deployments, brought_by):
            failures.setdefault(index, []).append(failure)
    return tuple(
        d.model_copy(update={"failures": tuple(failures[i])}) if i in failures else d for i, d in enumerate(deployments)
    )


def _from_incident(
    incident: Incident, deployments: Sequence[Deployed], brought_by: Mapping[int, int]
) -> tuple[int | None, Failure]:
    index = _caused_by(incident, deployments, brought_by)
    if index is not None:
        return index, Failure(kind="incident", evidence=incident.key, restored_at=incident.resolved_at)
    failure = Failure(kind="same_service_incident", evidence=incident.key, restored_at=incident.resolved_at)
    return _deployed_shortly_before(incident.created_at, deployments), failure


def _from_repair(
    change: Change,
    changes: Mapping[int, Change],
    deployments: Sequence[Deployed],
    brought_by: Mapping[int, int],
) -> Iterator[tuple[int, Failure]]:
    """The deployments that a revert or a hotfix says were bad."""
    repaired_by = brought_by.get(change.number)
    restored_at = deployments[repaired_by].finished_at if repaired_by is not None else None
    reverted = set(change.reverts)
    if change.reverts_shas:
        reverted |= {n for n, c in changes.items() if (c.merge_sha or "").startswith(change.reverts_shas)}
    for number in sorted(reverted & brought_by.keys()):
        evidence = f"#{change.number} reverts #{number}"
        yield brought_by[number], Failure(kind="revert", evidence=evidence, restored_at=restored_at)
    if change.hotfix and not reverted:
        before = _last_before(change.opened_at, deployments)
        if before is not None:
            evidence = f"#{change.number} is a hotfix"
            yield before, Failure(kind="hotfix", evidence=evidence, restored_at=restored_at)


def _caused_by(incident: Incident, deployments: Sequence[Deployed], brought_by: Mapping[int, int]) -> int | None:
    """The deployment that an incident names: by its id, its commit, or a pull request that it brought.

    What was asked for after it began, or finished after it was over, did not cause it: people also name the repair.
    """
    words = {word for word in _WORD.findall(incident.text) if len(word) >= _SHORTEST_ID}
    shas = tuple(word.lower() for word in words if len(word) > _SHORTEST_ID)
    possible = {
        index: deployment
        for index, deployment in enumerate(deployments)
        if deployment.requested_at <= incident.created_at
        and (incident.resolved_at is None or deployment.finished_at <= incident.resolved_at)
    }
    for index, deployment in possible.items():
        if deployment.deployment_id in words or deployment.sha.startswith(shas):
            return index
    named = [brought_by.get(int(number)) for number in _PULL_MENTION.findall(incident.text)]
    return max((index for index in named if index is not None and index in possible), default=None)


def _deployed_shortly_before(moment: datetime, deployments: Sequence[Deployed]) -> int | None:
    index = _last_before(moment, deployments)
    if index is None or moment - deployments[index].finished_at > SAME_SERVICE_WITHIN:
        return None
    return index


def _last_before(moment: datetime, deployments: Sequence[Deployed]) -> int | None:
    earlier = [index for index, deployment in enumerate(deployments) if deployment.finished_at <= moment]
    return earlier[-1] if earlier else None
