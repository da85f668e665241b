"""What every vector store promises: texts found by what they say, whole profiles, no stale passages."""

import pytest

from adapters.vectors.hybrid import HybridVectors
from adapters.vectors.texts import PIECES_KEPT
from domain.events import CommitDropped, DocumentRemoved, Source
from tests.contract.filling import fill
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
