"""SQS FIFO as a way into the log: a queue an organisation, the entity as message group.

A message is deleted once it has landed. Until then SQS gives no other of its group to anybody, so any number of drains
may read one queue, and an entity stays in order; a drain that dies lets its messages come again, and the log knows
those that had landed.

A dead-letter queue is honoured: what SQS moves there (a message that was received too often) is counted by `doctor`,
and comes back in AWS's own way. What can never be read is put aside by us, at once.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from adapters.address import filled
from adapters.log.address import wrong
from adapters.log.aws import AwsAddress, code_of, make_client, on, read_address, translated
from adapters.log.wire import Frame, dead, frames, org_of, unframed
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import Event
from domain.ports import Carried, Cursors, DeadLetter, Received

MESSAGES: Final = 10
"""Of one request; https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html."""
REQUEST_BYTES: Final = 1024 * 1024
"""Of one request, and of one message; as above. A queue may be set to less (`MaximumMessageSize`)."""
_QUEUE_NAME: Final = 80
"""Characters, with the organisation and `.fifo`; as above."""
_GROUP: Final = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-]{1,128}")
_VISIBILITY: Final = 20
"""Seconds for which a message that was received is nobody else's: how long an entity waits for a drain that died. While
one lives and still lands, it asks for more."""
_KEPT_AT_MOST: Final = 900.0
_RECEIVERS: Final = 4
_SEND_ATTEMPTS: Final = 5
_RETENTION_SECONDS: Final = 14 * 24 * 3600
_MISSING: Final = frozenset({"NonExistentQueue", "QueueDoesNotExist"})


def open_sqs(url: str, org: str) -> "SqsStream":
    """The queue of `org` under `url`; nothing is connected yet.

    Raises:
        Misconfigured: the URL will not do.
    """
    return SqsStream(read_address(url, _QUEUE_NAME, {"visibility": filled}), org)


@dataclass(frozen=True)
class _Queue:
    url: str
    limit: int
    """Bytes of a frame that fits into a message, which is text."""
    dead_letters: str | None


class SqsStream:
    """The events of one organisation in a FIFO queue; see `domain.ports.Stream`."""

    name = "sqs"
    exclusive = False

    def __init__(self, address: AwsAddress, org: str) -> None:
        """Name the queue; nothing is connected.

        Args:
            address: what queues are called and where they are.
            org: whose queue it is: `NAME-ORG.fifo`.
        """
        self._address = address
        self._visibility = address.whole.whole("visibility", 2, 43_200, _VISIBILITY)
        self._org = org
        self._queue_name = f"{address.name}-{org}.fifo"
        self._part = f"sqs:{self._queue_name}"
        self._threads = ThreadPoolExecutor(_RECEIVERS + 2, "sqs")
        self._client: Any = None
        self._queue: _Queue | None = None
        self._opening = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None

    async def _opened(self) -> _Queue:
        async with self._opening:
            if self._queue is None:
                self._queue = await on(self._threads, self._open)
            return self._queue

    def _open(self) -> _Queue:
        if len(self._queue_name) > _QUEUE_NAME:
            raise wrong(f"the queue would be called {self._queue_name}, which is longer than {_QUEUE_NAME} characters")
        if self._client is None:
            self._client = make_client("sqs", self._address, _RECEIVERS + 2)
        with translated("SQS"):
            url = self._url()
            told = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        policy = json.loads(told.get("RedrivePolicy", "{}"))
        most = min(int(told.get("MaximumMessageSize", REQUEST_BYTES)), REQUEST_BYTES)
        return _Queue(url, most // 4 * 3 - 3, policy.get("deadLetterTargetArn"))

    def _url(self) -> str:
        try:
            return str(self._client.get_queue_url(QueueName=self._queue_name)["QueueUrl"])
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            if not self._address.create:
                raise Misconfigured(
                    f"SQS has no queue {self._queue_name}: create it, or write create=yes into ENGINTEL_LOG_URL."
                ) from error
        attributes = {
            "FifoQueue": "true",
            # Groups are independent, so each is deduplicated and limited by itself.
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
            "MessageRetentionPeriod": str(_RETENTION_SECONDS),
            "VisibilityTimeout": str(self._visibility),
        }
        return str(self._client.create_queue(QueueName=self._queue_name, Attributes=attributes)["QueueUrl"])

    async def send(self, events: Sequence[Event]) -> None:
        """Return once SQS has all of `events`."""
        queue = await self._opened()
        for round_ in frames(self._org, events, queue.limit):
            for batch in _batches(round_):
                await on(self._threads, partial(self._send, queue, batch))

    def _send(self, queue: _Queue, batch: Sequence[Frame]) -> None:
        """Send frames of different entities, and again those that were not taken."""
        rest = {str(number): frame for number, frame in enumerate(batch)}
        codes: set[str] = set()
        for _ in range(_SEND_ATTEMPTS):
            entries = [self._entry(number, frame) for number, frame in rest.items()]
            with translated("SQS"):
                answer = self._client.send_message_batch(QueueUrl=queue.url, Entries=entries)
            for taken in answer.get("Successful", []):
                rest.pop(taken["Id"], None)
            if not rest:
                return
            codes |= {failed.get("Code", "") for failed in answer.get("Failed", [])}
        raise StoreUnavailable("log", f"SQS does not take everything ({', '.join(sorted(codes))})")

    def _entry(self, number: str, frame: Frame) -> dict[str, Any]:
        group = frame.entity if _GROUP.fullmatch(frame.entity) else _digest(frame.entity)
        return {
            "Id": number,
            "MessageBody": base64.b64encode(frame.payload).decode(),
            "MessageGroupId": group,
            "MessageDeduplicationId": _digest(self._org, *frame.ids),
        }

    async def seek(self, cursors: Cursors) -> None:  # noqa: ARG002 - SQS has no cursors
        """Nothing to seek: SQS knows what was not deleted."""
        await self._opened()

    async def receive(self, seconds: float) -> Received:
        """What comes next, and if that is much, what several receivers get: never two of them from one group."""
        queue = await self._opened()
        messages = await on(self._threads, partial(self._receive, queue, max(1, round(seconds))))
        if not messages:
            return Received(ended=await on(self._threads, partial(self._held, queue)) == 0)
        if len(messages) == MESSAGES:
            more = await asyncio.gather(
                *(on(self._threads, partial(self._receive, queue, 0)) for _ in range(_RECEIVERS)),
                return_exceptions=True,
            )
            messages += [message for some in more if not isinstance(some, BaseException) for message in some]
        received = self._received(messages)
        self._keeping = asyncio.create_task(self._keep(queue, received.receipts))
        return received

    async def _keep(self, queue: _Queue, receipts: Sequence[str]) -> None:
        """Ask for more time, again and again, until somebody has landed them or given them back."""
        with suppress(TimeoutError, StoreUnavailable, Misconfigured):
            async with asyncio.timeout(_KEPT_AT_MOST):
                while True:
                    await asyncio.sleep(self._visibility / 2)
                    await self._hide(queue, receipts, self._visibility)

    async def _hide(self, queue: _Queue, receipts: Sequence[str], seconds: int) -> None:
        for ten in _tens(receipts):
            await on(self._threads, partial(self._hide_ten, queue, ten, seconds))

    def _hide_ten(self, queue: _Queue, receipts: Sequence[str], seconds: int) -> None:
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
            for number, receipt in enumerate(receipts)
        ]
        with translated("SQS"):
            self._client.change_message_visibility_batch(QueueUrl=queue.url, Entries=entries)

    def _let_go(self) -> None:
        """Ask for no more time."""
        if self._keeping is not None:
            self._keeping.cancel()
            self._keeping = None

    def _receive(self, queue: _Queue, seconds: int) -> list[dict[str, Any]]:
        with translated("SQS"):
            answer = self._client.receive_message(
                QueueUrl=queue.url,
                MaxNumberOfMessages=MESSAGES,
                WaitTimeSeconds=seconds,  # with none, only some of SQS's servers are asked
                VisibilityTimeout=self._visibility,
            )
        return list(answer.get("Messages", []))

    def _received(self, messages: Sequence[dict[str, Any]]) -> Received:
        events: list[Carried] = []
        letters: list[DeadLetter] = []
        receipts: list[str] = []
        for message in messages:
            found = self._read(message["MessageId"], message["Body"])
            if found is None:  # another organisation's: not ours to delete, and never in a group of ours
                continue
            receipts.append(message["ReceiptHandle"])
            for told in found:
                if isinstance(told, Carried):
                    events.append(told)
                else:
                    letters.append(told)
        return Received(events=events, dead=letters, receipts=receipts)

    def _read(self, message_id: str, body: str) -> list[Carried | DeadLetter] | None:
        try:
            payload = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return [dead(self._part, message_id, "it was not written by this program", body.encode())]
        if org_of(payload) not in {None, self._org}:
            return None
        return unframed(self._part, message_id, payload)

    async def acknowledge(self, received: Received) -> None:
        """Delete what has landed. What SQS forgets of that comes again."""
        self._let_go()
        queue = await self._opened()
        await asyncio.gather(
            *(on(self._threads, partial(self._delete, queue, ten)) for ten in _tens(received.receipts))
        )

    def _delete(self, queue: _Queue, receipts: Sequence[str]) -> None:
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)]
        with translated("SQS"):
            self._client.delete_message_batch(QueueUrl=queue.url, Entries=entries)

    async def give_back(self, received: Received) -> None:
        """Let others have what has not landed, the last of a group first, so that nobody gets it before the first."""
        self._let_go()
        with suppress(StoreUnavailable, Misconfigured):  # then they come again by themselves
            await self._hide(await self._opened(), received.receipts[::-1], 0)

    async def goal(self) -> "_Empty":
        """An empty queue: SQS has no places that could be named."""
        return _Empty()

    def _held(self, queue: _Queue) -> int:
        """About how many messages some drain holds and has not deleted."""
        return self._count(queue.url, "ApproximateNumberOfMessagesNotVisible")

    def _count(self, url: str, *names: str) -> int:
        with translated("SQS"):
            told = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
        return sum(int(told.get(name, 0)) for name in names)

    async def waiting(self, cursors: Cursors) -> int:  # noqa: ARG002 - SQS has no cursors
        """About how many messages have not been deleted."""
        queue = await self._opened()
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return await on(self._threads, partial(self._count, queue.url, *names))

    async def set_aside(self) -> int | None:
        """About how many messages are in the queue's own dead-letter queue; None if it has none."""
        queue = await self._opened()
        if queue.dead_letters is None:
            return None
        return await on(self._threads, partial(self._dead_letters, queue.dead_letters))

    def _dead_letters(self, arn: str) -> int:
        with translated("SQS"):
            url = self._client.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
        return self._count(url, "ApproximateNumberOfMessages")

    async def close(self) -> None:
        """Let go of every connection."""
        self._let_go()
        self._threads.shutdown(wait=False)
        if self._client is not None:
            self._client.close()


class _Empty:
    def met(self, cursors: Cursors, received: Received | None) -> bool:  # noqa: ARG002 - as the port has it
        """Whether nothing came, and nobody holds anything."""
        return received is not None and received.ended


def _batches(round_: Sequence[Frame]) -> list[list[Frame]]:
    """Frames that fit into one request together."""
    batches: list[list[Frame]] = []
    room = count = 0
    for frame in round_:
        size = -(-len(frame.payload) // 3) * 4
        if size > room or count == MESSAGES:
            batches.append([])
            room, count = REQUEST_BYTES, 0
        batches[-1].append(frame)
        room, count = room - size, count + 1
    return batches


def _tens(receipts: Sequence[str]) -> list[Sequence[str]]:
    return [receipts[start : start + MESSAGES] for start in range(0, len(receipts), MESSAGES)]


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
