"""Which engine the scheme of `ENGINTEL_LOG_URL` means. A driver is imported once its engine is asked for."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Final, cast

from adapters.log.address import wrong
from domain.errors import Misconfigured
from domain.ports import Stream

_ENGINES: Final = {
    "kafka": ("adapters.log.kafka:open_kafka", "confluent_kafka", "kafka"),
    "sqs": ("adapters.log.sqs:open_sqs", "boto3", "aws"),
    "kinesis": ("adapters.log.kinesis:open_kinesis", "boto3", "aws"),
}
"""By scheme: what makes the stream, the driver it needs, and the extra that brings it."""

SCHEMES: Final = tuple(_ENGINES)


def make_stream(url: str, org: str) -> Stream:
    """The stream that `url` names, bound to `org`. Nothing is connected yet.

    Raises:
        Misconfigured: there is no such engine, its driver is not installed, or the URL will not do.
    """
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in _ENGINES:
        raise wrong(f"expected it to begin with {', '.join(f'{name}://' for name in SCHEMES)}")
    maker, driver, extra = _ENGINES[scheme]
    if find_spec(driver) is None:
        raise Misconfigured(
            f"ENGINTEL_LOG_URL asks for {scheme}, whose driver is not installed: pip install 'engintel[{extra}]'."
        )
    module, _, function = maker.partition(":")
    return cast("Callable[[str, str], Stream]", getattr(import_module(module), function))(url, org)
