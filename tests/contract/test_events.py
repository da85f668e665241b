"""What every event store promises: how often, when, by whom, counted once."""

from datetime import timedelta

import pytest

from adapters.events.postgres import PostgresEvents
from domain.events import CommitDropped, Source
from domain.window import Window
from tests.contract.filling import fill
from tests.events import ADA, GRACE, at, commit, event, github, joined, pull, review

ALWAYS = Window(since=at(-10_000), until=at(10_000))
DAY = timedelta(days=1)


async def test_activity_is_counted_by_account_project_and_type(events: PostgresEvents) -> None:
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


async def test_a_commit_seen_through_two_sources_counts_once(events: PostgresEvents) -> None:
    """The clone and the push tell of the same commit; their projects are one."""
    pushed = commit("c1", ADA).model_copy(
        update={"id": "github:acme/api:commit:c1", "project": "github:acme/api", "source": Source.GITHUB}
    )
    await fill(events, commit("c1", ADA), pushed)
    one = {"git:api": "api", "github:acme/api": "api"}

    [row] = await events.activity(ALWAYS, ("commit",), projects=one, accounts={ADA.key: "ada"})

    assert (row.account, row.project, row.n) == ("ada", "api", 1)


async def test_two_accounts_of_one_person_count_as_one(events: PostgresEvents) -> None:
    """Groups add up by what they count as; what is in no group is not counted."""
    await fill(events, commit("c1", ADA), commit("c2", GRACE), commit("c3", github(9, "else")))

    [row] = await events.activity(ALWAYS, ("commit",), accounts={ADA.key: "both", GRACE.key: "both"})

    assert (row.account, row.n) == ("both", 2)


async def test_a_window_has_its_beginning_and_not_its_end(events: PostgresEvents) -> None:
    """Two windows side by side count everything once."""
    await fill(events, *(commit(f"c{n}", ADA, hours=n) for n in range(6)))

    first = await events.activity(Window(since=at(0), until=at(3)), ("commit",))
    second = await events.activity(Window(since=at(3), until=at(6)), ("commit",))

    assert (first[0].n, second[0].n) == (3, 3)


async def test_a_dropped_commit_is_gone_with_its_files(events: PostgresEvents) -> None:
    """A rewritten history takes its commits along, in this project only."""
    await fill(events, commit("c1", ADA, "a.py"), commit("c1", ADA, "a.py", project="git:fork"))
    dropped = event("drop", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT)

    assert len(await events.read(("commit",), ALWAYS)) == 2
    await fill(events, dropped)

    assert [e.project for e in await events.read(("commit",), ALWAYS)] == ["git:fork"]
    assert {hit.project for hit in await events.find_work("c1", ALWAYS)} <= {"git:fork"}
    assert [row.project for row in await events.activity(ALWAYS, ("commit",))] == ["git:fork"]
    assert [touch.project for touch in await events.touches(ALWAYS, half_life=DAY)] == ["git:fork"]


async def test_a_commit_dropped_and_made_again_counts_again(events: PostgresEvents) -> None:
    """Within one batch, in order."""
    dropped = event("drop", CommitDropped(sha="c1"), entity="commit:c1", project="git:api", source=Source.GIT)
    again = commit("c1", ADA, "a.py").model_copy(update={"id": "git:api:commit:c1:again"})

    await fill(events, commit("c1", ADA, "a.py"), dropped, again)

    assert [row.n for row in await events.activity(ALWAYS, ("commit",))] == [1]


async def test_somebody_is_seen_by_what_they_do_and_not_by_what_is_done_for_them(events: PostgresEvents) -> None:
    """Whoever left is still on a team's list, and others still close their pull requests."""
    left = github(2, "grace")
    await fill(
        events,
        pull(1, "pr_opened", left, hours=1),
        pull(1, "pr_merged", left, hours=2),
        joined("web", left, hours=3),
    )

    assert await events.last_seen({left.key: "grace", "github:9": "nobody"}) == {"grace": at(1)}


async def test_touches_weigh_half_for_every_half_life(events: PostgresEvents) -> None:
    """Knowledge fades at the rate that the question asks for."""
    await fill(events, commit("c1", ADA, "src/a.py", hours=0), commit("c2", ADA, "src/a.py", hours=24))
    window = Window(since=at(-1), until=at(48))

    [touch] = await events.touches(window, half_life=DAY)

    assert touch.commits == 2
    assert touch.weight == pytest.approx(0.25 + 0.5)
    assert touch.last_at == at(24)


async def test_touches_are_found_at_below_and_beside_a_path(events: PostgresEvents) -> None:
    """Two folders up and no further, and `_` is a letter."""
    files = ("src/pay/retry.py", "src/pay/sub/x.py", "src/other/y.py", "srcXpay/z.py", "lib/z.py")
    await fill(events, commit("c1", ADA, *files))

    below = await events.touches(ALWAYS, half_life=DAY, paths=["src/pay/sub"])
    beside = await events.touches(ALWAYS, half_life=DAY, paths=["src/pay/retry.py"])

    assert {touch.path for touch in below} == {"src/pay/sub/x.py", "src/pay/retry.py", "src/other/y.py"}
    assert {touch.path for touch in beside} == {"src/pay/retry.py", "src/pay/sub/x.py", "src/other/y.py"}


async def test_co_authors_touched_the_files_too(events: PostgresEvents) -> None:
    """Pairing is knowledge on both sides; the commit is the author's."""
    await fill(events, commit("c1", ADA, "a.py", co_authors=(GRACE,)))

    touches = await events.touches(ALWAYS, half_life=DAY)
    activity = await events.activity(ALWAYS, ("commit",))

    assert {touch.account for touch in touches} == {ADA.key, GRACE.key}
    assert {row.account for row in activity} == {ADA.key}


async def test_skills_are_counted_in_commits(events: PostgresEvents) -> None:
    """Ten files of one commit are one commit."""
    await fill(events, commit("c1", ADA, "a.py", "b.py", "c.ts"), commit("c2", ADA, "a.py"))

    found = {use.skill: use.commits for use in await events.skills(ALWAYS)}
    only = await events.skills(ALWAYS, skills=["TypeScript"])

    assert found == {"Python": 2, "TypeScript": 1}
    assert [use.skill for use in only] == ["TypeScript"]


async def test_work_is_found_by_its_words_rare_ones_first(events: PostgresEvents) -> None:
    """A word that everything has tells nothing apart."""
    await fill(
        events,
        *(commit(f"c{n}", GRACE, title=f"Update service number {n}") for n in range(30)),
        commit("pay", ADA, title="Update payout retries"),
    )

    hits = await events.find_work("update the retry of payouts", ALWAYS)

    assert hits[0].entity == "commit:pay"
    assert hits[0].score > 2 * hits[1].score


async def test_a_thing_is_found_once(events: PostgresEvents) -> None:
    """Opened and merged are two events of one pull request."""
    await fill(events, pull(1, title="Retry payouts"), pull(1, "pr_merged", title="Retry payouts", hours=3))

    hits = await events.find_work("payouts", ALWAYS)

    assert [hit.entity for hit in hits] == ["pr:github:acme/api#1"]


@pytest.mark.parametrize("text", ["", "the of and", "'; DROP TABLE events; --", "& | ! <-> :*", "\\", "💥" * 50])
async def test_any_text_may_be_looked_for(events: PostgresEvents, text: str) -> None:
    """A question is never a query."""
    await fill(events, commit("c1", ADA))

    assert await events.find_work(text, ALWAYS) == []


async def test_events_are_read_in_order_of_time_without_files(events: PostgresEvents) -> None:
    """What the delivery figures are computed from."""
    later, earlier = commit("c2", ADA, "a.py", hours=2), commit("c1", ADA, "a.py", hours=1)
    await fill(events, later, earlier, pull(1))

    found = await events.read(("commit",), ALWAYS, projects=["git:api"])
    again = await events.read(("commit",), ALWAYS, projects=["git:api"])  # from memory

    assert [e.id for e in found] == [earlier.id, later.id]
    assert again == found
    assert all(e.body.type == "commit" and e.body.files == () for e in found)


async def test_what_happened_to_one_thing_is_told_the_newest_first(events: PostgresEvents) -> None:
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
