"""Kinesis as a way into the log: one stream, the entity as partition key, a cursor of ours for every shard.

A cursor is `{"after": sequence number, "stream": when it was made, "closed": whether the shard ended there}`. Shards
that a split or a merge made are read once every shard that they came from was read to its end, so that an entity which
moved over stays in order.
"""

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from adapters.log.aws import AwsAddress, code_of, make_client, on, read_address, translated
from adapters.log.wire import Frame, dead, frames, org_of, unframed
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import Event
from domain.ports import Carried, Cursors, DeadLetter, Received

RECORDS: Final = 500
"""Of one request; https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html."""
REQUEST_BYTES: Final = 5 * 1024 * 1024
"""Of one request: half of what AWS takes by now, and all that it took for years."""
RECORD_KILOBYTES: Final = 1_024
"""Of one record, unless the stream is set to more (`MaxRecordSizeInKiB`)."""
_STREAM_NAME: Final = 128
_KEY: Final = 256
"""Characters of a partition key; as above."""
_READ_RECORDS: Final = 1_000
_READERS: Final = 8
_EVERY: Final = 0.21
"""Seconds between two readings of one shard: AWS allows five a second."""
_SHARDS_EVERY: Final = 30.0
_ATTEMPTS: Final = 8
_LONGEST_PAUSE: Final = 2.0
_THROTTLED: Final = frozenset(
    {"ProvisionedThroughputExceededException", "KMSThrottlingException", "LimitExceededException"}
)

logger = logging.getLogger(__name__)


def open_kinesis(url: str, org: str) -> "KinesisStream":
    """The stream at `url`; nothing is connected yet.

    Raises:
        Misconfigured: the URL will not do.
    """
    return KinesisStream(read_address(url, _STREAM_NAME), org)


@dataclass(frozen=True)
class _Described:
    made: str
    limit: int


@dataclass
class _Shard:
    """A shard as it is being read."""

    id: str
    parents: tuple[str, ...]
    ending: bool
    """Whether it takes nothing new any more."""
    after: str | None = None
    closed: bool = False
    """Whether it was read to its end."""
    iterator: str | None = None
    at_tip: bool = False
    not_before: float = 0.0


@dataclass
class _Reading:
    """What one request for a shard's records gave."""

    events: list[Carried] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    moved: bool = False


class KinesisStream:
    """The events of one organisation in a stream that others may share; see `domain.ports.Stream`."""

    name = "kinesis"
    exclusive = True

    def __init__(self, address: AwsAddress, org: str) -> None:
        """Name the stream; nothing is connected.

        Args:
            address: what it is called and where it is.
            org: whose records are sent and read; those of others are passed over.
        """
        self._address = address
        self._org = org
        self._threads = ThreadPoolExecutor(_READERS, "kinesis")
        self._client: Any = None
        self._described: _Described | None = None
        self._opening = asyncio.Lock()
        self._cursors: Cursors = {}
        self._shards: dict[str, _Shard] = {}
        self._looked_at = 0.0
        self._sent: dict[str, int] = {}

    async def _opened(self) -> _Described:
        async with self._opening:
            if self._described is None:
                self._described = await on(self._threads, self._open)
            return self._described

    def _open(self) -> _Described:
        if self._client is None:
            self._client = make_client("kinesis", self._address, _READERS)
        with translated("Kinesis"):
            told = self._summary()
        if told["StreamStatus"] not in {"ACTIVE", "UPDATING"}:
            raise StoreUnavailable("log", f"the Kinesis stream {self._address.name} is {told['StreamStatus'].lower()}")
        kilobytes = int(told.get("MaxRecordSizeInKiB") or RECORD_KILOBYTES)
        return _Described(str(told["StreamCreationTimestamp"].timestamp()), kilobytes * 1024 - _KEY * 4)

    def _summary(self) -> dict[str, Any]:
        name = self._address.name
        try:
            found = self._client.describe_stream_summary(StreamName=name)
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            if not self._address.create:
                raise Misconfigured(
                    f"Kinesis has no stream {name}: create it, or write create=yes into ENGINTEL_LOG_URL."
                ) from error
            self._client.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
            found = self._client.describe_stream_summary(StreamName=name)
        summary: dict[str, Any] = found["StreamDescriptionSummary"]
        return summary

    async def send(self, events: Sequence[Event]) -> None:
        """Return once Kinesis has all of `events`."""
        described = await self._opened()
        numbers: dict[str, str] = {}
        for round_ in frames(self._org, events, described.limit):
            # Only the first round is sent together: requests promise no order, but an entity is in one only once.
            again = [frame for frame in round_ if frame.entity in numbers]
            first = [frame for frame in round_ if frame.entity not in numbers]
            for batch in _batches(first):
                numbers |= await on(self._threads, partial(self._put_all, batch))
            for frame in again:
                numbers[frame.entity] = await on(self._threads, partial(self._put, frame, numbers[frame.entity]))

    def _put_all(self, batch: Sequence[Frame]) -> dict[str, str]:
        """Put frames of different entities, and again those that were refused. Gives their sequence numbers."""
        rest, numbers = list(batch), {}
        codes: set[str] = set()
        for attempt in range(_ATTEMPTS):
            if attempt:
                _pause(attempt)
            records = [{"Data": frame.payload, "PartitionKey": _key(frame.entity)} for frame in rest]
            try:
                with translated("Kinesis"):
                    told = self._client.put_records(StreamName=self._address.name, Records=records)["Records"]
            except StoreUnavailable:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            refused: list[Frame] = []
            for frame, answer in zip(rest, told, strict=True):
                if "SequenceNumber" in answer:
                    numbers[frame.entity] = answer["SequenceNumber"]
                    self._note(answer)
                else:
                    refused.append(frame)
                    codes.add(str(answer.get("ErrorCode", "")))
            rest = refused
            if not rest:
                return numbers
        raise StoreUnavailable("log", f"Kinesis does not take everything ({', '.join(sorted(codes))})")

    def _put(self, frame: Frame, behind: str) -> str:
        """Put one frame behind the entity's last one."""
        with translated("Kinesis"):
            answer = self._client.put_record(
                StreamName=self._address.name,
                Data=frame.payload,
                PartitionKey=_key(frame.entity),
                SequenceNumberForOrdering=behind,
            )
        self._note(answer)
        return str(answer["SequenceNumber"])

    def _note(self, answer: Mapping[str, Any]) -> None:
        """Remember how far this process itself has written."""
        part, number = self._part(answer["ShardId"]), int(answer["SequenceNumber"])
        self._sent[part] = max(number, self._sent.get(part, 0))

    def _part(self, shard: str) -> str:
        return f"kinesis:{self._address.name}/{shard}"

    async def seek(self, cursors: Cursors) -> None:
        """Read on from `cursors`."""
        self._described = None  # it may have been made anew
        await self._opened()
        self._cursors, self._shards = cursors, {}
        await self._look_for_shards()

    async def _look_for_shards(self) -> None:
        described = await self._opened()
        self._looked_at = time.monotonic()
        listed = await on(self._threads, self._list)
        shards: dict[str, _Shard] = {}
        for told in listed:
            shard_id = told["ShardId"]
            parents = tuple(told[name] for name in ("ParentShardId", "AdjacentParentShardId") if told.get(name))
            shard = self._shards.get(shard_id) or _Shard(shard_id, parents, ending=False)
            shard.ending = told["SequenceNumberRange"].get("EndingSequenceNumber") is not None
            cursor = self._cursors.get(self._part(shard_id))
            if shard_id not in self._shards and cursor is not None and cursor["stream"] == described.made:
                shard.after, shard.closed = cursor["after"], cursor["closed"]
            shards[shard_id] = shard
        self._shards = shards

    def _list(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = []
        more: dict[str, Any] = {"StreamName": self._address.name}
        while True:
            with translated("Kinesis"):
                answer = self._client.list_shards(**more)
            listed += answer["Shards"]
            if not answer.get("NextToken"):
                return listed
            more = {"NextToken": answer["NextToken"]}

    async def receive(self, seconds: float) -> Received:
        """What comes next in any shard that may be read."""
        described = await self._opened()
        ends = time.monotonic() + seconds
        while True:
            if time.monotonic() - self._looked_at > _SHARDS_EVERY:
                await self._look_for_shards()
            readable = [shard for shard in self._shards.values() if self._readable(shard)]
            due = [shard for shard in readable if shard.not_before <= time.monotonic()]
            readings = await asyncio.gather(*(on(self._threads, partial(self._read, shard)) for shard in due))
            if any(shard.closed for shard in due):
                await self._look_for_shards()
            received = self._received(described, due, readings)
            tip = all(shard.closed or shard.at_tip for shard in self._shards.values())
            if not received.empty or (tip and due) or time.monotonic() > ends:
                return received if not received.empty else Received(ended=tip)
            await asyncio.sleep(_EVERY / 4)

    def _readable(self, shard: _Shard) -> bool:
        """Whether everything that came before it was read; shards that are not listed any more hold nothing."""
        parents = (self._shards.get(parent) for parent in shard.parents)
        return not shard.closed and all(parent is None or parent.closed for parent in parents)

    def _received(self, described: _Described, due: Sequence[_Shard], readings: Sequence[_Reading]) -> Received:
        events: list[Carried] = []
        letters: list[DeadLetter] = []
        cursors: dict[str, Mapping[str, Any]] = {}
        for shard, reading in zip(due, readings, strict=True):
            events += reading.events
            letters += reading.dead
            if reading.moved:
                cursor = {"after": shard.after, "stream": described.made, "closed": shard.closed}
                cursors[self._part(shard.id)] = cursor
        return Received(events=events, dead=letters, cursors=cursors)

    def _read(self, shard: _Shard) -> _Reading:
        """Read on in one shard. What a limit refuses is asked for again a little later."""
        shard.not_before = time.monotonic() + _EVERY
        with translated("Kinesis"):
            try:
                if shard.iterator is None:
                    shard.iterator = self._iterator(shard)
                answer = self._client.get_records(ShardIterator=shard.iterator, Limit=_READ_RECORDS)
            except ClientError as error:
                if code_of(error) == "ExpiredIteratorException":
                    shard.iterator = None
                elif code_of(error) in _THROTTLED:
                    shard.not_before = time.monotonic() + 4 * _EVERY * (1 + random.random())  # noqa: S311 - jitter
                else:
                    raise
                return _Reading()
        records = answer["Records"]
        shard.iterator = answer.get("NextShardIterator")
        shard.at_tip = answer.get("MillisBehindLatest", 0) == 0
        reading = _Reading()
        for record in records:
            self._take(reading, self._part(shard.id), record)
            shard.after = record["SequenceNumber"]
        over = shard.ending and not records and shard.at_tip
        shard.closed = shard.iterator is None or over
        reading.moved = bool(records) or shard.closed
        return reading

    def _take(self, reading: _Reading, part: str, record: Mapping[str, Any]) -> None:
        owner = org_of(record["Data"])
        if owner is None:
            # Whoever else shares the stream sees this letter, too: what the record says is for nobody but its owner.
            why = "it was not written by this program and does not say whose it is, so it stays in Kinesis alone"
            reading.dead.append(dead(part, record["SequenceNumber"], why, b""))
        if owner != self._org:
            return
        for told in unframed(part, record["SequenceNumber"], record["Data"]):
            if isinstance(told, Carried):
                reading.events.append(told)
            else:
                reading.dead.append(told)

    def _iterator(self, shard: _Shard) -> str:
        where = (
            {"ShardIteratorType": "TRIM_HORIZON"}
            if shard.after is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": shard.after}
        )
        answer = self._client.get_shard_iterator(StreamName=self._address.name, ShardId=shard.id, **where)
        return str(answer["ShardIterator"])

    async def acknowledge(self, received: Received) -> None:
        """Nothing to say: Kinesis keeps what it has, and the cursors are ours."""

    async def give_back(self, received: Received) -> None:
        """Nothing to say: reading goes on from the cursors."""

    async def goal(self) -> "_Sent":
        """As far as this process has written, and the tip of every shard if this process reads itself."""
        await self._opened()
        return _Sent(dict(self._sent))

    async def waiting(self, cursors: Cursors) -> None:  # noqa: ARG002 - Kinesis counts nothing
        """Kinesis cannot tell how many; asking shows whether it is there."""
        self._described = None
        await self._opened()

    async def set_aside(self) -> None:
        """Nothing is put aside but by us."""

    async def close(self) -> None:
        """Let go of every connection."""
        self._threads.shutdown(wait=False)
        if self._client is not None:
            self._client.close()


@dataclass(frozen=True)
class _Sent:
    sent: Mapping[str, int]

    def met(self, cursors: Cursors, received: Received | None) -> bool:
        """Whether what this process wrote has landed, and, if it reads itself, whether nothing more was there."""
        there = all(
            cursor["closed"] or int(cursor["after"] or 0) >= number
            if (cursor := cursors.get(part)) is not None
            else False
            for part, number in self.sent.items()
        )
        return there and (received is None or received.ended)


def _batches(round_: Sequence[Frame]) -> list[list[Frame]]:
    """Frames that fit into one request together."""
    batches: list[list[Frame]] = []
    room = count = 0
    for frame in round_:
        size = len(frame.payload) + len(_key(frame.entity).encode())
        if size > room or count == RECORDS:
            batches.append([])
            room, count = REQUEST_BYTES, 0
        batches[-1].append(frame)
        room, count = room - size, count + 1
    return batches


def _key(entity: str) -> str:
    return entity if len(entity) <= _KEY else hashlib.sha256(entity.encode()).hexdigest()


def _pause(attempt: int) -> None:
    time.sleep(min(_LONGEST_PAUSE, 0.05 * 2**attempt) * (0.5 + random.random() / 2))  # noqa: S311 - jitter
