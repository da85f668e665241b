"""What a sender calls a delivery, so that sending it again is recognised."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from domain.text import line

_NAMED_BY: Final = {"github": "x-github-delivery", "jira": "x-atlassian-webhook-identifier"}
"""The header that stays the same when a delivery is sent again."""
_ID_FIELDS: Final = {"notion": "id", "slack": "event_id"}
"""The field of the body that does."""
_LONGEST: Final = 200


def delivery_key(sender: str, headers: Mapping[str, str], body: bytes) -> str:
    """A name for a delivery that its redelivery shares, and nothing else of that sender does.

    Without one of the sender's own it is a digest of the body: the same bytes are the same delivery.

    Args:
        sender: who sent it.
        headers: of the request, their names in lower case.
        body: exactly as it came.
    """
    named = line(headers.get(_NAMED_BY.get(sender, ""), "")) or _field(body, _ID_FIELDS.get(sender))
    if not named or len(named) > _LONGEST:
        named = hashlib.sha256(body).hexdigest()
    return f"{sender}:{named}"


def _field(body: bytes, name: str | None) -> str:
    if name is None:
        return ""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = value.get(name) if isinstance(value, dict) else None
    return line(found) if isinstance(found, str) else ""
