"""What Notion's webhooks tell: that something changed. What it is now has to be fetched.

Shape: https://developers.notion.com/reference/webhooks-events-delivery
"""

from datetime import datetime
from typing import Final, Literal

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.notion_rows import dashed
from domain.events import DocumentRemoved, DocumentSignal, Event, Source

_KINDS: Final[dict[str, Literal["page", "database", "data_source"]]] = {
    "page": "page",
    "database": "database",
    "data_source": "data_source",
}
_NOTHING_NEW: Final = frozenset({"page.locked", "page.unlocked"})
"""What changes who may edit a page, and nothing that is written on it."""
_DELETED: Final = "page.deleted"


def is_signal(payload: Fields) -> bool:
    """Whether a payload is one of a webhook: it names an entity, and an object of Notion's API does not."""
    return "entity" in payload and "object" not in payload


def signal(payload: Fields) -> list[Event] | None:
    """What one signal comes to; None if it is of a kind that nothing here is made of, such as a comment.

    Raises:
        InvalidInput: it is not a signal as Notion makes them.
    """
    kind, entity = payload.name("type"), payload.child("entity")
    what, at = _KINDS.get(entity.name("type")), payload.moment("timestamp")
    known_by = payload.name("id")
    if kind in _NOTHING_NEW:
        return []
    if what is None or kind.partition(".")[0] not in _KINDS:
        return None
    object_id = dashed(entity.name("id"))
    if kind == _DELETED:
        return [_removed(object_id, at)]
    event = Event(
        id=f"notion:signal:{known_by}",
        source=Source.NOTION,
        occurred_at=at,
        entity=f"doc:notion:{object_id}" if what == "page" else f"{what}:notion:{object_id}",
        body=DocumentSignal(object_id=object_id, kind=what, reason=kind),
    )
    return [event]


def _removed(page_id: str, at: datetime) -> Event:
    doc_id = f"notion:{page_id}"
    return Event(
        id=f"notion:doc:{page_id}:removed:{stamp(at)}",
        source=Source.NOTION,
        occurred_at=at,
        entity=f"doc:{doc_id}",
        body=DocumentRemoved(doc_id=doc_id),
    )
