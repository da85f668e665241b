"""The automations as a consumer of the log: from its end on, once an event, in one step with the position."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from adapters.actions.postgres import PostgresOutbox
from adapters.actions.postgres_automations import PostgresAutomations
from adapters.directory.postgres import PostgresDirectory
from adapters.events.postgres import PostgresEvents
from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.quarantine import PostgresQuarantine
from adapters.rules.yaml_file import parse_rules
from domain.actions import WritePolicy
from domain.events import Deployment, Event
from domain.ports import LANES, Batch, Entry
from domain.routing import Store
from server.automations import Automations, Rules
from server.router import Router
from tests.events import ADA, event

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
RULES = """\
channels: {default: "#eng"}
rules:
  - name: failed
    when:
      type: deployment
      where: {outcome: failure}
    then:
      - slack: {channel: "{channel}", text: "{event.deployment_id} failed"}
"""


def failed(number: int, when: datetime = NOW) -> Event:
    """A deployment that failed."""
    body = Deployment(
        deployment_id=str(number), environment="production", production=True, outcome="failure", sha="c0ffee",
        requested_at=when, finished_at=when,
    )  # fmt: skip
    return event(f"d{number}", body, actor=ADA, when=when)


@pytest.fixture
def log(database: Database, org: str) -> PostgresLog:
    """The log."""
    return PostgresLog(database, org)


@pytest.fixture
def outbox(database: Database, org: str) -> PostgresOutbox:
    """Where it all goes."""
    return PostgresOutbox(database, org)


Build = Callable[..., PostgresAutomations]


@pytest.fixture
def build(log: PostgresLog, outbox: PostgresOutbox, directory: PostgresDirectory, events: PostgresEvents) -> Build:
    """Makes a consumer, as the composition root does."""

    def make(now: datetime = NOW) -> PostgresAutomations:
        automations = Automations(
            Rules("test", parse_rules(RULES, "a.yaml")), directory=directory, events=events, log=log,
            own_accounts=outbox.own_accounts, writes=WritePolicy.parse("on"), site=None, now=lambda: now,
        )  # fmt: skip
        return PostgresAutomations(events.database, events.org, automations.decide, log.heads)

    return make


Follow = Callable[[PostgresAutomations], Awaitable[None]]


@pytest.fixture
def follow(log: PostgresLog, database: Database, org: str) -> Follow:
    """Carries the log to a consumer."""

    async def catch_up(consumer: PostgresAutomations) -> None:
        await Router(log, [consumer], PostgresQuarantine(database, org)).catch_up()

    return catch_up


async def decided(outbox: PostgresOutbox) -> list[str]:
    """The events for which something is to be done."""
    return sorted(entry.event_id or "" for entry in await outbox.entries(("pending", "held")))


async def test_it_begins_where_the_log_ends(
    log: PostgresLog, outbox: PostgresOutbox, build: Build, follow: Follow
) -> None:
    """What was there before rules were on is history, in every lane."""
    await log.append([failed(n) for n in range(20)])
    consumer = build()
    await consumer.positions()
    await log.append([failed(n) for n in range(20, 23)])
    await follow(consumer)

    assert await decided(outbox) == ["d20", "d21", "d22"]
    assert len(await consumer.positions()) == LANES


async def test_it_begins_in_an_empty_log(
    log: PostgresLog, outbox: PostgresOutbox, build: Build, follow: Follow
) -> None:
    """Where a lane has nothing yet, its first entry is news."""
    consumer = build()
    await consumer.positions()
    await log.append([failed(1)])
    await follow(consumer)

    assert await decided(outbox) == ["d1"]


async def test_reading_again_triggers_nothing_again(
    log: PostgresLog, outbox: PostgresOutbox, build: Build, follow: Follow
) -> None:
    """Not by replay, not by going back, not by an entry that is applied by itself."""
    consumer = build()
    await consumer.positions()
    await log.append([failed(1), failed(2)])
    await follow(consumer)
    before = await consumer.positions()

    await consumer.reset()
    await consumer.rewind(0)
    await follow(consumer)
    again = Batch(lane=0, after=before[0], upto=before[0], events=(failed(1),))
    assert await consumer.apply(again)

    assert await consumer.positions() == before
    assert await decided(outbox) == ["d1", "d2"]
    assert await outbox.entries(("done", "failed", "unknown")) == []


async def test_position_and_outbox_move_together(log: PostgresLog, outbox: PostgresOutbox, build: Build) -> None:
    """A batch that somebody else applied leaves nothing behind."""
    consumer = build()
    await consumer.positions()
    late = Batch(lane=0, after=5, upto=6, events=(failed(1),))

    assert not await consumer.apply(late)
    assert await decided(outbox) == []


async def test_what_a_backfill_brings_is_not_news_and_what_waited_for_us_is(
    log: PostgresLog, outbox: PostgresOutbox, build: Build, follow: Follow
) -> None:
    """How old an event is, its arrival says; how late we are is no fault of its own."""
    arrived = datetime.now(UTC)
    await build().positions()
    await log.append([failed(1, arrived - timedelta(days=9)), failed(2, arrived - timedelta(minutes=5))])
    await follow(build(now=arrived + timedelta(hours=6)))

    assert await decided(outbox) == ["d2"]


async def test_a_store_that_is_filled_again_tells_nothing_of_it(
    log: PostgresLog, outbox: PostgresOutbox, build: Build, events: PostgresEvents
) -> None:
    """Replaying another consumer leaves this one where it is."""
    consumer = build()
    await consumer.positions()
    router = Router(log, [events, consumer], PostgresQuarantine(events.database, events.org))
    await log.append([failed(1)])
    await router.catch_up()
    await events.reset()
    await router.catch_up()

    assert await decided(outbox) == ["d1"]
    assert consumer.store is Store.AUTOMATIONS


async def test_reading_of_the_log_is_spared_where_nothing_matches(
    log: PostgresLog, build: Build, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most events are no rule's business; only old ones that match need their time of arrival."""
    consumer = build()
    await consumer.positions()
    asked: list[int] = []
    whole = PostgresLog.read

    async def read(self: PostgresLog, lane: int, after: int, limit: int) -> Sequence[Entry]:
        asked.append(lane)
        return await whole(self, lane, after, limit)

    await log.append([failed(1)])
    monkeypatch.setattr(PostgresLog, "read", read)
    await follow(consumer)
    assert len(asked) == 1
