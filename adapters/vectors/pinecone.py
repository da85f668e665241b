"""Vectors in Pinecone. Texts and words stay in PostgreSQL: see `adapters.vectors.hybrid`.

An organisation has two namespaces, `ORG.developer_profiles` and `ORG.project_docs`. A vector's id is made of its
text's, so that what is put twice is there once; its metadata has that id, what made the vector, and what searches
filter by.

Pinecone shows what is written after a while. Every write has a number, every search says up to which one it sees
(https://docs.pinecone.io/guides/index-data/check-data-freshness); until that is the last one, the store says since when
it is behind. A text is found by its words meanwhile, and one that is gone is gone at once, because what is found is
read from PostgreSQL.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from pinecone import AsyncIndex
from pinecone.errors.exceptions import NotFoundError
from pinecone.models.vectors.responses import QueryResponse, UpsertResponse

from adapters.address import Address, filled, parse
from adapters.postgres.database import Connection, Database, load_queries
from adapters.vectors.hybrid import HybridVectors, Text
from adapters.vectors.pinecone_index import ENGINE, LIMITS, METRIC, IndexAddress, PineconeIndex, Shape
from adapters.vectors.texts import NAMESPACES
from domain.errors import Misconfigured, StoreUnavailable
from domain.ports import Embedder, Inspection

VARIABLE: Final = "ENGINTEL_VECTORS_URL"
_SQL: Final = load_queries("adapters.vectors", "pinecone.sql")
_FILTERED: Final = ("project", "doc_id", "source", "account")
"""Metadata that goes along: the rest stays with the text."""
_SEARCH_SECONDS: Final = 2.0
_WRITE_SECONDS: Final = 60.0
_AT_ONCE: Final = 4
"""Upserts that are under way side by side."""
_PLACES: Final = 7
"""Decimal places of a number that are sent: a 32-bit float, which is what Pinecone keeps, has no more."""
_NUMBER_BYTES: Final = _PLACES + 4
"""Bytes of such a number in a request, with its sign, its point and its comma."""
_LOOK: Final = 0.1
"""Seconds between two looks whether a write can be seen."""


@asynccontextmanager
async def open_pinecone(
    url: str, database: Database, org: str, *, embedder: Embedder, api_key: str | None
) -> AsyncIterator["PineconeVectors"]:
    """The vectors that `url` names (`pinecone://INDEX?host=…`); nothing is asked yet.

    Args:
        url: with the options `host` (of the index; without it the control plane is asked), `create` (`yes`: `migrate`
            may create the index, in `cloud` and `region`), and `control` (another control plane).
        database: where the texts are.
        org: whose they are.
        embedder: what makes vectors of texts.
        api_key: of the project that the index is in.

    Raises:
        Misconfigured: the URL or the key will not do.
    """
    index = PineconeIndex(_address(url, api_key))
    try:
        yield PineconeVectors(database, org, embedder, index)
    finally:
        await index.close()


def _address(url: str, api_key: str | None) -> IndexAddress:
    options = {"host": filled, "control": filled, "create": filled, "cloud": filled, "region": filled}
    address = parse(VARIABLE, url, options)
    if address.user is not None:
        raise address.wrong("a URL of Pinecone has no user and no password; the key goes into PINECONE_API_KEY")
    if not address.place:
        raise address.wrong("expected the name of an index: pinecone://INDEX?host=…")
    if not api_key:
        raise Misconfigured(
            f"{VARIABLE} asks for Pinecone, and PINECONE_API_KEY is not set: give it the project's key."
        )
    if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
        raise Misconfigured("PINECONE_API_KEY is no key: it has characters that cannot be sent.")
    return IndexAddress(
        name=address.place,
        key=api_key,
        host=_safe(address, "host"),
        control=_safe(address, "control"),
        create=address.allowed(default=False),
        cloud=address.options.get("cloud", IndexAddress.cloud),
        region=address.options.get("region", IndexAddress.region),
    )


def _safe(address: Address, option: str) -> str | None:
    """A host to which the key may be sent: in clear only if it is this machine."""
    host = address.options.get(option)
    if host is None:
        return None
    scheme, separator, rest = host.rpartition("://")
    name = rest.partition("/")[0].rpartition(":")[0] or rest
    if (separator and scheme not in {"http", "https"}) or (scheme == "http" and name not in _LOOPBACK):
        raise address.wrong(f"{option} has to be reached by https: the key is sent along")
    if "." not in rest and name not in _LOOPBACK:
        raise address.wrong(f"{option} is no host: expected the one that Pinecone shows beside the index")
    return host


_LOOPBACK: Final = {"127.0.0.1", "localhost"}


class PineconeVectors(HybridVectors):
    """The vectors of one organisation in an index that others may share."""

    engine = ENGINE

    def __init__(
        self, database: Database, org: str, embedder: Embedder, index: PineconeIndex, *, patience: float = 5.0
    ) -> None:
        """Bind the store to one organisation, one embedder and one index; nothing is read or written.

        Args:
            database: where its texts are.
            org: whose rows it sees.
            embedder: what makes vectors of texts; its length must be the index's.
            index: where the vectors are.
            patience: seconds that whoever waits for everything waits for Pinecone to show it.
        """
        super().__init__(database, org, embedder)
        self._index = index
        self.patience = patience
        self.place = f"pinecone:{index.address.name}@{index.address.host or ''}"

    def _namespace(self, namespace: str) -> str:
        return f"{self.org}.{namespace}"

    async def hold(self, connection: Connection, texts: Sequence[tuple[Text, Sequence[float]]]) -> None:
        """Put these vectors, as many at once as Pinecone takes."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def put(namespace: str, vectors: Sequence[Mapping[str, Any]]) -> tuple[str, int | None]:
            async def upsert(index: AsyncIndex) -> UpsertResponse:
                return await index.upsert(vectors=vectors, namespace=self._namespace(namespace))

            async with turns:
                return namespace, _number(await self._index.asked("take vectors", _WRITE_SECONDS, upsert))

        requests = [
            put(namespace, vectors)
            for namespace in NAMESPACES
            for vectors in self._requests([pair for pair in texts if pair[0].namespace == namespace])
        ]
        # All of them end before this does: none may arrive once somebody else puts vectors.
        for answer in await asyncio.gather(*requests, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
            namespace, number = answer
            if number is not None:
                await connection.execute(_SQL["written"], self.org, namespace, number)

    def _requests(self, texts: Sequence[tuple[Text, Sequence[float]]]) -> Iterator[list[dict[str, Any]]]:
        """The vectors of one namespace in portions of as many, and of as many bytes, as one upsert may have."""
        portion: list[dict[str, Any]] = []
        size = 0
        for text, vector in texts:
            about = {"id": text.id, "embedder": self._embedder.name, "home": self.home}
            about |= {field: text.metadata[field] for field in _FILTERED if text.metadata.get(field)}
            while len(json.dumps(about)) > LIMITS.metadata_bytes:  # the id alone is what a search cannot do without
                about.popitem()
            one = {
                "id": vector_id(text.id),
                "values": [round(number, _PLACES) for number in vector],
                "metadata": about,
            }
            bytes_ = len(vector) * _NUMBER_BYTES + len(json.dumps(about)) + LIMITS.id_characters
            if portion and (len(portion) == LIMITS.upsert_vectors or size + bytes_ > LIMITS.upsert_bytes):
                yield portion
                portion, size = [], 0
            portion.append(one)
            size += bytes_
        if portion:
            yield portion

    async def let_go(self, connection: Connection, namespace: str, ids: Sequence[str]) -> None:
        """Forget the vectors of texts that are gone. Nobody waits to see that: without a text, none of them counts."""
        del connection
        for first in range(0, len(ids), LIMITS.delete_ids):
            await self._delete(namespace, [vector_id(id_) for id_ in ids[first : first + LIMITS.delete_ids]])

    async def begin_anew(self, connection: Connection) -> None:
        """Empty both namespaces of the organisation, unless they are those of another database.

        Raises:
            StoreUnavailable: they hold what another database put there.
        """
        del connection
        for namespace in NAMESPACES:
            home = await self._home_of(namespace)
            if home not in {None, self.home}:
                raise StoreUnavailable(
                    "vectors",
                    f"the namespace {self._namespace(namespace)} of the index {self._index.address.name!r} holds "
                    "vectors of another installation. Give this one an ENGINTEL_ORG or an index of its own, or delete "
                    "that namespace at Pinecone",
                )
            await self._delete(namespace, None)

    async def _home_of(self, namespace: str) -> str | None:
        """Of which database any vector of a namespace is; None if there is none."""
        probe = [1.0, *[0.0] * (self.dimension - 1)]

        async def query(index: AsyncIndex) -> QueryResponse:
            named = self._namespace(namespace)
            return await index.query(vector=probe, top_k=1, namespace=named, include_metadata=True)

        answer = await self._index.asked("search", _SEARCH_SECONDS, query)
        return next((str((match.metadata or {}).get("home", "")) for match in answer.matches), None)

    async def _delete(self, namespace: str, ids: list[str] | None) -> None:
        """Delete these ids, or all there are. A namespace that nothing was ever put into is none."""

        async def delete(index: AsyncIndex) -> None:
            try:
                await index.delete(namespace=self._namespace(namespace), ids=ids, delete_all=ids is None)
            except NotFoundError as error:
                if "namespace" not in error.message.lower():
                    raise

        await self._index.asked("forget vectors", _WRITE_SECONDS, delete)

    async def measure(
        self, namespace: str, vector: Sequence[float], having: Sequence[Mapping[str, str]] | None,
        worded: Collection[str], many: int,
    ) -> Mapping[str, float]:  # fmt: skip
        """How close the nearest texts are, and those in `worded`: two questions, put side by side."""
        ours: list[dict[str, Any]] = [{"embedder": {"$eq": self._embedder.name}}]
        near = [*ours, *([_any_of(having)] if having else [])]
        questions = [self._closest(namespace, vector, near, min(many, LIMITS.top_k))]
        if worded:
            named = sorted(worded)[: LIMITS.in_values]
            questions.append(self._closest(namespace, vector, [*ours, {"id": {"$in": named}}], len(named)))
        found: dict[str, float] = {}
        for likeness in await asyncio.gather(*questions):
            found |= likeness
        return found

    async def _closest(
        self, namespace: str, vector: Sequence[float], conditions: Sequence[Mapping[str, Any]], many: int
    ) -> Mapping[str, float]:
        answer = await self._index.asked(
            "search",
            _SEARCH_SECONDS,
            lambda index: index.query(
                vector=list(vector),
                top_k=many,
                namespace=self._namespace(namespace),
                filter={"$and": list(conditions)} if len(conditions) > 1 else dict(conditions[0]),
                include_metadata=True,
            ),
        )
        return {str(match.metadata["id"]): match.score for match in answer.matches if match.metadata}

    async def tidy(self, *, ends: float | None) -> None:
        """Look whether what was written can be seen; whoever waits for everything waits for that, but not for ever."""
        until = time.monotonic() + self.patience
        while await self._look_for_writes():
            if ends is not None or time.monotonic() + _LOOK > until:
                return
            await asyncio.sleep(_LOOK)

    async def _look_for_writes(self) -> Sequence[str]:
        """The namespaces that do not show what was written last."""
        waiting = await self._unshown()
        for namespace in waiting:
            number = await self._shown(namespace)
            if number is not None:
                async with self.database.session(self.org) as connection:
                    await connection.execute(_SQL["shown"], self.org, namespace, number)
        return await self._unshown() if waiting else ()

    async def _unshown(self) -> Sequence[str]:
        async with self.database.session(self.org, readonly=True) as connection:
            return [row["namespace"] for row in await connection.fetch(_SQL["unshown"], self.org)]

    async def _shown(self, namespace: str) -> int | None:
        """Up to which write a namespace shows them."""
        probe = [1.0, *[0.0] * (self.dimension - 1)]

        async def query(index: AsyncIndex) -> QueryResponse:
            return await index.query(vector=probe, top_k=1, namespace=self._namespace(namespace))

        answer = await self._index.asked("search", _SEARCH_SECONDS, query)
        return answer.response_info.lsn_reconciled if answer.response_info else None

    async def inspect(self) -> Inspection:
        """Ask the index what it is, whether that suits the embedder, and whether it has what was put there."""
        shape = await self._index.shape()
        self._check(shape)
        for namespace in NAMESPACES:
            if gone := await self.gone(namespace):
                raise Misconfigured(f"The vectors store lacks something: {gone}.")
        return Inspection(
            engine=ENGINE,
            version=f"{shape.dimension} numbers, {shape.metric or METRIC}",
            endpoint=self._index.endpoint,
        )

    async def gone(self, namespace: str) -> str:
        """What to say of a namespace that is not there although all its vectors were put, and were seen."""
        async with self.database.session(self.org, readonly=True) as connection:
            were = await connection.fetchval(_SQL["were_shown"], self.org, namespace, self._aim)
        if not were or await self._home_of(namespace) is not None:
            return ""
        return (
            f"Pinecone's index {self._index.address.name!r} has no namespace {self._namespace(namespace)} any more. "
            "`engintel replay --store vectors` fills it again"
        )

    async def migrate(self) -> Sequence[str]:
        """Create the index, if it is not there and may be; look whether it will do."""
        done: list[str] = []
        if self._index.address.create and await self._index.create(self._embedder.dimension):
            done.append(f"created the index {self._index.address.name} of Pinecone")
        self._check(await self._index.shape())
        return done

    def _check(self, shape: Shape) -> None:
        name = self._index.address.name
        if shape.dimension is not None and shape.dimension != self._embedder.dimension:
            raise Misconfigured(
                f"The index {name!r} of Pinecone holds vectors of {shape.dimension} numbers, and ENGINTEL_EMBEDDER "
                f"({self._embedder.name}) makes {self._embedder.dimension}: name another index in {VARIABLE}, or ask "
                f"the model for as many (openai:MODEL@{shape.dimension})."
            )
        if shape.metric is not None and shape.metric != METRIC:
            raise Misconfigured(
                f"The index {name!r} of Pinecone compares by {shape.metric}: expected {METRIC}. Name another index in "
                f"{VARIABLE}; with create=yes `engintel migrate` creates it."
            )

    async def tally(self) -> Mapping[str, int]:
        """How many vectors Pinecone has of the organisation, by namespace. It counts late."""
        stats = await self._index.asked("count", _SEARCH_SECONDS, lambda index: index.describe_index_stats())
        held = {namespace: stats.namespaces.get(self._namespace(namespace)) for namespace in NAMESPACES}
        return {namespace: summary.vector_count for namespace, summary in held.items() if summary is not None}


def _number(answer: UpsertResponse) -> int | None:
    """The number of a write; None where Pinecone numbers none."""
    return answer.response_info.lsn_committed if answer.response_info else None


def vector_id(id_: str) -> str:
    """What a text's vector is called: as the text, where Pinecone can call it so."""
    if id_.isascii() and id_.isprintable() and len(id_) <= LIMITS.id_characters and not id_.startswith("~"):
        return id_
    return f"~{hashlib.sha256(id_.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _any_of(having: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """A filter for texts that have one of these combinations of metadata."""
    fields = {field for one in having for field in one}
    if len(fields) == 1:
        [field] = fields
        return {field: {"$in": [one[field] for one in having]}}
    return {"$or": [{"$and": [{field: {"$eq": value}} for field, value in one.items()]} for one in having]}
