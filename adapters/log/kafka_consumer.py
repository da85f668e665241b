"""Reading from Kafka: partitions are assigned by us and read from our own cursors; the group's offsets only inform.

A cursor is `{"next": offset, "topic": identity}`. The identity tells a topic that was deleted and made anew, whose
offsets begin again, from the one that was read.
"""

import logging
import time
import zlib
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from adapters.log.kafka_address import KafkaAddress
from adapters.log.kafka_producer import ENCODING, ORG, ZLIB
from adapters.log.kafka_topics import Cluster, Topics, client_configuration, problem, translated
from adapters.log.wire import carried, dead, inflated
from domain.errors import StoreUnavailable
from domain.ports import Carried, Cursors, DeadLetter, Received

BATCH: Final = 1_000
"""Messages of one reading, at most."""
PARTITIONS_EVERY: Final = 30.0
"""Seconds after which a topic is looked at for new partitions."""
_BUFFERED_KILOBYTES: Final = 32 * 1024

logger = logging.getLogger(__name__)


class Reader:
    """The consumer of one process. Every call waits for brokers: never on the event loop, always on one thread."""

    def __init__(self, address: KafkaAddress, cluster: Cluster, org: str) -> None:
        """Name the cluster; nothing is connected.

        Args:
            address: where it is.
            cluster: its topics.
            org: whose messages are read; those of others are passed over.
        """
        self._address = address
        self._cluster = cluster
        self._org = org
        self._consumer: Consumer | None = None
        self._topics: Topics | None = None
        self._cursors: Cursors = {}
        self._next: dict[tuple[str, int], int] = {}
        """By partition that is assigned, the offset that comes next."""
        self._until: dict[tuple[str, int], int] = {}
        self._holes: list[DeadLetter] = []
        self._looked_at = 0.0
        self._commits = True

    def seek(self, cursors: Cursors) -> None:
        """Read on from `cursors`; see `domain.ports.Stream`."""
        self.close()
        self._topics = self._cluster.topics()
        with translated(self._address.servers):
            self._consumer = Consumer(self._configuration())
            self._next.clear()
            self._until.clear()
            self._holes.clear()
            self._cursors = cursors
            self._assign(self._places(self._topics))
        self._looked_at = time.monotonic()

    def _configuration(self) -> dict[str, Any]:
        return {
            **client_configuration(self._address),
            "group.id": f"{self._address.prefix}engintel-{self._org}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # a hole is told, never stepped over in silence
            "fetch.wait.max.ms": 100,
            "fetch.queue.backoff.ms": 20,
            "queued.max.messages.kbytes": _BUFFERED_KILOBYTES,
            "on_commit": self._committed,
        }

    @staticmethod
    def _places(topics: Topics) -> set[tuple[str, int]]:
        return {(name, number) for name, count in topics.partitions.items() for number in range(count)}

    def _assign(self, places: set[tuple[str, int]]) -> None:
        assert self._consumer is not None
        assert self._topics is not None
        firsts = self._cluster.offsets(self._topics, latest=False) if places else {}
        ends = self._cluster.offsets(self._topics, latest=True) if places else {}
        wanted = []
        for place in sorted(places):
            first, end = firsts.get(place, 0), ends.get(place, 0)
            cursor = self._cursors.get(part_of(*place))
            begin = first
            if cursor is not None and cursor["topic"] == self._topics.ids[place[0]]:
                begin = cursor["next"]
                if not first <= begin <= end:
                    self._holes.append(_hole(part_of(*place), begin, first, end))
                    begin = first
            elif cursor is not None:
                logger.warning("The topic %s was made anew: it is read from its beginning", place[0])
            wanted.append(TopicPartition(*place, begin))
            self._next[place] = begin
        self._consumer.incremental_assign(wanted)

    def _look_for_partitions(self) -> None:
        """Take new partitions in, once everything that the others held before was read: keys may have moved over."""
        if self._until:
            reached = [place for place, end in self._until.items() if self._next[place] >= end]
            for place in reached:
                del self._until[place]
            if not self._until and self._topics is not None:
                self._assign(self._places(self._topics) - self._next.keys())
        elif time.monotonic() - self._looked_at > PARTITIONS_EVERY:
            self._looked_at = time.monotonic()
            self._topics = self._cluster.topics()
            if self._places(self._topics) - self._next.keys():
                ends = self._cluster.offsets(self._topics, latest=True)
                self._until = {place: ends.get(place, 0) for place in self._next}

    def receive(self, seconds: float) -> Received:
        """What comes next; see `domain.ports.Stream`."""
        if self._consumer is None:
            raise StoreUnavailable("log", "Kafka is not being read")
        with translated(self._address.servers):
            self._look_for_partitions()
            if self._holes:
                holes, self._holes = self._holes, []
                return Received(dead=holes)
            first = self._consumer.poll(seconds)
            if first is None:
                return Received(ended=True)
            return self._received([first, *self._consumer.consume(BATCH - 1, 0)])

    def _received(self, messages: Sequence[Message]) -> Received:
        assert self._topics is not None
        events: list[Carried] = []
        letters: list[DeadLetter] = []
        cursors: dict[str, dict[str, Any]] = {}
        for message in messages:
            error = message.error()
            if error is not None:
                self._stop_for(error)
                continue
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            assert topic is not None
            assert partition is not None
            assert offset is not None
            part = part_of(topic, partition)
            self._next[topic, partition] = offset + 1
            cursors[part] = {"next": offset + 1, "topic": self._topics.ids[topic]}
            told = self._read(part, str(offset), message)
            if isinstance(told, Carried):
                events.append(told)
            elif told is not None:
                letters.append(told)
        return Received(events=events, dead=letters, cursors=cursors)

    def _stop_for(self, error: KafkaError) -> None:
        """What is no message: a passing trouble of one broker, or the end of reading like this."""
        if error.retriable() or error.code() in _PASSING:
            return
        # Whatever it is (a hole, a topic that went), the next reading begins from the cursors and finds out.
        self.close()
        raise problem(self._address.servers, error)

    def _read(self, part: str, position: str, message: Message) -> Carried | DeadLetter | None:
        headers = dict(message.headers() or [])
        value = message.value() or b""
        owner = headers.get(ORG)
        if not isinstance(owner, bytes):
            # Whoever else shares the topic sees this letter, too: what the message says is for nobody but its owner.
            return dead(part, position, "it does not say whose it is (the header org), so it stays in Kafka alone", b"")
        if owner != self._org.encode():
            return None
        if headers.get(ENCODING) == ZLIB:
            try:
                value = inflated(value)
            except zlib.error:
                return dead(part, position, "it is damaged, or much too large", value)
        return carried(part, position, value)

    def commit(self, cursors: Cursors) -> None:
        """Tell the group how far we are, for those who look at it with Kafka's own tools."""
        if self._consumer is None or not self._commits or not cursors:
            return
        offsets = [TopicPartition(*place_of(part), cursor["next"]) for part, cursor in cursors.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._committed(error.args[0], [])

    def _committed(self, error: KafkaError | None, _: Sequence[TopicPartition]) -> None:
        if error is not None and not error.retriable() and self._commits:
            self._commits = False
            logger.warning("Kafka keeps no offsets for us (%s): lag is seen in `engintel doctor` alone", error.name())

    def close(self) -> None:
        """Let go of the connections."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()


_PASSING: Final = frozenset(
    # The driver's public names for its own errors begin so.
    getattr(KafkaError, name)
    for name in ("_ALL_BROKERS_DOWN", "_TRANSPORT", "_TIMED_OUT", "_RESOLVE")
)


def _hole(part: str, wanted: int, first: int, end: int) -> DeadLetter:
    """What is kept in place of messages that nobody will ever see."""
    reason = (
        f"offset {wanted} was to be read next, and Kafka has {first} to {end}: what lay between is lost, because the "
        "topic keeps messages for too short a time. Reading went on with what is there"
    )
    logger.error("%s: %s", part, reason)
    return dead(part, str(wanted), reason, b"")


def part_of(topic: str, partition: int) -> str:
    """What a partition's cursor is called."""
    return f"kafka:{topic}/{partition}"


def place_of(part: str) -> tuple[str, int]:
    """The partition of a cursor."""
    topic, _, partition = part.removeprefix("kafka:").rpartition("/")
    return topic, int(partition)
