"""From a delivery to events, whichever source it came from."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from adapters.sources.deliveries.alertmanager import alertmanager_events
from adapters.sources.deliveries.github import github_events
from adapters.sources.deliveries.jira import jira_events
from adapters.sources.deliveries.notion import notion_events
from adapters.sources.deliveries.prometheus import prometheus_events
from adapters.sources.deliveries.slack import slack_events
from domain.errors import InvalidInput
from domain.events import Event
from domain.frozen import as_utc
from domain.text import line

_MAPPERS: Final[Mapping[str, Callable[[Mapping[str, str], object, datetime], list[Event]]]] = {
    "github": github_events,
    "jira": jira_events,
    "notion": notion_events,
    "prometheus": prometheus_events,
    "slack": slack_events,
    "alertmanager": alertmanager_events,
}
SOURCES: Final = tuple(_MAPPERS)
"""The sources whose deliveries are understood."""


def events_of(source: str, headers: Mapping[str, str], body: object, *, received_at: datetime) -> list[Event]:
    """What one delivery tells: any number of events, none if it tells nothing.

    A kind of delivery that is not understood gives one `Raw` event. The same delivery, and another one of the same
    thing, gives the same event ids.

    Args:
        source: one of `SOURCES`.
        headers: of the request; the case of their names does not matter.
        body: the payload as parsed from JSON.
        received_at: when it reached us, for what carries no time of its own.

    Raises:
        InvalidInput: it is not a delivery of that source; the text says what was expected where.
        ValueError: `received_at` carries no time zone.
    """
    mapper = _MAPPERS.get(source)
    if mapper is None:
        raise InvalidInput(f"Expected a delivery of {', '.join(SOURCES)}, not of {line(source, 40)!r}.")
    try:
        return mapper({name.lower(): value for name, value in headers.items()}, body, as_utc(received_at))
    except RecursionError:
        raise InvalidInput(f"Expected a payload of {source} that is not nested this deeply.") from None
