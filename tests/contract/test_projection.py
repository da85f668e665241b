"""What every store promises about being filled, whatever it holds."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from adapters.postgres.database import Database
from adapters.postgres.projection import PostgresProjection
from domain.errors import PoisonEvent
from domain.events import DocumentSignal, Event, MetricSample, git_actor
from domain.ports import Batch, Projection
from domain.routing import stores_for
from tests.contract.filling import fill
from tests.contract.stores import STORES, Make, address_of, held, making
from tests.engines.pinecone import Pinecone
from tests.events import (
    ADA,
    GRACE,
    alert,
    at,
    commit,
    document,
    event,
    github,
    issue,
    jira,
    manifest,
    member,
    pull,
    review,
    roadmap,
    roster,
)


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest) -> tuple[str, str | None]:
    """The store under test, each in turn, and where its engine is."""
    return request.param, address_of(request.param, request)


@pytest.fixture
async def make(place: tuple[str, str | None], database: Database, pinecone: Pinecone) -> AsyncIterator[Make]:
    """Makes the store under test for an organisation."""
    async with making(*place, database, pinecone) as made:
        yield made


@pytest.fixture
async def projection(make: Make, org: str) -> Projection:
    """The store under test."""
    return await make(org)


def everything() -> list[Event]:
    """A little of all that is routed anywhere."""
    return [
        commit("c1", ADA, "src/pay/retry.py", "README.md", hours=1),
        commit("c2", GRACE, "src/pay/retry.py", hours=2, co_authors=(ADA,)),
        commit("c3", ADA, "web/app.ts", hours=3, project="git:web"),
        pull(1, "pr_opened", github(1, "ada"), hours=1),
        pull(1, "pr_merged", github(1, "ada"), hours=5),
        review(1, github(2, "grace"), hours=4),
        issue(
            "PAY-1", "Done", jira("j1", "Ada Lovelace"), hours=6, title="Retry payouts", kind="Epic", text="All of it"
        ),
        document("docs/retry.md", "# Retrying\n\nWait a minute between payouts.", hours=1),
        manifest("git:api", provides=("pypi:api",), hours=1),
        manifest("git:web", requires=("pypi:api",), hours=2),
        roadmap("p1", "git:api", "jira:PAY", depends_on=("notion:p2",), hours=1, name="Payments"),
        roster("r1", "Ada Lovelace", github(1, "ada"), jira("j1", "Ada Lovelace"), email="ada@acme.dev", team="Core"),
        member("U1", "Ada Lovelace", "ada@acme.dev", hours=1),
        alert("Errors", hours=1),
        alert("Errors", hours=1, over=2),
        event("m1", MetricSample(metric="up", value=0.5, labels={"job": "api"}), entity="series:up", when=at(1.2)),
        event("m2", MetricSample(metric="up", value=1.5, labels={"job": "api"}), entity="series:up", when=at(1.4)),
        event("m3", MetricSample(metric="up", value=2.5, labels={"job": "api"}), entity="series:up", when=at(30)),
        event("s1", DocumentSignal(object_id="p1", kind="page", reason="page.created"), project=None, when=at(1)),
    ]


async def test_the_position_moves_with_the_effect(projection: Projection) -> None:
    """What was applied is never asked for again."""
    await fill(projection, *everything())

    assert await projection.positions() == {0: len(everything())}


async def test_a_batch_for_another_position_changes_nothing(projection: Projection) -> None:
    """Somebody else was there first: the batch is refused whole."""
    await fill(projection, *everything())
    before = await held(projection)

    late = Batch(lane=0, after=0, upto=1, events=(commit("late", ADA, "x.py"),))

    assert not await projection.apply(late)
    assert await held(projection) == before


async def test_applying_everything_again_changes_nothing(projection: Projection) -> None:
    """A replay on top of what is there leaves every row as it was."""
    await fill(projection, *everything())
    before = await held(projection)

    await projection.rewind(0)
    await fill(projection, *everything())

    assert await held(projection) == before


async def test_settling_changes_nothing_that_is_there(projection: Projection) -> None:
    """Done after much was applied, so that the planner knows how much there is."""
    await fill(projection, *everything())
    before = await held(projection)

    await projection.settle()

    assert await held(projection) == before


@pytest.mark.parametrize(
    ("place", "seed"),
    # An engine of its own has a price for each batch.
    [(store, seed) for store in STORES for seed in range(2 if "@" in store else 6)],
    indirect=["place"],
)
async def test_the_order_between_entities_is_no_matter(projection: Projection, make: Make, org: str, seed: int) -> None:
    """Lanes may be applied in any order: only what belongs to one entity keeps its order."""
    await fill(projection, *everything())
    other = await make(f"{org}-other")

    step = 1 if isinstance(projection, PostgresProjection) else 5
    changed = reordered(everything(), seed)
    for n in range(0, len(changed), step):
        await fill(other, *changed[n : n + step])

    assert await held(projection) == await held(other)


def reordered(events: Sequence[Event], seed: int) -> list[Event]:
    """The same events in another order that keeps each entity's own."""
    entities = sorted({event.entity for event in events})
    entities = entities[seed:] + entities[:seed]
    if seed % 2:
        entities.reverse()
    return [event for entity in entities for event in events if event.entity == entity]


async def test_what_fails_half_way_leaves_no_trace(projection: Projection) -> None:
    """Effect and position are one transaction."""
    await fill(projection, *everything())
    before = await held(projection)
    at = (await projection.positions())[0]
    # What no text column can hold, and what is too long for an index that is asked for names.
    broken = commit("broken", git_actor("NUL \x00" + "x" * 40_000, "nul@acme.dev"), "ok.py")

    with pytest.raises(PoisonEvent):
        await projection.apply(Batch(lane=0, after=at, upto=at + 2, events=(commit("ok", ADA, "ok.py"), broken)))

    assert await held(projection) == before
    assert await projection.positions() == {0: at}


async def test_two_at_the_same_batch_apply_it_once(projection: Projection) -> None:
    """Of two routers one wins, and the other is told so."""
    routed = tuple(event for event in everything() if projection.store in stores_for(event.type))
    batch = Batch(lane=0, after=0, upto=len(everything()), events=routed)

    applied = await asyncio.gather(*(projection.apply(batch) for _ in range(4)))

    assert sorted(applied) == [False, False, False, True]


async def test_resetting_forgets_everything(projection: Projection) -> None:
    """A store can be filled from nothing, and is then the same."""
    await fill(projection, *everything())
    before = await held(projection)

    await projection.reset()
    assert all(not found for found in (await held(projection)).values())
    assert await projection.positions() == {}

    await fill(projection, *everything())
    assert await held(projection) == before


async def test_an_organisation_sees_nothing_of_another(projection: Projection, make: Make, org: str) -> None:
    """Rows are invisible across organisations, and resetting one leaves the other alone."""
    other = await make(f"{org}-other")
    await fill(projection, *everything())
    mine = await held(projection)

    assert all(not found for found in (await held(other)).values())
    await other.reset()

    assert await held(projection) == mine
