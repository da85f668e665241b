"""Webhooks as their senders send them: whether one is authentic, and what its sender calls it."""

from adapters.sources.webhooks.identity import delivery_key
from adapters.sources.webhooks.senders import RULES, Authentic, Denial, Greeting, Sender, Verdict, judge, too_large
from adapters.sources.webhooks.shape import check_shape, kept_headers
from adapters.sources.webhooks.signatures import CLOCK_SKEW, SENDERS, verify

__all__ = [
    "CLOCK_SKEW",
    "RULES",
    "SENDERS",
    "Authentic",
    "Denial",
    "Greeting",
    "Sender",
    "Verdict",
    "check_shape",
    "delivery_key",
    "judge",
    "kept_headers",
    "too_large",
    "verify",
]
