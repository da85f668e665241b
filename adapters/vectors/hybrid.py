"""What both engines of the vectors share: texts and their words in PostgreSQL, vectors wherever they lie.

A text is found by its words and by its closeness. Words are counted and matched in PostgreSQL on either engine, and the
scores are added up here, so that both give the same answers; an engine only says how close its vectors are.

What becomes of a text is written down as a debt, in the step that moves the position, and paid from there: whatever
dies, however often, ends with the vectors of exactly the texts that there are. Another embedder, or another engine,
makes everything a debt; until it is paid, texts are found by the vectors that are there and by their words.
"""

import json
import logging
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from typing import Final

from adapters.common_words import CommonWords
from adapters.postgres.database import Connection, Database, json_text, load_queries
from adapters.postgres.projection import PostgresProjection
from adapters.vectors.texts import Texts
from domain.errors import StoreUnavailable
from domain.events import Event
from domain.lookup import word_weights
from domain.ports import Batch, Closest, Embedder, Match, Standing
from domain.routing import Store

_SQL: Final = load_queries("adapters.vectors", "hybrid.sql")
_READ: Final = 100
"""Texts that are read from each side before they are measured together."""
_COMMON: Final = 2_000
"""A word in this many texts or more tells nothing apart."""
_LEAST: Final = 0.12
"""What scores less has nothing to do with the question."""
_PORTION: Final = 500
"""Debts that are paid in one step."""
_A_WHILE: Final = 0.5
"""Seconds for which debts are paid before somebody looks for news again."""
_REST: Final = 5.0
"""Seconds for which, after that failed, nobody tries again to pay while events come in, or to embed a question."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Text:
    """A text whose vector is owed. `vector` is of `plain`, which has the headings that stand above it."""

    namespace: str
    id: str
    text: str
    metadata: Mapping[str, str]

    @property
    def plain(self) -> str:
        """What is embedded."""
        return "\n".join(filter(None, (self.metadata.get("title"), self.metadata.get("heading"), self.text)))


class HybridVectors(PostgresProjection):
    """The texts of one organisation; see `domain.ports.Vectors`. A subclass says where vectors lie."""

    store = Store.VECTORS
    tables: tuple[str, ...] = Texts.tables
    place: str
    """Where the vectors lie: another place has none of them yet."""

    def __init__(self, database: Database, org: str, embedder: Embedder) -> None:
        """Bind the store to one organisation and one embedder; nothing is read or written.

        Args:
            database: where its texts are.
            org: whose rows it sees.
            embedder: what makes vectors of texts.
        """
        super().__init__(database, org)
        self._embedder = embedder
        self._texts = Texts(org)
        self._common = CommonWords[tuple[str, str]]()
        self._resting_until = 0.0
        self._embedder_away: tuple[float, str] = (0.0, "")
        self.home = ""
        """What vectors that lie elsewhere are known by: written down before any are put."""

    async def hold(self, connection: Connection, texts: Sequence[tuple[Text, Sequence[float]]]) -> None:
        """Keep these vectors, each in the place of whatever there was of its text.

        Called while nobody else changes vectors, inside a transaction that no reader waits for.

        Raises:
            StoreUnavailable: try again later; some of it may have been done.
        """
        raise NotImplementedError

    async def let_go(self, connection: Connection, namespace: str, ids: Sequence[str]) -> None:
        """Forget the vectors of texts that are gone. Called as `hold` is."""
        raise NotImplementedError

    async def begin_anew(self, connection: Connection) -> None:
        """Forget the vectors of texts that nobody will name again. Called as `hold` is, before all is held anew."""
        raise NotImplementedError

    async def measure(
        self, namespace: str, vector: Sequence[float], having: Sequence[Mapping[str, str]] | None,
        worded: Collection[str], many: int,
    ) -> Mapping[str, float]:  # fmt: skip
        """How close the nearest `many` texts are, and those in `worded`: at most 1. What has no vector is absent.

        Args:
            namespace: where.
            vector: of the question.
            having: metadata, of which a near text must have one; None if it may have any.
            worded: ids of texts that share words with the question.
            many: how many of the nearest.

        Raises:
            StoreUnavailable: it cannot be asked, or not in time.
        """
        raise NotImplementedError

    async def gone(self, namespace: str) -> str:
        """What is to be said of vectors that should be there, where a question finds none at all; else nothing."""
        del namespace
        return ""

    @property
    def method(self) -> str:
        """How closeness is judged."""
        return "lexical" if self._embedder.lexical else self._embedder.name

    @property
    def dimension(self) -> int:
        """The length of its vectors."""
        return self._embedder.dimension

    @property
    def _aim(self) -> str:
        return f"{self.place} {self._embedder.name}"

    async def project(self, connection: Connection, events: Sequence[Event]) -> None:
        """Write down what texts there are now, and what is owed of them."""
        await self._texts.project(connection, events)

    async def apply(self, batch: Batch) -> bool:
        """Apply `batch`; what it changed is carried to the vectors at once, or later if they are not there."""
        self._texts.changed = False
        applied = await super().apply(batch)
        if applied and self._texts.changed and time.monotonic() >= self._resting_until:
            try:
                await self._pay(wait=False)
            except StoreUnavailable as error:
                # The texts are safe. Whoever finishes tries again, and tells.
                self._resting_until = time.monotonic() + _REST
                logger.debug("Vectors have to wait: %s", error)
        return applied

    async def finish(self, *, at_last: bool = False) -> None:
        """Write the profiles that are due, and pay what is owed: for a while, or at last all of it."""
        async with self.database.session(self.org, readonly=True) as connection:
            due = await self._texts.due(connection, at_last=at_last)
        if due:
            async with self.database.session(self.org) as connection:
                if await self.alone(connection):
                    await self._texts.write_due(connection, due)
        ends = time.monotonic() + _A_WHILE
        while await self._pay(wait=at_last) and (at_last or time.monotonic() < ends):
            pass
        await self.tidy(ends=None if at_last else ends)

    async def tidy(self, *, ends: float | None) -> None:
        """Do what an engine puts off while vectors come in, until the monotonic clock says `ends`."""

    async def _pay(self, *, wait: bool) -> int:
        """Pay the oldest debts; gives how many. One process at a time does: two could overtake each other outside.

        Args:
            wait: whether to wait for a process that is at it, rather than leave it to that one.
        """
        async with self._paying(wait=wait) as connection:
            if connection is None:
                return 0
            aim = await connection.fetchrow(_SQL["aim"], self.org)
            if aim is None or aim["aim"] != self._aim:
                await self._begin_anew(connection)
                await connection.execute(_SQL["aim_anew"], self.org, self._aim)
                await connection.execute(_SQL["owe_all"], self.org)
            rows = await connection.fetch(_SQL["owed"], self.org, _PORTION)
            if not rows:
                await connection.execute(_SQL["refilled"], self.org)
                return 0
            texts = [
                Text(row["namespace"], row["id"], row["text"], json.loads(row["metadata"]))
                for row in rows
                if row["text"] is not None
            ]
            if texts:
                vectors = await self._embedder.embed([text.plain for text in texts])
                await self.hold(connection, list(zip(texts, vectors, strict=True)))
            gone: dict[str, list[str]] = {}
            for row in rows:
                if row["text"] is None:
                    gone.setdefault(row["namespace"], []).append(row["id"])
            for namespace, ids in gone.items():
                await self.let_go(connection, namespace, ids)
            columns = zip(*((row["namespace"], row["id"], row["mark"]) for row in rows), strict=True)
            await connection.execute(_SQL["paid"], self.org, *map(list, columns))
            return len(rows)

    @asynccontextmanager
    async def _paying(self, *, wait: bool) -> AsyncIterator[Connection | None]:
        """A transaction that nobody else pays in; None while somebody else is at it."""
        if not self.home:
            async with self.database.session(self.org) as connection:
                self.home = await connection.fetchval(_SQL["home"], self.org)
        async with self.database.session(self.org) as connection:
            await connection.execute(_PATIENT)
            if wait:
                await connection.execute(_LOCK, f"{self.org}/vectors/debts")
                yield connection
            else:
                free = await connection.fetchval(_TRY_LOCK, f"{self.org}/vectors/debts")
                yield connection if free else None

    async def standing(self) -> Standing:
        """Where it is, and since when something waits to be seen."""
        standing = await super().standing()
        async with self.database.session(self.org, readonly=True) as connection:
            since = await connection.fetchval(_SQL["unseen_since"], self.org)
            aim = await connection.fetchrow(_SQL["aim"], self.org)
        # Vectors that were made for another place or by another embedder are all to be made again.
        elsewhere = aim is not None and aim["aim"] != self._aim
        again = standing.positions if elsewhere else standing.again_upto
        return standing.model_copy(update={"unseen_since": since, "again_upto": again})

    async def rewind(self, position: int) -> None:
        """Go back to `position` in every lane that is further; every vector is made again."""
        await super().rewind(position)
        async with self.database.session(self.org) as connection:
            await connection.execute(_SQL["owe_all"], self.org)

    async def reset(self) -> None:
        """Forget every text, and then every vector."""
        await super().reset()
        async with self._paying(wait=True) as connection:
            assert connection is not None
            await self._begin_anew(connection)

    async def _begin_anew(self, connection: Connection) -> None:
        await connection.execute(_SQL["forget_tides"], self.org)
        await self.begin_anew(connection)

    async def search(
        self, namespace: str, text: str, *, limit: int, where: Mapping[str, Collection[str]] | None = None
    ) -> Closest:
        """The closest texts of `namespace`."""
        having = _combinations(where) if where else None
        if having == []:
            return Closest()  # one of no values is nothing
        many = max(_READ, limit)
        vector, notes = await self._question(text)
        async with self.database.session(self.org, readonly=True) as connection:
            notes += await self._progress(connection)
            worded = await self._worded(connection, namespace, text, having, many)
        likeness: Mapping[str, float] = {}
        share = 1.0
        if vector is not None:
            likeness = await self.measure(namespace, vector, having, worded.keys(), many)
            share = 0.75 if self._embedder.lexical else 0.4
            if not likeness and having is None and (gone := await self.gone(namespace)):
                notes.append(f"Found by words alone: {gone}")
        scores = {
            id_: worded.get(id_, 0.0) * share + max(0.0, likeness.get(id_, 0.0)) * (1 - share)
            for id_ in worded.keys() | likeness.keys()
        }
        best = sorted((-score, id_) for id_, score in scores.items() if score >= _LEAST)
        return Closest(matches=tuple(await self._matches(namespace, best, limit)), notes=tuple(notes))

    async def _question(self, text: str) -> tuple[Sequence[float] | None, list[str]]:
        """The vector of a question; none, and a word about that, while the embedder is away."""
        until, why = self._embedder_away
        if time.monotonic() >= until:
            try:
                return (await self._embedder.embed([text], hurried=True))[0], []
            except StoreUnavailable as error:
                why = str(error)
                self._embedder_away = (time.monotonic() + _REST, why)
        return None, [f"Found by words alone, not by meaning: {why}"]

    async def _progress(self, connection: Connection) -> list[str]:
        """A word about how many texts have a vector, while they are made anew."""
        aim = await connection.fetchrow(_SQL["aim"], self.org)
        if aim is None or (aim["aim"] == self._aim and not aim["refilling"]):
            return []
        told = await connection.fetchrow(_SQL["progress"], self.org)
        assert told is not None
        done = max(0, told["whole"] - told["owed"]) if aim["aim"] == self._aim else 0
        if done == told["whole"]:
            return []
        made = f"Vectors of {self.method} are being made: {done} of {told['whole']} texts have one"
        return [f"{made}, the others are found by their words alone"]

    async def _worded(
        self, connection: Connection, namespace: str, text: str, having: Sequence[Mapping[str, str]] | None, many: int
    ) -> Mapping[str, float]:
        """By id, how much of a question's words a text has, 0..1: its headings count half more."""
        lexemes = await connection.fetchval(_SQL["lexemes"], text) or []
        common = [word for _, word in self._common.among((namespace, word) for word in lexemes)]
        rest = [word for word in lexemes if word not in common]
        rows = await connection.fetch(_SQL["count_words"], namespace, rest, _COMMON) if rest else []
        counts = {row["word"]: row["n"] for row in rows} | dict.fromkeys(common, _COMMON)
        self._common.learn((namespace, word) for word in rest if counts[word] >= _COMMON)
        worth = word_weights(counts, _COMMON)
        if not worth:
            return {}
        wanted = [json_text(one) for one in having] if having is not None else None
        rows = await connection.fetch(
            _SQL["match_words"], namespace, list(worth), list(worth.values()), wanted, many
        )  # fmt: skip
        return {row["id"]: min(1.0, row["worded"]) for row in rows}

    async def _matches(self, namespace: str, best: Iterable[tuple[float, str]], limit: int) -> Sequence[Match]:
        """The `limit` best texts that there are. A vector may outlive its text for a moment."""
        best = list(best)
        found: list[Match] = []
        while best and len(found) < limit:
            some, best = best[: limit - len(found)], best[limit - len(found) :]
            async with self.database.session(self.org, readonly=True) as connection:
                rows = await connection.fetch(_SQL["texts"], self.org, namespace, [id_ for _, id_ in some])
            texts = {row["id"]: row for row in rows}
            found += [
                Match(
                    id=id_,
                    score=round(min(1.0, -score), 3),
                    text=texts[id_]["text"],
                    metadata=json.loads(texts[id_]["metadata"]),
                )
                for score, id_ in some
                if id_ in texts
            ]
        return found

    async def tally(self) -> Mapping[str, int]:
        """How many texts there are, by namespace."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["tally"], self.org)
        return {row["namespace"]: row["n"] for row in rows}


def _combinations(where: Mapping[str, Collection[str]]) -> list[dict[str, str]]:
    """Every way of having one of the given values for each field."""
    return [dict(zip(where, values, strict=True)) for values in product(*where.values())]


_TRY_LOCK: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_PATIENT: Final = "SET LOCAL idle_in_transaction_session_timeout = '120s'"
