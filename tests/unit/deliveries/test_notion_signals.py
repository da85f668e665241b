"""Notion's webhooks say what to look at again."""

from typing import Any

import pytest

from domain.errors import InvalidInput
from domain.events import DocumentRemoved, DocumentSignal
from tests.unit.deliveries.payloads import PAGE, Json, ids, notion, survives, types


def signal(kind: str = "page.content_updated", of: str = "page", **fields: Any) -> Json:
    """A signal as Notion sends it."""
    return {
        "id": "1782edd6", "timestamp": "2026-08-31T09:15:00.123Z", "workspace_id": "w", "subscription_id": "s",
        "integration_id": "i", "authors": [{"id": "u", "type": "person"}], "attempt_number": 1, "type": kind,
        "entity": {"id": PAGE.replace("-", ""), "type": of}, "data": {"parent": {"id": "p", "type": "space"}}, **fields,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["created", "content_updated", "properties_updated", "moved", "undeleted"])
def test_a_page_that_changed_is_to_be_fetched(kind: str) -> None:
    (event,) = notion(signal(f"page.{kind}"))
    assert event.body == DocumentSignal(object_id=PAGE, kind="page", reason=f"page.{kind}")
    assert event.entity == f"doc:notion:{PAGE}"
    assert survives(event)


@pytest.mark.parametrize(
    ("kind", "entity"),
    [("database.content_updated", "database"), ("data_source.schema_updated", "data_source")],
)
def test_so_are_the_pages_of_a_database(kind: str, entity: str) -> None:
    (event,) = notion(signal(kind, entity))
    assert isinstance(event.body, DocumentSignal)
    assert event.body.kind == entity


def test_a_page_that_was_deleted_is_gone_at_once() -> None:
    """There is nothing to fetch; its events stay in order, being of one entity."""
    (event,) = notion(signal("page.deleted"))
    assert event.body == DocumentRemoved(doc_id=f"notion:{PAGE}")
    assert event.entity == notion(signal())[0].entity


def test_a_second_attempt_is_the_same_signal() -> None:
    assert ids(notion(signal())) == ids(notion(signal(attempt_number=2)))
    assert ids(notion(signal())) != ids(notion(signal(id="another")))


@pytest.mark.parametrize("kind", ["page.locked", "page.unlocked"])
def test_who_may_edit_is_nothing_to_fetch(kind: str) -> None:
    assert notion(signal(kind)) == []


def test_a_comment_is_kept_raw() -> None:
    """The signal holds no word of it."""
    assert types(notion(signal("comment.created", "comment"))) == ["raw"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (signal(id=None), "a text at 'id'"),
        (signal(timestamp="yesterday"), "a time with an offset"),
        (signal(entity={"id": 7, "type": "page"}), "a text at 'entity.id'"),
        (signal(entity=[]), "an object at 'entity'"),
    ],
)
def test_what_is_no_signal_is_refused(body: Json, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        notion(body)
    assert expected in str(refused.value)
