"""The default embedder, which needs no key: hashed words and letter groups.

It finds texts that use the same or similar words. It knows nothing of what words mean, and every answer that rests on
it says so.
"""

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from domain.text import slug

DIMENSION: Final = 384
_GROUP: Final = 4
_WORD_WEIGHT: Final = 2.0
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_COMMON_WORDS: Final = (
    "a an and are as at be by can do does for from has have how i if in into is it its me my not of on or our so some "
    "somebody that the their them then there these they this to us use used we what when where which who why will "
    "with would you your"
)
_COMMON: Final = frozenset(_COMMON_WORDS.split())


class LexicalEmbedder:
    """Vectors of hashed words; see `domain.ports.Embedder`."""

    name = "lexical-384-v1"
    dimension = DIMENSION
    lexical = True

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """A unit vector for each text; a text without words gives the same arbitrary one."""
        return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    vector = [0.0] * DIMENSION
    for feature, count in Counter(_features(text)).items():
        digest = zlib.crc32(feature.encode())
        weight = (1 + math.log(count)) * (_WORD_WEIGHT if feature[0] == "w" else 1.0)
        # The sign comes from the hash too, so that two features in one place cancel out rather than add up.
        vector[digest % DIMENSION] += weight if digest & 0x8000_0000 else -weight
    norm = math.sqrt(sum(value * value for value in vector))
    if norm == 0:
        return [1.0, *[0.0] * (DIMENSION - 1)]
    return [value / norm for value in vector]


def _features(text: str) -> Iterator[str]:
    """`w` and a word, `g` and a group of letters: `retryPayout` and `retry payouts` share most of theirs."""
    for word in slug(_CAMEL.sub(" ", text)).split("-"):
        if word and word not in _COMMON:
            yield f"w{word}"
            padded = f"_{word}_"
            for start in range(max(0, len(padded) - _GROUP + 1)):
                yield f"g{padded[start : start + _GROUP]}"
