"""Finding work by its words in ClickHouse: which things have the best, and then what those are.

Of a word that is common only the latest events count. Since when that is, is found by reading the word backwards, which
for a few words takes as long as all the rest; so it is remembered for a while. What came in since then makes the latest
events begin later, never earlier: reading from the remembered moment and counting anew gives the same answer.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.common_words import CommonWords
from adapters.events.clickhouse_asking import Asking, between, in_projects
from adapters.events.clickhouse_dropped import Hidden
from adapters.events.clickhouse_rows import EARLIEST
from adapters.events.rows import COMMON
from domain.lookup import WORTH_DIGITS, word_weights
from domain.ports import WorkHit
from domain.window import Window

_SURELY_COMMON: Final = COMMON * 3 // 2
"""ClickHouse's estimate of distinct things is off by 2 % at most times; at this one a word is common without doubt."""
_FOR: Final = 60.0
"""Seconds for which it is remembered since when a word's latest events were."""
_REMEMBERED: Final = 10_000
"""Words of which that is remembered."""

Place = tuple[str, tuple[str, ...] | None]
"""A word, and the projects in which it is looked for."""
Best = tuple[float, datetime, Collection[int]]
"""Of one thing: the best score, when the event was that has it, and which of that moment's events those are."""


@dataclass(frozen=True)
class _Reach:
    """Since when a word's latest events were, as it was found."""

    since: datetime
    until: datetime
    hidden: Hidden
    found_at: float


class WordSearch:
    """Finds work in one organisation's part of a ClickHouse."""

    def __init__(
        self, asking: Asking, latest: str, lexemes: Callable[[Sequence[str]], Awaitable[Sequence[Sequence[str]]]]
    ) -> None:
        """Name the part; nothing is read.

        Args:
            asking: puts the questions.
            latest: the statement that finds when the latest events of the word `$n` were.
            lexemes: what makes stems of texts.
        """
        self._asking = asking
        self._latest = latest
        self._lexemes = lexemes
        self._common = CommonWords[str]()
        self._reach: dict[Place, _Reach] = {}

    async def find(self, text: str, window: Window, projects: Collection[str] | None, limit: int) -> Sequence[WorkHit]:
        """What has words of `text`, best first; see `domain.ports.Events.find_work`."""
        words = (await self._lexemes([text]))[0]
        if not words:
            return []
        counts = await self._counts(words)
        weights = word_weights(counts, COMMON)
        where = {**between(window), **in_projects(projects)}
        reach = [EARLIEST] * len(weights)  # a word that is not common is in so few that all are read
        if min(counts.values()) >= COMMON:
            reach = await self._reach_of(list(weights), window, projects, where)
        rows = await self._asking.ask(
            "find_entities", words=list(weights), weights=list(weights.values()), reach=reach, many=COMMON,
            limit=limit, **where,
        )  # fmt: skip
        best: dict[int, Best] = {entity: (score, at, ids) for entity, score, at, ids in rows}
        hits = await self._hits(best, where) if best else []
        return sorted(hits, key=lambda hit: (-hit.score, -hit.at.timestamp(), hit.entity))[:limit]

    async def _counts(self, words: Sequence[str]) -> dict[str, int]:
        """How many events have each word, exactly where that says anything."""
        hidden, common = await self._asking.hidden(), self._common.among(words)
        if rest := [word for word in words if word not in common]:
            rows = await self._asking.ask("about_words", words=rest)
            found = {str(word) for word, n in rows if int(n) - hidden.rows >= _SURELY_COMMON}
            self._common.learn(found)
            common |= found
        doubtful = [word for word in words if word not in common]
        counted = await self._asking.ask("exact_words", words=doubtful) if doubtful else ()
        exact = {word: int(n) for word, n in counted}
        return {word: COMMON if word in common else min(exact.get(word, 0), COMMON) for word in words}

    async def _reach_of(
        self, words: Sequence[str], window: Window, projects: Collection[str] | None, where: Mapping[str, object]
    ) -> list[datetime]:
        """From when on each word is read: not after the first of those of its latest events that count."""
        hidden, now = await self._asking.hidden(), time.monotonic()
        scope = None if projects is None else tuple(sorted(projects))

        def holds(word: str) -> bool:
            known = self._reach.get((word, scope))
            return (
                known is not None
                and now < known.found_at + _FOR
                and window.until >= known.until
                and hidden == known.hidden
            )

        if new := [word for word in words if not holds(word)]:
            pieces = (self._latest.replace("$n", str(n)) for n in range(1, len(new) + 1))
            rows = await self._asking.told(" UNION ALL ".join(pieces), {"words": new, "many": COMMON, **where})
            for at, found, n in rows:
                # Of a word that has fewer here all count, also those that come in late.
                since = at if found >= COMMON else EARLIEST
                self._reach.pop((new[n - 1], scope), None)
                self._reach[new[n - 1], scope] = _Reach(since, window.until, hidden, now)
            while len(self._reach) > _REMEMBERED:
                del self._reach[next(iter(self._reach))]
        return [self._reach[word, scope].since for word in words]

    async def _hits(self, best: Mapping[int, Best], where: Mapping[str, object]) -> list[WorkHit]:
        """One a thing: its best event, of equals the latest, and of those the one whose id comes first."""
        hits: dict[str, tuple[str, WorkHit]] = {}
        for id_, id_hash, entity_hash, account, project, kind, entity, title, at in await self._asking.ask(
            "works", entities=list(best), **where
        ):
            score, when, ids = best[entity_hash]
            if at == when and id_hash in ids and (entity not in hits or id_ < hits[entity][0]):
                hits[entity] = id_, WorkHit(
                    account=account, project=project or None, type=kind, entity=entity, title=title, at=at,
                    score=round(score, WORTH_DIGITS),
                )  # fmt: skip
        return [hit for _, hit in hits.values()]
