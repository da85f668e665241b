"""The delivery: what a sender puts through the door, before anybody has read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request of a webhook, checked and not yet read.

    A plain type and not a model: ten thousand of them come in a second, and there is nothing left to validate.

    Shape:
        source: whose mapper reads it.
        headers: those that tell what it is, their names in lower case; never one that proves who sent it.
        body: exactly as it came.
        received_at: when it came.
    """

    source: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
