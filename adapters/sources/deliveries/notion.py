"""Notion pages as events: rows of the roster and of the roadmap, and documents.

A delivery is a page that was fetched, with its blocks beside it, or a signal of a webhook that one has to be.
Shape: https://developers.notion.com/reference/page
"""

from collections.abc import Mapping
from datetime import datetime

from adapters.sources.deliveries.fields import Fields, stamp
from adapters.sources.deliveries.notion_rows import Row, dashed, person_of, project_of
from adapters.sources.deliveries.notion_signals import is_signal, signal
from adapters.sources.deliveries.notion_text import markdown
from adapters.sources.deliveries.raw import digest, excerpt, raw_event
from domain.events import Actor, Body, Document, DocumentRemoved, Event, Source


def notion_events(_headers: Mapping[str, str], body: object, received_at: datetime) -> list[Event]:
    """The events that one delivery tells.

    Args:
        _headers: none that matter.
        body: a page of Notion's API with its `blocks`, or a signal of a webhook, as parsed from JSON.
        received_at: when it reached us.

    Raises:
        InvalidInput: it is nothing of Notion's.
    """
    payload = Fields(body, "a Notion delivery")
    if "verification_token" in payload:
        return []  # the first delivery to a new webhook is a secret and nothing else
    if is_signal(payload):
        signalled = signal(payload)
        return [_raw(payload, received_at)] if signalled is None else signalled
    if payload.raw("object") != "page":
        return [_raw(payload, received_at)]
    page_id = dashed(payload.name("id"))
    edited_at = payload.moment("last_edited_time")
    if payload.flag("archived") or payload.flag("in_trash"):
        doc_id = f"notion:{page_id}"
        removed = DocumentRemoved(doc_id=doc_id)
        return [_event(f"doc:{page_id}:removed:{stamp(edited_at)}", edited_at, f"doc:{doc_id}", removed)]
    row = Row(payload.maybe_child("properties"))
    events: list[Event] = []
    if row.is_project and row.title:
        project = f"notion:{page_id}"
        told = project_of(row, payload.url("url"))
        events.append(
            _event(_name("project", page_id, edited_at, told), edited_at, f"project:{project}", told, project=project)
        )
    if row.is_person and (person := person_of(row, page_id)):
        actor, described = person
        name = _name("person", page_id, edited_at, described)
        events.append(_event(name, edited_at, f"person:notion:{page_id}", described, actor=actor))
    if not row.is_project and not row.is_person and "blocks" not in payload:
        return [_raw(payload, received_at)]
    if document := _document(payload, row, page_id, edited_at):
        events.append(document)
    return events


def _document(payload: Fields, row: Row, page_id: str, edited_at: datetime) -> Event | None:
    """The page as a text. A row is one only if somebody wrote something below it."""
    blocks = payload.raw("blocks")
    if not isinstance(blocks, list | None):
        raise payload.unexpected("blocks", "a list")
    text = markdown(blocks or [])
    if not text and (row.is_project or row.is_person):
        return None
    doc_id = f"notion:{page_id}"
    told = Document(doc_id=doc_id, title=row.title or "Untitled", text=text, url=payload.url("url"))
    parent = payload.maybe_child("parent")
    if row.is_project:
        project: str | None = doc_id
    elif parent and "page_id" in parent:
        project = f"notion:{dashed(parent.name('page_id'))}"
    else:
        project = None
    name = _name("doc", page_id, edited_at, told)
    return _event(name, edited_at, f"doc:{doc_id}", told, project=project, actor=_editor(payload))


def _editor(payload: Fields) -> Actor | None:
    """Who edited the page last. Notion often gives an id alone, and nobody is known by that."""
    user = payload.maybe_child("last_edited_by")
    name = user.maybe_text("name") if user else None
    if user is None or name is None:
        return None
    person = user.maybe_child("person")
    email = person.maybe_text("email") if person else None
    return Actor(
        source=Source.NOTION,
        external_id=dashed(user.name("id")),
        name=name,
        email=email.lower() if email else None,
        bot=user.raw("type") == "bot",
    )


def _name(kind: str, page_id: str, edited_at: datetime, told: Body) -> str:
    """What a state of a page is known by. Notion rounds its time to the minute, in which much may be edited."""
    return f"{kind}:{page_id}:{stamp(edited_at)}:{digest(told.model_dump(mode='json'))}"


def _event(
    name: str, at: datetime, entity: str, body: Body, *, project: str | None = None, actor: Actor | None = None
) -> Event:
    return Event(
        id=f"notion:{name}",
        source=Source.NOTION,
        occurred_at=at,
        entity=entity,
        project=project,
        actor=actor,
        body=body,
    )


def _raw(payload: Fields, received_at: datetime) -> Event:
    """Anything else of Notion's: another object, a signal of a webhook, a page without its blocks."""
    kind = payload.maybe_text("type") or payload.name("object")
    known_by = [text for key in ("id", "last_edited_time") if (text := payload.maybe_text(key))]
    identifier = ":".join(known_by) or digest(excerpt(payload.whole))
    return raw_event(Source.NOTION, identifier, kind, payload.whole, at=received_at)
