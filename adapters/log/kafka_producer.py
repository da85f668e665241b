"""Sending to Kafka: acknowledged by all replicas, in order, and all or nothing known within a deadline."""

import threading
import time
import zlib
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from adapters.log.kafka_address import KafkaAddress
from adapters.log.kafka_topics import Cluster, Topics, client_configuration, problem, translated
from adapters.log.wire import too_large
from domain.errors import Misconfigured, PoisonEvent, StoreUnavailable
from domain.events import Event, encode

ORG: Final = "org"
ENCODING: Final = "encoding"
ZLIB: Final = b"zlib"
_OVERHEAD: Final = 1_024
"""Bytes of a message besides key and value: its headers, and what Kafka puts around a batch."""
_POLL_SECONDS: Final = 0.05


class _Outgoing(NamedTuple):
    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]]
    event_id: str


class Sender:
    """The producer of one process. Every call waits for brokers: never on the event loop; any thread may call."""

    def __init__(self, address: KafkaAddress, cluster: Cluster, org: str) -> None:
        """Name the cluster; nothing is connected.

        Args:
            address: where it is.
            cluster: its topics.
            org: whose events these are; every message says so.
        """
        self._address = address
        self._cluster = cluster
        self._org = org.encode()
        self._lock = threading.Lock()
        self._producer: Producer | None = None
        self._topics: Topics | None = None

    def send(self, events: Sequence[Event]) -> None:
        """Return once all are durable; see `domain.ports.Stream`."""
        producer, topics = self._ready()
        # Everything is looked at before anything is sent: an event that cannot go keeps none of the others half-way.
        outgoing = [self._outgoing(event, topics.limit) for event in events]
        reports: deque[tuple[KafkaError | None, str]] = deque()
        ends = time.monotonic() + self._address.timeout
        for message in outgoing:
            self._produce(producer, message, reports, ends)
        while len(reports) < len(outgoing):
            if time.monotonic() > ends:
                self._abandon(producer)
                raise StoreUnavailable(
                    "log", f"Kafka at {self._address.servers} did not acknowledge within {self._address.timeout} s"
                )
            producer.poll(_POLL_SECONDS)
        self._judge(producer, [report for report in reports if report[0] is not None])

    def _ready(self) -> tuple[Producer, Topics]:
        with self._lock:
            if self._topics is None:
                self._topics = self._cluster.topics()
            if self._producer is None:
                self._producer = self._made(self._topics.limit)
            return self._producer, self._topics

    def _made(self, limit: int) -> Producer:
        with translated(self._address.servers):
            return Producer(
                {
                    **client_configuration(self._address),
                    "acks": "all",
                    "enable.idempotence": True,
                    # A message never times out by itself, or one behind it could arrive without it. We give up on all
                    # that is under way together, and whoever sends again sends all of it again.
                    "message.timeout.ms": 0,
                    "compression.type": "lz4",
                    "linger.ms": 2,
                    "message.max.bytes": limit,
                    "batch.size": min(limit, 1_000_000),
                    "partitioner": "murmur2_random",  # where every other client puts this key, too
                }
            )

    def _outgoing(self, event: Event, limit: int) -> _Outgoing:
        key, value = event.entity.encode(), encode(event)
        headers: list[tuple[str, str | bytes | None]] = [(ORG, self._org), ("type", event.type.encode())]
        most = limit - _OVERHEAD - len(key)
        if len(value) > most:
            # Batches are compressed anyway; what is too large for that is compressed by itself.
            value = zlib.compress(value)
            headers.append((ENCODING, ZLIB))
            if len(value) > most:
                raise too_large(event.id, len(value), most)
        return _Outgoing(self._cluster.topic(event.source), key, value, headers, event.id)

    def _produce(
        self, producer: Producer, message: _Outgoing, reports: deque[tuple[KafkaError | None, str]], ends: float
    ) -> None:
        def reported(error: KafkaError | None, _: Message) -> None:
            reports.append((error, message.event_id))

        while True:
            try:
                producer.produce(
                    message.topic, message.value, message.key, headers=message.headers, on_delivery=reported
                )
            except BufferError:  # too much is under way: let some of it arrive
                if time.monotonic() > ends:
                    self._abandon(producer)
                    raise StoreUnavailable("log", f"Kafka at {self._address.servers} is too slow") from None
                producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                self._abandon(producer)
                raise problem(self._address.servers, error.args[0]) from error
            else:
                return

    def _judge(self, producer: Producer, failures: Sequence[tuple[KafkaError | None, str]]) -> None:
        if not failures:
            return
        self._abandon(producer)
        for error, event_id in failures:
            if error is not None and error.code() in _TOO_LARGE:
                raise PoisonEvent(f"The event {event_id} is larger than Kafka takes ({error.name()}).")
        error, _ = failures[0]
        assert error is not None
        if error.code() in _GONE:
            raise Misconfigured(f"Kafka at {self._address.servers} has not the topics any more ({error.name()}).")
        raise problem(self._address.servers, error)

    def _abandon(self, producer: Producer) -> None:
        """Give up on everything under way, for everybody: nothing of it may arrive behind what is sent again."""
        with self._lock:
            if self._producer is producer:
                self._producer, self._topics = None, None
        producer.purge()
        producer.poll(0)

    def close(self) -> None:
        """Let go of the connections; what is under way was not acknowledged, and is given up."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.flush(1)


_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_GONE: Final = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})  # noqa: SLF001 - the driver's name for it
