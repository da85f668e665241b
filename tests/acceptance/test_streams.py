"""A stream before the log, through the program: what it says, what it keeps, and what goes on without a database."""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.sources.sample import sample
from server.bootstrap import open_engine
from server.settings import Settings
from tests.acceptance.program import NOW, browser, run, serving
from tests.acceptance.test_webhooks import SECRETS, pushed, signed
from tests.engines.kafka import Broker


@pytest.fixture
def prefix() -> str:
    """Topics of the test's own."""
    return f"own-{uuid.uuid4().hex[:8]}."


@pytest.fixture
def log_url(kafka: Broker, prefix: str) -> str:
    """Where they are."""
    return f"kafka://{kafka.plain}?prefix={prefix}&partitions=2"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A file of deliveries."""
    file = tmp_path / "deliveries.ndjson"
    deliveries = sample(Settings(now=NOW).clock()).deliveries[:400]
    file.write_text("".join(f"{json.dumps(delivery)}\n" for delivery in deliveries), encoding="utf-8")
    return file


def part(home: Path, name: str, **settings: str) -> dict[str, Any]:
    """What `doctor` says of one part."""
    done = run(home, "doctor", "--json", **settings)
    checks: list[dict[str, Any]] = json.loads(done.stdout)["checks"]
    return next(check for check in checks if check["part"] == name)


def test_an_ingest_through_a_stream_is_complete_when_it_returns(home: Path, log_url: str, recorded: Path) -> None:
    """The same entries as without one, however often it is done; `doctor` says how the stream is."""
    plain = run(home, "ingest", "deliveries", str(recorded), ENGINTEL_ORG="plain")
    assert plain.returncode == 0, plain.stderr
    for _ in range(2):
        done = run(home, "ingest", "deliveries", str(recorded), ENGINTEL_LOG_URL=log_url)
        assert done.returncode == 0, done.stderr
        assert "events sent" in done.stdout

    assert part(home, "log")["entries"] == part(home, "log", ENGINTEL_ORG="plain")["entries"] > 0
    assert part(home, "stream", ENGINTEL_LOG_URL=log_url) == {
        "part": "stream", "state": "ok", "engine": "kafka", "waiting": 0
    }  # fmt: skip
    assert part(home, "events")["lag_seconds"] == 0


def test_dead_letters_can_be_looked_at(home: Path, log_url: str, prefix: str, kafka: Broker, recorded: Path) -> None:
    """They are counted, listed, shown, tried again and dropped."""
    settings = {"ENGINTEL_LOG_URL": log_url}
    assert run(home, "ingest", "deliveries", str(recorded), **settings).returncode == 0
    good = b'{"id":"late","source":"git","occurred_at":"2026-09-01T00:00:00Z","entity":"x:1","body":{"type":"raw",'
    producer = Producer({"bootstrap.servers": kafka.plain})
    producer.produce(f"{prefix}agent-events", good, b"x:1", headers={"org": "default"})
    assert producer.flush(10) == 0
    assert run(home, "ingest", "deliveries", str(recorded), **settings).returncode == 0

    check = part(home, "dead letters", **settings)
    assert (check["state"], check["messages"], check["see"]) == ("held", 1, "engintel deadletters list")
    listed = run(home, "deadletters", "list").stdout
    name = listed.split()[0]
    assert name.startswith(f"kafka:{prefix}agent-events/")
    assert "it is not an event" in listed
    assert json.loads(run(home, "deadletters", "show", name).stdout)["payload"] == good.decode()
    again = run(home, "deadletters", "retry", name)
    assert again.returncode == 1
    assert "stays where it is" in again.stderr
    assert run(home, "deadletters", "drop", "kafka:none/0@1").returncode == 1
    assert run(home, "deadletters", "drop", name).returncode == 0
    assert run(home, "deadletters", "list").stdout == "there are no dead letters\n"


def test_a_stream_that_is_down_is_told_and_reading_goes_on(home: Path) -> None:
    """Questions are answered from the stores; only what is new has to wait."""
    away = {"ENGINTEL_LOG_URL": "kafka://127.0.0.1:9?timeout=1"}

    check = part(home, "stream", **away)
    call = run(home, "call", "find_entity", "query=*", "kind=person", **away)

    assert check["state"] == "down"
    assert "Kafka at 127.0.0.1:9 does not answer" in check["why"]
    assert call.returncode == 0, call.stderr


async def test_webhooks_are_taken_while_the_database_is_down(home: Path, log_url: str) -> None:
    """From the very start of a server that has no database yet; all of it arrives once there is one."""
    server = EmbeddedPostgres(home)
    url = await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.stop)
    settings = {"ENGINTEL_DATABASE_URL": url, "ENGINTEL_LOG_URL": log_url, **SECRETS}
    async with serving(home, **settings) as address, browser() as http:
        for n, letter in enumerate("0123456789"):
            body = pushed(letter)
            answer = await http.post(
                f"{address}/webhooks/github", content=body, headers=signed(body, delivery=f"d-{n}")
            )
            assert answer.status_code == 202, answer.text
        assert (await http.get(f"{address}/readyz")).status_code == 503
        await asyncio.to_thread(server.start)
        try:
            async with asyncio.timeout(60):
                while (await http.get(f"{address}/readyz")).status_code != 200:
                    await asyncio.sleep(0.1)
            async with open_engine(Settings(database_url=url, log_url=log_url)) as engine:
                await engine.catch_up()
                entries = [entry for lane in range(4) for entry in await engine.log.read(lane, 0, 1_000)]
        finally:
            await asyncio.to_thread(server.stop)

    commits = {entry.event.entity for entry in entries if entry.event and entry.event.type == "commit"}
    assert len(commits) == 10
