"""Whether a delivery comes from whom it says: each sender's own check, over the raw body, in constant time.

| sender | header | check |
|---|---|---|
| GitHub | `X-Hub-Signature-256` | `sha256=` HMAC of the body |
| Jira, admin webhook | `X-Hub-Signature` | `<method>=` HMAC of the body; only sha256 is accepted |
| Jira, app webhook | `Authorization` | a JWT signed with HS256 and the app's client secret, not expired |
| Notion | `X-Notion-Signature` | `sha256=` HMAC of the body, keyed by the verification token |
| Slack | `X-Slack-Signature` | `v0=` HMAC of `v0:<timestamp>:<body>`, sent within five minutes |
| Alertmanager | `Authorization` | the secret as a bearer token, or as the password of basic authentication; a secret
  `user:password` is both of these |
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from domain.errors import NotAuthentic

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a sender's clock may be from ours, where a signature holds a time."""
_JWT_PARTS: Final = 3
_SECONDS: Final = re.compile(r"\d{1,12}", re.ASCII)
_FOREVER: Final = 10**12

Headers = Mapping[str, str]


def verify(sender: str, secret: str, headers: Headers, body: bytes, now: datetime) -> None:
    """Return if `body` was sent by somebody who knows `secret`.

    Args:
        sender: one of `SENDERS`.
        secret: what the sender was given.
        headers: of the request, their names in lower case.
        body: exactly as it came.
        now: the moment of the check.

    Raises:
        NotAuthentic: it was not, or too long ago. The text names the header and never what was in it.
    """
    _CHECKS[sender](secret.encode(), headers, body, now)


def _github(secret: bytes, headers: Headers, body: bytes, _now: datetime) -> None:
    _compare("X-Hub-Signature-256", headers, "sha256=" + _hmac(secret, body))


def _jira(secret: bytes, headers: Headers, body: bytes, now: datetime) -> None:
    if "x-hub-signature" in headers:
        _compare("X-Hub-Signature", headers, "sha256=" + _hmac(secret, body))
    else:
        _check_jwt(secret, _bearer(headers, "X-Hub-Signature or Authorization"), now)


def _notion(secret: bytes, headers: Headers, body: bytes, _now: datetime) -> None:
    _compare("X-Notion-Signature", headers, "sha256=" + _hmac(secret, body))


def _slack(secret: bytes, headers: Headers, body: bytes, now: datetime) -> None:
    sent = headers.get("x-slack-request-timestamp", "")
    # The time is part of what is signed, so the signature tells whether it can be believed.
    _compare("X-Slack-Signature", headers, "v0=" + _hmac(secret, b"v0:%s:%s" % (_bytes(sent), body)))
    if not _SECONDS.fullmatch(sent):
        raise NotAuthentic("X-Slack-Request-Timestamp is no time: expected whole seconds since 1970.")
    apart = now.timestamp() - int(sent)
    if abs(apart) > CLOCK_SKEW.total_seconds():
        raise NotAuthentic(
            f"X-Slack-Request-Timestamp is {abs(apart):.0f} seconds {'before' if apart > 0 else 'after'} the clock of "
            "this machine, more than five minutes: either it was sent before, or that clock is wrong."
        )


def _alertmanager(secret: bytes, headers: Headers, _body: bytes, _now: datetime) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with_user = _decoded(given.strip())
        given = with_user if b":" in secret else with_user.partition(":")[2]
    if scheme.lower() not in {"basic", "bearer"} or not hmac.compare_digest(_bytes(given.strip()), secret):
        raise NotAuthentic("Authorization does not hold the secret: expected it as a bearer token or basic password.")


_CHECKS: Final[Mapping[str, Callable[[bytes, Headers, bytes, datetime], None]]] = {
    "github": _github,
    "jira": _jira,
    "notion": _notion,
    "slack": _slack,
    "alertmanager": _alertmanager,
}
SENDERS: Final = tuple(_CHECKS)
"""Who can send webhooks."""


def _bytes(text: str) -> bytes:
    """A header's text as bytes, whatever is in it: through a gateway even half a surrogate pair may come."""
    return text.encode(errors="surrogatepass")


def _hmac(secret: bytes, body: bytes) -> str:
    return hmac.digest(secret, body, "sha256").hex()


def _compare(name: str, headers: Headers, expected: str) -> None:
    given = headers.get(name.lower())
    if given is None:
        raise NotAuthentic(f"The header {name} is missing: expected {expected.partition('=')[0]}=<hex>.")
    # As bytes, because the comparison of texts refuses what is not ASCII.
    if not hmac.compare_digest(_bytes(given.strip()), expected.encode()):
        raise NotAuthentic(f"{name} does not match the body: expected the HMAC with the secret configured here.")


def _bearer(headers: Headers, name: str) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "jwt"} or not token:
        raise NotAuthentic(f"The header {name} is missing: expected a signature or a signed token.")
    return token.strip()


def _check_jwt(secret: bytes, token: str, now: datetime) -> None:
    parts = token.split(".")
    header, claims = (_json(part) for part in (parts if len(parts) == _JWT_PARTS else ["", "", ""])[:2])
    signed, _, signature = token.rpartition(".")
    expected = base64.urlsafe_b64encode(hmac.digest(secret, _bytes(signed), "sha256")).rstrip(b"=")
    # The algorithm is ours to choose, not the token's: `none` and public keys as secrets end here.
    if header.get("alg") != "HS256" or not hmac.compare_digest(_bytes(signature).rstrip(b"="), expected):
        raise NotAuthentic("The token in Authorization is not signed with HS256 and the secret configured here.")
    expires = claims.get("exp")
    # Said so that what is no number at all (JSON as Python reads it knows one) has expired too.
    if not isinstance(expires, int | float) or not now.timestamp() - CLOCK_SKEW.total_seconds() <= expires < _FOREVER:
        raise NotAuthentic("The token in Authorization is expired or never expires: expected a fresh one.")


def _json(part: str) -> dict[str, Any]:
    text = _decoded(part)
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _decoded(text: str) -> str:
    """What Base64 stands for, in either alphabet and with or without padding; empty if it is none."""
    try:
        return base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        return ""
