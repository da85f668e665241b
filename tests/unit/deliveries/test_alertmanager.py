"""Alertmanager's notifications: every alert is an event of its own, and sending it again tells nothing new."""

from typing import Any

import pytest

from adapters.sources.deliveries import events_of
from adapters.sources.deliveries.alertmanager import ALERTS_KEPT
from domain.errors import InvalidInput
from domain.events import Alert, Event
from tests.unit.deliveries.payloads import RECEIVED_AT, Json, ids, survives, types

STARTED = "2026-08-30T09:30:00.739266876Z"


def alert(status: str = "firing", **fields: Any) -> Json:
    """One alert; the labels that a test does not name are those of a service."""
    told: Json = {
        "status": status,
        "labels": {"alertname": "HighErrorRate", "service": "acme/api", "severity": "critical"},
        "annotations": {"summary": "Every tenth request fails", "description": "Since the deployment."},
        "startsAt": STARTED,
        "endsAt": "2026-08-30T10:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "https://prometheus.example/graph",
        "fingerprint": "1a30ba71cca2921f",
    }
    return {**told, **fields}


def notification(*alerts: Json, **fields: Any) -> Json:
    """A group of alerts."""
    return {
        "version": "4", "groupKey": '{}:{alertname="HighErrorRate"}', "truncatedAlerts": 0, "status": "firing",
        "receiver": "engintel", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "x",
        "alerts": list(alerts), **fields,
    }  # fmt: skip


def heard(body: object) -> list[Event]:
    return events_of("alertmanager", {}, body, received_at=RECEIVED_AT)


def only(body: object) -> tuple[Event, Alert]:
    (event,) = heard(body)
    assert isinstance(event.body, Alert)
    return event, event.body


def test_an_alert_fires_and_is_resolved() -> None:
    events = heard(notification(alert(), alert("resolved")))
    assert types(events) == ["alert_firing", "alert_resolved"]
    assert len(set(ids(events))) == 2
    assert len({event.entity for event in events}) == 1
    fired, over = (event.body for event in events)
    assert isinstance(fired, Alert)
    assert isinstance(over, Alert)
    assert (fired.name, fired.summary, fired.ends_at) == ("HighErrorRate", "Every tenth request fails", None)
    assert over.ends_at is not None
    assert events[1].occurred_at == over.ends_at
    assert over.starts_at == fired.starts_at == events[0].occurred_at
    assert all(map(survives, events))


def test_a_notification_that_is_sent_again_tells_the_same_events() -> None:
    """Alertmanager repeats a group every few hours while it fires."""
    once, again = heard(notification(alert())), heard(notification(alert(), status="resolved", receiver="other"))
    assert ids(once) == ids(again)


@pytest.mark.parametrize(
    "other",
    [
        notification(alert(), groupKey="another"),
        notification(alert(fingerprint="2")),
        notification(alert("resolved")),
        notification(alert(startsAt="2026-08-31T09:30:00Z")),
    ],
)
def test_group_fingerprint_status_and_beginning_tell_alerts_apart(other: Json) -> None:
    assert ids(heard(other)) != ids(heard(notification(alert())))


def test_one_without_a_fingerprint_is_known_by_its_labels() -> None:
    """As of an Alertmanager that did not tell it yet."""
    bare = {key: value for key, value in alert().items() if key != "fingerprint"}
    assert ids(heard(notification(bare))) == ids(heard(notification(dict(bare))))


def test_what_had_no_room_is_told() -> None:
    assert only(notification(alert(), truncatedAlerts=12))[1].left_out == 12


@pytest.mark.parametrize(
    ("labels", "project"),
    [
        ({"service": "acme/api"}, "github:acme/api"),
        ({"repo": "acme/api", "service": "api"}, "github:acme/api"),
        ({"service": "Payments API"}, "service:payments-api"),
        ({"app": "api"}, "service:api"),
        ({"job": "api"}, None),
        ({"service": "!!"}, None),
    ],
)
def test_a_label_says_what_it_is_about(labels: dict[str, str], project: str | None) -> None:
    """A repository, or else the service; never a guess."""
    assert only(notification(alert(labels=labels)))[0].project == project


def test_an_end_before_the_beginning_is_the_beginning() -> None:
    """Two clocks; an incident of negative length would make recovery look good."""
    told = only(notification(alert("resolved", endsAt="2026-08-30T09:00:00Z")))[1]
    assert told.ends_at == told.starts_at


def test_one_that_is_over_and_does_not_say_since_when_was_over_when_it_came() -> None:
    assert only(notification(alert("resolved", endsAt="0001-01-01T00:00:00Z")))[1].ends_at == RECEIVED_AT


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], "an object as a notification of Alertmanager"),
        (notification(version="3"), "'4' at 'version'"),
        (notification(groupKey=None), "a text at 'groupKey'"),
        (notification(alert("pending")), "'firing' or 'resolved' at 'alerts[0].status'"),
        (notification(alert(labels={"a": 1})), "an object of texts at 'alerts[0].labels'"),
        (notification(alert(startsAt="2026-08-30")), "a time with an offset"),
        (notification(truncatedAlerts=10**30), "a whole number of 64 bits at 'truncatedAlerts'"),
        (notification(*[alert()] * (ALERTS_KEPT + 1)), f"at most {ALERTS_KEPT} alerts"),
    ],
)
def test_what_is_no_notification_is_refused_in_one_sentence(body: object, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        heard(body)
    assert str(refused.value).startswith("Expected ")
    assert expected in str(refused.value)
