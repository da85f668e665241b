"""The default embedder, which needs no key: hashed words and letter groups.

It finds texts that use the same or similar words. It knows nothing of what words mean, and every answer that rests on
it says so.
"""

import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
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

    async def embed(self, texts: Sequence[str], *, hurried: bool = False) -> Sequence[Sequence[float]]:
        """A unit vector for each text; a text without words gives the same arbitrary one."""
        del hurried  # it never takes long
        return [_vector(text) for text in texts]


def _vector(text: str) -> list[float]:
    counts: Counter[int] = Counter()
    whole: set[int] = set()
    for word, times in Counter(slug(_CAMEL.sub(" ", text)).split("-")).items():
        itself, groups = _features(word)
        if itself is not None:
            whole.add(itself)
            counts[itself] += times
        for group in groups:
            counts[group] += times
    vector = [0.0] * DIMENSION
    for feature, count in counts.items():
        weight = (1 + math.log(count)) * (_WORD_WEIGHT if feature in whole else 1.0)
        # The sign comes from the hash too, so that two features in one place cancel out rather than add up.
        vector[feature % DIMENSION] += weight if feature & 0x8000_0000 else -weight
    norm = math.sqrt(sum(value * value for value in vector))
    if norm == 0:
        return [1.0, *[0.0] * (DIMENSION - 1)]
    return [value / norm for value in vector]


@lru_cache(maxsize=20_000)
def _features(word: str) -> tuple[int | None, tuple[int, ...]]:
    """The word and its groups of letters, each as its hash: `retryPayout` and `retry payouts` share most of theirs.

    Kept, because what people write about their work they write in few words.
    """
    if not word or word in _COMMON:
        return None, ()
    padded = f"_{word}_"
    groups = (padded[start : start + _GROUP] for start in range(max(0, len(padded) - _GROUP + 1)))
    return zlib.crc32(f"w{word}".encode()), tuple(zlib.crc32(f"g{group}".encode()) for group in groups)
