"""`kafka://user:password@host:9092,host2:9092?security=…` as what the client library is configured with."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from adapters.address import Address, filled
from adapters.log.address import parse, wrong

PORT: Final = 9092
SECURITY: Final = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "AWS_MSK_IAM")
IAM: Final = "AWS_MSK_IAM"

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")


def _readable(value: str) -> str:
    if not Path(value).is_file():
        raise ValueError(f"names {value!r}, which is not a file")
    return value


def _prefix(value: str) -> str:
    if not _PREFIX.fullmatch(value):
        raise ValueError("may have letters, digits, '.', '_' and '-', at most 100")
    return value


OPTIONS: Final[Mapping[str, Callable[[str], object]]] = {
    "security": filled,
    "mechanism": filled,
    "ca": _readable,
    "certificate": _readable,
    "key": _readable,
    "region": filled,
    "prefix": _prefix,
    "create": filled,
    "partitions": filled,
    "timeout": filled,
}


@dataclass(frozen=True)
class KafkaAddress:
    """Where the brokers are and how they are spoken to.

    `configuration` is what producer, consumer and administration have in common, secrets included. `region` is set
    where AWS signs in for us. `timeout` is how many seconds an acknowledgement may take.
    """

    servers: str
    configuration: Mapping[str, Any] = field(repr=False)
    region: str | None
    prefix: str
    create: bool
    partitions: int
    timeout: int


def read_address(url: str) -> KafkaAddress:
    """The address that `url` spells.

    Raises:
        Misconfigured: it will not do; the text names the option and no secret.
    """
    address = parse(url, OPTIONS)
    servers = _servers(address.place)
    signs_in = address.user is not None or "mechanism" in address.options
    security = address.choice("security", SECURITY, "sasl_ssl" if signs_in else "plaintext")
    configuration: dict[str, Any] = {"bootstrap.servers": servers, "security.protocol": security}
    region = None
    if security.startswith("sasl"):
        configuration |= _sign_in(address)
        region = address.options.get("region") if configuration["sasl.mechanisms"] == "OAUTHBEARER" else None
    elif signs_in:
        raise wrong(f"security is {security!r}, which knows no users: write sasl_ssl, or leave user and mechanism out")
    if security.endswith("ssl"):
        configuration |= _certificates(address)
    elif {"ca", "certificate", "key"} & address.options.keys():
        raise wrong(f"security is {security!r}, which has no certificates: write ssl or sasl_ssl")
    return KafkaAddress(
        servers=servers,
        configuration=configuration,
        region=region,
        prefix=address.options.get("prefix", ""),
        create=address.allowed(default=True),
        partitions=address.whole("partitions", 1, 10_000, 4),
        timeout=address.whole("timeout", 1, 300, 10),
    )


def _servers(place: str) -> str:
    servers = []
    for number, host in enumerate(place.split(","), 1):
        found = _HOST.fullmatch(host)
        if found is None or not 0 < int(found[1] or PORT) <= _LAST_PORT:
            raise wrong(f"broker {number} is not host:port; write %40 for an @ in a password, %2F for a /, and so on")
        servers.append(host if found[1] else f"{host}:{PORT}")
    return ",".join(servers)


_LAST_PORT: Final = 65_535


def _sign_in(address: Address) -> dict[str, Any]:
    mechanism = address.choice("mechanism", MECHANISMS, "SCRAM-SHA-512")
    if mechanism == IAM:
        if address.user is not None:
            raise wrong("AWS_MSK_IAM takes no user: the credentials are those of the AWS environment")
        if "region" not in address.options:
            raise wrong("AWS_MSK_IAM needs the option region, such as region=eu-central-1")
        return {"sasl.mechanisms": "OAUTHBEARER"}
    if not address.user or not address.password:
        raise wrong(f"{mechanism} needs a user and a password: kafka://user:password@host:9092")
    return {"sasl.mechanisms": mechanism, "sasl.username": address.user, "sasl.password": address.password}


def _certificates(address: Address) -> dict[str, Any]:
    named = {"ca": "ssl.ca.location", "certificate": "ssl.certificate.location", "key": "ssl.key.location"}
    if ("certificate" in address.options) != ("key" in address.options):
        raise wrong("certificate and key go together")
    return {named[option]: address.options[option] for option in named if option in address.options}
