"""Which engine the scheme of `ENGINTEL_LOG_URL` means."""

from typing import Final, cast

from adapters.catalog import Engine, opener
from adapters.log.address import VARIABLE
from domain.ports import Stream

_ENGINES: Final = {
    "kafka": Engine("adapters.log.kafka:open_kafka", "confluent_kafka", "kafka"),
    "sqs": Engine("adapters.log.sqs:open_sqs", "boto3", "aws"),
    "kinesis": Engine("adapters.log.kinesis:open_kinesis", "boto3", "aws"),
}

SCHEMES: Final = tuple(_ENGINES)


def make_stream(url: str, org: str) -> Stream:
    """The stream that `url` names, bound to `org`. Nothing is connected yet.

    Raises:
        Misconfigured: there is no such engine, its driver is not installed, or the URL will not do.
    """
    return cast("Stream", opener(VARIABLE, url, _ENGINES)(url, org))
