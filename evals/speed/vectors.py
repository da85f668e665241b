"""How fast texts are found among many, and how many of the nearest are missed: 100,000 profiles, 5,000 documents.

The texts are put where the program keeps them, past it; it makes their vectors and finds them. The nearest are told by
PostgreSQL itself as the program asks it, and once more by comparing all, which misses none.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import mean
from typing import Any, Final

import asyncpg
from mcp import Client

from evals.speed.webhooks import receiving

_PROFILES: Final = 100_000
_DOCUMENTS: Final = 5_000
_PASSAGES: Final = 6
_QUESTIONS: Final = 200
_EXACTLY: Final = 40
"""Questions whose answer is compared with the exact one."""
_TOP: Final = 10
_AT_ONCE: Final = 5_000
_WORDS: Final = 6_000
_PATIENCE: Final = 3_600.0

_PUT: Final = """
WITH put AS (INSERT INTO texts (org, namespace, id, text, metadata)
             SELECT 'default', $1, * FROM unnest($2::text[], $3::text[], $4::jsonb[]) RETURNING org, namespace, id)
INSERT INTO texts_owed (org, namespace, id) SELECT org, namespace, id FROM put
"""
_LEFT: Final = """
SELECT (SELECT count(*) FROM texts_owed) AS owed, (SELECT count(*) FROM embeddings WHERE NOT settled) AS unsettled
"""
_NEAR: Final = "SELECT id FROM near('developer_profiles', $1, $2::text::vector, 100) LIMIT $3"
_EXACT: Final = """
SELECT id FROM embeddings WHERE namespace = 'developer_profiles' AND embedder = $1
ORDER BY (embedding <=> $2::text::vector) + 0, id LIMIT $3
"""
_ASKED: Final = "SELECT embedder, embedding::text AS vector FROM embeddings WHERE namespace = 'questions' ORDER BY id"


class Language:
    """Made-up texts of made-up words: few that everybody uses, many that are rare, and a field that somebody is in."""

    def __init__(self, seed: int = 7) -> None:
        """Make up the words.

        Args:
            seed: the same one gives the same texts.
        """
        self.luck = random.Random(seed)  # noqa: S311 - nothing secret
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "ist")]
        self._words = ["".join(self.luck.choices(syllables, k=self.luck.randint(2, 4))) for _ in range(_WORDS)]
        self._often = [1 / (rank + 3) for rank in range(_WORDS)]

    def text(self, field: int, words: int) -> str:
        """So many words of somebody who works in `field`."""
        start = field * 37 % (_WORDS - 60)
        common = self.luck.choices(self._words, self._often, k=words // 2)
        own = self.luck.choices(self._words[start : start + 60], k=words - len(common))
        return " ".join(common + own)


def measure_vectors(home: Path, *, profiles: int = _PROFILES, documents: int = _DOCUMENTS) -> list[str]:
    """Milliseconds of a search, and what share of the ten nearest it finds."""
    with receiving(home, "--workers", "1", ENGINTEL_NOW="") as port:
        return asyncio.run(_measure(home, port, profiles, documents))


async def _measure(home: Path, port: int, profiles: int, documents: int) -> list[str]:
    socket = (home / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[4]
    database = await asyncpg.connect(f"postgresql://postgres@/postgres?host={socket}")
    await database.execute("SET search_path = engintel, public")
    await database.execute("SET engintel.org = 'default'")
    await database.execute("SET hnsw.iterative_scan = strict_order")
    language = Language()
    try:
        await _put(database, language, profiles, documents)
        began = time.monotonic()
        await _until_settled(database)
        made = time.monotonic() - began
        await database.execute("VACUUM (ANALYZE) texts, embeddings")
        # As whoever answers does: with row-level security, and nothing to go round it.
        await database.execute("SET ROLE engintel_app")
        near, recall = await _near(database)
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            people = await _timed(
                lambda n: client.call_tool("find_developers", {"requirement": language.text(n, 6)}), _QUESTIONS
            )
            passages = await _timed(
                lambda n: client.call_tool("search_docs", {"query": language.text(n, 6)}), _QUESTIONS
            )
    finally:
        with suppress(OSError):
            await database.close()
    return [
        f"vectors of {profiles} profiles and {documents * _PASSAGES} passages made in {made:.0f} s",
        f"  nearest of {profiles} profiles    p50 {near[0]:6.1f} ms   p95 {near[1]:6.1f} ms   (recall@10 {recall:.4f})",
        f"  find_developers            p50 {people[0]:6.1f} ms   p95 {people[1]:6.1f} ms",
        f"  search_docs                p50 {passages[0]:6.1f} ms   p95 {passages[1]:6.1f} ms",
    ]


async def _put(database: "asyncpg.Connection[Any]", language: Language, profiles: int, documents: int) -> None:
    for first in range(0, profiles, _AT_ONCE):
        numbers = range(first, min(profiles, first + _AT_ONCE))
        texts = [language.text(number, 120) for number in numbers]
        ids = [f"git:p{number}@made-up.example" for number in numbers]
        about = [f'{{"account": "{id_}"}}' for id_ in ids]
        await database.execute(_PUT, "developer_profiles", ids, texts, about)
    # Questions are texts here, so that the program makes their vectors, too.
    asked = [language.text(number * 13, 6) for number in range(_QUESTIONS)]
    await database.execute(_PUT, "questions", [f"q{n:03}" for n in range(_QUESTIONS)], asked, ["{}"] * _QUESTIONS)
    for first in range(0, documents, _AT_ONCE // _PASSAGES):
        places = [
            (number, index)
            for number in range(first, min(documents, first + _AT_ONCE // _PASSAGES))
            for index in range(_PASSAGES)
        ]
        texts = [language.text(number % 200, 150) for number, _ in places]
        ids = [f"doc{number}#{index}" for number, index in places]
        about = [
            f'{{"doc_id": "doc{number}", "title": "{language.text(number % 200, 4)}", "source": "git", '
            f'"project": "git:service-{number % 50}", "url": "", "heading": ""}}'
            for number, _ in places
        ]
        await database.execute(_PUT, "project_docs", ids, texts, about)


async def _until_settled(database: "asyncpg.Connection[Any]") -> None:
    """Wait until every text has its vector, and nothing more is taken into the graph."""
    ends, before, same = time.monotonic() + _PATIENCE, -1, 0
    while time.monotonic() < ends and same < 3:  # noqa: PLR2004 - looks in a row
        await asyncio.sleep(2)
        left = await database.fetchrow(_LEFT)
        assert left is not None
        same = same + 1 if left["owed"] == 0 and left["unsettled"] == before else 0
        before = left["unsettled"]


async def _near(database: "asyncpg.Connection[Any]") -> tuple[tuple[float, float], float]:
    """Milliseconds to the nearest profiles of a question, and the share of them that was found."""
    asked = [(row["embedder"], row["vector"]) for row in await database.fetch(_ASKED)]
    found: list[list[str]] = []

    async def ask(number: int) -> None:
        found.append([row["id"] for row in await database.fetch(_NEAR, *asked[number], _TOP)])

    took = await _timed(ask, _QUESTIONS)
    shares = []
    for number in range(_EXACTLY):
        exact = {row["id"] for row in await database.fetch(_EXACT, *asked[number], _TOP)}
        shares.append(len(exact & set(found[number])) / len(exact))
    return took, mean(shares)


async def _timed(ask: Callable[[int], Awaitable[object]], times: int) -> tuple[float, float]:
    """The median and the 95th percentile, in milliseconds."""
    took: list[float] = []
    for number in range(times):
        began = time.perf_counter()
        await ask(number)
        took.append((time.perf_counter() - began) * 1_000)
    return _quantile(took, 0.5), _quantile(took, 0.95)


def _quantile(numbers: Sequence[float], share: float) -> float:
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * share))]


def main() -> None:
    """Measure this alone: `python -m evals.speed.vectors [PROFILES [DOCUMENTS]]`."""
    import sys  # noqa: PLC0415 - for this alone

    from evals.speed.program import temporary_home  # noqa: PLC0415 - as above

    profiles, documents = (*map(int, sys.argv[1:]), *(_PROFILES, _DOCUMENTS)[len(sys.argv) - 1 :])
    with temporary_home() as home:
        home.mkdir(mode=0o711)
        print("\n".join(measure_vectors(home, profiles=profiles, documents=documents)))


if __name__ == "__main__":
    main()
