"""Vectors that were paid for are kept, by what they are of: making a store again costs nothing a second time."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from adapters.postgres.bound import Bound
from adapters.postgres.database import Database, load_queries
from domain.ports import Embedder

_SQL: Final = load_queries("adapters.embedders", "cached.sql")
_PORTION: Final = 256
"""Texts whose vectors are kept as soon as they are there, whatever becomes of the rest."""
DAYS: Final = 30
"""A vector that nobody asked for in so many days is forgotten: profiles change, and leave one behind each time."""
_QUESTIONS: Final = 512
_DAY: Final = 86_400.0


class CachedEmbedder(Bound):
    """An embedder that is asked for each text once; see `domain.ports.Embedder`."""

    def __init__(self, database: Database, org: str, embedder: Embedder) -> None:
        """Put a cache before `embedder`; nothing is read or asked.

        Args:
            database: where the cache is.
            org: whose texts they are.
            embedder: whom to ask for what is not known.
        """
        super().__init__(database, org)
        self._embedder = embedder
        self.name = embedder.name
        self.dimension = embedder.dimension
        self.lexical = embedder.lexical
        self._questions: OrderedDict[str, Sequence[float]] = OrderedDict()
        self._pruned = float("-inf")

    async def embed(self, texts: Sequence[str], *, hurried: bool = False) -> Sequence[Sequence[float]]:
        """A vector for each text: a known one, if there is."""
        if hurried:
            return await self._questioned(texts)
        digests = {text: hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts}
        vectors = await self._known(list(digests.values()))
        missing = [text for text, digest in digests.items() if digest not in vectors]
        for first in range(0, len(missing), _PORTION):
            some = missing[first : first + _PORTION]
            made = await self._embedder.embed(some)
            found = {digests[text]: vector for text, vector in zip(some, made, strict=True)}
            await self._keep(found)
            vectors |= found
        await self._prune()
        return [vectors[digests[text]] for text in texts]

    async def _questioned(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """Questions come again within minutes or never, and nobody has the time to write them down."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._questions]
        if missing:
            made = await self._embedder.embed(missing, hurried=True)
            self._questions.update(zip(missing, made, strict=True))
        vectors = [self._questions[text] for text in texts]
        while len(self._questions) > _QUESTIONS:
            self._questions.popitem(last=False)
        return vectors

    async def _known(self, digests: Sequence[bytes]) -> dict[bytes, Sequence[float]]:
        async with self._database.session(self._org) as connection:
            rows = await connection.fetch(_SQL["known"], self._org, self.name, digests)
            if old := [row["digest"] for row in rows if row["old"]]:
                await connection.execute(_SQL["used"], self._org, self.name, old)
        return {row["digest"]: row["embedding"] for row in rows}

    async def _keep(self, vectors: dict[bytes, Sequence[float]]) -> None:
        async with self._database.session(self._org) as connection:
            for digest, vector in vectors.items():  # an array of arrays would lose its inner ones on the way
                await connection.execute(_SQL["keep"], self._org, self.name, digest, vector)

    async def _prune(self) -> None:
        now = time.monotonic()
        if now - self._pruned < _DAY:
            return
        self._pruned = now
        async with self._database.session(self._org) as connection:
            await connection.execute(_SQL["forget"], self._org, DAYS)
