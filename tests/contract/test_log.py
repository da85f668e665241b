"""What every log promises: contiguous lanes, each event once, cursors that move with the events.

With a stream before it, what was appended has to arrive before it is read: `entrance.settle()` waits for that.
"""

import asyncio

from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from domain.ports import LANES, Entry, EventLog, lane_of
from tests.engines.logs import Entrance, entered
from tests.events import commit


async def positions(log: EventLog) -> dict[int, list[int]]:
    """What positions each lane holds."""
    return {lane: [entry.position for entry in await log.read(lane, 0, 10_000)] for lane in range(LANES)}


async def ids(log: EventLog) -> list[str]:
    """The ids of everything in the log."""
    entries = [entry for lane in range(LANES) for entry in await log.read(lane, 0, 10_000)]
    return sorted(entry.event.id for entry in entries if entry.event)


async def test_what_was_appended_can_be_read_back(entrance: Entrance, log: EventLog) -> None:
    """Nothing of an event is lost on its way through the log."""
    event = commit("a1", title="Fix Zoë's bug 🐛")

    await log.append([event])
    await entrance.settle()

    [entry] = await log.read(lane_of(event.entity), 0, 10)
    assert entry.event == event
    assert entry.position == 1


async def test_appending_the_same_event_again_adds_nothing(entrance: Entrance, log: EventLog) -> None:
    """A redelivered event keeps its first place."""
    events = [commit(f"sha{n}") for n in range(20)]

    first = await log.append(events)
    second = await log.append(events)
    await entrance.settle()

    assert (first.new, first.known, first.sent) in {(20, 0, 0), (0, 0, 20)}
    assert (second.new, second.known, second.sent) in {(0, 20, 0), (0, 0, 20)}
    assert await ids(log) == sorted(event.id for event in events)


async def test_an_event_twice_in_one_batch_is_appended_once(entrance: Entrance, log: EventLog) -> None:
    """Deduplication looks within the batch too."""
    event = commit("twice")

    appended = await log.append([event, event])
    await entrance.settle()

    assert (appended.new, appended.known, appended.sent) in {(1, 1, 0), (0, 0, 2)}
    assert await ids(log) == [event.id]


async def test_positions_of_a_lane_have_no_gaps_even_when_many_append_at_once(
    entrance: Entrance, log: EventLog
) -> None:
    """A reader that has seen a position can never miss a smaller one."""
    batches = [[commit(f"{writer}-{n}") for n in range(12)] for writer in range(8)]

    await asyncio.gather(*(log.append(batch) for batch in batches))
    await entrance.settle()

    for found in (await positions(log)).values():
        assert found == list(range(1, len(found) + 1))
    assert len(await ids(log)) == 8 * 12


async def test_the_same_events_appended_by_many_at_once_are_there_once(entrance: Entrance, log: EventLog) -> None:
    """A race of redeliveries has one winner for each event."""
    events = [commit(f"sha{n}") for n in range(40)]

    results = await asyncio.gather(*(log.append(events) for _ in range(6)))
    await entrance.settle()

    assert sum(result.new for result in results) == (0 if entrance.stream else 40)
    assert await ids(log) == sorted(event.id for event in events)


async def test_events_of_one_entity_are_read_in_the_order_in_which_they_were_appended(
    entrance: Entrance, log: EventLog
) -> None:
    """Order is kept per entity, also across batches."""
    states = [commit(f"s{n}", hours=n).model_copy(update={"entity": "commit:one"}) for n in range(10)]

    for state in states:
        await log.append([state])
    await entrance.settle()

    found = await log.read(lane_of("commit:one"), 0, 100)
    assert [entry.event for entry in found] == states


async def test_reading_goes_on_after_a_position(entrance: Entrance, log: EventLog) -> None:
    """A page follows the page before it."""
    events = [commit(f"s{n}").model_copy(update={"entity": "commit:one"}) for n in range(7)]
    await log.append(events)
    await entrance.settle()

    page = await log.read(lane_of("commit:one"), 4, 2)

    assert [entry.position for entry in page] == [5, 6]


async def test_heads_are_the_last_positions(entrance: Entrance, log: EventLog) -> None:
    """A consumer knows from the heads how far it is behind."""
    await log.append([commit(f"s{n}") for n in range(30)])
    await entrance.settle()

    heads = await log.heads()

    assert {lane: heads.get(lane, 0) for lane in range(LANES)} == {
        lane: len(found) for lane, found in (await positions(log)).items()
    }


async def test_a_cursor_moves_with_the_events(log: EventLog) -> None:
    """What a source has read and where it goes on are one step."""
    assert await log.cursor("git:api") is None

    await log.append([commit("a")], {"git:api": {"head": "a", "manifests": {"pyproject.toml": "b1"}}})
    await log.append([], {"git:api": {"head": "b"}})

    assert await log.cursor("git:api") == {"head": "b"}


async def test_waiting_since_tells_when_the_next_entry_came(entrance: Entrance, log: EventLog) -> None:
    """Lag is measured from the oldest entry that waits."""
    event = commit("a")
    await log.append([event])
    await entrance.settle()
    lane = lane_of(event.entity)

    [entry] = await log.read(lane, 0, 1)

    assert await log.waiting_since(lane, 0) == entry.received_at
    assert await log.waiting_since(lane, 1) is None


async def test_waiting_ends_when_something_is_appended(entrance: Entrance, database: Database, org: str) -> None:
    """A consumer is woken by news from anywhere, long before its patience ends."""
    mine = PostgresLog(database, org)
    try:
        await mine.wait(0)  # begins to listen
        waiting = asyncio.create_task(mine.wait(60))
        await entrance.log.append([commit("news")])
        await entrance.settle()
        await asyncio.wait_for(waiting, 10)
    finally:
        await mine.close()


async def test_an_organisation_sees_nothing_of_another(
    entrance: Entrance, database: Database, org: str, log_url: str | None
) -> None:
    """The same event of two organisations is two events, also where they share a stream."""
    event = commit("shared")
    async with entered(database, f"{org}-other", log_url) as other:
        await entrance.log.append([event], {"git:api": {"head": "x"}})
        await entrance.settle()
        await other.settle()

        assert await ids(entrance.log) == [event.id]
        assert await ids(other.log) == []
        assert await other.log.heads() == {}
        assert await other.log.cursor("git:api") is None
        assert await other.landing.letters() == []
        await other.log.append([event])
        await other.settle()
        assert await ids(other.log) == [event.id]


async def test_an_entry_of_an_unknown_kind_is_read_as_such(database: Database, org: str) -> None:
    """A log written by a newer version does not stop an older one."""
    log = PostgresLog(database, org)
    await log.append([commit("a")])
    async with database.session(org) as connection:
        await connection.execute(
            "INSERT INTO log (org, lane, position, event_id, payload) VALUES ($1, 0, 1000, 'new', $2)",
            org,
            '{"id":"new","source":"git","body":{"type":"from_the_future"}}',
        )

    [entry] = await log.read(0, 999, 10)

    assert entry.event is None
    assert "from_the_future" in entry.payload


async def test_a_reader_is_told_what_is_new_just_as_it_would_read_it(database: Database, org: str) -> None:
    """It need not read back what this process has appended, and hears nothing twice."""
    log = PostgresLog(database, org)
    told: list[Entry] = []
    log.tell(told.extend)
    events = [commit(f"sha{n}", title=f"Zoë {n}") for n in range(20)]

    await log.append(events[:12])
    await log.append(events)

    read = [entry for lane in range(LANES) for entry in await log.read(lane, 0, 100)]
    assert sorted(told, key=lambda entry: (entry.lane, entry.position)) == read
