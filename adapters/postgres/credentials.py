"""Who a connection is made as: what the URL says, a secret that may be rotated, or a token that AWS signs."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from adapters.postgres.address import VARIABLE, PostgresAddress, region_of, wrong
from adapters.secrets.aws import read_secret, region_here, require_driver
from domain.errors import Misconfigured


@dataclass(frozen=True)
class Credentials:
    """A user and a password, each None where the URL has it."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)


class Keeper(Protocol):
    """What gives credentials for one more connection."""

    async def current(self) -> Credentials:
        """Those that should open the server now."""

    async def after(self, refused: Credentials) -> Credentials | None:
        """Others, now that the server does not take `refused`; None if there are none."""


class Written:
    """What stands in the URL."""

    async def current(self) -> Credentials:
        """Nothing beside the URL."""
        return Credentials()

    async def after(self, refused: Credentials) -> Credentials | None:
        """The URL stays as it is."""
        del refused
        return None


class Secret:
    """A secret as RDS writes it: JSON with `username` and `password`. Kept until the server refuses it."""

    def __init__(self, name: str, region: str | None) -> None:
        """Name the secret; nothing is read.

        Args:
            name: its name or ARN.
            region: where it is; that of the ARN or the AWS environment, if not given.
        """
        self._name = name
        self._region = region
        self._kept: Credentials | None = None
        self._reading = asyncio.Lock()

    async def current(self) -> Credentials:
        """What was last read."""
        async with self._reading:
            if self._kept is None:
                self._kept = await self._read()
            return self._kept

    async def after(self, refused: Credentials) -> Credentials | None:
        """What the secret says since it was rotated. Of many that are refused at once, one reads it."""
        async with self._reading:
            if self._kept == refused:
                self._kept = await self._read()
            return self._kept if self._kept != refused else None

    async def _read(self) -> Credentials:
        text = await asyncio.to_thread(read_secret, VARIABLE, self._name, self._region)
        try:
            told = json.loads(text)
            user, password = told["username"], told["password"]
        except (ValueError, RecursionError, TypeError, KeyError):  # whose own text would show what is in it
            user = password = None
        if not isinstance(user, str) or not isinstance(password, str):
            raise Misconfigured(
                f"{VARIABLE} names the secret {self._name!r}, which is none of a database: expected JSON with "
                '"username" and "password".'
            )
        return Credentials(user, password)


class Token:
    """A token that opens the server for fifteen minutes, signed with the environment's AWS credentials.

    Signing needs no network and takes a millisecond, so every connection gets one of its own: none is ever stale, nor
    outlives the AWS credentials that it was signed with.
    """

    def __init__(self, address: PostgresAddress) -> None:
        """Name the server; nothing is signed.

        Args:
            address: where it is, and as whom.
        """
        require_driver(f"{VARIABLE} says auth=iam, which")
        self._address = address
        self._client: Any = None

    async def current(self) -> Credentials:
        """A new token."""
        return Credentials(self._address.user, await asyncio.to_thread(self._sign))

    async def after(self, refused: Credentials) -> Credentials | None:
        """Another token would be refused, too."""
        del refused
        return None

    def _sign(self) -> str:
        import boto3  # noqa: PLC0415 - for those who sign in with AWS
        from botocore.exceptions import BotoCoreError, NoRegionError  # noqa: PLC0415 - as above

        place = {"DBHostname": self._address.host, "Port": self._address.port, "DBUsername": self._address.user}
        try:
            if self._client is None:
                region = region_of(self._address) or region_here()
                self._client = boto3.session.Session().client("rds", region_name=region)
            return str(self._client.generate_db_auth_token(**place))
        except NoRegionError as error:
            raise wrong("auth=iam needs the AWS region: write &region=eu-central-1") from error
        except BotoCoreError as error:
            raise Misconfigured(
                f"{VARIABLE} says auth=iam, and no token can be signed ({type(error).__name__}): "
                "set AWS_ACCESS_KEY_ID or a role."
            ) from error


def keeper_of(address: PostgresAddress) -> Keeper:
    """What gives credentials for connections to `address`."""
    if address.iam:
        return Token(address)
    return Secret(address.secret, address.region) if address.secret else _WRITTEN


_WRITTEN: Final = Written()
