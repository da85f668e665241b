"""One delivery figure of some events, and events to take it of."""

from collections.abc import Iterable

from domain.delivery import read_delivery
from domain.dora import delivery_metrics
from domain.events import Event
from domain.metrics import Metric
from domain.window import Window
from tests.unit.domain.builders import (
    at,
    change,
    deployed,
    flat,
    trunk,
)

MONTH = Window(since=at(0), until=at(28))
NAMES = (
    "deployment_frequency",
    "change_lead_time",
    "change_fail_rate",
    "failed_deployment_recovery_time",
    "deployment_rework_rate",
    "review_pickup_time",
    "cycle_time",
    "velocity",
)


def figure(name: str, *parts: Event | Iterable[Event], window: Window = MONTH) -> Metric:
    """One figure of what these events tell."""
    found = {each.name: each for each in delivery_metrics(read_delivery(flat(*parts)), window)}
    return found[name]


def shipped(*lead_days: float, start: float = 2) -> list[Event]:
    """Pull requests that were each deployed on a day of their own, so many days after their first commit."""
    events: list[Event] = []
    for number, days in enumerate(lead_days, start=1):
        done = start + number
        events += change(number, at(done, hours=-1), authored=at(done - days), opened=at(done, hours=-2))
        events.append(deployed(number, trunk(number), at(done)))
    return events
