"""What every stream before the log promises: nothing is lost or doubled or out of order, whoever dies or is down."""

import asyncio
import itertools
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.log.postgres import PostgresLog
from adapters.postgres.database import Database
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.leases import PostgresLeases
from adapters.postgres.migrate import migrate
from domain.errors import PoisonEvent, StoreUnavailable
from domain.events import Event
from domain.ports import LANES, Carried, EventLog, Received
from tests.acceptance.program import ROOT, environment
from tests.conftest import make_home, remove_home
from tests.contract.conftest import url_of
from tests.engines.logs import ENGINES, Entrance, entered
from tests.engines.strays import write
from tests.events import commit, document

STREAMS = tuple(engine for engine in ENGINES if engine != "postgres")


@pytest.fixture(params=STREAMS)
def log_url(request: pytest.FixtureRequest) -> str | None:
    """Where each stream is."""
    return url_of(request.param, request)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that tests stop and start."""
    home = make_home()
    try:
        yield EmbeddedPostgres(home)
    finally:
        remove_home(home)


@pytest.fixture
async def own(server: EmbeddedPostgres) -> AsyncIterator[tuple[Database, str]]:
    """A connection to it that does not start it by itself, and its URL."""
    url = await asyncio.to_thread(server.start)
    async with Database(url, Path()).open() as database:
        await migrate(database)
        yield database, url
    await asyncio.to_thread(server.stop)


async def told(log: EventLog) -> list[str]:
    """The ids of everything in the log, lane by lane."""
    entries = [entry for lane in range(LANES) for entry in await log.read(lane, 0, 100_000)]
    return [entry.event.id for entry in entries if entry.event]


def history(entity: str, count: int) -> list[Event]:
    """What happened to one thing, in order."""
    return [commit(f"{entity}-{n}", hours=n).model_copy(update={"entity": entity}) for n in range(count)]


def in_order(found: list[str], sent: list[Event]) -> bool:
    """Whether each entity's events stand as they were sent, each once."""
    wanted: dict[str, list[str]] = {}
    entity_of = {}
    for event in sent:
        wanted.setdefault(event.entity, []).append(event.id)
        entity_of[event.id] = event.entity
    by_entity: dict[str, list[str]] = {entity: [] for entity in wanted}
    for event_id in found:
        by_entity[entity_of[event_id]].append(event_id)
    return by_entity == wanted


async def test_intake_goes_on_while_the_database_is_down(
    server: EmbeddedPostgres, own: tuple[Database, str], org: str, log_url: str
) -> None:
    """Acknowledged is acknowledged by the stream alone; everything arrives once the database is back."""
    database, _ = own
    async with entered(database, org, log_url) as entrance:
        before = history("issue:A-1", 5)
        await entrance.log.append(before)
        await entrance.settle()
        assert entrance.drain is not None
        draining = asyncio.create_task(entrance.drain.run())
        await asyncio.to_thread(server.stop)
        try:
            during = history("issue:A-2", 40)
            for event in during:
                assert (await entrance.log.append([event])).sent == 1
            with pytest.raises(StoreUnavailable):
                await entrance.log.append([], {"git:api": {"head": "x"}})
        finally:
            await asyncio.to_thread(server.start)
            draining.cancel()
            with suppress(asyncio.CancelledError):
                await draining

        await entrance.settle()

        assert in_order(await told(entrance.log), [*before, *during])
        assert await entrance.landing.letters() == []


async def test_a_drain_that_is_killed_loses_and_doubles_nothing(
    own: tuple[Database, str], org: str, log_url: str, tmp_path: Path
) -> None:
    """`kill -9` at any moment: between reading and landing, between landing and telling the stream."""
    database, url = own
    chance = random.Random(7)
    async with entered(database, org, log_url) as entrance:
        assert entrance.stream is not None
        sent: list[Event] = []
        enough = asyncio.Event()
        sending = asyncio.create_task(keep_sending(entrance, sent, enough))
        for _ in range(_KILLS):
            landed = await count(entrance.log)
            process = start_drain(url, org, log_url)
            try:
                await until_more_landed(entrance.log, landed, process)
                await asyncio.sleep(chance.random() / 10)  # any moment will do, so a random one is taken
            finally:
                process.kill()
                process.wait()
            await forget_leases(database, org)
        enough.set()
        await sending

        await entrance.settle()

        assert in_order(await told(entrance.log), sent)
        assert await entrance.landing.letters() == []


_KILLS = 5
_AHEAD = 150
"""How many events are on the way at least, while drains are killed."""


async def keep_sending(entrance: Entrance, sent: list[Event], enough: asyncio.Event) -> None:
    """Send so that there is always something on the way, until it is enough."""
    rounds = itertools.count()
    while not enough.is_set():
        if len(sent) - await count(entrance.log) > _AHEAD:
            await asyncio.sleep(0.01)
            continue
        number = next(rounds)
        batch = [commit(f"{number}-{n}").model_copy(update={"entity": f"issue:K-{n % 7}"}) for n in range(20)]
        await entrance.log.append(batch)
        sent += batch


async def count(log: EventLog) -> int:
    """How many entries there are."""
    return sum((await log.heads()).values())


def start_drain(url: str, org: str, log_url: str) -> "subprocess.Popen[bytes]":
    """A process that drains until it is killed."""
    command = [sys.executable, "-m", "tests.engines.draining", url, org, log_url]
    aws = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    return subprocess.Popen(command, env={**environment(ROOT), **aws}, cwd=ROOT)


async def until_more_landed(log: EventLog, landed: int, process: "subprocess.Popen[bytes]") -> None:
    """Return once a drain has carried something."""
    async with asyncio.timeout(60):
        while await count(log) == landed:
            assert process.poll() is None, "the drain ended by itself"
            await asyncio.sleep(0.01)


async def forget_leases(database: Database, org: str) -> None:
    """Let the lease of a killed process run out now rather than in a while."""
    async with database.session(org) as connection:
        await connection.execute("UPDATE leases SET expires_at = clock_timestamp() WHERE org = $1", org)


async def test_two_drains_at_once_double_and_reorder_nothing(entrance: Entrance, database: Database, org: str,
                                                             log_url: str) -> None:  # fmt: skip
    """Two processes that start together share the work, or one of them waits."""
    sent = [event for n in range(12) for event in history(f"issue:T-{n}", 10)]
    async with entered(database, org, log_url) as other:
        for start in range(0, len(sent), 30):
            await entrance.log.append(sent[start : start + 30])
        assert other.drain is not None
        running = asyncio.create_task(other.drain.run())
        await entrance.settle()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await entrance.settle()

    assert in_order(await told(entrance.log), sent)


async def test_what_was_read_and_not_landed_comes_again(entrance: Entrance) -> None:
    """A drain that gives up between the two has moved nothing."""
    sent = history("issue:R-1", 5)
    await entrance.log.append(sent)
    assert entrance.stream is not None
    await entrance.stream.seek({})
    received = await first_of(entrance)
    await entrance.stream.give_back(received)

    await entrance.settle()

    assert in_order(await told(entrance.log), sent)


async def first_of(entrance: Entrance) -> Received:
    """The first reading that gives events."""
    assert entrance.stream is not None
    async with asyncio.timeout(30):
        while not (received := await entrance.stream.receive(1)).events:
            pass
    return received


async def test_what_landed_and_was_not_acknowledged_is_known_when_it_comes_again(entrance: Entrance) -> None:
    """A drain that dies behind its landing leaves nothing to do."""
    sent = history("issue:L-1", 5)
    await entrance.log.append(sent)
    assert entrance.stream is not None
    await entrance.stream.seek({})
    received = await first_of(entrance)
    await entrance.landing.land(Received(events=received.events))
    await entrance.stream.give_back(received)

    await entrance.settle()

    assert in_order(await told(entrance.log), sent)


@pytest.mark.parametrize("marked", [True, False])
async def test_a_message_that_is_no_event_is_put_aside_and_stops_nothing(
    entrance: Entrance, org: str, log_url: str, *, marked: bool
) -> None:
    """What somebody else wrote there is kept with the reason, once, and those behind it land."""
    before, after = history("issue:P-1", 3), history("issue:P-2", 3)
    await entrance.log.append(before)
    await entrance.settle()
    others = {letter.name for letter in await entrance.landing.letters()}
    write(log_url, org, b"not an event", marked=marked)
    await entrance.log.append(after)

    await entrance.settle()
    await entrance.settle()

    assert in_order(await told(entrance.log), [*before, *after])
    [letter] = [found for found in await entrance.landing.letters() if found.name not in others]
    told_apart = marked or log_url.startswith("sqs:")
    assert letter.reason.startswith("it ")
    assert letter.payload.endswith(b"not an event") is told_apart, "what may be another's is not kept"
    assert await entrance.landing.remove(letter)
    assert not await entrance.landing.remove(letter)


async def test_an_event_that_the_log_cannot_hold_is_put_aside_alone(entrance: Entrance) -> None:
    """An id that no index takes: the others land, in their order."""
    sent = history("issue:H-1", 9)
    too_long = commit("x").model_copy(update={"id": "".join(f"{random.Random(n).random()}" for n in range(2_000))})
    await entrance.log.append([*sent[:4], too_long, *sent[4:]])

    await entrance.settle()

    assert in_order(await told(entrance.log), sent)
    [letter] = [found for found in await entrance.landing.letters() if "cannot hold it" in found.reason]
    assert too_long.id.encode() in letter.payload


async def test_an_event_of_a_kind_from_the_future_is_kept_by_the_log(entrance: Entrance, org: str) -> None:
    """It has an id and an entity, so that it has a place; a version that knows its kind will read it."""
    event = commit("future")
    await entrance.log.append([event])
    await entrance.settle()
    payload = '{"id":"new","entity":"x:1","source":"git","body":{"type":"from_the_future"}}'

    await entrance.landing.land(Received(events=[Carried("part", "1", "new", "x:1", payload)]))

    entries = [entry for lane in range(LANES) for entry in await entrance.log.read(lane, 0, 100)]
    assert [entry.payload for entry in entries if entry.event is None] == [payload]


async def test_a_large_event_passes_and_one_that_is_too_large_is_named(entrance: Entrance) -> None:
    """Two megabytes of prose fit once they are compressed; noise does not, and keeps nothing else from being sent."""
    words = ["release", "payments", "because", "rollback", "deploys", "Zoë", "backoff", "schema"]
    chance = random.Random(3)
    large = document("book.md", " ".join(chance.choices(words, k=250_000)))
    noise = document("noise.md", "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(1_200_000)))
    small = commit("small")

    await entrance.log.append([large, small])
    with pytest.raises(PoisonEvent) as caught:
        await entrance.log.append([commit("other"), noise])
    await entrance.settle()

    assert noise.id in str(caught.value)
    assert sorted(await told(entrance.log)) == sorted([large.id, small.id])


async def test_a_drain_that_lost_its_lease_lands_nothing(entrance: Entrance, database: Database, org: str) -> None:
    """Whoever was away too long may not write any more: another one reads already."""
    leases = PostgresLeases(database, org)
    lost = await leases.take("drain:test", "a", timedelta(0))
    now = await leases.take("drain:test", "b", timedelta(minutes=1))
    assert lost is not None
    assert now is not None
    received = Received(events=[Carried("part", "1", "e", "x:1", "{}")], cursors={"test:1": {"next": 2}})

    assert await entrance.landing.land(received, lost) is None
    assert await entrance.landing.cursors("test") == {}
    assert await entrance.landing.land(received, now) is not None
    assert await entrance.landing.cursors("test") == {"test:1": {"next": 2}}


async def test_catching_up_waits_for_the_drain_that_is_at_it(
    entrance: Entrance, database: Database, org: str, log_url: str
) -> None:
    """`engintel ingest` beside a running server returns when what it sent has landed, whoever took it there."""
    async with entered(database, org, log_url) as server:
        assert server.drain is not None
        running = asyncio.create_task(server.drain.run())
        sent = history("issue:W-1", 30)
        await entrance.log.append(sent)
        await entrance.settle()
        found = await told(PostgresLog(database, org))
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    assert in_order(found, sent)


async def test_waiting_counts_what_has_not_landed(entrance: Entrance, log_url: str) -> None:
    """`doctor` shows how much lies in the stream, where the engine can tell."""
    assert entrance.drain is not None
    await entrance.settle()
    await entrance.log.append(history("issue:C-1", 3))
    before = await entrance.drain.waiting()
    await entrance.settle()
    after = await entrance.drain.waiting()

    if log_url.startswith("kinesis:"):
        assert (before, after) == (None, None)
    else:
        assert before is not None
        assert before > 0
        assert after == 0


async def test_a_stream_that_is_away_is_told_as_such(database: Database, org: str, log_url: str) -> None:
    """Nobody listens there: what was to be sent is not acknowledged, and trying again is safe."""
    elsewhere = {
        "kafka": "kafka://127.0.0.1:9?timeout=1",
        "sqs": "sqs://test?region=eu-central-1&endpoint=http://127.0.0.1:9",
        "kinesis": "kinesis://test?region=eu-central-1&endpoint=http://127.0.0.1:9",
    }
    async with entered(database, org, elsewhere[log_url.partition(":")[0]]) as entrance:
        with pytest.raises(StoreUnavailable):
            await entrance.log.append([commit("a")])
        assert await entrance.log.heads() == {}, "reading needs the database alone"
