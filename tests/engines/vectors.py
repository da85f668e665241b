"""The engines of the vectors' role, as a test opens them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from adapters.embedders.lexical import LexicalEmbedder
from adapters.postgres.database import Database
from adapters.vectors.hybrid import HybridVectors
from adapters.vectors.pinecone import PineconeVectors
from adapters.vectors.pinecone_index import IndexAddress, PineconeIndex
from adapters.vectors.postgres import PostgresVectors
from adapters.vectors.texts import NAMESPACES
from domain.ports import Embedder
from tests.engines.pinecone import KEY, Pinecone

ENGINES = ("postgres", "pinecone")
INDEX = "shared"
"""One index for all organisations, so that whatever leaks would be found."""


_STANDINS: "WeakKeyDictionary[HybridVectors, Pinecone]" = WeakKeyDictionary()


@asynccontextmanager
async def opened(
    engine: str, database: Database, org: str, pinecone: Pinecone, embedder: Embedder | None = None
) -> AsyncIterator[HybridVectors]:
    """The vectors of `org` in `engine`."""
    embedder = embedder or LexicalEmbedder()
    if engine == "postgres":
        yield PostgresVectors(database, org, embedder)
        return
    name = f"{INDEX}-{embedder.dimension}"
    if name not in pinecone.indexes:
        pinecone.index(name, embedder.dimension)
    index = PineconeIndex(IndexAddress(name=name, key=KEY, host=pinecone.host(name)))
    store = PineconeVectors(database, org, embedder, index, patience=0.3)
    _STANDINS[store] = pinecone
    try:
        yield store
    finally:
        await index.close()


def held_outside(store: HybridVectors) -> dict[str, list[str]]:
    """Everything that Pinecone shows of an organisation, as text; nothing where it is not Pinecone that holds it.

    But for `home`, which every organisation of every database has its own of.
    """
    if store not in _STANDINS:
        return {}
    index = f"{INDEX}-{store.dimension}"
    seen = {name: _STANDINS[store].vectors(index, f"{store.org}.{name}").values() for name in NAMESPACES}
    return {f"Pinecone's {name}": sorted(map(_text, vectors)) for name, vectors in seen.items()}


def _text(vector: Mapping[str, Any]) -> str:
    about = {name: value for name, value in vector["metadata"].items() if name != "home"}
    return json.dumps({**vector, "metadata": about})
