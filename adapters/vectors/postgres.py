"""Vectors in PostgreSQL with pgvector, beside the words that a text has in common with a question."""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from adapters.postgres.database import Connection, Database, json_text, load_queries
from adapters.postgres.projection import PostgresProjection
from domain.events import Commit, CommitDropped, Document, DocumentRemoved, Event, Issue, PullRequest
from domain.lookup import word_weights
from domain.passages import passages
from domain.ports import Embedder, Match
from domain.routing import Store
from domain.text import line

_SQL: Final = load_queries("adapters.vectors", "postgres.sql")
_READ: Final = 100
"""Texts that are read from each side before they are measured together."""
_COMMON: Final = 2_000
"""A word in this many texts or more tells nothing apart."""
_LEAST: Final = 0.12
"""What scores less has nothing to do with the question."""
PIECES_KEPT: Final = 100
_PUT_OFF: Final = timedelta(seconds=10)
"""How long a profile may stay as it was once it has been written: writing one costs as much as thirty events."""
_PIECE_LIMIT: Final = 160


class PostgresVectors(PostgresProjection):
    """The texts of one organisation; see `domain.ports.Vectors`."""

    store = Store.VECTORS
    tables = ("vectors", "vector_documents", "profile_pieces", "profiles_due")

    def __init__(self, database: Database, org: str, embedder: Embedder) -> None:
        """Bind the store to one organisation and one embedder.

        Args:
            database: where its tables are.
            org: whose rows it sees.
            embedder: what makes vectors of texts; its dimension must be the table's.
        """
        super().__init__(database, org)
        self._embedder = embedder
        self._written: dict[str, float] = {}

    @property
    def _word_share(self) -> float:
        """How much of a score is words in common: most of it, where the vectors know of words only."""
        return 0.75 if self._embedder.lexical else 0.4

    @property
    def method(self) -> str:
        """How closeness is judged."""
        return "lexical" if self._embedder.lexical else self._embedder.name

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
        if not await self._drop_document(connection, document.doc_id, event.occurred_at):
            return  # something newer is known
        cut = passages(document.text)
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
        await self._upsert(connection, "project_docs", texts)

    async def _drop_document(self, connection: Connection, doc_id: str, at: datetime) -> bool:
        if not await connection.fetchval(_SQL["newer_document"], self.org, doc_id, at):
            return False
        await connection.execute(_SQL["drop_document"], self.org, doc_id)
        return True

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
            await connection.execute(_SQL["put_pieces"], self.org, *map(list, columns))
        accounts = {account for account, _ in pieces}
        for entity in dropped:
            rows = await connection.fetch(_SQL["drop_piece"], self.org, entity)
            accounts.update(row["account"] for row in rows)
        if accounts:
            await connection.execute(_SQL["put_due"], self.org, sorted(accounts))
            # Where there is no end of news, nobody ever finishes.
            rows = await connection.fetch(_SQL["take_old"], self.org, _PUT_OFF)
            await self._write_profiles(connection, sorted(row["account"] for row in rows))

    async def finish(self, *, at_last: bool = False) -> None:
        """Write the profiles that are due, but for those that were written a moment ago; at last, those too."""
        async with self.database.session(self.org, readonly=True) as connection:
            due = [row["account"] for row in await connection.fetch(_SQL["due"], self.org)]
        recently = time.monotonic() - _PUT_OFF.total_seconds()
        mine = [account for account in due if at_last or self._written.get(account, 0.0) <= recently]
        if not mine:
            return
        async with self.database.session(self.org) as connection:
            if await self.alone(connection):
                rows = await connection.fetch(_SQL["take_due"], self.org, mine)
                await self._write_profiles(connection, sorted(row["account"] for row in rows))

    async def _write_profiles(self, connection: Connection, accounts: Sequence[str]) -> None:
        if not accounts:
            return
        now = time.monotonic()
        self._written = {account: at for account, at in self._written.items() if now - at < _PUT_OFF.total_seconds()}
        self._written.update(dict.fromkeys(accounts, now))
        await connection.execute(_SQL["trim_pieces"], self.org, accounts, PIECES_KEPT)
        rows = await connection.fetch(_SQL["pieces"], self.org, accounts)
        texts = {row["account"]: (row["text"], {"account": row["account"]}) for row in rows}
        await connection.execute(_SQL["drop_profiles"], self.org, [a for a in accounts if a not in texts])
        await self._upsert(connection, "developer_profiles", texts)

    async def _upsert(
        self, connection: Connection, namespace: str, texts: Mapping[str, tuple[str, Mapping[str, str]]]
    ) -> None:
        if not texts:
            return
        plain = [
            "\n".join(filter(None, (about.get("title"), about.get("heading"), text))) for text, about in texts.values()
        ]
        vectors = [_literal(vector) for vector in await self._embedder.embed(plain)]
        columns = ([text for text, _ in texts.values()], [json_text(about) for _, about in texts.values()])
        await connection.execute(
            _SQL["upsert"], self.org, namespace, self._embedder.name, list(texts), vectors, *columns
        )

    async def search(
        self, namespace: str, text: str, *, limit: int, where: Mapping[str, Collection[str]] | None = None
    ) -> Sequence[Match]:
        """The closest texts of `namespace`."""
        vector = _literal((await self._embedder.embed([text]))[0])
        filters = [json_text({field: value}) for field, values in (where or {}).items() for value in values]
        async with self.database.session(self.org, readonly=True) as connection:
            counted = await connection.fetch(_SQL["words"], self.org, namespace, text, _COMMON)
            worth = word_weights({row["lexeme"]: row["n"] for row in counted}, _COMMON)
            rows = await connection.fetch(
                _SQL["search"], self.org, namespace, vector, self._embedder.name, self._word_share,
                max(_READ, limit), filters if where else None, list(worth), list(worth.values()), limit,
            )  # fmt: skip
        return [
            Match(
                id=row["id"],
                score=round(min(1.0, row["score"]), 3),
                text=row["text"],
                metadata=json.loads(row["metadata"]),
            )
            for row in rows
            if row["score"] >= _LEAST
        ]


def _literal(vector: Iterable[float]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"


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
