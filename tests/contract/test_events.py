"""What every event store promises: how often, when, by whom, counted once."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.events.rows import COMMON
from adapters.postgres.database import Database
from domain.errors import PoisonEvent
from domain.events import CommitDropped, Source, git_actor
from domain.ports import Batch
from domain.window import Window
from tests.contract.absence import never
from tests.contract.conftest import opened_events
from tests.contract.filling import FilledEvents, fill
from tests.events import ADA, GRACE, at, commit, event, github, joined, pull, review

ALWAYS = Window(since=at(-10_000), until=at(10_000))
DAY = timedelta(days=1)


async def test_activity_is_counted_by_account_project_and_type(events: FilledEvents) -> None:
    """Commits of their authors, reviews of their reviewers."""
    await fill(
        events,
        commit("c1", ADA, hours=1),
        commit("c2", ADA, hours=2),
        commit("c3", GRACE),
        review(1, github(2, "grace")),
    )

    found = {(row.account, row.type): row for row in await events.activity(ALWAYS, ("commit", "pr_reviewed"))}

    assert {key: row.n for key, row in found.items()} == {
        (ADA.key, "commit"): 2,
        (GRACE.key, "commit"): 1,
        ("github:2", "pr_reviewed"): 1,
    }
    assert (found[ADA.key, "commit"].first_at, found[ADA.key, "commit"].last_at) == (at(1), at(2))


async def test_a_commit_seen_through_two_sources_counts_once(events: FilledEvents) -> None:
    """The clone and the push tell of the same commit; their projects are one."""
    pushed = commit("c1", ADA).model_copy(
        update={"id": "github:acme/api:commit:c1", "project": "github:acme/api", "source": Source.GITHUB}
    )
    await fill(events, commit("c1", ADA), pushed)
    one = {"git:api": "api", "github:acme/api": "api"}

    [row] = await events.activity(ALWAYS, ("commit",), projects=one, accounts={ADA.key: "ada"})

    assert (row.account, row.project, row.n) == ("ada", "api", 1)


async def test_two_accounts_of_one_person_count_as_one(events: FilledEvents) -> None:
    """Groups add up by what they count as; what is in no group is not counted."""
    await fill(events, commit("c1", ADA), commit("c2", GRACE), commit("c3", github(9, "else")))

    [row] = await events.activity(ALWAYS, ("commit",), accounts={ADA.key: "both", GRACE.key: "both"})

    assert (row.account, row.n) == ("both", 2)


async def test_a_window_has_its_beginning_and_not_its_end(events: FilledEvents) -> None:
    """Two windows side by side count everything once."""
    await fill(events, *(commit(f"c{n}", ADA, hours=n) for n in range(6)))

    first = await events.activity(Window(since=at(0), until=at(3)), ("commit",))
    second = await events.activity(Window(since=at(3), until=at(6)), ("commit",))

    assert (first[0].n, second[0].n) == (3, 3)


async def test_a_dropped_commit_is_gone_with_its_files(events: FilledEvents) -> None:
    """A rewritten history takes its commits along, in this project only."""
    await fill(events, commit("c1", ADA, "a.py"), commit("c1", ADA, "a.py", project="git:fork"))
    dropped = event("drop", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT)

    assert len(await events.read(("commit",), ALWAYS)) == 2
    await fill(events, dropped)

    assert [e.project for e in await events.read(("commit",), ALWAYS)] == ["git:fork"]
    assert {hit.project for hit in await events.find_work("c1", ALWAYS)} <= {"git:fork"}
    assert [row.project for row in await events.activity(ALWAYS, ("commit",))] == ["git:fork"]
    assert [touch.project for touch in await events.touches(ALWAYS, half_life=DAY)] == ["git:fork"]


async def test_a_commit_dropped_and_made_again_counts_again(events: FilledEvents) -> None:
    """Within one batch, in order."""
    dropped = event("drop", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT)
    again = commit("c1", ADA, "a.py").model_copy(update={"id": "git:api:commit:c1:again"})

    await fill(events, commit("c1", ADA, "a.py"), dropped, again)

    assert [row.n for row in await events.activity(ALWAYS, ("commit",))] == [1]


async def test_somebody_is_seen_by_what_they_do_and_not_by_what_is_done_for_them(events: FilledEvents) -> None:
    """Whoever left is still on a team's list, and others still close their pull requests."""
    left = github(2, "grace")
    await fill(
        events,
        pull(1, "pr_opened", left, hours=1),
        pull(1, "pr_merged", left, hours=2),
        joined("web", left, hours=3),
    )

    assert await events.last_seen({left.key: "grace", "github:9": "nobody"}) == {"grace": at(1)}


async def test_touches_weigh_half_for_every_half_life(events: FilledEvents) -> None:
    """Knowledge fades at the rate that the question asks for."""
    await fill(events, commit("c1", ADA, "src/a.py", hours=0), commit("c2", ADA, "src/a.py", hours=24))
    window = Window(since=at(-1), until=at(48))

    [touch] = await events.touches(window, half_life=DAY)

    assert touch.commits == 2
    assert touch.weight == pytest.approx(0.25 + 0.5)
    assert touch.last_at == at(24)


async def test_touches_are_found_at_below_and_beside_a_path(events: FilledEvents) -> None:
    """Two folders up and no further, and `_` is a letter."""
    files = ("src/pay/retry.py", "src/pay/sub/x.py", "src/other/y.py", "srcXpay/z.py", "lib/z.py")
    await fill(events, commit("c1", ADA, *files))

    below = await events.touches(ALWAYS, half_life=DAY, paths=["src/pay/sub"])
    beside = await events.touches(ALWAYS, half_life=DAY, paths=["src/pay/retry.py"])

    assert {touch.path for touch in below} == {"src/pay/sub/x.py", "src/pay/retry.py", "src/other/y.py"}
    assert {touch.path for touch in beside} == {"src/pay/retry.py", "src/pay/sub/x.py", "src/other/y.py"}


async def test_what_is_nearest_is_found_however_much_is_done_around_it(events: FilledEvents) -> None:
    """An old change of the very file says more than many of yesterday two folders away."""
    await fill(
        events,
        commit("c1", ADA, "src/pay/retry.py", hours=0),
        *(commit(f"d{n}", GRACE, "src/pay/other.py", hours=24 + n) for n in range(3)),
        *(commit(f"e{n}", GRACE, f"src/far/{n}.py", hours=24 * 20 + n) for n in range(5)),
    )

    async def nearest(limit: int) -> list[str]:
        window = Window(since=at(-1), until=at(24 * 21))
        touches = await events.touches(window, half_life=DAY, paths=["src/pay/retry.py"], limit=limit)
        return [touch.path for touch in touches]

    assert await nearest(1) == ["src/pay/retry.py"]
    assert await nearest(2) == ["src/pay/retry.py", "src/pay/other.py"]
    assert await nearest(4) == ["src/pay/retry.py", "src/pay/other.py", "src/far/4.py", "src/far/3.py"]


async def test_co_authors_touched_the_files_too(events: FilledEvents) -> None:
    """Pairing is knowledge on both sides; the commit is the author's."""
    await fill(events, commit("c1", ADA, "a.py", co_authors=(GRACE,)))

    touches = await events.touches(ALWAYS, half_life=DAY)
    activity = await events.activity(ALWAYS, ("commit",))

    assert {touch.account for touch in touches} == {ADA.key, GRACE.key}
    assert {row.account for row in activity} == {ADA.key}


async def test_skills_are_counted_in_commits(events: FilledEvents) -> None:
    """Ten files of one commit are one commit."""
    await fill(events, commit("c1", ADA, "a.py", "b.py", "c.ts"), commit("c2", ADA, "a.py"))

    found = {use.skill: use.commits for use in await events.skills(ALWAYS)}
    only = await events.skills(ALWAYS, skills=["TypeScript"])

    assert found == {"Python": 2, "TypeScript": 1}
    assert [use.skill for use in only] == ["TypeScript"]


async def test_work_is_found_by_its_words_rare_ones_first(events: FilledEvents) -> None:
    """A word that everything has tells nothing apart."""
    await fill(
        events,
        *(commit(f"c{n}", GRACE, title=f"Update service number {n}") for n in range(30)),
        commit("pay", ADA, title="Update payout retries"),
    )

    hits = await events.find_work("update the retry of payouts", ALWAYS)

    assert hits[0].entity == "commit:pay"
    assert hits[0].score > 2 * hits[1].score


async def test_a_thing_is_found_once(events: FilledEvents) -> None:
    """Opened and merged are two events of one pull request."""
    await fill(events, pull(1, title="Retry payouts"), pull(1, "pr_merged", title="Retry payouts", hours=3))

    hits = await events.find_work("payouts", ALWAYS)

    assert [hit.entity for hit in hits] == ["pr:github:acme/api#1"]


async def test_words_that_everything_has_are_looked_for_in_what_happened_last(events: FilledEvents) -> None:
    """So many of a word's latest events, and what happened at the moment of the last of them; older ones are left."""
    old, edge, new = range(5), range(5, 8), range(8, 8 + COMMON - 1)
    told = [
        *(commit(f"old{n}", ADA, title="Update retries", hours=-50) for n in old),
        *(commit(f"edge{n}", GRACE, title="Update", hours=0) for n in edge),
        *(commit(f"new{n}", GRACE, title="Update", hours=n) for n in new),
    ]
    await fill(events, *told)

    both = await events.find_work("updates", ALWAYS, limit=3 * COMMON)
    in_time = await events.find_work("updates", Window(since=ALWAYS.since, until=at(-1)), limit=3 * COMMON)
    rare = await events.find_work("update the retries", ALWAYS)

    assert [hit.entity for hit in both[: len(new)]] == [f"commit:new{n}" for n in reversed(new)]
    assert {hit.entity for hit in both[len(new) :]} == {f"commit:edge{n}" for n in edge}
    assert {hit.entity for hit in in_time} == {f"commit:old{n}" for n in old}
    assert {hit.entity for hit in rare} == {f"commit:old{n}" for n in old}


@pytest.mark.parametrize("text", ["", "the of and", "'; DROP TABLE events; --", "& | ! <-> :*", "\\", "💥" * 50])
async def test_any_text_may_be_looked_for(events: FilledEvents, text: str) -> None:
    """A question is never a query."""
    await fill(events, commit("c1", ADA))

    assert await events.find_work(text, ALWAYS) == []


async def test_events_are_read_in_order_of_time_without_files(events: FilledEvents) -> None:
    """What the delivery figures are computed from."""
    later, earlier = commit("c2", ADA, "a.py", hours=2), commit("c1", ADA, "a.py", hours=1)
    await fill(events, later, earlier, pull(1))

    found = await events.read(("commit",), ALWAYS, projects=["git:api"])
    again = await events.read(("commit",), ALWAYS, projects=["git:api"])  # from memory

    assert [e.id for e in found] == [earlier.id, later.id]
    assert again == found
    assert all(e.body.type == "commit" and e.body.files == () for e in found)


async def test_what_happened_to_one_thing_is_told_the_newest_first(events: FilledEvents) -> None:
    """By the thing, or by the names of events; commits without their files."""
    told = [pull(1, "pr_opened", hours=1), pull(1, "pr_merged", hours=3), pull(2, "pr_opened", hours=2)]
    await fill(events, *told, commit("c1", ADA, "a.py"))

    of_one = await events.happened(entity=told[0].entity)
    by_id = await events.happened(ids=[told[2].id, "unknown"])
    [plain] = await events.happened(entity="commit:c1")

    assert [each.id for each in of_one] == [told[1].id, told[0].id]
    assert list(by_id) == [told[2]]
    assert plain.body == commit("c1", ADA, "a.py").body.model_copy(update={"files": ()})
    assert await events.happened(entity=told[0].entity, limit=1) == of_one[:1]
    assert await events.happened(ids=()) == []


@never(
    "chdb", "clickhouse-http", because="hours are told from 1970 to 2105 there: such an event is put aside and named",
    raises=PoisonEvent,
)  # fmt: skip
async def test_an_event_of_any_year_is_kept(events: FilledEvents) -> None:
    """Clocks of those who commit are sometimes far off."""
    strange = commit("c1", ADA).model_copy(update={"occurred_at": datetime(2200, 1, 1, tzinfo=UTC)})

    await fill(events, strange)

    assert await events.happened(ids=[strange.id]) == [strange]


async def test_nothing_is_a_batch_too(events: FilledEvents) -> None:
    """What is not for this store moves the position all the same."""
    assert await events.apply(Batch(lane=0, after=0, upto=7, events=()))

    assert await events.positions() == {0: 7}
    assert await events.read(("commit",), ALWAYS) == []


async def test_an_organisation_is_told_nothing_of_another(
    events: FilledEvents, events_url: str | None, database: Database, org: str
) -> None:
    """Whatever is asked; the other has the same people, projects and things."""
    await fill(events, commit("c1", ADA, "a.py", title="Retry payouts"), pull(1, title="Retry payouts"))
    who, where = {ADA.key: "ada"}, {"git:api": "api"}

    async with opened_events(events_url, database, f"{org}-other") as other:
        assert await other.activity(ALWAYS, ("commit",), accounts=who, projects=where) == []
        assert await other.activity(ALWAYS, ("commit",)) == []
        assert await other.last_seen(who) == {}
        assert await other.touches(ALWAYS, half_life=DAY, paths=["a.py"]) == []
        assert await other.skills(ALWAYS, accounts=who) == []
        assert await other.find_work("retry payouts", ALWAYS) == []
        assert await other.read(("commit", "pr_opened"), ALWAYS) == []
        assert await other.happened(ids=["git:api:commit:c1"], entity="commit:c1") == []
        assert await other.happened(entity="commit:c1") == []
    assert len(await events.happened(entity="commit:c1")) == 1


async def test_moments_are_compared_whatever_their_time_zone(events: FilledEvents) -> None:
    """The last minute of a day in Auckland is of the day before in Lisbon."""
    late = datetime(2026, 9, 2, 0, 30, tzinfo=timezone(timedelta(hours=12)))
    told = event("c1", commit("c1").body, entity="commit:c1", project="git:api", actor=ADA, when=late)
    day = Window(since=datetime(2026, 9, 1, tzinfo=UTC), until=datetime(2026, 9, 2, tzinfo=UTC))
    await fill(events, told)

    [row] = await events.activity(day, ("commit",))

    assert row.first_at == row.last_at == late
    assert row.first_at.utcoffset() == timedelta(0)


async def test_names_in_any_script_are_names(events: FilledEvents) -> None:
    """And whatever else may stand in them."""
    author = git_actor("Łukasz 李 O'Brien \\ \"\n🦊", "ł@acme.dev")
    path = "src/ünï/\\ 100%_'.py"
    await fill(events, commit("c1", author, path, project="git:zürich", title="Größe ändern"))

    [row] = await events.activity(ALWAYS, ("commit",), accounts={author.key: "李"}, projects={"git:zürich": "Zürich 🏔"})
    [touch] = await events.touches(ALWAYS, half_life=DAY, paths=[path])
    [hit] = await events.find_work("größe", ALWAYS)

    assert (row.account, row.project, row.n) == ("李", "Zürich 🏔", 1)
    assert (touch.account, touch.path) == (author.key, path)
    assert hit.title == "Größe ändern"
    assert await events.last_seen({author.key: "李"}) == {"李": at(0)}
