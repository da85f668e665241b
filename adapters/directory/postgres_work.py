"""Filling the directory's work in hand and its documents: the newest state of each counts."""

from collections.abc import Sequence
from typing import Any, Final

from adapters.directory.postgres_names import put_names
from adapters.postgres.database import Connection, Row, json_text, load_queries
from domain.events import Document, DocumentRemoved, Event, Issue, PullRequest
from domain.ports import DocumentRow
from domain.work import WorkItem

_SQL: Final = load_queries("adapters.directory", "postgres.sql")


async def fill_work(connection: Connection, org: str, events: Sequence[Event]) -> None:
    """Take in what `events` say of issues, pull requests and documents."""
    rounds: list[dict[str, Any]] = []
    for event in events:
        body = event.body
        if isinstance(body, PullRequest):
            _add(rounds, _pull_request(event, body))
        elif isinstance(body, Issue):
            _add(rounds, _issue(event, body))
        elif isinstance(body, Document):
            told = (body.title, event.project, event.source, body.url, event.occurred_at, False)
            if await connection.fetchval(_SQL["put_document"], org, body.doc_id, *told):
                await connection.execute(_SQL["drop_names"], org, "document", [body.doc_id])
                await put_names(connection, org, "document", {body.doc_id: {body.title}})
        elif isinstance(body, DocumentRemoved):
            told = ("", event.project, event.source, None, event.occurred_at, True)
            if await connection.fetchval(_SQL["put_document"], org, body.doc_id, *told):
                await connection.execute(_SQL["drop_names"], org, "document", [body.doc_id])
    for states in rounds:
        await connection.execute(_SQL["put_work"], org, json_text(list(states.values())))


def _add(rounds: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Put a state into the first round that has none of the same thing: a statement cannot change a row twice."""
    key = row["key"]
    last = next((number for number in reversed(range(len(rounds))) if key in rounds[number]), -1)
    if last + 1 == len(rounds):
        rounds.append({})
    rounds[last + 1][key] = row


def pull_request_key(event: Event, body: PullRequest) -> str:
    """What a pull request is called everywhere: `owner/repo#12`."""
    return f"{(event.project or '').partition(':')[2]}#{body.number}"


def _pull_request(event: Event, body: PullRequest) -> dict[str, Any]:
    return {
        "key": pull_request_key(event, body),
        "kind": "pull_request",
        "project": event.project,
        "title": body.title,
        "status": body.state,
        "category": "doing" if body.state == "open" else "done",
        "label": "draft" if body.draft else "",
        "author": event.actor.key if event.actor else None,
        "reviewers": [reviewer.key for reviewer in body.reviewers],
        "created_at": body.created_at,
        "updated_at": body.updated_at,
        "completed_at": body.merged_at or body.closed_at,
        "url": body.url,
        "deleted": False,
    }


def _issue(event: Event, body: Issue) -> dict[str, Any]:
    return {
        "key": body.key,
        "kind": "issue",
        "project": event.project,
        "title": body.title,
        "status": body.status,
        "category": body.category,
        "label": body.kind,
        "author": body.reporter.key if body.reporter else None,
        "assignee": body.assignee.key if body.assignee else None,
        "reviewers": [],
        "priority": body.priority,
        "points": body.points,
        "created_at": body.created_at,
        "updated_at": body.updated_at,
        "completed_at": body.resolved_at,
        "url": body.url,
        "deleted": body.type == "issue_deleted",
    }


def work_item_of(row: Row) -> WorkItem:
    """The issue or pull request in a row of `work_items`."""
    return WorkItem(**{**dict(row), "reviewers": tuple(row["reviewers"])})


def document_of(row: Row) -> DocumentRow:
    """The document in a row of `documents`."""
    return DocumentRow(**dict(row))
