"""The sample organisation: a seeded generator of deliveries as GitHub, Jira, Notion and Prometheus send them.

It plays the life of an invented company, writes everything that happens into a ledger, and draws both the deliveries
and the truth from that ledger. The demo, the tests and the evals use it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.sources.sample.deliveries import Delivery, deliver
from adapters.sources.sample.ledger import read
from adapters.sources.sample.story import play
from adapters.sources.sample.truth import tell

__all__ = ["Delivery", "Sample", "sample"]


@dataclass(frozen=True)
class Sample:
    """The life of a company.

    Shape:
        deliveries: `{"source", "headers", "body"}` in order of time, but for what is planted in disorder.
        truth: what a check may ask about them, as JSON can say it; `truth["definitions"]` says what was counted how.
    """

    deliveries: tuple[Delivery, ...]
    truth: dict[str, Any]


def sample(until: datetime, seed: int = 7) -> Sample:
    """The 120 days before the midnight (UTC) that begins the day of `until`; equal arguments give equal samples.

    Raises:
        ValueError: `until` carries no time zone.
    """
    if until.tzinfo is None:
        raise ValueError(f"{until.isoformat()!r} has no time zone: expected an offset such as +00:00")
    midnight = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    stage = play(midnight, seed)
    deliveries, repeated = deliver(stage.records, midnight, seed)
    return Sample(deliveries, tell(read((*stage.records, repeated), midnight), seed))
