"""One index of Pinecone: where it is, what it takes at once, and what its errors mean."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar

from pinecone import AsyncIndex, AsyncPinecone
from pinecone.errors.exceptions import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    PineconeConnectionError,
    PineconeError,
    RateLimitError,
    UnauthorizedError,
)

from domain.errors import StoreUnavailable

Answer = TypeVar("Answer")

METRIC: Final = "cosine"
ENGINE: Final = "Pinecone"


@dataclass(frozen=True)
class Capabilities:
    """What the vendor takes (https://docs.pinecone.io/reference/api/database-limits, `Operation limits`)."""

    upsert_vectors: int = 1_000
    """Vectors of one upsert."""
    upsert_bytes: int = 2 * 1024 * 1024
    """Bytes of one upsert, vectors and metadata together."""
    metadata_bytes: int = 40 * 1024
    """Bytes of one vector's metadata, as JSON."""
    id_characters: int = 512
    """Characters of an id, all of them ASCII (`Identifier limits`)."""
    delete_ids: int = 1_000
    """Ids of one delete."""
    top_k: int = 10_000
    """Matches of one query."""
    in_values: int = 10_000
    """Values of one `$in`."""


LIMITS: Final = Capabilities()


@dataclass(frozen=True)
class IndexAddress:
    """Which index, and what may be done to have it.

    Shape:
        name: the index's, in the project that the key belongs to.
        key: of the project.
        host: of the index; None to ask the control plane for it.
        control: of the control plane; None for Pinecone's own.
        create: whether it may be created, and where: `cloud` and `region`.
    """

    name: str
    key: str = field(repr=False)
    host: str | None = None
    control: str | None = None
    create: bool = False
    cloud: str = "aws"
    region: str = "us-east-1"


@dataclass(frozen=True)
class Shape:
    """What vectors an index holds."""

    dimension: int | None
    metric: str | None
    host: str


class PineconeIndex:
    """The clients of one index, made when they are first needed: nothing is asked before."""

    def __init__(self, address: IndexAddress, timeout: float = 20.0) -> None:
        """Say which index.

        Args:
            address: where it is.
            timeout: seconds for one attempt of one request.
        """
        self.address = address
        self._timeout = timeout
        self._index: AsyncIndex | None = None
        self._finding = asyncio.Lock()

    @property
    def endpoint(self) -> str:
        """Where it is, for people."""
        return self.address.host or f"index {self.address.name}"

    async def close(self) -> None:
        """Let go of the connections."""
        if self._index is not None:
            await self._index.close()
            self._index = None

    async def asked(self, what: str, within: float, ask: Callable[[AsyncIndex], Awaitable[Answer]]) -> Answer:
        """What the index answers.

        Args:
            what: what is done, for whoever reads the error: `search`, `upsert`.
            within: seconds for all of it, attempts and pauses included.
            ask: the request, given the client.

        Raises:
            StoreUnavailable: it did not answer, or not well; the text says what to do.
        """
        with self._translated(what):
            async with asyncio.timeout(within):
                return await ask(await self._client())

    async def _client(self) -> AsyncIndex:
        async with self._finding:
            if self._index is None:
                host = self.address.host or (await self._described()).host
                self._index = AsyncIndex(host=host, api_key=self.address.key, timeout=self._timeout)
            return self._index

    async def shape(self) -> Shape:
        """What vectors it holds.

        Raises:
            StoreUnavailable: it cannot be asked.
        """
        stats = await self.asked("describe", self._timeout, lambda index: index.describe_index_stats())
        return Shape(dimension=stats.dimension, metric=stats.metric, host=self.endpoint)

    async def _described(self) -> Shape:
        async with self._control() as control:
            model = await control.indexes.describe(self.address.name)
        return Shape(dimension=model.dimension, metric=model.metric, host=model.host or "")

    async def create(self, dimension: int) -> bool:
        """Create the index unless it is there; whether it was created.

        Raises:
            StoreUnavailable: the control plane does not answer, or refuses.
        """
        with self._translated("create"):
            async with asyncio.timeout(_CREATION), self._control() as control:
                if await control.indexes.exists(self.address.name):
                    return False
                await control.indexes.create(
                    name=self.address.name,
                    dimension=dimension,
                    metric=METRIC,
                    deployment={
                        "deployment_type": "managed",
                        "cloud": self.address.cloud,
                        "region": self.address.region,
                    },
                )
                return True

    @asynccontextmanager
    async def _control(self) -> AsyncIterator[AsyncPinecone]:
        async with AsyncPinecone(self.address.key, host=self.address.control, timeout=self._timeout) as control:
            yield control

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Turn the SDK's errors into ours. Their own text may quote a request, so that only its kind is told."""
        try:
            yield
        except (PineconeError, TimeoutError, OSError) as error:
            why = reason_of(error, self.address.name)
            raise StoreUnavailable("vectors", f"{ENGINE} cannot {what}: {why}") from error


def reason_of(error: Exception, index: str) -> str:
    """What an error of the SDK means, and what to do about it.

    Args:
        error: as it was raised.
        index: the name of the index that was asked.
    """
    match error:
        case UnauthorizedError():
            why = "it does not accept the key. Check PINECONE_API_KEY"
        case ForbiddenError():
            why = f"the key may not do that to the index {index!r}, or the project's quota is used up"
        case NotFoundError():
            why = (
                f"there is no index {index!r} in the project of this key. Check ENGINTEL_VECTORS_URL, or create it: "
                "add create=yes to the URL and run `engintel migrate`"
            )
        case RateLimitError():
            seconds = f" It asks to be left alone for {error.retry_after:g} s." if error.retry_after else ""
            why = f"it takes no more requests for now (429).{seconds} Nothing need be done, or a larger plan helps"
        case ApiError(status_code=400) if "dimension" in error.message.lower():
            why = (
                f"the index {index!r} holds vectors of another length than ENGINTEL_EMBEDDER makes. `engintel migrate` "
                "tells both: name another index, or ask the model for the length of this one (openai:MODEL@LENGTH)"
            )
        case ApiError():
            why = f"it answers with status {error.status_code}"
        case TimeoutError():
            why = "it does not answer in time. Check the host in ENGINTEL_VECTORS_URL and the network if that stays so"
        case PineconeConnectionError():
            why = "it cannot be reached. Check the host in ENGINTEL_VECTORS_URL and the network"
        case _:
            why = type(error).__name__
    return why


_CREATION: Final = 300.0
"""Seconds that a new index may take."""
