"""The outbox: every action in one state, one holder at a time, nothing twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from adapters.actions.postgres import PostgresAudit, PostgresOutbox, put_decided
from adapters.postgres.database import Database
from domain.actions import Draft, Upstream
from domain.automations import action_key
from domain.ports import Claim, Decided, OutboxEntry, Posted

LONG = timedelta(minutes=5)
OVER = timedelta(0)
COMMENT = Draft(action="post_jira_comment", target="jira:PAY-12", text="Fixed.")
MESSAGE = Draft(action="notify_slack", target="slack:#payments", text="Failed.")
BOTH: tuple[Upstream, ...] = ("jira", "slack")


@pytest.fixture
def outbox(database: Database, org: str) -> PostgresOutbox:
    """The outbox under test."""
    return PostgresOutbox(database, org)


def decided(event: str = "e1", draft: Draft = MESSAGE, rule: str = "r", limit: int = 100) -> Decided:
    """What a rule wants done."""
    key = action_key(rule, event, draft)
    return Decided(key=key, rule=rule, event_id=event, draft=draft, max_per_hour=limit)


Put = Callable[..., Awaitable[None]]


@pytest.fixture
def put(database: Database, org: str) -> Put:
    """Adds what rules decided, as the runner does: within a transaction that does more."""

    async def add(*wanted: Decided) -> None:
        async with database.session(org) as connection:
            await put_decided(connection, org, wanted)

    return add


async def test_an_action_of_a_person_begins_once(outbox: PostgresOutbox) -> None:
    """Whoever asks again with the same key learns how it stands and may carry nothing."""
    begun = await asyncio.gather(*(outbox.begin("k", COMMENT, "local", LONG) for _ in range(4)))

    assert [type(each) for each in begun].count(Claim) == 1
    known = [each for each in begun if isinstance(each, OutboxEntry)]
    assert {(each.state, each.draft) for each in known} == {("in_flight", COMMENT)}


async def test_what_a_rule_decides_for_an_event_is_there_once(outbox: PostgresOutbox, put: Put) -> None:
    """However often the log is read again."""
    await put(decided(), decided())
    await put(decided(), decided("e2"))

    entries = await outbox.entries(("pending",))
    assert [(entry.rule, entry.event_id, entry.principal) for entry in entries] == [
        ("r", "e1", "automation:r"), ("r", "e2", "automation:r"),
    ]  # fmt: skip


async def test_two_that_claim_at_once_get_different_entries(outbox: PostgresOutbox, put: Put) -> None:
    """And each is written down as in flight before anybody may send it."""
    await put(*(decided(f"e{n}") for n in range(6)))
    claims = await asyncio.gather(*(outbox.claim(BOTH, LONG) for _ in range(8)))

    taken = [claim.entry for claim in claims if claim]
    assert len({entry.key for entry in taken}) == len(taken)
    while (claim := await outbox.claim(BOTH, LONG)) is not None:
        taken.append(claim.entry)
    assert sorted(entry.event_id or "" for entry in taken) == [f"e{n}" for n in range(6)]
    assert {(entry.state, entry.attempts) for entry in taken} == {("in_flight", 1)}


async def test_what_a_crash_left_in_flight_is_unknown_and_never_simply_sent(outbox: PostgresOutbox, put: Put) -> None:
    """Its claim runs out; the next holder must look first."""
    await put(decided())
    first = await outbox.claim(BOTH, OVER)
    second = await outbox.claim(BOTH, LONG)

    assert first
    assert second
    assert (second.entry.key, second.entry.state, second.entry.attempts) == (first.entry.key, "unknown", 1)
    assert second.entry.sent_at == first.entry.sent_at
    assert await outbox.claim(BOTH, LONG) is None


async def test_a_holder_that_lost_its_claim_changes_nothing_but_what_is_done(outbox: PostgresOutbox, put: Put) -> None:
    """That it is done is true whoever says so; that it failed is for the present holder to say."""
    await put(decided())
    late = await outbox.claim(BOTH, OVER)
    present = await outbox.claim(BOTH, LONG)
    assert late
    assert present

    await outbox.finish(late, "failed", reason="late")
    assert [entry.state for entry in await outbox.entries(("unknown",))] == ["unknown"]
    assert not await outbox.resume(late, LONG)

    await outbox.finish(late, "done", posted=Posted(url=None, key="C1/1"))
    await outbox.finish(present, "failed", reason="not seen")
    entry = await outbox.entry(present.entry.key)
    assert entry
    assert (entry.state, entry.receipt, entry.reason) == ("done", "C1/1", None)


async def test_an_entry_that_waits_is_not_due(outbox: PostgresOutbox, put: Put) -> None:
    """Until then others go first, and once it is resumed it counts as another attempt."""
    await put(decided("e1"), decided("e2"))
    first = await outbox.claim(BOTH, LONG)
    assert first
    await outbox.finish(first, "pending", reason="busy", again_in=LONG)

    second = await outbox.claim(BOTH, LONG)
    assert second
    assert second.entry.event_id == "e2"
    assert await outbox.claim(BOTH, LONG) is None
    waiting = await outbox.entry(first.entry.key)
    assert waiting
    assert (waiting.state, waiting.reason) == ("pending", "busy")


async def test_an_upstream_that_wants_peace_gets_it_and_the_other_goes_on(outbox: PostgresOutbox, put: Put) -> None:
    """In every process, because it is written down."""
    await put(decided(draft=MESSAGE), decided(draft=COMMENT))
    await outbox.pause("slack", LONG)
    await outbox.pause("slack", timedelta(seconds=1))  # a shorter one does not end a longer one

    claim = await outbox.claim(BOTH, LONG)
    assert claim
    assert claim.entry.draft == COMMENT
    assert await outbox.claim(BOTH, LONG) is None


async def test_a_storm_is_cut_off_and_the_last_message_says_so(outbox: PostgresOutbox, put: Put) -> None:
    """Another rule is not touched by it, and what was held can still be sent by hand."""
    await put(*(decided(f"e{n}", limit=3) for n in range(5)), decided("e9", rule="other", limit=3))

    sent = [entry for entry in await outbox.entries(("pending",)) if entry.rule == "r"]
    held = await outbox.entries(("held",))
    assert [entry.event_id for entry in sent] == ["e0", "e1", "e2"]
    assert [("last of 3 in an hour" in entry.draft.text) for entry in sent] == [False, False, True]
    assert [(entry.event_id, entry.reason) for entry in held] == [
        ("e3", "more than 3 an hour of the rule r"), ("e4", "more than 3 an hour of the rule r"),
    ]  # fmt: skip
    assert await outbox.counts() == {"pending": 4, "held": 2}
    assert await outbox.again(held[0].key)
    assert not await outbox.again(sent[0].key)


async def test_what_ended_is_in_the_audit_log_and_what_only_waits_is_not(
    outbox: PostgresOutbox, put: Put, database: Database, org: str
) -> None:
    """One row for each end, in the automation's name."""
    await put(decided())
    claim = await outbox.claim(BOTH, LONG)
    assert claim
    await outbox.finish(claim, "pending", reason="busy")
    claim = await outbox.claim(BOTH, LONG)
    assert claim
    await outbox.finish(claim, "done", posted=Posted(url=None, key="C1/1"))

    rows = await PostgresAudit(database, org).entries(10)
    assert [(row.principal, row.outcome, row.details["receipt"]) for row in rows] == [("automation:r", "done", "C1/1")]


async def test_what_nobody_wants_any_more_is_dropped_unless_somebody_is_at_it(outbox: PostgresOutbox, put: Put) -> None:
    """A person has the last word, but not in the middle of a sentence."""
    await put(decided("e1"), decided("e2"))
    claim = await outbox.claim(BOTH, LONG)
    assert claim
    other = next(entry for entry in await outbox.entries(("pending",)))

    assert not await outbox.drop(claim.entry.key)
    assert await outbox.drop(other.key)
    assert await outbox.claim(BOTH, LONG) is None
    await outbox.finish(claim, "parked", reason="nobody can tell")
    assert await outbox.again(claim.entry.key)
    looked = await outbox.claim(BOTH, LONG)
    assert looked
    assert looked.entry.state == "unknown"


async def test_our_own_accounts_are_remembered(outbox: PostgresOutbox) -> None:
    """All that there ever were: what an old one did is still ours."""
    await outbox.remember("jira", ["jira:a"])
    await outbox.remember("jira", ["jira:b", "jira:a"])
    await outbox.remember("slack", ["slack:U0"])

    assert await outbox.own_accounts() == {"jira:a", "jira:b", "slack:U0"}
