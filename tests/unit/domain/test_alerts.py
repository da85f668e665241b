"""Alerts that say that service was degraded are incidents, each once, whoever fired how often."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import read_delivery
from domain.delivery.alerts import SEVERE, alert_incidents
from domain.dora import delivery_metrics
from domain.events import Alert, Event
from tests.unit.domain.builders import at, change, deployed, event, flat, incident, trunk
from tests.unit.domain.figures import MONTH


def alert(
    name: str,
    began: datetime,
    ended: datetime | None = None,
    *,
    where: str = "a",
    severity: str = "critical",
    **more: str,
) -> Event:
    """One state of an alert of one instance."""
    body = Alert(
        type="alert_resolved" if ended else "alert_firing",
        fingerprint=f"{name}-{where}",
        name=name,
        starts_at=began,
        ends_at=ended,
        labels={"severity": severity, **more},
    )
    return event(body, ended or began)


def spans(*events: Event) -> list[tuple[str, datetime, datetime | None]]:
    """Name, beginning and end of each incident."""
    return [(each.key.split()[1], each.created_at, each.resolved_at) for each in alert_incidents(events)]


def test_an_alert_is_an_incident_from_firing_to_resolved() -> None:
    """Whatever order they are heard in, and however often."""
    fired, over = alert("Errors", at(1)), alert("Errors", at(1), at(1, hours=1))
    for heard in ([fired, over], [over, fired], [over], [fired, over, fired, over]):
        assert spans(*heard) == [("Errors", at(1), at(1, hours=1))]
    assert spans(fired) == [("Errors", at(1), None)]


def test_instances_that_fail_together_are_one_incident() -> None:
    """From the first that fires to the last that is over; while one still fires it is not."""
    first = alert("Errors", at(1), at(1, hours=2), where="a")
    second = alert("Errors", at(1, hours=1), at(1, hours=5), where="b")
    assert spans(first, second) == [("Errors", at(1), at(1, hours=5))]
    assert spans(first, alert("Errors", at(1, hours=1), where="b")) == [("Errors", at(1), None)]


def test_the_same_alert_on_another_day_is_another_incident() -> None:
    """And two alerts of different names are two, even at one time."""
    again = [alert("Errors", at(day), at(day, hours=1)) for day in (1, 3)]
    assert [each[1] for each in spans(*again)] == [at(1), at(3)]
    assert len(spans(*again, alert("Latency", at(1), at(1, hours=1)))) == 3


def test_one_whose_end_was_never_told_does_not_swallow_what_comes_later() -> None:
    """It fires again, so it was over before."""
    lost, next_ = alert("Errors", at(1)), alert("Errors", at(5), at(5, hours=1))
    assert spans(lost, next_) == [("Errors", at(1), None), ("Errors", at(5), at(5, hours=1))]


@pytest.mark.parametrize("severity", ["warning", "info", "none", "", "high"])
def test_a_warning_is_no_incident(severity: str) -> None:
    """It says what may become one."""
    assert spans(alert("Disk", at(1), severity=severity)) == []


@pytest.mark.parametrize("severity", [*sorted(SEVERE), "CRITICAL", " Page "])
def test_what_gets_somebody_out_of_bed_is_one(severity: str) -> None:
    """However it is written."""
    assert len(spans(alert("Down", at(1), severity=severity))) == 1


def test_an_alert_makes_a_deployment_count_as_failed_and_says_when_service_was_back() -> None:
    """Named by its commit it is a certain link; of the same service within a day, the last resort."""
    begun = flat(change(1, at(1)), deployed(1, trunk(1), at(2)))
    near = alert("Errors", at(2, hours=1), at(2, hours=3))
    named = alert("Errors", at(2, hours=1), at(2, hours=3), version=trunk(1))
    (failure,) = read_delivery([*begun, near]).deployments[0].failures
    assert (failure.kind, failure.restored_at) == ("same_service_incident", at(2, hours=3))
    assert failure.evidence.startswith("alert Errors at ")
    (certain,) = read_delivery([*begun, named]).deployments[0].failures
    assert certain.kind == "incident"


def test_an_alert_long_after_is_charged_to_nobody() -> None:
    """It was not the deployment of last week."""
    told = read_delivery(flat(change(1, at(1)), deployed(1, trunk(1), at(2)), alert("Errors", at(9), at(10))))
    assert told.deployments[0].failures == ()


def test_an_outage_that_the_tracker_and_monitoring_both_tell_fails_one_deployment() -> None:
    """A rate above one is the mistake of a well-known tool."""
    days = range(2, 8)
    life = flat(*([*change(day, at(day - 0.5)), deployed(day, trunk(day), at(day))] for day in days))
    life += [
        *incident("PAY-9", at(3, hours=1), resolved=at(3, hours=2)),
        alert("Errors", at(3, hours=1), at(3, hours=2)),
    ]
    rate = next(each for each in delivery_metrics(read_delivery(life), MONTH) if each.name == "change_fail_rate")
    assert (rate.n, rate.value) == (6, round(1 / 6, 4))


def test_what_a_notification_had_no_room_for_is_counted() -> None:
    """An answer says what is missing from it."""
    body = Alert(type="alert_firing", fingerprint="f", name="Errors", starts_at=at(1), left_out=7)
    assert read_delivery([event(body, at(1))]).alerts_left_out == 7


moments = st.integers(0, 200).map(lambda hours: at(hours / 24))


@given(st.data(), st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), moments, st.none() | moments)))
def test_incidents_are_the_same_in_any_order_and_end_after_they_begin(
    data: st.DataObject, told: list[tuple[str, str, datetime, datetime | None]]
) -> None:
    """Notifications overtake each other and come again."""
    events = [alert(name, began, ended if ended and ended >= began else None, where=where)
              for name, where, began, ended in told]  # fmt: skip
    known = alert_incidents(events)
    assert alert_incidents(data.draw(st.permutations(events + events[:3]))) == known
    assert all(each.resolved_at is None or each.resolved_at >= each.created_at for each in known)
    assert len(known) <= len(events)
