"""What only SQS and Kinesis have: requests that are taken in part, dead-letter queues, shards that split."""

import asyncio
import base64
import json
import uuid
from typing import Any

import pytest

from adapters.log.wire import frames
from adapters.postgres.database import Database
from domain.errors import Misconfigured, StoreUnavailable
from domain.events import Event
from tests.contract.test_streams import history, in_order, told
from tests.engines.logs import entered
from tests.engines.proxy import Answer, Forward, between
from tests.engines.strays import client_of


@pytest.fixture
def name() -> str:
    """A queue or a stream of the test's own."""
    return f"own-{uuid.uuid4().hex[:8]}"


def address(engine: str, name: str, endpoint: str, more: str = "&create=yes") -> str:
    """The URL of a stream."""
    return f"{engine}://{name}?region=eu-central-1&endpoint={endpoint}{more}"


@pytest.mark.parametrize("engine", ["sqs", "kinesis"])
async def test_what_was_refused_in_a_request_is_sent_again_in_order(
    aws: str, database: Database, org: str, name: str, engine: str
) -> None:
    """Of every request only each other message is taken, twice over, and none of an entity overtakes another."""
    calls = {"PutRecords": 0, "SendMessageBatch": 0}

    def answer(operation: str, asked: dict[str, Any], forward: Forward) -> Answer:
        if operation not in calls:
            return forward(asked)
        calls[operation] += 1
        if calls[operation] % 3 == 0:
            return forward(asked)
        if operation == "PutRecords":
            taken = asked["Records"][::2]
            _, reply = forward({**asked, "Records": taken})
            refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
            there = iter(reply["Records"])
            told = [next(there) if index % 2 == 0 else refused for index in range(len(asked["Records"]))]
            return 200, {"FailedRecordCount": len(told) // 2, "Records": told}
        _, reply = forward({**asked, "Entries": asked["Entries"][::2]})
        failed = [
            {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in asked["Entries"][1::2]
        ]
        return 200, {**reply, "Failed": failed}

    sent = [event for n in range(25) for event in history(f"issue:B-{n}", 4)]
    with between(aws, answer) as endpoint:
        async with entered(database, org, address(engine, name, endpoint)) as entrance:
            await entrance.log.append(sent[:60])
            await entrance.log.append(sent[60:])
            await entrance.settle()

            assert in_order(await told(entrance.log), sent)
    assert sum(calls.values()) > 4


async def test_kinesis_that_stays_full_is_told(aws: str, database: Database, org: str, name: str) -> None:
    """Nothing is acknowledged; the sender comes again."""

    def answer(operation: str, asked: dict[str, Any], forward: Forward) -> Answer:
        if operation != "PutRecords":
            return forward(asked)
        refused = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow down"}
        return 200, {"FailedRecordCount": len(asked["Records"]), "Records": [refused for _ in asked["Records"]]}

    with between(aws, answer) as endpoint:
        async with entered(database, org, address("kinesis", name, endpoint)) as entrance:
            with pytest.raises(StoreUnavailable, match="ProvisionedThroughputExceeded"):
                await entrance.log.append(history("issue:F-1", 2))


@pytest.mark.parametrize("engine", ["sqs", "kinesis"])
async def test_what_is_not_there_is_named(aws: str, database: Database, org: str, name: str, engine: str) -> None:
    """Made only where that was allowed: it costs money."""
    async with entered(database, org, address(engine, name, aws, "")) as entrance:
        with pytest.raises(Misconfigured, match=f"has no .*{name}.*create=yes"):
            await entrance.log.append(history("issue:M-1", 1))


async def test_a_stream_that_is_split_while_it_is_read_loses_and_doubles_nothing(
    aws: str, database: Database, org: str, name: str
) -> None:
    """Shards close and others open; the drain follows."""
    url = address("kinesis", name, aws)
    sent = [event for n in range(6) for event in history(f"issue:S-{n}", 9)]
    thirds = [[event for event in sent if int(event.id.rpartition("-")[2]) // 3 == part] for part in range(3)]
    client = client_of(url)
    async with entered(database, org, url) as entrance:
        await entrance.log.append(thirds[0])
        await entrance.settle()
        await entrance.log.append(thirds[1])
        shard = client.list_shards(StreamName=name)["Shards"][0]
        middle = (int(shard["HashKeyRange"]["StartingHashKey"]) + int(shard["HashKeyRange"]["EndingHashKey"])) // 2
        client.split_shard(StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(middle))
        await entrance.stream.seek(await entrance.landing.cursors("kinesis"))  # type: ignore[union-attr]  # there is one
        await entrance.settle()
        await entrance.log.append(thirds[2])
        await entrance.settle()

        found = await told(entrance.log)
        assert sorted(found) == sorted(event.id for event in sent)
        assert in_order([event_id for event_id in found if event_id in {e.id for e in thirds[2]}], thirds[2])
        cursors = await entrance.landing.cursors("kinesis")
        assert cursors[f"kinesis:{name}/{shard['ShardId']}"]["closed"]
    client.close()


async def test_children_are_read_once_their_parents_were(database: Database, org: str, aws: str) -> None:
    """As AWS has it: a closed shard keeps its records, and its iterator ends behind the last; iterators expire."""
    sent = history("issue:C-1", 8)
    shards = {"p-0": sent[0:2], "p-1": [], "c-0": sent[2:5], "g-0": sent[5:8]}
    parents = {"c-0": ("p-0", "p-1"), "g-0": ("c-0", None)}
    closed = {"p-0", "p-1", "c-0"}
    expired: list[str] = []

    def answer(operation: str, asked: dict[str, Any], forward: Forward) -> Answer:
        match operation:
            case "DescribeStreamSummary":
                return 200, {"StreamDescriptionSummary": {"StreamStatus": "ACTIVE", "StreamCreationTimestamp": 1}}
            case "ListShards":
                return 200, {"Shards": [listed(shard) for shard in reversed(shards)]}
            case "GetShardIterator":
                return 200, {"ShardIterator": f"{asked['ShardId']}@{asked.get('StartingSequenceNumber', 0)}"}
        shard, _, after = asked["ShardIterator"].partition("@")
        if asked["ShardIterator"] not in expired and int(after) == 1:
            expired.append(asked["ShardIterator"])
            return 400, {"__type": "ExpiredIteratorException", "message": "five minutes"}
        records = [record(number, event) for number, event in enumerate(shards[shard], 1) if number > int(after)][:1]
        over = int(after) + len(records) == len(shards[shard])
        following = {} if over and shard in closed else {"NextShardIterator": f"{shard}@{int(after) + len(records)}"}
        return 200, {"Records": records, "MillisBehindLatest": 0 if over else 5_000, **following}

    def listed(shard: str) -> dict[str, Any]:
        parent, adjacent = parents.get(shard, (None, None))
        of = {"ParentShardId": parent, "AdjacentParentShardId": adjacent}
        numbers = {"StartingSequenceNumber": "1", **({"EndingSequenceNumber": "9"} if shard in closed else {})}
        hashes = {"StartingHashKey": "0", "EndingHashKey": "1"}
        told = {"ShardId": shard, "HashKeyRange": hashes, "SequenceNumberRange": numbers}
        return {**told, **{name: value for name, value in of.items() if value}}

    def record(number: int, event: Event) -> dict[str, Any]:
        [[frame]] = frames(org, [event], 100_000)
        payload = base64.b64encode(frame.payload).decode()
        return {"SequenceNumber": str(number), "Data": payload, "PartitionKey": event.entity}

    with between(aws, answer) as endpoint:
        async with entered(database, org, address("kinesis", "made-up", endpoint, "")) as entrance:
            async with asyncio.timeout(30):
                await entrance.settle()

            assert await told(entrance.log) == [event.id for event in sent]
    assert expired


async def test_the_dead_letter_queue_of_sqs_is_counted_and_what_comes_back_lands(
    aws: str, database: Database, org: str, name: str
) -> None:
    """What was received too often is AWS's to put aside; the operator sees it and lets it come again."""
    url = address("sqs", name, aws, "&visibility=2")
    client = client_of(url)
    dead = client.create_queue(QueueName=f"{name}-dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    queue = client.create_queue(
        QueueName=f"{name}-{org}.fifo", Attributes={"FifoQueue": "true", "RedrivePolicy": policy}
    )["QueueUrl"]
    sent = history("issue:D-1", 1)
    async with entered(database, org, url) as entrance:
        assert entrance.stream is not None
        await entrance.log.append(sent)
        [taken] = client.receive_message(QueueUrl=queue, WaitTimeSeconds=1, VisibilityTimeout=0)["Messages"]
        await entrance.settle()
        before, nothing = await entrance.stream.set_aside(), await told(entrance.log)
        again = {"MessageBody": taken["Body"], "MessageGroupId": "g", "MessageDeduplicationId": "again"}
        client.send_message(QueueUrl=queue, **again)
        await entrance.settle()

        assert (before, nothing) == (1, [])
        assert in_order(await told(entrance.log), sent)
    client.close()
