"""A stand-in for OpenAI's embeddings on loopback, which the vendor's own client talks to.

Its vectors are of words, and the same for the same text: two texts that share words are close. It counts tokens as a
quarter of the characters. It refuses what OpenAI refuses: other keys, models that there are not, empty texts, too many
texts or tokens, lengths that a model does not give.
"""

import base64
import json
import math
import random
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.engines.pinecone import Trouble
from tests.engines.serving import JsonFace, served

KEY = "sk-a-key-for-tests"
_MODELS = {"text-embedding-3-small": 1_536, "text-embedding-3-large": 3_072, "text-embedding-ada-002": 1_536, "own": 8}


@dataclass
class OpenAI:
    """The stand-in, and what it is told to do wrong."""

    url: str
    troubles: list[Trouble] = field(default_factory=list)
    inputs: list[Sequence[str]] = field(default_factory=list)
    """The texts of every request that was answered, in order."""
    answers: int | None = None
    """How many requests are answered before all others fail; None for all."""
    longest: int = 8_192
    """Tokens of a text."""

    def mend(self) -> None:
        """Let nothing be wrong any more, and forget what was asked."""
        self.troubles.clear()
        self.inputs.clear()
        self.answers = None
        self.longest = 8_192

    def fail_after(self, answers: int | None) -> None:
        """Refuse every request after so many; None to refuse none."""
        self.answers = answers

    @property
    def texts(self) -> list[str]:
        """Every text that was paid for."""
        return [text for texts in self.inputs for text in texts]


def vector_of(text: str, dimension: int) -> list[float]:
    """The vector of a text: the sum of those of its words."""
    whole = [0.0] * dimension
    for word in text.lower().split() or [text]:
        luck = random.Random(zlib.crc32(word.strip(".,?!#").encode()))
        for place in range(min(dimension, 16)):
            whole[luck.randrange(dimension) if dimension > 16 else place] += luck.uniform(-1, 1)
    length = math.sqrt(sum(value * value for value in whole)) or 1.0
    return [value / length for value in whole]


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": param}}


class _Face(JsonFace):
    openai: OpenAI

    def answer(self) -> None:
        """Give the vectors of the texts."""
        body = json.loads(self.body())
        told = {"error": {"message": "as it was told", "type": "server_error", "code": None, "param": None}}
        if self.openai.answers is not None and len(self.openai.inputs) >= self.openai.answers:
            return self.send(400, told)
        for trouble in self.openai.troubles:
            if trouble.times:
                trouble.times -= 1
                return self.send(trouble.status, told, trouble.headers)
        try:
            return self.send(200, self._embedded(body))
        except _Refused as refused:
            return self.send(refused.status, refused.body)

    def _embedded(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            shown = self.headers.get("Authorization", "")[-4:]
            raise _Refused(401, f"Incorrect API key provided: ***{shown}", "invalid_api_key")
        model, texts = body["model"], body["input"]
        if model not in _MODELS:
            raise _Refused(404, f"The model `{model}` does not exist", "model_not_found")
        dimension = body.get("dimensions", _MODELS[model])
        if dimension != _MODELS[model] and (not model.startswith("text-embedding-3") or dimension > _MODELS[model]):
            raise _Refused(400, "This model does not support specifying dimensions.", param="dimensions")
        if not texts or len(texts) > 2_048 or "" in texts:
            raise _Refused(400, "'$.input' is invalid.", param="input")
        counts = [math.ceil(len(text) / 4) for text in texts]
        if max(counts) > self.openai.longest:
            raise _Refused(400, f"This model's maximum context length is {self.openai.longest} tokens.")
        if sum(counts) > 300_000:
            raise _Refused(400, "Requested too many tokens: max 300000 tokens per request", "max_tokens_per_request")
        self.openai.inputs.append(texts)
        vectors = [vector_of(text, dimension) for text in texts]
        coded: list[Any] = list(vectors)
        if body.get("encoding_format") == "base64":
            coded = [base64.b64encode(struct.pack(f"<{dimension}f", *vector)).decode() for vector in vectors]
        found = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(coded)]
        # Nobody promises that they come in order.
        usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
        return {"object": "list", "model": model, "data": found[::-1], "usage": usage}


@contextmanager
def running() -> Iterator[OpenAI]:
    """The stand-in, in threads of its own; it is stopped at the end."""
    openai = OpenAI("")
    with served(type("Face", (_Face,), {"openai": openai})) as url:
        openai.url = f"{url}/v1"
        yield openai
