"""Notifications of Alertmanager as events: every alert of a group is one, when it fires and when it is over.

Shape: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config (version 4)
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.prometheus import PROJECT_LABELS
from adapters.sources.deliveries.raw import digest
from domain.errors import InvalidInput
from domain.events import Alert, Event, Source
from domain.projects import service_ref
from domain.text import BODY_LIMIT, line

ALERTS_KEPT: Final = 1_000
"""Alerts of one notification. A group beyond that is an outage of the monitoring itself."""
_VERSION: Final = "4"
_LABELS_KEPT: Final = 64
_SUMMARIES: Final = ("summary", "message", "title")
_STATUS: Final = {"firing": "alert_firing", "resolved": "alert_resolved"}
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", re.ASCII)
_NEVER: Final = 1
"""The year of Alertmanager's `0001-01-01T00:00:00Z`, which says that there is no such moment."""


def alertmanager_events(_headers: Mapping[str, str], body: object, received_at: datetime) -> list[Event]:
    """The alerts of one notification.

    Args:
        _headers: none that matter.
        body: the notification as parsed from JSON.
        received_at: when it reached us, for an alert that is over and does not say since when.

    Raises:
        InvalidInput: it is not a notification of version 4, or one with too many alerts.
    """
    payload = Fields(body, "a notification of Alertmanager")
    if payload.raw("version") != _VERSION:
        raise payload.unexpected("version", f"{_VERSION!r}", "another version")
    group = payload.name("groupKey")
    alerts = payload.children("alerts")
    if len(alerts) > ALERTS_KEPT:
        raise InvalidInput(
            f"Expected at most {ALERTS_KEPT} alerts in a notification of Alertmanager, got {len(alerts)}: set "
            "max_alerts in its webhook_config, or group by more labels."
        )
    left_out = payload.maybe_integer("truncatedAlerts") or 0
    return [_event(alert, digest(group), max(0, left_out), received_at) for alert in alerts]


def _event(alert: Fields, group: str, left_out: int, received_at: datetime) -> Event:
    kind = _STATUS.get(alert.text("status"))
    if kind is None:
        raise alert.unexpected("status", "'firing' or 'resolved'", "another text")
    labels, said = _texts(alert, "labels"), _texts(alert, "annotations")
    fingerprint = alert.maybe_text("fingerprint") or digest(labels)
    starts_at = alert.moment("startsAt")
    ends_at = None
    if kind == "alert_resolved":
        told = alert.maybe_moment("endsAt")
        # One that is over has an end; two clocks may have put it before its beginning.
        ends_at = max(starts_at, told if told and told.year > _NEVER else received_at)
    return Event(
        id=f"prometheus:alert:{group}:{fingerprint}:{kind.removeprefix('alert_')}:{stamp(starts_at)}",
        source=Source.PROMETHEUS,
        occurred_at=ends_at or starts_at,
        entity=f"alert:{fingerprint}",
        project=_project(labels),
        body=Alert.model_validate(
            {
                "type": kind,
                "fingerprint": fingerprint,
                "name": labels.get("alertname") or "unnamed",
                "summary": next((said[name] for name in _SUMMARIES if said.get(name)), ""),
                "text": said.get("description", ""),
                "starts_at": starts_at,
                "ends_at": ends_at,
                "labels": labels,
                "left_out": left_out,
                "url": alert.url("generatorURL"),
            }
        ),
    )


def _texts(alert: Fields, key: str) -> dict[str, str]:
    """The labels or annotations of an alert, without what is left of them beyond any reason."""
    found = alert.maybe_child(key)
    values = found.whole if found else {}
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in values.items()):
        raise alert.unexpected(key, "an object of texts", "one with something else in it")
    kept = sorted(values.items())[:_LABELS_KEPT]
    return {line(name): line(value, BODY_LIMIT if key == "annotations" else 300) for name, value in kept}


def _project(labels: Mapping[str, str]) -> str | None:
    """The project that an alert is about: a repository if a label names one, or else the service."""
    named = [labels[label] for label in PROJECT_LABELS if labels.get(label)]
    repository = next((name for name in named if _REPOSITORY.fullmatch(name)), None)
    if repository:
        return f"github:{repository}"
    return next((ref for name in named if (ref := service_ref(name))), None)
