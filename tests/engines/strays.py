"""Writing to a stream past this program, as somebody else's mistake would."""

import base64
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
from confluent_kafka import Producer


def write(url: str, org: str, payload: bytes, *, marked: bool) -> None:
    """Put `payload` onto the stream at `url`.

    Args:
        url: the stream.
        org: whose stream it is.
        payload: anything.
        marked: with what says that it is of `org`, where a message can say so beside its payload.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "kafka":
        producer = Producer({"bootstrap.servers": parts.netloc})
        headers: list[tuple[str, str | bytes | None]] = [("org", org)] if marked else []
        producer.produce(f"{options['prefix']}github-events", payload, b"stray", headers=headers)
        assert producer.flush(10) == 0
        return
    client = client_of(url)
    if parts.scheme == "sqs":
        queue = client.get_queue_url(QueueName=f"{parts.netloc}-{org}.fifo")["QueueUrl"]
        body = base64.b64encode(payload).decode() if marked else payload.decode()
        client.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="stray", MessageDeduplicationId=body[:99])
    else:
        record = b"engintel/1 %s\n%s" % (org.encode(), payload) if marked else payload
        client.put_record(StreamName=parts.netloc, Data=record, PartitionKey="stray")
    client.close()


def client_of(url: str) -> Any:
    """AWS's own client for the stream at `url`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return boto3.client(parts.scheme, region_name=options["region"], endpoint_url=options["endpoint"])
