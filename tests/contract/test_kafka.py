"""What only Kafka has: topics and keys, sign-in and certificates, partitions that come, offsets that go."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]  # exported without saying so

from adapters.log import kafka_consumer
from adapters.log.kafka_topics import TOPICS
from adapters.postgres.database import Database
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import Event, Source
from tests.contract.test_streams import history, in_order, told
from tests.engines.kafka import PASSWORD, USER, Broker
from tests.engines.logs import RUN, entered
from tests.events import commit, issue, roster

SECRET = quote(PASSWORD, safe="")
_SECONDS = 20
"""How long an answer of the broker may take."""


@pytest.fixture
def prefix() -> str:
    """Topics of the test's own."""
    return f"own-{uuid.uuid4().hex[:8]}."


def admin(broker: Broker) -> AdminClient:
    """The driver's administration."""
    return AdminClient({"bootstrap.servers": broker.plain})


def messages(broker: Broker, topic: str) -> list[Any]:
    """Everything in a topic, as any other client reads it."""
    consumer = Consumer({"bootstrap.servers": broker.plain, "group.id": "anybody", "enable.partition.eof": True})
    count = len(consumer.list_topics(topic, 10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, 0) for number in range(count)])
    found, ended = [], 0
    while ended < count:
        message = consumer.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        else:
            found.append(message)
    consumer.close()
    return found


async def test_a_source_chooses_the_topic_and_the_entity_is_the_key(
    kafka: Broker, database: Database, org: str, prefix: str
) -> None:
    """Others may read the topics: the value is the event's JSON, and headers say whose it is and of which type."""
    events = [commit("a"), issue("PAY-1"), roster("p1", "Ada"), commit("b").model_copy(update={"source": Source.SLACK})]
    async with entered(database, org, f"kafka://{kafka.plain}?prefix={prefix}&partitions=3") as entrance:
        await entrance.log.append(events)
        await entrance.settle()

    for event, topic in zip(events, ("github", "jira", "notion", "agent"), strict=True):
        [message] = messages(kafka, f"{prefix}{topic}-events")
        assert message.key().decode() == event.entity
        assert Event.model_validate_json(message.value()) == event
        assert dict(message.headers()) == {"org": org.encode(), "type": event.type.encode()}


def test_every_source_has_a_topic() -> None:
    """A source that is added must say where its events go."""
    assert set(TOPICS) == set(Source)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("security", ["sasl_plaintext", "sasl_ssl"])
async def test_it_signs_in(kafka: Broker, database: Database, org: str, mechanism: str, security: str) -> None:
    """With every mechanism, with and without TLS; the password is percent-decoded."""
    place = kafka.tls if security == "sasl_ssl" else kafka.sasl
    options = f"security={security}&mechanism={mechanism}&prefix=test-{RUN}.&partitions=2"
    certificate = f"&ca={kafka.certificate}" if security == "sasl_ssl" else ""
    sent = history("issue:S-1", 3)
    async with entered(database, org, f"kafka://{USER}:{SECRET}@{place}?{options}{certificate}") as entrance:
        await entrance.log.append(sent)
        await entrance.settle()

        assert in_order(await told(entrance.log), sent)


@pytest.mark.parametrize(
    "url",
    [
        f"kafka://{USER}:wrong-password@{{sasl}}?security=sasl_plaintext&timeout=3",
        f"kafka://{USER}:{SECRET}@{{tls}}?security=sasl_ssl&timeout=3",  # a certificate that nobody vouches for
    ],
    ids=["password", "certificate"],
)
async def test_a_sign_in_that_fails_tells_no_secret(kafka: Broker, database: Database, org: str, url: str) -> None:
    """What to look at is said; user and password are not."""
    async with entered(database, org, url.format(sasl=kafka.sasl, tls=kafka.tls)) as entrance:
        with pytest.raises((Misconfigured, StoreUnavailable)) as caught:
            await entrance.log.append([commit("a")])

    assert "Kafka at 127.0.0.1" in str(caught.value)
    assert "wrong-password" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


async def test_topics_that_may_not_be_made_are_named(kafka: Broker, database: Database, org: str, prefix: str) -> None:
    """A wrong prefix must not fill a cluster with topics where an operator makes them."""
    async with entered(database, org, f"kafka://{kafka.plain}?prefix={prefix}&create=no") as entrance:
        with pytest.raises(Misconfigured, match=f"{prefix}github-events.*create=yes"):
            await entrance.log.append([commit("a")])


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    kafka: Broker, database: Database, org: str, prefix: str
) -> None:
    """Its offsets begin again, and a cursor of the old one would skip what is in it now."""
    url = f"kafka://{kafka.plain}?prefix={prefix}&partitions=1"
    before, after = history("issue:N-1", 5), history("issue:N-2", 9)
    topics = [f"{prefix}{topic}" for topic in dict.fromkeys(TOPICS.values())]
    async with entered(database, org, url) as entrance:
        await entrance.log.append(before)
        await entrance.settle()
    client = admin(kafka)
    for deleted in client.delete_topics(topics).values():
        deleted.result(_SECONDS)
    async with entered(database, org, url) as entrance:
        await entrance.log.append(after)
        await entrance.settle()

        assert in_order(await told(entrance.log), [*before, *after])


async def test_messages_that_kafka_forgot_are_told_and_do_not_stop_the_rest(
    kafka: Broker, database: Database, org: str, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Retention was too short: that is a loss, and stays visible until somebody has seen it."""
    url = f"kafka://{kafka.plain}?prefix={prefix}&partitions=1"
    async with entered(database, org, url) as entrance:
        await entrance.log.append(history("issue:F-1", 2))
        await entrance.settle()
    async with entered(database, org, url) as entrance:
        await entrance.log.append(history("issue:F-2", 5))
    place = TopicPartition(f"{prefix}github-events", 0, 6)
    client = admin(kafka)
    client.delete_records([place])[place].result(_SECONDS)
    async with entered(database, org, url) as entrance:
        await entrance.settle()

        assert await told(entrance.log) == [
            event.id for event in (*history("issue:F-1", 2), history("issue:F-2", 5)[4])
        ]
        [letter] = await entrance.landing.letters()
    assert letter.name == f"kafka:{prefix}github-events/0@2"
    assert "offset 2 was to be read next, and Kafka has 6 to 7" in letter.reason


async def test_new_partitions_are_read_once_the_others_were(
    kafka: Broker, database: Database, org: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys move over when partitions are added; an entity's older events still come first."""
    monkeypatch.setattr(kafka_consumer, "PARTITIONS_EVERY", 0.0)
    url = f"kafka://{kafka.plain}?prefix={prefix}&partitions=1"
    sent = [event for n in range(8) for event in history(f"issue:G-{n}", 6)]
    firsts = [event for event in sent if int(event.id.rpartition("-")[2]) < 3]
    async with entered(database, org, url) as entrance:
        await entrance.log.append(firsts[:1])
        await entrance.settle()  # one that reads already when partitions come
        async with entered(database, org, url) as old:
            await old.log.append(firsts)
        topic = f"{prefix}github-events"
        client = admin(kafka)
        client.create_partitions([NewPartitions(topic, 4)])[topic].result(_SECONDS)
        async with entered(database, org, url) as new:
            await new.log.append([event for event in sent if event not in firsts])
        await entrance.settle()

        assert in_order(await told(entrance.log), sent)
        assert len(await entrance.landing.cursors("kafka")) > 1


async def test_damaged_messages_are_put_aside(kafka: Broker, database: Database, org: str, prefix: str) -> None:
    """No value, no JSON, JSON that is no event, a broken compression: each is a letter with its reason."""
    url = f"kafka://{kafka.plain}?prefix={prefix}&partitions=1"
    good = commit("good")
    async with entered(database, org, url) as entrance:
        await entrance.log.append([])
        await entrance.settle()
        producer = Producer({"bootstrap.servers": kafka.plain})
        for value, more in (
            (None, {}),
            (b"\xff\xfe", {}),
            (b"[" * 100_000, {}),
            (b'{"id":"","entity":"e","body":{"type":"commit"}}', {}),
            (b'{"id":"a","entity":"e"}', {}),
            (b'{"id":"a\xff","entity":"e","body":{"type":"commit"}}', {}),
            (b"not compressed", {"encoding": "zlib"}),
        ):
            producer.produce(f"{prefix}github-events", value, b"key", headers={"org": org, **more})
        assert producer.flush(10) == 0
        await entrance.log.append([good])
        await entrance.settle()

        assert await told(entrance.log) == [good.id]
        assert [letter.position for letter in await entrance.landing.letters()] == list("0123456")


async def test_the_group_shows_how_far_we_are(kafka: Broker, database: Database, org: str, prefix: str) -> None:
    """Kafka's own tools see our lag, though nothing of ours depends on it."""
    url = f"kafka://{kafka.plain}?prefix={prefix}&partitions=1"
    async with entered(database, org, url) as entrance:
        await entrance.log.append(history("issue:O-1", 4))
        await entrance.settle()
    consumer = Consumer({"bootstrap.servers": kafka.plain, "group.id": f"{prefix}engintel-{org}"})
    [place] = consumer.committed([TopicPartition(f"{prefix}github-events", 0)], timeout=10)
    consumer.close()

    assert place.offset == 4
