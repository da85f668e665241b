"""Alerts as incidents: which of them say that service was degraded, and from when to when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from domain.delivery.issues import Incident
from domain.events import Alert, Event

SEVERITY_LABELS: Final = ("severity", "priority", "level")
"""The labels that may say how bad it is; the first that is there counts."""
SEVERE: Final = frozenset({"critical", "crit", "page", "emergency", "fatal", "disaster", "sev0", "sev1", "p0", "p1"})
"""What is said of an alert that gets somebody out of bed. The others tell of what may become an incident."""


def alert_incidents(events: Iterable[Event]) -> list[Incident]:
    """The incidents that severe alerts tell, in the order in which they began.

    Twenty instances of one service that fail together are one incident: alerts of one name whose times overlap are
    taken as one, from the first that fires to the last that is resolved.

    Args:
        events: of one project, in any order, any number of times.
    """
    spans: dict[tuple[str, datetime], Alert] = {}
    for event in events:
        if isinstance(event.body, Alert) and is_severe(event.body):
            key = (event.body.fingerprint, event.body.starts_at)
            spans[key] = _further(spans.get(key), event.body)
    by_name: dict[str, list[Alert]] = defaultdict(list)
    for alert in spans.values():
        by_name[alert.name].append(alert)
    found = [_incident(name, group) for name, alerts in by_name.items() for group in _overlapping(alerts)]
    return sorted(found, key=lambda incident: (incident.created_at, incident.key))


def is_severe(alert: Alert) -> bool:
    """Whether an alert tells of degraded service, by its severity."""
    said = next((alert.labels[label] for label in SEVERITY_LABELS if label in alert.labels), "")
    return said.strip().lower() in SEVERE


def _further(known: Alert | None, heard: Alert) -> Alert:
    """Of two states of one alert the one that is further along: resolved, and of two of these the earlier end."""
    if known is None or known.ends_at is None:
        return heard if known is None or heard.ends_at is not None else min(known, heard, key=_order)
    return known if heard.ends_at is None else min(known, heard, key=_order)


def _order(alert: Alert) -> tuple[datetime, str]:
    return (alert.ends_at or alert.starts_at, alert.model_dump_json())


def _overlapping(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Groups of alerts in which each begins before all that began earlier are over."""
    last = {alert.fingerprint: alert.starts_at for alert in sorted(alerts, key=lambda each: each.starts_at)}
    group: list[Alert] = []
    until: datetime | None = None
    for alert in sorted(alerts, key=lambda each: (each.starts_at, each.fingerprint)):
        # One that fires again was over before, though nobody said when.
        over = alert.starts_at if alert.ends_at is None and last[alert.fingerprint] > alert.starts_at else alert.ends_at
        if group and until is not None and alert.starts_at > until:
            yield group
            group = []
        if not group:
            until = over
        elif until is not None:
            until = max(until, over) if over is not None else None
        group.append(alert)
    if group:
        yield group


def _incident(name: str, alerts: Sequence[Alert]) -> Incident:
    ends = [alert.ends_at for alert in alerts]
    told = dict.fromkeys(text for a in alerts for text in (a.summary, a.text, *a.labels.values()) if text)
    return Incident(
        key=f"alert {name} at {alerts[0].starts_at:%Y-%m-%dT%H:%MZ}",
        text="\n".join(told),
        created_at=alerts[0].starts_at,
        resolved_at=None if None in ends else max(end for end in ends if end is not None),
    )
