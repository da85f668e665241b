"""What every vector store promises: texts found by what they say, whole profiles, no stale passages."""

import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.database import Database
from adapters.vectors.hybrid import HybridVectors
from adapters.vectors.texts import PIECES_KEPT
from domain.events import CommitDropped, Document, DocumentRemoved, Event, Source
from domain.ports import Batch, Match
from tests.contract.filling import fill
from tests.engines.pinecone import Pinecone
from tests.engines.vectors import ENGINES, opened
from tests.events import ADA, GRACE, at, commit, document, event, issue

RETRY = (
    "# Retrying payouts\n\nA failed payout is tried again after a minute, five times at most.\n\n"
    "## Limits\n\nNever on Sundays."
)
COFFEE = "# Coffee\n\nThe machine is on the third floor."


async def test_the_passage_that_answers_comes_first(vectors: HybridVectors) -> None:
    """Closest first, with where it stands."""
    await fill(vectors, document("docs/retry.md", RETRY, title="Retrying payouts"), document("docs/coffee.md", COFFEE))

    best, *_ = (await vectors.search("project_docs", "how often is a failed payout tried again?", limit=3)).matches

    assert best.metadata["doc_id"] == "git:api:docs/retry.md"
    assert "five times" in best.text
    assert 0 < best.score <= 1


async def test_a_search_keeps_to_the_projects_that_were_asked_for(vectors: HybridVectors) -> None:
    """A filter on metadata, not on what happens to come first."""
    await fill(vectors, document("a.md", RETRY), document("a.md", RETRY, project="git:web"))

    found = (
        await vectors.search("project_docs", "payout", limit=10, where={"project": ["git:web", "jira:WEB"]})
    ).matches

    assert {match.metadata["project"] for match in found} == {"git:web"}


async def test_a_changed_document_leaves_no_old_passages(vectors: HybridVectors) -> None:
    """Also when the older state arrives later."""
    await fill(vectors, document("a.md", RETRY, hours=1), document("a.md", "# Short\n\nNothing more.", hours=3))
    await fill(vectors, document("a.md", RETRY, hours=2))

    assert (await vectors.search("project_docs", "payout minute Sundays", limit=10)).matches == ()
    [kept] = (await vectors.search("project_docs", "short", limit=10)).matches
    assert kept.text == "Nothing more."


async def test_a_removed_document_is_not_found(vectors: HybridVectors) -> None:
    """Gone is gone."""
    doc_id = "git:api:a.md"
    await fill(vectors, document("a.md", RETRY, hours=1))
    await fill(vectors, event("gone", DocumentRemoved(doc_id=doc_id), entity=f"doc:{doc_id}", when=at(2)))

    assert (await vectors.search("project_docs", "payout", limit=10)).matches == ()


async def test_an_epic_is_a_document(vectors: HybridVectors) -> None:
    """What a project plans is written in its epics."""
    await fill(vectors, issue("PAY-1", kind="Epic", title="Instant payouts", text="Pay within a second."))

    [match] = (await vectors.search("project_docs", "instant payouts", limit=5)).matches

    assert match.metadata["doc_id"] == "epic:PAY-1"


async def test_a_profile_is_what_somebody_does(vectors: HybridVectors) -> None:
    """The person who works on it is closest to it."""
    await fill(
        vectors,
        commit("c1", ADA, "src/payouts/retry.py", title="Retry failed payouts"),
        commit("c2", GRACE, "web/menu.ts", title="Polish the menu"),
    )

    best, *_ = (await vectors.search("developer_profiles", "somebody for the payouts retries", limit=5)).matches

    assert best.metadata["account"] == ADA.key


async def test_only_the_newest_pieces_make_a_profile(vectors: HybridVectors) -> None:
    """A profile follows what somebody does now, and stays small."""
    commits = [commit(f"c{n}", ADA, title=f"Ancient kernel work {n}", hours=n) for n in range(5)]
    commits += [commit(f"d{n}", ADA, title=f"Menu polish {n}", hours=100 + n) for n in range(PIECES_KEPT)]
    await fill(vectors, *reversed(commits))

    [profile] = (await vectors.search("developer_profiles", "menu", limit=5)).matches

    assert "Ancient" not in profile.text
    assert profile.text.count("\n") == PIECES_KEPT - 1


async def test_a_dropped_commit_leaves_the_profile(vectors: HybridVectors) -> None:
    """And a profile of nothing is no profile."""
    await fill(vectors, commit("c1", ADA, title="Retry payouts"))
    dropped = event("drop", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT)

    await fill(vectors, dropped)

    assert (await vectors.search("developer_profiles", "payouts", limit=5)).matches == ()


@pytest.mark.parametrize("text", ["!", "' OR 1=1", ":* & |", "🙂", "the"])
async def test_any_text_may_be_searched_for(vectors: HybridVectors, text: str) -> None:
    """A question is never a query."""
    await fill(vectors, document("a.md", RETRY))

    assert len((await vectors.search("project_docs", text, limit=1)).matches) <= 1


async def test_every_field_that_is_asked_for_must_fit(vectors: HybridVectors) -> None:
    """One of the values of each field, not of any."""
    await fill(vectors, document("a.md", RETRY), document("b.md", RETRY), document("a.md", RETRY, project="git:web"))

    found = await vectors.search(
        "project_docs", "payout", limit=10, where={"project": ["git:web", "git:api"], "doc_id": ["git:api:b.md"]}
    )

    assert {match.metadata["doc_id"] for match in found.matches} == {"git:api:b.md"}
    assert (await vectors.search("project_docs", "payout", limit=10, where={"project": []})).matches == ()


@pytest.mark.parametrize("path", ["статья.md", "文書/支払い.md", "🙂.md", "x/" * 300 + "a.md", "~.md", "it's.md"])
async def test_a_document_may_have_any_name(vectors: HybridVectors, path: str) -> None:
    """It is found, and forgotten, under it."""
    await fill(vectors, document(path, RETRY, hours=1))
    [best, *_] = (await vectors.search("project_docs", "failed payout", limit=3)).matches
    await fill(vectors, document(path, "Short.", hours=2))
    found = (await vectors.search("project_docs", "failed payout", limit=3)).matches

    assert best.metadata["doc_id"] == f"git:api:{path}"
    assert found == ()
    assert await vectors.tally() == {"project_docs": 1}


async def test_a_text_in_any_script_is_found(vectors: HybridVectors) -> None:
    """A name is a name in every script."""
    await fill(vectors, document("a.md", "Повторить выплату через минуту."), document("b.md", COFFEE))

    [best, *_] = (await vectors.search("project_docs", "выплату", limit=3)).matches

    assert best.metadata["doc_id"] == "git:api:a.md"


async def test_an_empty_batch_moves_on_and_changes_nothing(vectors: HybridVectors) -> None:
    """Most of what happens is not for this store."""
    assert await vectors.apply(Batch(lane=0, after=0, upto=500, events=()))

    assert await vectors.positions() == {0: 500}
    assert await vectors.tally() == {}


async def test_nothing_of_another_organisation_is_found_or_changed(
    vectors: HybridVectors, database: Database, org: str, pinecone: Pinecone, request: pytest.FixtureRequest
) -> None:
    """Not by its words, not by its closeness, not by its metadata; and the same ids are two texts."""
    engine = request.node.callspec.params["vectors"]
    async with opened(engine, database, f"{org}-other", pinecone) as other:
        await fill(
            other, document("secret.md", RETRY), document("a.md", COFFEE), commit("c1", ADA, title="Retry payouts")
        )
        await fill(vectors, document("a.md", "Nothing of interest."))

        for namespace in ("project_docs", "developer_profiles"):
            for where in (None, {"project": ["git:api"]}, {"account": [ADA.key]}):
                found = await vectors.search(namespace, "failed payout coffee machine", limit=10, where=where)
                assert {match.text for match in found.matches} <= {"Nothing of interest."}
        await fill(
            vectors, event("gone", DocumentRemoved(doc_id="git:api:a.md"), entity="doc:git:api:a.md", when=at(9))
        )
        [coffee, *_] = (await other.search("project_docs", "coffee machine floor", limit=1)).matches

    assert coffee.metadata["doc_id"] == "git:api:a.md"
    assert await vectors.tally() == {}


WORDS = ("payout", "retry", "ledger", "menu", "élan", "queue", "limits")
CHANGES = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from(WORDS), max_size=4), st.integers(0, 9)), max_size=6
)


@given(CHANGES, st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_newest_state_counts_in_whatever_order_and_however_often_it_is_told(
    vectors: HybridVectors, changes: Sequence[tuple[str, list[str], int]], luck: random.Random
) -> None:
    """A document is what its newest state says; a state without words is its removal."""
    # Two states of one moment have no newest: the first is left.
    told = {(name, when): words for name, words, when in reversed(changes)}
    newest = {name: told[name, when] for name, when in sorted(told)}
    twice = [*told.items(), *told.items()]
    luck.shuffle(twice)
    await vectors.reset()

    for (name, when), words in twice:
        await fill(vectors, _state(name, words, when))

    expected = {name: " ".join(words) for name, words in newest.items() if words}
    found = (await vectors.search("project_docs", " ".join(WORDS), limit=10)).matches
    assert {match.metadata["title"]: match.text for match in found} == expected
    assert await vectors.tally() == ({"project_docs": len(expected)} if expected else {})


def _state(name: str, words: Sequence[str], when: int) -> Event:
    doc_id = f"git:api:{name}"
    body = (
        Document(doc_id=doc_id, title=name, text=" ".join(words), path=name)
        if words
        else DocumentRemoved(doc_id=doc_id)
    )
    return event(f"{name}{when}", body, entity=f"doc:{doc_id}", when=at() + timedelta(hours=when))


async def test_five_thousand_texts_are_searched_alike_by_every_engine(
    database: Database, org: str, pinecone: Pinecone
) -> None:
    """The same texts in the same order; and a passage is found by what it says among all of them."""
    luck = random.Random(5)
    words = [f"{a}{b}{c}" for a in ("pay", "led", "men", "que") for b in ("or", "an", "is", "u") for c in "tlmnrs"]
    texts = [" ".join(luck.choices(words, k=25)) for _ in range(5_000)]
    documents = [
        document(
            f"{n}.md",
            "\n\n".join(f"## Part {n * 100 + i}\n\n{text}" for i, text in enumerate(texts[n * 100 : n * 100 + 100])),
        )
        for n in range(50)
    ]
    questions = [" ".join(luck.sample(texts[n].split(), 6)) for n in range(0, 5_000, 1_000)]

    answers: list[list[Sequence[Match]]] = []
    async with AsyncExitStack() as stack:
        for engine in ENGINES:
            store = await stack.enter_async_context(opened(engine, database, f"{org}-{engine}", pinecone))
            await fill(store, *documents)
            assert await store.tally() == {"project_docs": 5_000}
            answers.append([(await store.search("project_docs", asked, limit=10)).matches for asked in questions])

    ours, theirs = answers
    for one, other in zip(ours, theirs, strict=True):
        assert [match.id for match in one] == [match.id for match in other]
        assert [match.score for match in one] == pytest.approx([match.score for match in other], abs=0.002)
    found = sum(texts[1_000 * n] in {match.text for match in one} for n, one in enumerate(ours))
    assert found == len(questions)
