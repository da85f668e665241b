"""What an issue or a pull request went through on its way: closed, opened again, a draft, ready for review.

GitHub's other lists show the present state alone. Without these, the time in which something was a draft would count as
time in which it waited for a review, and an issue that was opened again would never have been closed before.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sources.gathering import Gathering
from adapters.sources.github.work import PULL_LATER, Reading
from adapters.sources.patience import Refused
from adapters.sources.walk import Ranked, newest_first
from domain.ports.polls import Portion

_OF_PULLS: Final = {
    "ready_for_review": "ready_for_review", "convert_to_draft": "converted_to_draft", "reopened": "reopened"
}  # fmt: skip
"""The webhook's action by the name in this list."""
_OF_ISSUES: Final = frozenset({"closed", "reopened"})
_SOON: Final = timedelta(seconds=2)
_TOO_FAR: Final = 422
_AT_ONCE: Final = 25


async def states(reading: Reading, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
    """Changes of state, each as the webhook would have told it. Nothing of this list ever changes."""
    async for fresh, moved in newest_first(_entries(reading), cursor):
        found, count = reading.gathering(), 0
        for entry in reversed(fresh):
            issue = entry.body.get("issue") or {}
            with found.one(f"#{issue.get('number')}"):
                count += await _told(reading, entry.body, issue, found)
        yield Portion(found.events, moved, read=count, notes=found.notes)


async def _entries(reading: Reading) -> AsyncIterator[Sequence[Ranked]]:
    try:
        async for page in reading.client.pages(f"{reading.path}/issues/events", remember=True):
            ranked = [Ranked(int(entry["id"]), entry) for entry in page]
            since = [_at(entry.body) >= reading.start for entry in ranked] if reading.start else []
            for first in range(0, len(ranked), _AT_ONCE):
                yield ranked[first : first + _AT_ONCE]
            if since and not any(since):
                return
    except Refused as error:
        if error.status != _TOO_FAR:  # GitHub gives the newest few hundred pages only
            raise


async def _told(reading: Reading, entry: Mapping[str, Any], issue: Mapping[str, Any], found: Gathering) -> int:
    """Take in one change of state; gives how many that is, none if it is of no interest."""
    name, when = entry.get("event"), entry["created_at"]
    if "pull_request" in issue:
        if name not in _OF_PULLS:
            return 0
        pull = await reading.client.one(f"{reading.path}/pulls/{issue['number']}")
        if datetime.fromisoformat(pull["updated_at"]) - _at(entry) > _SOON:  # much happened since
            pull |= {**PULL_LATER, "updated_at": when, "draft": name == "convert_to_draft"}
        body = {"action": _OF_PULLS[str(name)], "pull_request": pull, "sender": entry.get("actor")}
        found.add(reading.told("pull_request", body))
        return 1
    if name not in _OF_ISSUES:
        return 0
    closed = name == "closed"
    then = {"state": "closed" if closed else "open", "closed_at": when if closed else None, "updated_at": when}
    found.add(reading.told("issues", {"action": name, "issue": {**issue, **then}, "sender": entry.get("actor")}))
    return 1


def _at(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["created_at"])
