"""What SQS and Kinesis share: their address, a client that signs with the environment's credentials, and its errors."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from adapters.address import Address, filled
from adapters.log.address import parse, wrong
from domain.errors import Misconfigured, StoreUnavailable

Result = TypeVar("Result")


def _http(value: str) -> str:
    there = urlsplit(value)
    if there.scheme not in {"http", "https"} or not there.hostname or there.username or there.password:
        raise ValueError("is not an address: expected http:// or https:// and a host")
    return value


OPTIONS: Final[Mapping[str, Callable[[str], object]]] = {"region": filled, "endpoint": _http, "create": filled}
"""What every address of AWS may say."""


@dataclass(frozen=True)
class AwsAddress:
    """A queue or a stream by its name, and where it is. Who we are is said by the AWS environment alone."""

    name: str
    region: str | None
    endpoint: str | None
    create: bool
    whole: Address


def read_address(url: str, most: int, more: Mapping[str, Callable[[str], object]] | None = None) -> AwsAddress:
    """The address that `url` spells: `sqs://NAME?region=eu-central-1`.

    Args:
        url: as it was set.
        most: how many characters a name may have.
        more: options that there are besides.

    Raises:
        Misconfigured: it will not do; the text names the option.
    """
    address = parse(url, {**OPTIONS, **(more or {})})
    if address.user is not None:
        raise wrong(f"{address.scheme}:// takes no user: set AWS_ACCESS_KEY_ID and so on, or a role")
    plain = address.place.replace("-", "").replace("_", "")
    if not (plain.isascii() and plain.isalnum() and len(address.place) <= most):
        raise wrong(f"expected {address.scheme}:// and a name of letters, digits, '-' and '_', at most {most}")
    return AwsAddress(
        name=address.place,
        region=address.options.get("region"),
        endpoint=address.options.get("endpoint"),
        create=address.allowed(default=False),
        whole=address,
    )


def make_client(service: str, address: AwsAddress, connections: int) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    """A client of `service`. Any thread may use it.

    Raises:
        Misconfigured: no region is set, or the environment's profile is not there.
    """
    with translated(service):
        return boto3.session.Session().client(
            service,
            region_name=address.region,
            endpoint_url=address.endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=30,
                max_pool_connections=connections,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )


_OPERATOR: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSNotFoundException",
    }
)
"""What AWS says when no retry will help, and somebody has to change a right or a key."""


def code_of(error: ClientError) -> str:
    """What AWS calls an error, without the service's prefix."""
    return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Turn the driver's errors into ours. AWS's own text names accounts and resources, so only its kind is told."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in _OPERATOR:
            raise Misconfigured(
                f"AWS refuses us at {service} ({code}): check the credentials and their rights."
            ) from error
        raise StoreUnavailable("log", f"{service} answered {code or 'with an error'}") from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise Misconfigured(f"There are no AWS credentials for {service}: set AWS_ACCESS_KEY_ID or a role.") from error
    except NoRegionError as error:
        raise wrong("no AWS region is known: write ?region=eu-central-1") from error
    except BotoCoreError as error:
        raise StoreUnavailable("log", f"{service} does not answer ({type(error).__name__})") from error


async def on(threads: ThreadPoolExecutor, call: Callable[[], Result]) -> Result:
    """What `call` gives, once a thread has done it."""
    return await asyncio.get_running_loop().run_in_executor(threads, call)
