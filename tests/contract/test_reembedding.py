"""Another embedder, or another engine: every vector is made again, none are mixed, and answers say how far that is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import pytest

from adapters.embedders.catalog import open_embedder
from adapters.postgres.database import Database
from adapters.vectors import hybrid
from adapters.vectors.hybrid import HybridVectors
from adapters.vectors.postgres import PostgresVectors
from domain.errors import Misconfigured, StoreUnavailable
from domain.ports import Batch, Embedder
from tests.contract.filling import fill
from tests.engines.openai import KEY, OpenAI
from tests.engines.pinecone import Pinecone, Trouble
from tests.engines.vectors import ENGINES, held_outside, opened
from tests.events import ADA, commit, document

OPENAI = "openai:text-embedding-3-small@384"
DOCUMENTS = tuple(document(f"{n}.md", f"Payout number {n} is tried again.", hours=n) for n in range(12))
Store = Callable[[str | None, str], Awaitable[HybridVectors]]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def stores(database: Database, org: str, pinecone: Pinecone, openai: OpenAI) -> AsyncIterator[Store]:
    """What opens the store with an embedder, in an engine."""
    async with AsyncExitStack() as stack:

        async def store(setting: str | None, engine: str) -> HybridVectors:
            embedder = await stack.enter_async_context(embedder_of(setting, database, org, openai))
            return await stack.enter_async_context(opened(engine, database, org, pinecone, embedder))

        yield store


def embedder_of(
    setting: str | None, database: Database, org: str, openai: OpenAI
) -> AbstractAsyncContextManager[Embedder]:
    return open_embedder(setting, database, org, api_key=KEY, base_url=openai.url)


async def test_another_embedder_makes_every_vector_again(stores: Store, engine: str, database: Database) -> None:
    """From the texts that are there: nothing need be read from the log again."""
    lexical = await stores(None, engine)
    await fill(lexical, *DOCUMENTS, commit("c1", ADA, title="Retry payouts"))
    semantic = await stores(OPENAI, engine)
    await semantic.finish(at_last=True)

    assert await made_by(semantic, database) == {semantic.method: 13}
    assert len((await semantic.search("project_docs", "payout", limit=20)).matches) == 12
    assert (await semantic.search("project_docs", "payout", limit=20)).notes == ()


async def made_by(store: HybridVectors, database: Database) -> dict[str, int]:
    """How many vectors there are of which embedder."""
    outside = [vector for vectors in held_outside(store).values() for vector in vectors]
    if outside or not isinstance(store, PostgresVectors):
        names = [vector.split('"embedder": "')[1].split('"')[0] for vector in outside]
        return {name: names.count(name) for name in names}
    async with database.session(store.org, readonly=True) as connection:
        rows = await connection.fetch("SELECT embedder, count(*) AS n FROM embeddings GROUP BY embedder")
    return {row["embedder"]: row["n"] for row in rows}


async def test_while_vectors_are_made_answers_rest_on_the_new_ones_and_on_words(
    stores: Store, engine: str, openai: OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how far it is; what has no vector yet is found by its words; nothing of the old embedder counts."""
    lexical = await stores(None, engine)
    await fill(lexical, *DOCUMENTS)
    semantic = await stores(OPENAI, engine)
    monkeypatch.setattr(hybrid, "_PORTION", 5)
    openai.fail_after(1)
    with pytest.raises(StoreUnavailable):
        await semantic.finish()
    openai.fail_after(None)

    found = await semantic.search("project_docs", "payout number", limit=20)

    assert len(found.matches) == 12
    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"Vectors of {semantic.method} are being made: 5 of 12 texts have one, ")
    assert (await semantic.standing()).unseen_since is not None


async def test_before_anything_is_made_again_nothing_of_the_old_is_used(
    stores: Store, engine: str, openai: OpenAI
) -> None:
    lexical = await stores(None, engine)
    await fill(lexical, *DOCUMENTS)
    semantic = await stores(OPENAI, engine)

    found = await semantic.search("project_docs", "payout number", limit=20)
    nothing = await semantic.search("project_docs", "unrelated", limit=20)

    assert len(found.matches) == 12
    assert "0 of 12 texts have one" in found.notes[0]
    assert nothing.matches == ()


async def test_a_longer_vector_is_another_embedder(stores: Store, database: Database) -> None:
    short = await stores("openai:text-embedding-3-small@64", "postgres")
    await fill(short, *DOCUMENTS)
    long = await stores("openai:text-embedding-3-large@1536", "postgres")
    await long.finish(at_last=True)

    assert await made_by(long, database) == {long.method: 12}
    assert len((await long.search("project_docs", "payout", limit=20)).matches) == 12


async def test_going_back_costs_nothing(stores: Store, engine: str, openai: OpenAI) -> None:
    """What was paid for is known still."""
    semantic = await stores(OPENAI, engine)
    await fill(semantic, *DOCUMENTS)
    await (await stores(None, engine)).finish(at_last=True)
    paid = len(openai.texts)

    again = await stores(OPENAI, engine)
    await again.finish(at_last=True)

    assert paid == 12
    assert len(openai.texts) == 12
    assert await again.tally() == {"project_docs": 12}


@pytest.mark.parametrize(("before", "after"), [("postgres", "pinecone"), ("pinecone", "postgres")])
async def test_another_engine_is_filled_from_the_texts_that_are_there(stores: Store, before: str, after: str) -> None:
    """Without a replay; what was gone meanwhile is nowhere."""
    first = await stores(None, before)
    await fill(first, *DOCUMENTS)
    second = await stores(None, after)
    await second.finish(at_last=True)
    same = await second.search("project_docs", "payout number 7", limit=3)

    assert await second.tally() == {"project_docs": 12}
    assert [match.id for match in same.matches] == [
        match.id for match in (await first.search("project_docs", "payout number 7", limit=3)).matches
    ]


async def test_without_the_embedder_texts_are_found_by_their_words_and_it_is_said(
    stores: Store, engine: str, openai: OpenAI
) -> None:
    semantic = await stores(OPENAI, engine)
    await fill(semantic, *DOCUMENTS)
    openai.troubles.append(Trouble(400, times=1))

    first = await semantic.search("project_docs", "payout number 7", limit=3)
    second = await semantic.search("project_docs", "payout number 7", limit=3)

    assert first.matches[0].metadata["doc_id"] == "git:api:7.md"
    assert first.notes[0].startswith(
        "Found by words alone, not by meaning: The embedder store is not available: openai:"
    )
    assert second.notes == first.notes, "nobody is asked again a moment later"
    assert len(openai.texts) == 12


async def test_events_are_taken_while_the_embedder_is_away(stores: Store, engine: str, openai: OpenAI) -> None:
    """Their texts can be found by words; the vectors follow once it is back."""
    semantic = await stores(OPENAI, engine)
    openai.troubles.append(Trouble(400, times=1_000))
    assert await semantic.apply(Batch(lane=0, after=0, upto=12, events=DOCUMENTS))
    with pytest.raises(StoreUnavailable, match="embedder"):
        await semantic.finish()
    found = await semantic.search("project_docs", "payout number 7", limit=3)
    openai.troubles.clear()
    await semantic.finish(at_last=True)

    assert found.matches[0].metadata["doc_id"] == "git:api:7.md"
    assert await semantic.tally() == {"project_docs": 12}
    assert (await semantic.standing()).unseen_since is None


async def test_vectors_that_pgvector_cannot_search_are_refused_before_they_are_paid_for(
    stores: Store, openai: OpenAI
) -> None:
    with pytest.raises(Misconfigured, match="at most 4000"):
        await stores("openai:own@5000", "postgres")
    assert openai.inputs == []


async def test_a_large_namespace_is_searched_by_a_graph_and_finds_the_same(
    stores: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes leaves it, and is found all the same."""
    store = await stores(None, "postgres")
    await fill(store, *(commit(f"c{n}", ADA, title=f"Work {n}") for n in range(3)), *DOCUMENTS)
    exact = await store.search("project_docs", "payout number 7", limit=5)
    assert isinstance(store, PostgresVectors)
    monkeypatch.setattr(store, "kept_apart", 4)

    await fill(store, document("7.md", "Payout number 7 is never tried again.", hours=50))
    graph = await store.search("project_docs", "payout number 7", limit=5)

    async with database.session(store.org, readonly=True) as connection:
        rows = await connection.fetch("SELECT settled, count(*) AS n FROM embeddings GROUP BY settled ORDER BY settled")
    assert [(row["settled"], row["n"]) for row in rows] == [(False, 3), (True, 10)]
    assert graph.matches[0].text == "Payout number 7 is never tried again."
    assert {match.id for match in graph.matches} == {match.id for match in exact.matches}


async def test_a_namespace_without_its_graph_gets_one(
    stores: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever died while making one left none; and a migration may have taken it away."""
    store = await stores(None, "postgres")
    assert isinstance(store, PostgresVectors)
    monkeypatch.setattr(store, "kept_apart", 4)
    await fill(store, *DOCUMENTS)

    async def graphs() -> list[str]:
        async with database.owner() as connection:
            rows = await connection.fetch(
                "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'embeddings\\_near\\_%' AND indexdef LIKE $1",
                "%project_docs%",
            )
        return [row["indexname"] for row in rows]

    [graph] = await graphs()
    async with database.owner() as connection:
        await connection.execute(f"DROP INDEX engintel.{graph}")
    await fill(store, document("new.md", "Something new.", hours=60))

    assert await graphs() == [graph]
