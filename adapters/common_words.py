"""Words that so many texts have that they tell nothing apart: what is common stays so, and is not counted each time."""

import time
from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

_FOR: Final = 600.0
"""Seconds for which a word that is common is taken to be."""

Word = TypeVar("Word", bound=Hashable)


class CommonWords(Generic[Word]):
    """The words that were found to be common lately."""

    def __init__(self) -> None:
        """None is known yet."""
        self._until: dict[Word, float] = {}

    def among(self, words: Iterable[Word]) -> set[Word]:
        """Those of `words` that are known to be common."""
        now = time.monotonic()
        return {word for word in words if self._until.get(word, 0.0) > now}

    def learn(self, words: Iterable[Word]) -> None:
        """These are common, from now on for a while."""
        self._until |= dict.fromkeys(words, time.monotonic() + _FOR)
