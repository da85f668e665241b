"""What every embedder promises: a unit vector for each text, whatever it is, and errors that say what to do."""

import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.embedders import openai as ours
from adapters.embedders.catalog import open_embedder
from adapters.embedders.openai import INPUT_TOKENS, INPUTS, REQUEST_TOKENS, OpenAIEmbedder, cut, portions, tokens
from adapters.postgres.database import Database
from domain.errors import Misconfigured, StoreUnavailable
from domain.ports import Embedder
from tests.engines.openai import KEY, OpenAI
from tests.engines.pinecone import Trouble


def opened(
    setting: str | None, openai: OpenAI, database: Database, org: str, key: str | None = KEY
) -> AbstractAsyncContextManager[Embedder]:
    return open_embedder(setting, database, org, api_key=key, base_url=openai.url)


@pytest.fixture(params=[None, "openai:text-embedding-3-small@64"])
async def embedder(
    request: pytest.FixtureRequest, openai: OpenAI, database: Database, org: str
) -> AsyncIterator[Embedder]:
    async with opened(request.param, openai, database, org) as embedder:
        yield embedder


TEXTS = ("Retry payouts", "", " \n", "🙂", "支払いを再試行する", "nul \x00 inside", "x" * 100_000, "Retry payouts")


@pytest.mark.parametrize("hurried", [False, True])
async def test_every_text_has_a_unit_vector_of_the_length_that_is_promised(embedder: Embedder, hurried: bool) -> None:
    vectors = await embedder.embed(TEXTS, hurried=hurried)

    assert [len(vector) for vector in vectors] == [embedder.dimension] * len(TEXTS)
    assert [math.hypot(*vector) for vector in vectors] == pytest.approx([1.0] * len(TEXTS), abs=1e-6)


async def test_the_same_text_has_the_same_vector(embedder: Embedder) -> None:
    first = await embedder.embed(TEXTS)
    again = await embedder.embed(TEXTS[::-1])

    assert [list(vector) for vector in first] == [pytest.approx(list(vector), abs=1e-6) for vector in again[::-1]]


async def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    assert list(await embedder.embed([])) == []


async def test_texts_that_share_words_are_closer_than_others(embedder: Embedder) -> None:
    payouts, same, menu = await embedder.embed(["retry failed payouts", "failed payouts wait", "polish the menu"])

    assert sum(a * b for a, b in zip(payouts, same, strict=True)) > sum(
        a * b for a, b in zip(payouts, menu, strict=True)
    )


async def test_a_key_in_the_environment_spends_nothing(openai: OpenAI, database: Database, org: str) -> None:
    async with opened(None, openai, database, org) as embedder:
        await embedder.embed(["anything"])

    assert embedder.lexical
    assert openai.inputs == []


async def test_nothing_is_paid_for_twice(openai: OpenAI, database: Database, org: str) -> None:
    async with opened("openai", openai, database, org) as embedder:
        first = await embedder.embed(["one", "two", "one"])
    async with opened("openai", openai, database, org) as embedder:
        again = await embedder.embed(["two", "one", "three"])

    assert sorted(openai.texts) == ["one", "three", "two"]
    assert list(again[1]) == pytest.approx(list(first[0]), abs=1e-6)


async def test_another_model_or_length_has_vectors_of_its_own(openai: OpenAI, database: Database, org: str) -> None:
    names = set()
    for setting in ("openai", "openai:text-embedding-3-small@512", "openai:text-embedding-3-large@512"):
        async with opened(setting, openai, database, org) as embedder:
            [vector] = await embedder.embed(["one"])
            names.add((embedder.name, len(vector)))

    assert len({name for name, _ in names}) == 3
    assert openai.texts == ["one"] * 3


async def test_what_was_paid_for_is_nobody_elses(openai: OpenAI, database: Database, org: str) -> None:
    for whose in (org, f"{org}-other"):
        async with opened("openai", openai, database, whose) as embedder:
            await embedder.embed(["one"])

    assert openai.texts == ["one", "one"]


async def test_what_nobody_asks_for_any_more_is_forgotten(openai: OpenAI, database: Database, org: str) -> None:
    async with opened("openai", openai, database, org) as embedder:
        await embedder.embed(["old", "used"])
    async with database.session(org) as connection:
        await connection.execute("UPDATE embedding_cache SET used_on = current_date - 31 WHERE org = $1", org)

    async with opened("openai", openai, database, org) as embedder:
        await embedder.embed(["used"])

    async with database.session(org, readonly=True) as connection:
        assert await connection.fetchval("SELECT count(*) FROM embedding_cache WHERE org = $1", org) == 1


async def test_what_was_paid_for_is_kept_when_the_rest_fails(openai: OpenAI, database: Database, org: str) -> None:
    async with opened("openai", openai, database, org) as embedder:
        openai.fail_after(1)
        with pytest.raises(StoreUnavailable):
            await embedder.embed([f"text {n}" for n in range(300)])
        openai.fail_after(None)

        await embedder.embed([f"text {n}" for n in range(300)])

    assert len(openai.texts) == 300


async def test_a_text_that_is_too_long_is_cut_and_the_others_are_whole(
    openai: OpenAI, database: Database, org: str
) -> None:
    openai.longest = 100
    async with opened("openai", openai, database, org) as embedder:
        vectors = await embedder.embed(["short", "long " * 200, "other"])

    assert len(vectors) == 3
    assert {"short", "other"} <= set(openai.texts)
    assert all(len(text) <= 400 for text in openai.texts)


async def test_a_limit_is_waited_for_as_long_as_it_is_asked(openai: OpenAI, database: Database, org: str) -> None:
    openai.troubles += [Trouble(429, {"Retry-After": "0.05"}), Trouble(500, {"retry-after-ms": "10"})]
    async with opened("openai", openai, database, org) as embedder:
        [vector] = await embedder.embed(["patience"])

    assert len(vector) == 1_536
    assert openai.troubles[0].times == openai.troubles[1].times == 0


async def test_whoever_waits_for_an_answer_does_not_wait_for_a_limit(
    openai: OpenAI, database: Database, org: str
) -> None:
    openai.troubles.append(Trouble(429, {"Retry-After": "30"}))
    async with opened("openai", openai, database, org) as embedder:
        with pytest.raises(StoreUnavailable, match="429"):
            await embedder.embed(["hurry"], hurried=True)


async def test_a_question_is_embedded_once(openai: OpenAI, database: Database, org: str) -> None:
    async with opened("openai", openai, database, org) as embedder:
        first = await embedder.embed(["who?"], hurried=True)
        again = await embedder.embed(["who?"], hurried=True)

    assert first == again
    assert openai.texts == ["who?"]


@pytest.mark.parametrize(
    ("setting", "key", "expected"),
    [
        ("openai", "sk-a-secret-that-is-wrong", "Check OPENAI_API_KEY"),
        ("openai:no-such-model@8", KEY, "no model 'no-such-model'. Check ENGINTEL_EMBEDDER"),
        ("openai:own@9", KEY, "Set ENGINTEL_EMBEDDER=openai:own@8"),
    ],
)
async def test_what_is_refused_says_what_to_do(  # noqa: PLR0917 - a table of cases
    openai: OpenAI, database: Database, org: str, setting: str, key: str, expected: str
) -> None:
    async with opened(setting, openai, database, org, key) as embedder:
        with pytest.raises(StoreUnavailable) as caught:
            await embedder.embed(["anything"])

    assert caught.value.store == "embedder"
    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_server_that_is_not_there_is_told_by_its_name(database: Database, org: str) -> None:
    base = "http://user:pass-word@127.0.0.1:9/v1"  # the port of discard, where nobody listens
    embedder = OpenAIEmbedder("sk-secret", base, model="own", dimension=8)
    with pytest.raises(StoreUnavailable) as caught:
        await embedder.embed(["anything"], hurried=True)
    await embedder.close()

    assert "127.0.0.1:9" in str(caught.value)
    assert "OPENAI_BASE_URL" in str(caught.value)
    assert "pass-word" not in str(caught.value) + embedder.name


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("word2vec", "expected lexical, openai"),
        ("openai:", None),
        ("openai:nomic-embed-text", "say which, openai:nomic-embed-text@LENGTH"),
        ("openai:text-embedding-3-small@0", "expected"),
        ("openai:text-embedding-3-small@many", "expected"),
        ("openai:text-embedding-3-small@4000", "makes 1536"),
        ("openai:text-embedding-ada-002@512", "makes 1536"),
        ("lexical:384", "expected"),
    ],
)
async def test_a_setting_that_will_not_do_is_told(
    openai: OpenAI, database: Database, org: str, setting: str, expected: str | None
) -> None:
    if expected is None:
        async with opened(setting, openai, database, org) as embedder:
            assert embedder.name.startswith("openai:text-embedding-3-small@1536")
        return
    with pytest.raises(Misconfigured, match="ENGINTEL_EMBEDDER") as caught:
        async with opened(setting, openai, database, org):
            pass
    assert expected in str(caught.value)


async def test_openai_without_a_key_is_told(database: Database, org: str) -> None:
    with pytest.raises(Misconfigured, match="OPENAI_API_KEY is not set"):
        async with open_embedder("openai", database, org, api_key=None, base_url=None):
            pass


@given(st.lists(st.text(max_size=100), max_size=30), st.integers(1, 500))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_has_more_than_it_may(monkeypatch: pytest.MonkeyPatch, texts: list[str], most: int) -> None:
    """In order, each text once, and never more texts or tokens than a request takes, but for a text alone."""
    with monkeypatch.context() as patch:
        patch.setattr(ours, "REQUEST_TOKENS", most)
        patch.setattr(ours, "INPUTS", 7)
        made = list(portions(texts))

    assert [text for portion in made for text in portion] == texts
    assert all(1 <= len(portion) <= 7 for portion in made)
    assert all(len(portion) == 1 or sum(map(tokens, portion)) <= most for portion in made)


@given(st.text(alphabet=st.characters(exclude_categories=()), min_size=1).map(lambda text: text * 2_000))
@settings(max_examples=15, deadline=None)
def test_a_cut_text_is_a_beginning_that_can_be_read(text: str) -> None:
    assert text.startswith(cut(text))
    assert tokens(cut(text)) <= INPUT_TOKENS
    assert cut(text)


def test_the_limits_are_the_vendors() -> None:
    """https://platform.openai.com/docs/api-reference/embeddings/create."""
    assert (INPUTS, REQUEST_TOKENS, INPUT_TOKENS) == (2_048, 300_000, 8_192)
