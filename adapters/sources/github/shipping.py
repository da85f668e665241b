"""Deployments with their outcomes, finished workflow runs, and releases. GitHub gives each list newest first only."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries.fields import stamp
from adapters.sources.gathering import Gathering
from adapters.sources.github.work import Reading
from adapters.sources.walk import Ranked, newest_first
from domain.errors import SourceAway
from domain.ports.polls import Portion

RUNS_MAY_CHANGE: Final = timedelta(days=2)
"""Runs that began so long ago are looked at again: they may have ended since, or were run once more."""
OPEN_FOR: Final = timedelta(days=7)
"""A deployment that did not come to an end within this is given up."""
_OPEN_KEPT: Final = 100
_AT_ONCE: Final = 25
"""Entries in one step of the log: so many are asked for again after a crash."""
_LATE: Final = timedelta(minutes=1)
_OVER: Final = frozenset({"success", "failure", "error", "inactive"})


async def deployments(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Deployments that came to an end. Those under way are remembered and asked for again."""
    known = dict(cursor or {})
    under_way: dict[str, str] = dict(known.pop("open", {}))
    oldest = stamp(datetime.now(UTC) - OPEN_FOR)
    found = reading.gathering()
    for deployment_id, since in list(under_way.items()):
        over = True  # one that was deleted, too
        if since >= oldest:
            with found.one(f"deployment {deployment_id}"):
                deployment = await reading.client.one(f"{reading.path}/deployments/{deployment_id}")
                over = await _outcomes(reading, deployment, found)
        if over:
            del under_way[deployment_id]
    if found.events or found.notes:
        yield Portion(found.events, {**known, "open": under_way}, read=len(found.events), notes=found.notes)
    pages = _ranked(reading.client.pages(f"{reading.path}/deployments", remember=True))
    async for fresh, moved in newest_first(pages, known, again_from=_back(_LATE), lowest=_start(reading)):
        found = reading.gathering()
        for entry in reversed(fresh):
            over = True
            with found.one(f"deployment {entry.body.get('id')}"):
                over = await _outcomes(reading, entry.body, found)
            if not over and entry.rank > oldest:
                under_way[str(entry.body["id"])] = entry.rank
        under_way = dict(sorted(under_way.items(), key=lambda item: item[1])[-_OPEN_KEPT:])
        yield Portion(found.events, {**moved, "open": under_way}, read=len(fresh), notes=found.notes)


async def _outcomes(reading: Reading, deployment: Mapping[str, Any], found: Gathering) -> bool:
    """Take in what a deployment came to; gives whether that is all."""
    statuses = await reading.client.all(f"{reading.path}/deployments/{deployment['id']}/statuses")
    for status in reversed(statuses):
        found.add(reading.told("deployment_status", {"deployment_status": status, "deployment": deployment}))
    return any(status.get("state") in _OVER for status in statuses)


async def workflow_runs(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Attempts of workflows that are over."""
    pages = _ranked(reading.client.pages(f"{reading.path}/actions/runs", key="workflow_runs", remember=True))
    walk = newest_first(pages, cursor, again_from=_back(RUNS_MAY_CHANGE), lowest=_start(reading))
    async for fresh, moved in walk:
        found, runs = reading.gathering(), [entry.body for entry in reversed(fresh)]
        over = [run for run in runs if run.get("status") == "completed"]
        for run in over:
            with found.one(f"run {run.get('id')}"):
                found.add(reading.told("workflow_run", {"action": "completed", "workflow_run": run}))
        yield Portion(found.events, moved, read=len(over), notes=found.notes)


async def releases(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Published versions. A draft may be published long after it was made: the newest are looked at each time."""
    complete = bool((cursor or {}).get("complete"))
    async for page in reading.client.pages(f"{reading.path}/releases", remember=True):
        found, published = reading.gathering(), [release for release in reversed(page) if not release.get("draft")]
        for release in published:
            with found.one(f"release {release.get('tag_name')}"):
                found.add(reading.told("release", {"action": "published", "release": release}))
        yield Portion(found.events, {"complete": complete}, read=len(published), notes=found.notes)
        if complete:
            return
    yield Portion((), {"complete": True})


async def _ranked(pages: AsyncIterator[Sequence[Mapping[str, Any]]]) -> AsyncIterator[list[Ranked]]:
    """The entries of a list by the time at which each was made."""
    async for page in pages:
        try:
            ranked = [Ranked(stamp(datetime.fromisoformat(entry["created_at"])), entry) for entry in page]
        except (KeyError, ValueError, TypeError) as error:
            raise SourceAway("GitHub answered with a list whose entries have no time.") from error
        for first in range(0, len(ranked), _AT_ONCE):
            yield ranked[first : first + _AT_ONCE]


def _back(by: timedelta) -> Callable[[str], str]:
    return lambda floor: stamp(datetime.fromisoformat(floor) - by)


def _start(reading: Reading) -> str | None:
    return stamp(reading.start.replace(microsecond=0)) if reading.start else None
