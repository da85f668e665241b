"""What texts there should be, whoever holds their vectors: passages of documents, and a profile of everybody."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.postgres.database import Connection, json_text, load_queries
from domain.events import Commit, CommitDropped, Document, DocumentRemoved, Event, Issue, PullRequest
from domain.passages import passages
from domain.text import line

PROFILES: Final = "developer_profiles"
DOCUMENTS: Final = "project_docs"
NAMESPACES: Final = (PROFILES, DOCUMENTS)
PIECES_KEPT: Final = 100
PUT_OFF: Final = timedelta(seconds=10)
"""How long a profile may stay as it was once it has been written: writing one costs as much as thirty events."""
_PIECE_LIMIT: Final = 160
_SQL: Final = load_queries("adapters.vectors", "texts.sql")


class Texts:
    """The texts of one organisation as rows of PostgreSQL. What becomes of them is owed to the store of vectors."""

    tables = ("texts", "texts_owed", "vector_documents", "profile_pieces", "profiles_due")

    def __init__(self, org: str) -> None:
        """Bind the texts to one organisation; nothing is read or written.

        Args:
            org: whose they are.
        """
        self._org = org
        self._written: dict[str, float] = {}
        self.changed = False
        """Whether any text was put or dropped since somebody said that none was."""

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Cut documents into passages, and bring the profiles of everybody who did something up to date."""
        for event in events:
            if isinstance(event.body, Document):
                await self._put_document(connection, event, event.body)
            elif isinstance(event.body, DocumentRemoved):
                await self._drop_document(connection, event.body.doc_id, event.occurred_at)
            elif isinstance(event.body, Issue) and event.body.kind == "Epic":
                await self._put_epic(connection, event, event.body)
        await self._fill_profiles(connection, events)

    async def _put_document(self, connection: Connection, event: Event, document: Document) -> None:
        cut = passages(document.text)
        before = await self._newer(connection, document.doc_id, event.occurred_at, len(cut))
        if before is None:
            return
        about = {
            "doc_id": document.doc_id, "title": document.title, "source": event.source,
            "project": event.project or "", "url": document.url or document.path or "",
        }  # fmt: skip
        texts = {
            f"{document.doc_id}#{passage.index}": (
                passage.text or passage.heading,
                {**about, "heading": passage.heading},
            )
            for passage in cut
        }
        await self._put(connection, DOCUMENTS, texts)
        await self._drop(connection, DOCUMENTS, _passages_of(document.doc_id, len(cut), before))

    async def _drop_document(self, connection: Connection, doc_id: str, at: datetime) -> None:
        before = await self._newer(connection, doc_id, at, 0)
        if before is not None:
            await self._drop(connection, DOCUMENTS, _passages_of(doc_id, 0, before))

    async def _newer(self, connection: Connection, doc_id: str, at: datetime, cut: int) -> int | None:
        """How many passages a document had until now; None if something newer of it is known."""
        before: int | None = await connection.fetchval(_SQL["newer_document"], self._org, doc_id, at, cut)
        return before

    async def _put_epic(self, connection: Connection, event: Event, epic: Issue) -> None:
        doc_id = f"epic:{epic.key}"
        if epic.type == "issue_deleted" or not epic.text:
            await self._drop_document(connection, doc_id, event.occurred_at)
        else:
            document = Document(doc_id=doc_id, title=f"{epic.key} {epic.title}", text=epic.text, url=epic.url)
            await self._put_document(connection, event, document)

    async def _fill_profiles(self, connection: Connection, events: Sequence[Event]) -> None:
        pieces: dict[tuple[str, str], tuple[datetime, str]] = {}
        dropped: list[str] = []
        for event in events:
            for account, text in _pieces(event):
                place = (account, event.entity)
                pieces[place] = max(pieces.get(place, (event.occurred_at, text)), (event.occurred_at, text))
            if isinstance(event.body, CommitDropped):
                dropped.append(event.entity)
        if pieces:
            columns = zip(*((a, e, text, at) for (a, e), (at, text) in sorted(pieces.items())), strict=True)
            await connection.execute(_SQL["put_pieces"], self._org, *map(list, columns))
        accounts = {account for account, _ in pieces}
        for entity in dropped:
            rows = await connection.fetch(_SQL["drop_piece"], self._org, entity)
            accounts.update(row["account"] for row in rows)
        if accounts:
            await connection.execute(_SQL["put_due"], self._org, sorted(accounts))
            # Where there is no end of news, nobody ever finishes.
            rows = await connection.fetch(_SQL["take_old"], self._org, PUT_OFF)
            await self._write_profiles(connection, sorted(row["account"] for row in rows))

    async def due(self, connection: Connection, *, at_last: bool) -> Sequence[str]:
        """Whose profiles are to be written, but for those that were written a moment ago; at last, those too."""
        rows = await connection.fetch(_SQL["due"], self._org)
        recently = time.monotonic() - PUT_OFF.total_seconds()
        return [row["account"] for row in rows if at_last or self._written.get(row["account"], 0.0) <= recently]

    async def write_due(self, connection: Connection, accounts: Sequence[str]) -> None:
        """Write the profiles of `accounts`, those that are due still."""
        rows = await connection.fetch(_SQL["take_due"], self._org, accounts)
        await self._write_profiles(connection, sorted(row["account"] for row in rows))

    async def _write_profiles(self, connection: Connection, accounts: Sequence[str]) -> None:
        if not accounts:
            return
        now = time.monotonic()
        self._written = {account: at for account, at in self._written.items() if now - at < PUT_OFF.total_seconds()}
        self._written.update(dict.fromkeys(accounts, now))
        await connection.execute(_SQL["trim_pieces"], self._org, accounts, PIECES_KEPT)
        rows = await connection.fetch(_SQL["pieces"], self._org, accounts)
        texts = {row["account"]: (row["text"], {"account": row["account"]}) for row in rows}
        await self._drop(connection, PROFILES, [account for account in accounts if account not in texts])
        await self._put(connection, PROFILES, texts)

    async def _put(
        self, connection: Connection, namespace: str, texts: Mapping[str, tuple[str, Mapping[str, str]]]
    ) -> None:
        if texts:
            self.changed = True
            columns = ([text for text, _ in texts.values()], [json_text(about) for _, about in texts.values()])
            await connection.execute(_SQL["put_texts"], self._org, namespace, list(texts), *columns)

    async def _drop(self, connection: Connection, namespace: str, ids: Sequence[str]) -> None:
        if ids:
            self.changed = True
            await connection.execute(_SQL["drop_texts"], self._org, namespace, ids)


def _passages_of(doc_id: str, first: int, end: int) -> list[str]:
    return [f"{doc_id}#{index}" for index in range(first, end)]


def _pieces(event: Event) -> Iterator[tuple[str, str]]:
    """What an event adds to whose profile: a title, and where in the code it was."""
    body = event.body
    if isinstance(body, Commit) and event.actor and not body.merge:
        folders = dict.fromkeys(file.path.rpartition("/")[0] for file in body.files)
        text = line(" ".join((body.title, *filter(None, folders))), _PIECE_LIMIT)
        for account in dict.fromkeys((event.actor.key, *(author.key for author in body.co_authors))):
            yield account, text
    elif isinstance(body, PullRequest) and event.actor:
        yield event.actor.key, line(body.title, _PIECE_LIMIT)
    elif isinstance(body, Issue) and body.assignee and body.category == "done":
        yield body.assignee.key, line(body.title, _PIECE_LIMIT)
