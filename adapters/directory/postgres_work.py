"""Filling the directory's work in hand and its documents: the newest state of each counts."""

from collections.abc import Sequence
from typing import Any, Final

from adapters.directory.postgres_people import put_names
from adapters.postgres.database import Connection, Row, load_queries
from domain.events import Document, DocumentRemoved, Event, Issue, PullRequest
from domain.ports import DocumentRow
from domain.work import WorkItem

_SQL: Final = load_queries("adapters.directory", "postgres.sql")


async def fill_work(connection: Connection, org: str, events: Sequence[Event]) -> None:
    """Take in what `events` say of issues, pull requests and documents."""
    for event in events:
        body = event.body
        if isinstance(body, PullRequest):
            await connection.execute(_SQL["put_work"], org, *_pull_request(event, body))
        elif isinstance(body, Issue):
            await connection.execute(_SQL["put_work"], org, *_issue(event, body))
        elif isinstance(body, Document):
            told = (body.title, event.project, event.source, body.url, event.occurred_at, False)
            if await connection.fetchval(_SQL["put_document"], org, body.doc_id, *told):
                await connection.execute(_SQL["drop_names"], org, "document", [body.doc_id])
                await put_names(connection, org, "document", {body.doc_id: {body.title}})
        elif isinstance(body, DocumentRemoved):
            told = ("", event.project, event.source, None, event.occurred_at, True)
            if await connection.fetchval(_SQL["put_document"], org, body.doc_id, *told):
                await connection.execute(_SQL["drop_names"], org, "document", [body.doc_id])


def pull_request_key(event: Event, body: PullRequest) -> str:
    """What a pull request is called everywhere: `owner/repo#12`."""
    return f"{(event.project or '').partition(':')[2]}#{body.number}"


def _pull_request(event: Event, body: PullRequest) -> tuple[Any, ...]:
    category = "doing" if body.state == "open" else "done"
    return (
        pull_request_key(event, body), "pull_request", event.project, body.title, body.state, category,
        "draft" if body.draft else "", event.actor.key if event.actor else None, None,
        [reviewer.key for reviewer in body.reviewers], None, None,
        body.created_at, body.updated_at, body.merged_at or body.closed_at, body.url, False,
    )  # fmt: skip


def _issue(event: Event, body: Issue) -> tuple[Any, ...]:
    return (
        body.key, "issue", event.project, body.title, body.status, body.category, body.kind,
        body.reporter.key if body.reporter else None, body.assignee.key if body.assignee else None,
        [], body.priority, body.points,
        body.created_at, body.updated_at, body.resolved_at, body.url, body.type == "issue_deleted",
    )  # fmt: skip


def work_item_of(row: Row) -> WorkItem:
    """The issue or pull request in a row of `work_items`."""
    return WorkItem(**{**dict(row), "reviewers": tuple(row["reviewers"])})


def document_of(row: Row) -> DocumentRow:
    """The document in a row of `documents`."""
    return DocumentRow(**dict(row))
