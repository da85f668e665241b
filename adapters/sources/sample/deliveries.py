"""The ledger as deliveries, in the order in which they arrived: nearly always that of time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sources.sample import github, jira, notion, prometheus
from adapters.sources.sample.ids import uuid
from adapters.sources.sample.records import (
    Blamed,
    DeploymentChanged,
    IssueChanged,
    IssueCommented,
    Measured,
    Noted,
    PageSaved,
    Record,
    SprintChanged,
)

Delivery = dict[str, Any]
"""`{"source": ..., "headers": ..., "body": ...}`."""

Told = tuple[int, Record]
"""A record that is delivered, and its place in the ledger."""

REDELIVERED: Final = "storefront"
"""Whose deployment is told of twice."""
REDELIVERED_AFTER: Final = timedelta(minutes=47)


def deliver(records: Sequence[Record], until: datetime, seed: int) -> tuple[tuple[Delivery, ...], Noted]:
    """Every delivery, and which one of them arrived twice."""
    told: list[Told] = [
        (index, record) for index, record in enumerate(records) if not isinstance(record, Blamed | Noted)
    ]
    repeated = _repeat(told, until, seed)
    for record in records:
        if isinstance(record, Noted) and record.fact == "out_of_order":
            _swap(told, record)
    return tuple(_render(record, _id(seed, index), until) for index, record in told), repeated


def _id(seed: int, index: int) -> str:
    return uuid("delivery", seed, index)


def _render(record: Record, delivery_id: str, until: datetime) -> Delivery:
    match record:
        case IssueChanged() | IssueCommented() | SprintChanged():
            return jira.delivery(record, delivery_id)
        case PageSaved():
            return notion.delivery(record, until)
        case Measured():
            return prometheus.delivery(record)
        case Blamed() | Noted():
            raise TypeError(f"{type(record).__name__!r} is the generator's own knowledge: nobody delivers it")
        case _:
            return github.delivery(record, delivery_id)


def _repeat(told: list[Told], until: datetime, seed: int) -> Noted:
    """Insert one deployment's success a second time, as somebody who presses `Redeliver` does."""
    index, record = next(
        (index, record)
        for index, record in told
        if isinstance(record, DeploymentChanged)
        and record.deployment.project.name == REDELIVERED
        and record.deployment.environment == "production"
        and record.outcome == "success"
        and record.at > until - timedelta(days=30)
    )
    arrives = record.at + REDELIVERED_AFTER
    place = next((place for place, (_, other) in enumerate(told) if other.at > arrives), len(told))
    told.insert(place, (index, record))
    about = {
        "delivery_id": _id(seed, index),
        "event": "deployment_status",
        "repo": record.deployment.project.repo,
        "deployment_id": record.deployment.id,
    }
    return Noted(arrives, "redelivery", about)


def _swap(told: list[Told], disorder: Noted) -> None:
    """Let the older of two updates of an issue arrive right after the newer one."""
    older, newer = (
        next(
            place
            for place, (_, record) in enumerate(told)
            if isinstance(record, IssueChanged)
            and record.issue.key == disorder.about["issue"]
            and record.at == disorder.about[when]
        )
        for when in ("older_at", "newer_at")
    )
    told.insert(newer, told.pop(older))
