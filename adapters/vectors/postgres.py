"""Vectors in PostgreSQL with pgvector."""

import hashlib
import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from adapters.postgres.database import Connection, Database, json_text, load_queries, rows_changed, translated
from adapters.vectors.hybrid import HybridVectors, Text
from adapters.vectors.texts import NAMESPACES
from domain.errors import Misconfigured, StoreUnavailable
from domain.ports import Embedder

_SQL: Final = load_queries("adapters.vectors", "postgres.sql")
LONGEST: Final = 4_000
"""Numbers of a vector that pgvector can have a graph of (https://github.com/pgvector/pgvector#hnsw)."""
_NEIGHBOURS: Final = 16
_LOOKED_AT: Final = 200
"""What a graph is made with: each vector's neighbours, and how many are looked at to find them. With pgvector's own 64,
a search of 100,000 profiles missed half of the nearest ten; with 200, and 800 in the search, it misses one."""
_COMPARED: Final = 1_000_000
"""Numbers that are compared one by one with a question before a graph is worth its keep: a millisecond or two."""
_SETTLED_AT_ONCE: Final = 500
_MAKING: Final = 0x6E656172  # "near": one graph at a time in a database
_MAKING_SECONDS: Final = 7_200.0
_NO_GRAPH_SECONDS: Final = 600.0
"""For which nobody tries again to make a graph where that failed."""

logger = logging.getLogger(__name__)


class PostgresVectors(HybridVectors):
    """Vectors as rows beside their texts. A namespace that is large has a graph of those that seldom change."""

    place = "postgres"
    tables = (*HybridVectors.tables, "embeddings")

    def __init__(self, database: Database, org: str, embedder: Embedder) -> None:
        """See `HybridVectors`.

        Raises:
            Misconfigured: the embedder's vectors are too long for pgvector.
        """
        super().__init__(database, org, embedder)
        self._server = database
        if embedder.dimension > LONGEST:
            raise Misconfigured(
                f"ENGINTEL_EMBEDDER makes vectors of {embedder.dimension} numbers, and pgvector searches at most "
                f"{LONGEST}: ask the model for fewer (openai:text-embedding-3-large@1536), or use Pinecone."
            )
        self.kept_apart = _COMPARED // embedder.dimension
        self._look_at = set(NAMESPACES)
        self._no_graph_before = 0.0

    async def hold(self, connection: Connection, texts: Sequence[tuple[Text, Sequence[float]]]) -> None:
        """Keep these vectors."""
        rows = ((text.namespace, text.id, _literal(vector)) for text, vector in texts)
        columns = map(list, zip(*rows, strict=True))
        await connection.execute(_SQL["hold"], self.org, self._embedder.name, *columns)
        self._look_at |= {text.namespace for text, _ in texts}

    async def let_go(self, connection: Connection, namespace: str, ids: Sequence[str]) -> None:
        """Forget the vectors of texts that are gone."""
        await connection.execute(_SQL["let_go"], self.org, namespace, ids)

    async def begin_anew(self, connection: Connection) -> None:
        """Forget vectors without a text; the others are of the embedder that they name, until they are overwritten."""
        await connection.execute(_SQL["begin_anew"], self.org)
        self._look_at = set(NAMESPACES)

    async def measure(
        self, namespace: str, vector: Sequence[float], having: Sequence[Mapping[str, str]] | None,
        worded: Collection[str], many: int,
    ) -> Mapping[str, float]:  # fmt: skip
        """How close the nearest texts are, and those in `worded`."""
        asked, name = _literal(vector), self._embedder.name
        async with self.database.session(self.org) as connection:
            if having is None:
                rows = await connection.fetch(_SQL["near"], namespace, name, asked, many)
            else:
                wanted = [json_text(one) for one in having]
                rows = await connection.fetch(_SQL["near_having"], self.org, namespace, name, asked, wanted, many)
            likeness = {row["id"]: row["likeness"] for row in rows}
            if rest := [id_ for id_ in worded if id_ not in likeness]:
                rows = await connection.fetch(_SQL["likeness"], self.org, namespace, name, asked, rest)
                likeness |= {row["id"]: row["likeness"] for row in rows}
        return likeness

    async def tidy(self, *, ends: float | None) -> None:
        """Take what has lain for a while into the graph, where there is too much to compare one by one.

        At half of what may be compared it ends, so that it does not begin again with the next vector.
        """
        for namespace in sorted(self._look_at):
            there = await self._has_graph(namespace)
            if not there and time.monotonic() >= self._no_graph_before and await self._any_settled(namespace):
                await self._try_graph(namespace)
                there = True
            if await self._unsettled(namespace, self.kept_apart + 1) > self.kept_apart:
                left = await self._unsettled(namespace, None)
                # What is there before the graph is taken into it all at once: that is ten times as fast.
                while left > self.kept_apart // 2 and (not there or ends is None or time.monotonic() < ends):
                    settled = await self._settle_some(namespace, min(_SETTLED_AT_ONCE, left - self.kept_apart // 2))
                    if not settled:
                        break
                    left -= settled
                if not there:
                    await self._try_graph(namespace)
                if left > self.kept_apart:
                    continue
            self._look_at.discard(namespace)

    async def _unsettled(self, namespace: str, enough: int | None) -> int:
        async with self.database.session(self.org, readonly=True) as connection:
            return int(await connection.fetchval(_SQL["unsettled"], self.org, namespace, enough))

    async def _settle_some(self, namespace: str, many: int) -> int:
        async with self.database.session(self.org) as connection:
            done = await connection.execute(_SQL["settle"], self.org, namespace, self._embedder.name, many)
        return rows_changed(done)

    async def _any_settled(self, namespace: str) -> bool:
        async with self.database.session(self.org, readonly=True) as connection:
            return bool(await connection.fetchval(_SQL["any_settled"], self.org, namespace, self._embedder.name))

    def _graph(self, namespace: str) -> str:
        name = hashlib.blake2b(f"{namespace} {self._embedder.name}".encode(), digest_size=8).hexdigest()
        return f"embeddings_near_{name}"

    async def _has_graph(self, namespace: str) -> bool:
        async with self.database.owner() as connection:
            return bool(await connection.fetchval(_SQL["has_graph"], self._graph(namespace)))

    async def _try_graph(self, namespace: str) -> None:
        """Make the graph; without one all vectors are compared, which is slow and finds the same."""
        try:
            await self._make_graph(namespace)
        except StoreUnavailable as error:
            self._no_graph_before = time.monotonic() + _NO_GRAPH_SECONDS
            logger.warning("No graph of vectors can be made, so that a search takes longer: %s", error)

    async def _make_graph(self, namespace: str) -> None:
        """Make the graph of this embedder's vectors, for all organisations, while others read and write.

        Whoever died at it left one that does not count.
        """
        connection = await self._server.dedicated()  # outside any transaction; what it locks and sets ends with it
        try:
            with translated("vectors"):
                if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _MAKING):
                    return
                graph = self._graph(namespace)
                if await connection.fetchval(_SQL["has_graph"], graph):
                    return
                embedder = await connection.fetchval("SELECT quote_literal($1::text)", self._embedder.name)
                await connection.execute(f"DROP INDEX IF EXISTS {graph}")
                # A graph that does not fit into memory takes ten times as long to make.
                await connection.execute("SET maintenance_work_mem = '512MB'")
                # Workers would share it, and in a container there is hardly any memory to share.
                await connection.execute("SET max_parallel_maintenance_workers = 0")
                await connection.execute(
                    f"CREATE INDEX CONCURRENTLY {graph} ON embeddings "
                    f"USING hnsw ((embedding::halfvec({self.dimension})) halfvec_cosine_ops) "
                    f"WITH (m = {_NEIGHBOURS}, ef_construction = {_LOOKED_AT}) "
                    f"WHERE settled AND namespace = '{namespace}' AND embedder = {embedder}",
                    timeout=_MAKING_SECONDS,
                )
        finally:
            connection.terminate()

    async def tally(self) -> Mapping[str, int]:
        """How many texts have a vector of the embedder, by namespace."""
        async with self.database.session(self.org, readonly=True) as connection:
            rows = await connection.fetch(_SQL["tally"], self.org, self._embedder.name)
        return {row["namespace"]: row["n"] for row in rows}


def _literal(vector: Iterable[float]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
