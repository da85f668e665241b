"""Finding a thing by what a person calls it: exact names first, then what merely looks alike."""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Literal

from domain.frozen import Frozen
from domain.text import slug

Kind = Literal["person", "project", "team", "document", "issue", "pull_request"]

LIKENESS: Final = 0.25
"""Share of three-letter pieces that two texts must have in common to be called alike: two swapped letters still are
(pg_trgm's default, 0.3, misses them in short names)."""

WORTH_DIGITS: Final = 12


class Found(Frozen):
    """Something that goes by, or nearly by, the text that was looked for. `why` says what matched."""

    kind: Kind
    id: str
    name: str
    why: str
    score: float = 1.0

    @property
    def label(self) -> str:
        """How errors and lists name it."""
        return f"{self.name} ({self.id})" if self.name != self.id else self.id


def trigrams(text: str) -> frozenset[str]:
    """The three-letter pieces of every word, as pg_trgm defines them: two fillers before a word, one after.

    Letters without a Latin form stay as they are, so that names in other scripts can be found too.
    """
    words = re.split(r"[\W_]+", re.sub("['\u2019]", "", unicodedata.normalize("NFC", text.lower())))
    padded = [f"__{slug(word) or word}_" for word in words if word]
    return frozenset(word[i : i + 3] for word in padded for i in range(len(word) - 2))


def likeness(left: frozenset[str], right: frozenset[str]) -> float:
    """Shared pieces over all pieces, 0..1."""
    union = left | right
    return len(left & right) / len(union) if union else 0.0


def best(found: Iterable[Found], limit: int) -> list[Found]:
    """The `limit` best of `found`, each thing once, in an order that does not change from call to call."""
    kept: dict[tuple[str, str], Found] = {}
    for item in found:
        known = kept.get((item.kind, item.id))
        if known is None or item.score > known.score:
            kept[item.kind, item.id] = item
    return sorted(kept.values(), key=lambda f: (-f.score, f.kind, f.name.lower(), f.id))[:limit]


def word_weights(counts: Mapping[str, int], common: int) -> dict[str, float]:
    """What each word of a question is worth, adding up to 1: the rarer the more, as in BM25.

    A word that nothing has is worth as much as a rare one, so that a text of which little is found scores low. Worths
    have `WORTH_DIGITS` digits, so that adding them up gives the same in any order.

    Args:
        counts: by word, how many texts have it; counting may have stopped at `common`.
        common: a word in so many texts or more tells nothing apart, and is left out if any rarer one is there.
    """
    rare = {word: n for word, n in counts.items() if n < common} or counts
    worth = {word: math.log(1 + common / (1 + n)) for word, n in rare.items()}
    whole = sum(worth.values())
    shares = {word: round(weight / whole, WORTH_DIGITS) for word, weight in worth.items()}
    if shares:  # what rounding took or added
        first = max(shares, key=lambda word: (shares[word], word))
        shares[first] = round(shares[first] + 1 - math.fsum(shares.values()), WORTH_DIGITS)
    return shares
