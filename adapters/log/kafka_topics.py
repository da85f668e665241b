"""Kafka's topics: which there are to be, making those that are missing, and where their partitions end."""

import logging
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # the driver exports them without saying so
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from adapters.log.kafka_address import IAM, KafkaAddress
from domain.errors import EngintelError, Misconfigured, StoreUnavailable
from domain.events import Source

Result = TypeVar("Result")

TOPICS: Final[Mapping[Source, str]] = {
    Source.GITHUB: "github-events",
    # A clone and GitHub tell of the same commits: in one topic, and under one key, these keep one order.
    Source.GIT: "github-events",
    Source.JIRA: "jira-events",
    Source.NOTION: "notion-events",
    Source.PROMETHEUS: "prometheus-metrics",
    # What people and their assistants do and decide through this program, or say to it.
    Source.ENGINTEL: "agent-events",
    Source.SLACK: "agent-events",
}
"""Which topic a source's events go to. An entity's events of one source are in one partition of one topic."""

DEFAULT_LIMIT: Final = 1_048_588
"""Bytes of a message that a broker takes unless it was told otherwise (`message.max.bytes`)."""
REQUEST_SECONDS: Final = 5.0
_LOOK_AGAIN: Final = 0.1

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Topics:
    """What the cluster has for us: by topic its identity, which a topic that was made anew does not share."""

    ids: Mapping[str, str]
    partitions: Mapping[str, int]
    limit: int
    """Bytes of a message that every one of them takes."""


def client_configuration(address: KafkaAddress) -> dict[str, Any]:
    """What every client of the cluster is configured with."""
    configuration = {
        **address.configuration,
        "client.id": "engintel",
        "logger": logger,
        "log_level": 2,  # what a broker does wrong is told by what fails, once, and not by every client every second
        "socket.connection.setup.timeout.ms": 5_000,
        "reconnect.backoff.max.ms": 2_000,
    }
    if address.region is not None:
        configuration["oauth_cb"] = _signer(address.region)
    return configuration


def _signer(region: str) -> Any:  # noqa: ANN401 - a callable of the driver's shape
    try:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415 - for this sign-in alone
    except ImportError:
        raise Misconfigured(f"{IAM} needs another package: pip install 'engintel[kafka]'.") from None

    def token(_: str) -> tuple[str, float]:
        """A token of the AWS environment's credentials, and until when it is one."""
        signed, milliseconds = MSKAuthTokenProvider.generate_auth_token(region)
        return signed, milliseconds / 1_000

    return token


class Cluster:
    """Questions about the topics of one cluster. Every call waits for brokers: never on the event loop."""

    def __init__(self, address: KafkaAddress) -> None:
        """Name the cluster; nothing is connected.

        Args:
            address: where it is, and which topics are ours.
        """
        self._address = address
        self._client: AdminClient | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Our topics."""
        return tuple(dict.fromkeys(self.topic(source) for source in Source))

    def topic(self, source: Source) -> str:
        """The topic of a source."""
        return f"{self._address.prefix}{TOPICS[source]}"

    def _admin(self) -> AdminClient:
        if self._client is None:
            self._client = AdminClient(client_configuration(self._address))
            self._client.poll(0)  # a sign-in by token is served from here
        return self._client

    def topics(self) -> Topics:
        """Our topics, made if they may be.

        Raises:
            Misconfigured: some are missing, or may not be seen.
            StoreUnavailable: no broker answers.
        """
        with translated(self._address.servers):
            there = self._described()
            missing = [name for name in self.names if name not in there]
            if missing:
                self._make(missing)
            ends = time.monotonic() + REQUEST_SECONDS
            while missing and time.monotonic() < ends:  # brokers hear of a new topic one after the other
                there = self._described()
                missing = [name for name in self.names if name not in there]
                if missing:
                    time.sleep(_LOOK_AGAIN)
            if missing:
                raise StoreUnavailable("log", f"Kafka has not yet made the topics {', '.join(missing)}")
            return Topics(
                ids={name: there[name][0] for name in self.names},
                partitions={name: there[name][1] for name in self.names},
                limit=self._limit(),
            )

    def _described(self) -> dict[str, tuple[str, int]]:
        asked = self._admin().describe_topics(TopicCollection(list(self.names)), request_timeout=REQUEST_SECONDS)
        found: dict[str, tuple[str, int]] = {}
        for name, answer in asked.items():
            try:
                description = _answered(answer)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                found[name] = (str(description.topic_id), len(description.partitions))
        return found

    def _make(self, names: Collection[str]) -> None:
        told = ", ".join(names)
        if not self._address.create:
            raise Misconfigured(f"Kafka has no {told}: create them, or write create=yes into ENGINTEL_LOG_URL.")
        wanted = [
            NewTopic(name, num_partitions=self._address.partitions, replication_factor=-1)  # the broker's default
            for name in names
        ]
        for answer in self._admin().create_topics(wanted, request_timeout=REQUEST_SECONDS).values():
            try:
                _answered(answer)
            except KafkaException as error:
                if error.args[0].code() in _FORBIDDEN:
                    raise Misconfigured(f"Kafka has no {told}, and its user may not create them.") from error
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise

    def _limit(self) -> int:
        """The smallest message size that all our topics take; the default where we may not ask."""
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in self.names]
        try:
            asked = self._admin().describe_configs(resources, request_timeout=REQUEST_SECONDS)
            return min(int(_answered(answer)["max.message.bytes"].value) for answer in asked.values())
        except KafkaException:
            return DEFAULT_LIMIT

    def offsets(self, topics: Topics, *, latest: bool) -> dict[tuple[str, int], int]:
        """By topic and partition, the offset behind the last message, or of the first that is still there.

        Raises:
            StoreUnavailable: no broker answers.
        """
        spec = OffsetSpec.latest() if latest else OffsetSpec.earliest()  # type: ignore[no-untyped-call]  # no types there
        wanted = {TopicPartition(name, n): spec for name, count in topics.partitions.items() for n in range(count)}
        with translated(self._address.servers):
            asked = self._admin().list_offsets(wanted, request_timeout=REQUEST_SECONDS)
            return {(at.topic, at.partition): _answered(answer).offset for at, answer in asked.items()}


def _answered(answer: "Future[Any]") -> Any:  # noqa: ANN401 - the driver's answers have many shapes
    return answer.result(timeout=2 * REQUEST_SECONDS)


_FORBIDDEN: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._AUTHENTICATION,  # noqa: SLF001 - the driver's name for it
    }
)


def problem(servers: str, error: KafkaError) -> EngintelError:
    """What an error of the driver means to whoever can act on it."""
    if error.code() in _FORBIDDEN:
        return Misconfigured(f"Kafka at {servers} refuses us ({error.name()}): check ENGINTEL_LOG_URL and its rights.")
    return StoreUnavailable("log", f"Kafka at {servers} does not answer ({error.name()})")


class translated:  # noqa: N801 - reads as a statement
    """Turn the driver's errors into ours, in a `with` block."""

    def __init__(self, servers: str) -> None:
        self._servers = servers

    def __enter__(self) -> None:
        """Nothing happens yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise ours in place of theirs."""
        if isinstance(error, KafkaException) and isinstance(error.args[0], KafkaError):
            raise problem(self._servers, error.args[0]) from error
        if isinstance(error, TimeoutError):
            raise StoreUnavailable("log", f"Kafka at {self._servers} does not answer") from error
