"""Vectors from OpenAI, or from whatever speaks as OpenAI does (`OPENAI_BASE_URL`)."""

import asyncio
import logging
import math
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    omit,
)

from adapters.embedders.models import may_be_shorter
from domain.errors import StoreUnavailable

INPUTS: Final = 2_048
"""Texts of one request (https://platform.openai.com/docs/api-reference/embeddings/create)."""
REQUEST_TOKENS: Final = 300_000
"""Tokens of one request, all texts together."""
INPUT_TOKENS: Final = 8_192
"""Tokens of one text."""
_ENGLISH: Final = 3.0
"""Characters of a token, at the least, where code and English are written: four on the average."""
_OTHERS: Final = 0.6
"""Characters of a token, at the least, in other scripts."""
_ATTEMPTS: Final = 4
_SECONDS: Final = 60.0
"""For one attempt of one request."""
_ALL_SECONDS: Final = 90.0
"""For one request, attempts and pauses included."""
_HURRIED_SECONDS: Final = 1.5
_AT_ONCE: Final = 4
_CUTS: Final = 4
"""How often a text that is still too long is cut in half."""

logger = logging.getLogger(__name__)


class OpenAIEmbedder:
    """Vectors of a model; see `domain.ports.Embedder`."""

    lexical = False

    def __init__(self, api_key: str | None, base_url: str | None = None, *, model: str, dimension: int) -> None:
        """Name the model; nothing is asked.

        Args:
            api_key: of the account; servers of one's own may want none.
            base_url: where the API is; None for OpenAI's.
            model: which one.
            dimension: the length of its vectors.
        """
        self.dimension = dimension
        self._model = model
        self._at = urlsplit(base_url).netloc.rpartition("@")[2] if base_url else ""
        self.name = f"openai:{model}@{dimension}" + (f" at {self._at}" if self._at else "")
        self._api_key = api_key
        self._base_url = base_url
        self._made: AsyncOpenAI | None = None
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._made is not None:
            await self._made.close()
            self._made = None

    @property
    def _client(self) -> AsyncOpenAI:
        if self._made is None:
            self._made = AsyncOpenAI(
                api_key=self._api_key or "none", base_url=self._base_url, max_retries=_ATTEMPTS - 1, timeout=_SECONDS
            )
        return self._made

    async def embed(self, texts: Sequence[str], *, hurried: bool = False) -> Sequence[Sequence[float]]:
        """A unit vector for each text. A text that is too long is cut; an empty one gives the same arbitrary vector."""
        whole = [" ".join(text.split("\x00")) for text in texts]
        said = {text: cut(text) for text in whole if text.strip()}
        if shortened := sum(len(text) < len(full) for full, text in said.items()):
            logger.info("%d texts are longer than %s reads: what stands at their end is left out", shortened, self.name)
        wanted = list(said)
        requests = list(portions([said[text] for text in wanted]))
        answers = await asyncio.gather(
            *(self._portion(portion, hurried=hurried) for portion in requests), return_exceptions=True
        )
        vectors: list[Sequence[float]] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            vectors += answer
        known = dict(zip(wanted, vectors, strict=True))
        nothing = [1.0, *[0.0] * (self.dimension - 1)]
        return [known.get(text, nothing) for text in whole]

    async def _portion(self, texts: Sequence[str], *, hurried: bool) -> Sequence[Sequence[float]]:
        """The vectors of as many texts as one request may have. Where one of them is too long still, it is found."""
        try:
            return await self._asked(texts, hurried=hurried)
        except _TooLong:
            if len(texts) > 1:
                half = len(texts) // 2
                first = await self._portion(texts[:half], hurried=hurried)
                return [*first, *await self._portion(texts[half:], hurried=hurried)]
        text = texts[0]
        for _ in range(_CUTS):
            text = text[: len(text) // 2]
            try:
                return await self._asked([text], hurried=hurried)
            except _TooLong:
                continue
        raise StoreUnavailable("embedder", f"{self.name} reads no text of {len(text)} characters")

    async def _asked(self, texts: Sequence[str], *, hurried: bool) -> Sequence[Sequence[float]]:
        client = self._client.with_options(timeout=_HURRIED_SECONDS, max_retries=0) if hurried else self._client
        shorter = may_be_shorter(self._model)
        try:
            async with self._turns, asyncio.timeout(_HURRIED_SECONDS if hurried else _ALL_SECONDS):
                answer = await client.embeddings.create(
                    input=list(texts), model=self._model, dimensions=self.dimension if shorter else omit
                )
        except (APIError, TimeoutError) as error:
            if isinstance(error, BadRequestError) and any(word in error.message.lower() for word in _TOO_LONG):
                raise _TooLong from error
            raise StoreUnavailable("embedder", f"{self.name}: {self._reason(error)}") from error
        vectors = [found.embedding for found in sorted(answer.data, key=lambda found: found.index)]
        wrong = next((len(vector) for vector in vectors if len(vector) != self.dimension), None)
        if wrong is not None or len(vectors) != len(texts):
            told = f"openai:{self._model}@{wrong}" if wrong else "another model"
            raise StoreUnavailable(
                "embedder",
                f"{self.name} gives {len(vectors)} vectors of {wrong or self.dimension} numbers for {len(texts)} "
                f"texts: expected {self.dimension}. Set ENGINTEL_EMBEDDER={told}",
            )
        return [unit(vector) for vector in vectors]

    def _reason(self, error: Exception) -> str:
        """What an error means, and what to do about it. Its own text quotes keys and texts, and is not told."""
        match error:
            case AuthenticationError() | PermissionDeniedError():
                why = "the key is not accepted, or may not use the model. Check OPENAI_API_KEY"
            case NotFoundError():
                why = f"there is no model {self._model!r}. Check ENGINTEL_EMBEDDER and OPENAI_BASE_URL"
            case RateLimitError(code="insufficient_quota"):
                why = "the account has no credit left (429). Add some, or unset ENGINTEL_EMBEDDER to search by words"
            case RateLimitError():
                why = "it takes no more requests for now (429). Nothing need be done, or a higher limit helps"
            case BadRequestError(param="dimensions"):
                why = f"the model does not give vectors of {self.dimension} numbers. Check ENGINTEL_EMBEDDER"
            case APITimeoutError() | TimeoutError():
                why = "it does not answer in time"
            case APIStatusError():
                why = f"it answers with status {error.status_code}"
            case APIConnectionError():
                why = f"it cannot be reached at {self._at or 'OpenAI'}. Check OPENAI_BASE_URL and the network"
            case _:
                why = type(error).__name__
        return why


class _TooLong(Exception):
    """A text has more tokens than the model reads."""


_TOO_LONG: Final = (
    "maximum context length",
    "too long",
    "maximum input length",
    "input length exceeds",
    "too many tokens",
)


def tokens(text: str) -> int:
    """How many tokens a text has, at most, without the model's own way of counting."""
    ascii_ = sum(map(str.isascii, text)) if not text.isascii() else len(text)
    return math.ceil(ascii_ / _ENGLISH + (len(text) - ascii_) / _OTHERS)


def cut(text: str) -> str:
    """As much of the beginning of `text` as a model reads."""
    while (there := tokens(text)) > INPUT_TOKENS:
        text = text[: len(text) * INPUT_TOKENS // there]
    return text


def portions(texts: Sequence[str]) -> Iterator[list[str]]:
    """`texts` in order, as many at once as one request may have."""
    portion: list[str] = []
    whole = 0
    for text in texts:
        there = tokens(text)
        if portion and (len(portion) == INPUTS or whole + there > REQUEST_TOKENS):
            yield portion
            portion, whole = [], 0
        portion.append(text)
        whole += there
    if portion:
        yield portion


def unit(vector: Sequence[float]) -> list[float]:
    """`vector` with length 1; an arbitrary one in place of none."""
    length = math.sqrt(math.fsum(value * value for value in vector))
    if not length or not math.isfinite(length):
        return [1.0, *[0.0] * (len(vector) - 1)]
    return [value / length for value in vector]
