"""Kafka as a way into the log: one topic a kind of source, the entity as key, our own cursors as the truth.

Every organisation may share the topics: a message says in its header `org` whose it is, and a drain passes over those
of others. Clients are the driver's plain ones, on threads of their own.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from adapters.log.kafka_address import KafkaAddress, read_address
from adapters.log.kafka_consumer import Reader, part_of
from adapters.log.kafka_producer import Sender
from adapters.log.kafka_topics import Cluster
from domain.events import Event
from domain.ports import Cursors, Received

Given = ParamSpec("Given")
Result = TypeVar("Result")

_SENDERS: Final = 4
"""How many batches may wait for their acknowledgement at once."""


def open_kafka(url: str, org: str) -> "KafkaStream":
    """The stream at `url`; nothing is connected yet.

    Raises:
        Misconfigured: the URL will not do.
    """
    return KafkaStream(read_address(url), org)


class KafkaStream:
    """The events of one organisation in Kafka; see `domain.ports.Stream`."""

    name = "kafka"
    exclusive = True

    def __init__(self, address: KafkaAddress, org: str) -> None:
        """Name the cluster; nothing is connected.

        Args:
            address: where it is and how it is spoken to.
            org: whose events are sent and read.
        """
        self._cluster = Cluster(address)
        self._sender = Sender(address, self._cluster, org)
        self._reader = Reader(address, self._cluster, org)
        self._sending = ThreadPoolExecutor(_SENDERS, "kafka-send")
        self._reading = ThreadPoolExecutor(1, "kafka-read")
        self._asking = ThreadPoolExecutor(1, "kafka-ask")

    async def send(self, events: Sequence[Event]) -> None:
        """Return once all replicas have all of `events`."""
        await _on(self._sending, self._sender.send, events)

    async def seek(self, cursors: Cursors) -> None:
        """Read on from `cursors`."""
        await _on(self._reading, self._reader.seek, cursors)

    async def receive(self, seconds: float) -> Received:
        """What comes next in any partition."""
        return await _on(self._reading, self._reader.receive, seconds)

    async def acknowledge(self, received: Received) -> None:
        """Tell the group, for information; the cursors that landed are what counts."""
        await _on(self._reading, self._reader.commit, received.cursors)

    async def give_back(self, received: Received) -> None:
        """Nothing to say: reading goes on from the cursors."""

    async def goal(self) -> "_Ends":
        """Where every partition ends now that holds anything."""
        firsts = await _on(self._asking, self._offsets, latest=False)
        ends = await _on(self._asking, self._offsets, latest=True)
        return _Ends({part: end for part, end in ends.items() if end > firsts.get(part, 0)})

    async def waiting(self, cursors: Cursors) -> int:
        """How many messages lie behind `cursors`, those of other organisations included."""
        firsts = await _on(self._asking, self._offsets, latest=False)
        ends = await _on(self._asking, self._offsets, latest=True)
        return sum(
            max(0, end - max(cursors.get(part, {}).get("next", 0), firsts.get(part, 0))) for part, end in ends.items()
        )

    def _offsets(self, *, latest: bool) -> Mapping[str, int]:
        offsets = self._cluster.offsets(self._cluster.topics(), latest=latest)
        return {part_of(*place): offset for place, offset in offsets.items()}

    async def set_aside(self) -> None:
        """Nothing is put aside but by us."""

    async def close(self) -> None:
        """Let go of every connection."""
        await _on(self._reading, self._reader.close)
        await _on(self._asking, self._sender.close)
        for threads in (self._sending, self._reading, self._asking):
            threads.shutdown(wait=False)


@dataclass(frozen=True)
class _Ends:
    ends: Mapping[str, int]

    def met(self, cursors: Cursors, received: Received | None) -> bool:  # noqa: ARG002 - offsets say it all
        """Whether every partition was read as far."""
        return all(cursors.get(part, {}).get("next", 0) >= end for part, end in self.ends.items())


async def _on(
    threads: ThreadPoolExecutor, call: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
) -> Result:
    return await asyncio.get_running_loop().run_in_executor(threads, lambda: call(*given, **named))
