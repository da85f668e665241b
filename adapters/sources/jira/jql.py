"""Times as JQL takes them: to the minute, in the time zone of whoever asks."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FURTHEST_BEHIND: Final = timedelta(hours=12)
"""No place on Earth is further behind UTC: its local time is earlier than anybody's."""
_EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)


def updated_since(project: str, since: datetime, zone: str | None) -> str:
    """The question for a project's issues that changed at or after `since`, the oldest change first.

    It may ask for a little more, never for less. In the night when clocks go back a local time happens twice, and Jira
    may take it for the later one; a zone that is not known could be any.

    Args:
        project: its key.
        since: a time with its zone.
        zone: the asking account's time zone, as Jira names it.
    """
    since = max(since, _EARLIEST)
    try:
        local = since.astimezone(ZoneInfo(zone or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        local = since - _FURTHEST_BEHIND
    else:
        twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
        if twice:
            local = local.replace(tzinfo=None) - timedelta(hours=2)
    text = local.strftime("%Y-%m-%d %H:%M")
    return f'project = "{project}" AND updated >= "{text}" ORDER BY updated ASC, key ASC'
