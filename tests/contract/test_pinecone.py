"""What Pinecone adds: writes that are seen later, limits, keys, other people's namespaces, and death half-way."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.embedders.lexical import LexicalEmbedder
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.vectors import pinecone as ours
from adapters.vectors.pinecone import PineconeVectors, open_pinecone, vector_id
from adapters.vectors.pinecone_index import LIMITS
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import DocumentRemoved, Event, git_actor
from domain.ports import Batch
from domain.routing import Store
from server.lag import lags_of
from tests.contract.filling import fill
from tests.engines.pinecone import KEY, Pinecone, Trouble
from tests.engines.pinecone_state import Index
from tests.events import ADA, at, commit, document, event

NINE = "\n\n".join(f"## Part {n}\n\nThe payout number {n} is tried again." for n in range(9))
THREE = "\n\n".join(f"## Part {n}\n\nThe payout number {n} is tried again." for n in range(3))


@pytest.fixture
def index(pinecone: Pinecone, org: str) -> Index:
    """An index of the test's own."""
    return pinecone.index(org, 384)


@pytest.fixture
async def store(database: Database, org: str, pinecone: Pinecone, index: Index) -> AsyncIterator[PineconeVectors]:
    """The store as a URL opens it."""
    async with at_url(f"pinecone://{org}?host={pinecone.host(org)}", database, org) as store:
        store.patience = 0.2
        yield store


def at_url(url: str, database: Database, org: str, key: str | None = KEY) -> Any:
    return open_pinecone(url, database, org, embedder=LexicalEmbedder(), api_key=key)


def removed(path: str, hours: float) -> Event:
    doc_id = f"git:api:{path}"
    return event("gone", DocumentRemoved(doc_id=doc_id), entity=f"doc:{doc_id}", when=at(hours))


async def found(store: PineconeVectors, text: str, namespace: str = "project_docs") -> list[str]:
    return [match.id for match in (await store.search(namespace, text, limit=20)).matches]


async def test_a_document_that_shrank_leaves_no_vectors(store: PineconeVectors, pinecone: Pinecone, org: str) -> None:
    await fill(store, document("a.md", NINE, hours=1))
    before = pinecone.vectors(org, f"{org}.project_docs")
    await fill(store, document("a.md", THREE, hours=2))

    assert len(before) == 9
    assert sorted(pinecone.vectors(org, f"{org}.project_docs")) == [f"git:api:a.md#{n}" for n in range(3)]


async def test_what_did_not_change_is_not_sent_again(store: PineconeVectors, pinecone: Pinecone) -> None:
    await fill(store, document("a.md", THREE, hours=1))
    sent = pinecone.requests.count(("POST", "/vectors/upsert"))
    await fill(store, document("a.md", THREE, hours=2))

    assert pinecone.requests.count(("POST", "/vectors/upsert")) == sent


async def test_until_a_write_is_seen_the_store_says_since_when_it_is_behind(
    store: PineconeVectors, index: Index
) -> None:
    """Its words are found at once; that it is behind ends when Pinecone says that it shows the write."""
    index.delay = None
    await fill(store, document("a.md", THREE, hours=1))
    behind = (await store.standing()).unseen_since
    meanwhile = await found(store, "payout tried again")
    index.show()
    await store.finish()

    assert behind is not None
    assert len(meanwhile) == 3
    assert (await store.standing()).unseen_since is None


async def test_what_is_not_seen_yet_is_told_in_an_answers_coverage(
    store: PineconeVectors, index: Index, database: Database, org: str
) -> None:
    log = PostgresLog(database, org)
    later = datetime.now(UTC) + timedelta(seconds=30)
    index.delay = None
    await fill(store, document("a.md", THREE, hours=1))
    behind = (await lags_of(log, [store], later))[Store.VECTORS].coverage
    index.show()
    await store.finish()
    seen = (await lags_of(log, [store], later))[Store.VECTORS].coverage
    await log.close()

    assert behind.state == "stale"
    assert 25 < (behind.lag_seconds or 0) < 35
    assert seen.state == "ok"


async def test_what_is_gone_is_gone_at_once(store: PineconeVectors, index: Index) -> None:
    """Though Pinecone shows its vectors still."""
    await fill(store, document("a.md", NINE, hours=1))
    index.delay = None
    await fill(store, removed("a.md", 2))

    assert await found(store, "payout tried again") == []


async def test_whoever_waits_for_everything_waits_until_it_is_seen(store: PineconeVectors, index: Index) -> None:
    index.delay = 0.05
    await fill(store, document("a.md", THREE, hours=1))

    assert (await store.standing()).unseen_since is None


async def test_dying_between_the_vectors_and_the_note_of_them_changes_nothing(
    store: PineconeVectors, pinecone: Pinecone, org: str, database: Database
) -> None:
    """The upsert is under way when the process dies; the next one puts the same vectors under the same ids."""
    arrived, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def stop_there(path: str) -> None:
        if path == "/vectors/upsert":
            loop.call_soon_threadsafe(arrived.set)
            go_on.wait(10)

    pinecone.before = stop_there
    batch = Batch(lane=0, after=0, upto=1, events=(document("a.md", THREE),))
    dying = asyncio.create_task(store.apply(batch))
    await arrived.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    pinecone.before = lambda _: None
    go_on.set()

    async with at_url(f"pinecone://{org}?host={pinecone.host(org)}", database, org) as next_one:
        assert await next_one.positions() == {0: 1}
        assert (await next_one.standing()).unseen_since is not None
        await next_one.finish(at_last=True)
        assert (await next_one.standing()).unseen_since is None
    assert sorted(pinecone.vectors(org, f"{org}.project_docs")) == [f"git:api:a.md#{n}" for n in range(3)]


async def test_a_batch_is_taken_while_pinecone_is_away_and_carried_when_it_is_back(
    store: PineconeVectors, pinecone: Pinecone, org: str
) -> None:
    pinecone.troubles.append(Trouble(400, times=1_000))
    await store.apply(Batch(lane=0, after=0, upto=1, events=(document("a.md", THREE),)))
    with pytest.raises(StoreUnavailable, match="status 400"):
        await store.finish()
    pinecone.troubles.clear()
    await store.finish(at_last=True)

    assert len(pinecone.vectors(org, f"{org}.project_docs")) == 3


async def test_a_limit_is_waited_for_as_long_as_it_is_asked(store: PineconeVectors, pinecone: Pinecone) -> None:
    trouble = Trouble(429, {"Retry-After": "0.05"}, path="/vectors/upsert")
    pinecone.troubles.append(trouble)
    await fill(store, document("a.md", THREE))

    assert trouble.times == 0
    assert len(await found(store, "payout tried again")) == 3


async def test_whoever_waits_for_an_answer_does_not_wait_for_a_limit(
    store: PineconeVectors, pinecone: Pinecone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "_SEARCH_SECONDS", 0.2)
    pinecone.troubles.append(Trouble(429, {"Retry-After": "30"}, path="/query"))
    with pytest.raises(StoreUnavailable, match="does not answer in time"):
        await store.search("project_docs", "payouts", limit=1)


async def test_many_vectors_go_in_as_many_requests_as_they_need(
    store: PineconeVectors, pinecone: Pinecone, org: str
) -> None:
    """The stand-in refuses a request that is larger than Pinecone takes."""
    texts = [commit(f"c{n}", git_actor(f"P{n}", f"p{n}@acme.dev"), title=f"Work {n}") for n in range(600)]
    await fill(store, *texts)

    assert len(pinecone.vectors(org, f"{org}.developer_profiles")) == 600
    assert pinecone.requests.count(("POST", "/vectors/upsert")) >= 2


async def test_every_request_names_a_namespace_of_the_organisation(
    store: PineconeVectors, pinecone: Pinecone, org: str
) -> None:
    """Whatever is done: nothing of another organisation can be read, changed or forgotten."""
    await fill(store, document("a.md", NINE, hours=1), commit("c1", ADA, title="Retry payouts"))
    await found(store, "payouts")
    await store.search("project_docs", "payouts", limit=5, where={"project": ["git:api"]})
    await fill(store, removed("a.md", 2))
    await store.rewind(0)
    await store.reset()
    await store.finish(at_last=True)

    named = {body["namespace"] for body in pinecone.bodies if body}
    assert named == {f"{org}.project_docs", f"{org}.developer_profiles"}


async def test_resetting_leaves_other_organisations_alone(
    store: PineconeVectors, pinecone: Pinecone, database: Database, org: str
) -> None:
    async with at_url(f"pinecone://{org}?host={pinecone.host(org)}", database, f"{org}-x") as other:
        await fill(other, document("a.md", THREE))
        await fill(store, document("a.md", THREE))
        await store.reset()

        assert pinecone.vectors(org, f"{org}.project_docs") == {}
        assert len(pinecone.vectors(org, f"{org}-x.project_docs")) == 3
        assert len(await found_in(other)) == 3


async def found_in(store: PineconeVectors) -> list[str]:
    return await found(store, "payout tried again")


async def test_what_another_installation_put_under_the_same_name_is_left_alone(
    store: PineconeVectors, pinecone: Pinecone, database: Database, org: str
) -> None:
    """A laptop whose organisation is called as the team's does not empty the team's namespaces."""
    await fill(store, document("a.md", THREE))
    async with database.session(org) as connection:  # as a database that has never been here
        await connection.execute("DELETE FROM vector_aims WHERE org = $1", org)

    async with at_url(f"pinecone://{org}?host={pinecone.host(org)}", database, org) as stranger:
        for step in (stranger.finish, stranger.reset):
            with pytest.raises(StoreUnavailable, match=r"another installation\. Give this one an ENGINTEL_ORG"):
                await step()

    assert len(pinecone.vectors(org, f"{org}.project_docs")) == 3


async def test_an_index_that_lost_everything_is_filled_by_going_back(
    store: PineconeVectors, pinecone: Pinecone, org: str
) -> None:
    await fill(store, document("a.md", THREE))
    pinecone.index(org, 384)
    lost = await store.tally()
    await store.rewind(0)
    await store.finish(at_last=True)

    assert lost == {}
    assert await store.tally() == {"project_docs": 3}


async def test_the_index_is_created_only_where_that_is_allowed(
    pinecone: Pinecone, database: Database, org: str
) -> None:
    async with at_url(f"pinecone://{org}?control={pinecone.url}", database, org) as store:
        with pytest.raises(StoreUnavailable, match="create=yes"):
            await store.migrate()
    async with at_url(f"pinecone://{org}?control={pinecone.url}&create=yes", database, org) as store:
        created = await store.migrate()
        again = await store.migrate()
        told = await store.inspect()
        await fill(store, document("a.md", THREE))

    assert created == [f"created the index {org} of Pinecone"]
    assert again == []
    assert (told.engine, told.version) == ("Pinecone", "384 numbers, cosine")
    assert len(pinecone.vectors(org, f"{org}.project_docs")) == 3


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"dimension": 1_536}, "holds vectors of 1536 numbers, and ENGINTEL_EMBEDDER"),
        ({"dimension": 384, "metric": "dotproduct"}, "compares by dotproduct: expected cosine"),
    ],
)
async def test_an_index_that_will_not_do_is_told_before_anything_is_put(
    pinecone: Pinecone, database: Database, org: str, made: dict[str, Any], expected: str
) -> None:
    pinecone.index(org, **made)
    async with at_url(f"pinecone://{org}?host={pinecone.host(org)}", database, org) as store:
        for ask in (store.migrate, store.inspect):
            with pytest.raises(Misconfigured, match=expected):
                await ask()


async def test_what_goes_wrong_says_what_to_do_and_no_secret(pinecone: Pinecone, database: Database, org: str) -> None:
    """A wrong key, an index that is not there, vectors of another length, a host that is not there."""
    pinecone.index(org, 12)
    secret = "pcsk_a-secret-that-is-wrong"
    cases = {
        f"pinecone://{org}?host={pinecone.host(org)}": (secret, "Check PINECONE_API_KEY"),
        f"pinecone://{org}-none?control={pinecone.url}": (KEY, f"there is no index '{org}-none'"),
        f"pinecone://{org}?host={pinecone.host(org)}&cloud=aws": (KEY, "another length than ENGINTEL_EMBEDDER makes"),
        f"pinecone://{org}?host=http://127.0.0.1:9": (KEY, "Check the host in ENGINTEL_VECTORS_URL"),
    }
    for url, (key, expected) in cases.items():
        async with at_url(url, database, org, key) as store:
            with pytest.raises(StoreUnavailable) as caught:
                await store.search("project_docs", "payouts", limit=1)
        assert expected in str(caught.value), url
        assert str(caught.value).startswith("The vectors store is not available: Pinecone cannot search: ")
        assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "key", "expected"),
    [
        ("pinecone://", KEY, "expected the name of an index"),
        ("pinecone://books", None, "PINECONE_API_KEY is not set"),
        ("pinecone://books", "a key\n", "characters that cannot be sent"),
        ("pinecone://me:hunter2@books", KEY, "no user and no password"),
        ("pinecone://books?host=http://books.example.com", KEY, "reached by https"),
        ("pinecone://books?host=books", KEY, "host is no host"),
        ("pinecone://books?create=maybe", KEY, "create is 'maybe'"),
        ("pinecone://books?dimension=3", KEY, "has no option dimension"),
    ],
)
async def test_a_url_that_will_not_do_is_told(
    database: Database, org: str, url: str, key: str | None, expected: str
) -> None:
    with pytest.raises(Misconfigured, match=expected) as caught:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(at_url(url, database, org, key))
    assert "hunter2" not in str(caught.value)
    assert KEY not in str(caught.value)


async def test_opening_asks_nobody(database: Database, org: str) -> None:
    """An engine that is away does not keep the program from starting."""
    async with at_url("pinecone://books?host=books-1.svc.invalid", database, org) as store:
        assert await store.positions() == {}


@pytest.mark.parametrize("id_", ["a", "git:api:docs/ä.md#1", "x" * 513, "~tilde", "nul\x00", "🙂"])
def test_every_text_has_an_id_that_pinecone_takes(id_: str) -> None:
    made = vector_id(id_)

    assert made == vector_id(id_)
    assert made.isascii()
    assert made.isprintable()
    assert len(made) <= LIMITS.id_characters
    assert (made == id_) == (id_ == "a")
