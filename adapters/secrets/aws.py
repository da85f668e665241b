"""Secrets in AWS Secrets Manager. Region, endpoint and who we are come from the AWS environment, unless said otherwise.

What a secret says is in no message of ours, and neither is AWS's own text: it names accounts and resources.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from domain.errors import Misconfigured, StoreUnavailable

SCHEME: Final = "aws-sm://"
_KEEPER: Final = "AWS Secrets Manager"
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 10
_OPERATOR: Final[Mapping[str, str]] = {
    "ResourceNotFoundException": "there is none of that name in this account and region; check its name, "
    "and AWS_REGION",
    "AccessDeniedException": "AWS denies it; allow secretsmanager:GetSecretValue on it, and kms:Decrypt on its key",
    "InvalidRequestException": "it is about to be deleted; restore it, or name another",
    "InvalidParameterException": "that is no name of a secret; expected its name or its ARN",
    "ValidationException": "that is no name of a secret; expected its name or its ARN",
    "DecryptionFailure": "its key cannot be used; allow kms:Decrypt on it",
    "UnrecognizedClientException": "AWS does not know our credentials; check AWS_ACCESS_KEY_ID or the role",
    "InvalidClientTokenId": "AWS does not know our credentials; check AWS_ACCESS_KEY_ID or the role",
    "InvalidSignatureException": "AWS does not take our credentials; check AWS_SECRET_ACCESS_KEY",
    "ExpiredTokenException": "our AWS credentials have expired; get new ones",
}
"""What AWS says where somebody has to change something, and what that is."""


@dataclass(frozen=True)
class Place:
    """Where one value is: `aws-sm://NAME#KEY`. Without a key the whole secret is the value."""

    secret: str
    key: str | None


def place_of(value: str) -> Place:
    """The place that `aws-sm://NAME#KEY` names.

    Raises:
        ValueError: it names none.
    """
    secret, separator, key = value.removeprefix(SCHEME).partition("#")
    if not value.startswith(SCHEME) or not secret or (separator and not key):
        raise ValueError("expected aws-sm://SECRET#KEY, such as aws-sm://engintel/prod#github")
    return Place(secret, key or None)


def require_driver(asked: str) -> None:
    """See that boto3 is there.

    Args:
        asked: who needs it, as the beginning of a sentence.

    Raises:
        Misconfigured: it is not.
    """
    if find_spec("boto3") is None:
        raise Misconfigured(f"{asked} needs the AWS client, which is not installed: pip install 'engintel[aws]'.")


def read_secret(variable: str, secret: str, region: str | None = None) -> str:
    """What `secret` holds now, as text. This blocks.

    Args:
        variable: the setting that names it, for messages.
        secret: its name or ARN.
        region: where it is; the ARN's, or that of the AWS environment, if not given.

    Raises:
        Misconfigured: it cannot be had until somebody changes something; the text says what.
        StoreUnavailable: AWS cannot be reached, or asks to try again.
    """
    require_driver(f"{variable} names a secret of {_KEEPER}, and that")
    import boto3  # noqa: PLC0415 - a third of a second, for those who keep their secrets there
    from botocore.config import Config  # noqa: PLC0415 - as above
    from botocore.exceptions import (  # noqa: PLC0415 - as above
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
    )

    told = f"{variable} names the secret {secret!r} of {_KEEPER}"
    try:
        client = boto3.session.Session().client(
            "secretsmanager",
            region_name=region or _region_of(secret) or region_here(),
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )
        answer: Mapping[str, Any] = client.get_secret_value(SecretId=secret)
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _OPERATOR:
            raise Misconfigured(f"{told}: {_OPERATOR[code]}.") from error
        raise StoreUnavailable(_KEEPER, f"it answered {code or 'with an error'}") from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise Misconfigured(f"{told}, and there are no AWS credentials: set AWS_ACCESS_KEY_ID or a role.") from error
    except NoRegionError as error:
        raise Misconfigured(f"{told}, and no AWS region is known: set AWS_REGION.") from error
    except (BotoCoreError, ValueError) as error:  # an endpoint that is no address is a ValueError
        raise StoreUnavailable(_KEEPER, f"it does not answer ({type(error).__name__})") from error
    text = answer.get("SecretString")
    if not isinstance(text, str) or not text.strip():
        raise Misconfigured(f"{told}, which holds no text: expected text, or JSON with a value by key.")
    return text


def value_in(variable: str, place: Place, text: str) -> str:
    """The value of `place` in a secret's text.

    Raises:
        Misconfigured: it is not in there.
    """
    if place.key is None:
        return text.strip()
    told = f"{variable} names the key {place.key!r} of the secret {place.secret!r} of {_KEEPER}"
    try:
        value = json.loads(text)[place.key]
    except (ValueError, RecursionError, TypeError):  # the text itself must not be told, and the parser's error has it
        raise Misconfigured(f"{told}, which is no JSON object: expected one, or leave #{place.key} out.") from None
    except KeyError:
        raise Misconfigured(f"{told}, which has no such key.") from None
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).strip():
        raise Misconfigured(f"{told}, which is no text: expected the value as text.")
    return str(value).strip()


def region_here() -> str | None:
    """The region of the AWS environment, where it is set as every other of Amazon's clients reads it.

    boto3 itself reads `AWS_DEFAULT_REGION` and profiles alone.
    """
    return os.environ.get("AWS_REGION") or None


def _region_of(secret: str) -> str | None:
    """The region in an ARN: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:engintel/prod-AbCdEf`."""
    pieces = secret.split(":")
    return pieces[3] if secret.startswith("arn:") and len(pieces) > 3 and pieces[3] else None  # noqa: PLR2004 - ARN's
