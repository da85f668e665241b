"""Who sends webhooks, by which rules, and what to make of one request: a delivery, a greeting to answer, or neither.

No web framework and no environment: the HTTP face and the AWS Lambda entry points ask the same question here.

| sender | secret | key of a delivery | greeting |
|---|---|---|---|
| github | HMAC of the body | `X-GitHub-Delivery` | a `ping`, which tells nothing |
| jira | HMAC of the body, or a signed token | `X-Atlassian-Webhook-Identifier` | |
| notion | HMAC of the body | `id` | its first request is unsigned and brings the secret itself: see `Greeting` |
| slack | HMAC of time and body | `event_id` | `url_verification`, answered only if it is signed |
| alertmanager | bearer token, or user and password | a digest of the body | |
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from adapters.sources.deliveries import parsed
from adapters.sources.deliveries.slack import stripped
from adapters.sources.webhooks.identity import delivery_key
from adapters.sources.webhooks.signatures import verify
from domain.errors import InvalidInput, NotAuthentic

_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sender:
    """The rules of one sender.

    Shape:
        name: the last part of its route.
        setting: the setting that holds its secret, as `server.settings.Settings` calls it.
        variable: the same, as the operator calls it.
        source: whose mapper reads its deliveries.
        limit: bytes of a body; nobody sends more.
    """

    name: str
    setting: str
    variable: str
    source: str
    limit: int


def _sender(name: str, setting: str, limit: int) -> Sender:
    return Sender(name, setting, f"ENGINTEL_{setting.upper()}", name, limit)


RULES: Final[Mapping[str, Sender]] = {
    sender.name: sender
    for sender in (
        _sender("github", "github_webhook_secret", 25 * _MB),  # GitHub's own limit
        _sender("jira", "jira_webhook_secret", 25 * _MB),
        _sender("notion", "notion_webhook_token", _MB),
        _sender("slack", "slack_signing_secret", _MB),
        _sender("alertmanager", "alertmanager_token", 10 * _MB),
    )
}


@dataclass(frozen=True, slots=True)
class Authentic:
    """A delivery that comes from whom it says. Whether its mapper understands it is the next question.

    Shape:
        sender: who sent it.
        headers: with names in lower case.
        body: as it came, or, where people's talk is in it, without what they said.
    """

    sender: Sender
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def key(self) -> str:
        """What its sender calls it, the same for a redelivery; made when it is asked for."""
        return delivery_key(self.sender.name, self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Greeting:
    """A request that is no delivery and wants an answer.

    Shape:
        answer: what to answer, as JSON, with status 200.
        offered: Notion's verification token, if it came with one. Anybody may have sent it. It makes nothing
            trusted: it is kept where only the operator sees it, who shows it to Notion; what Notion then accepts is
            Notion's, and is what the operator sets.
    """

    answer: Mapping[str, Any]
    offered: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Denial:
    """A request that is not taken: an HTTP status, and one line that says why and what to do."""

    status: int
    text: str


Verdict = Authentic | Greeting | Denial

_TOKEN: Final = re.compile(r"[A-Za-z0-9_\-.~+/=]{8,200}", re.ASCII)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
_CHALLENGE_LIMIT: Final = 1_000
_ASK_AGAIN: Final = (
    "A verification token is only taken while ENGINTEL_NOTION_WEBHOOK_TOKEN is not set: unset it, restart, and let "
    "Notion send the token again."
)


def judge(
    name: str,
    secrets: Mapping[str, str | None],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    *,
    insecure: bool = False,
) -> Verdict:
    """What to make of a request to the route of the sender `name`. Never raises, whatever was sent.

    Args:
        name: the last part of the route.
        secrets: by setting, as `Sender.setting` names it; None or absent where none is configured.
        headers: of the request; the case of their names does not matter.
        body: exactly as it came.
        now: the moment of the check.
        insecure: whether a sender without a secret is believed; for trying things out on one machine.
    """
    sender = RULES.get(name)
    if sender is None:
        return Denial(404, f"There is no webhook of that name here. There are: {', '.join(RULES)}.")
    if len(body) > sender.limit:
        return too_large(sender)
    lowered = {key.lower(): value for key, value in headers.items()}
    secret = secrets.get(sender.setting)
    try:
        if secret:
            verify(name, secret, lowered, body, now)
        elif (verdict := _without_secret(sender, lowered, body, insecure=insecure)) is not None:
            return verdict
        return _told(sender, lowered, body)
    except NotAuthentic as problem:
        return Denial(401, _ASK_AGAIN if name == "notion" and _offered(body) else str(problem))
    except InvalidInput as problem:
        return Denial(400, str(problem))


def too_large(sender: Sender) -> Denial:
    """How a body beyond the limit is refused."""
    return Denial(413, f"The body is larger than {sender.limit // _MB} MB, and no delivery of {sender.name} is.")


def _without_secret(sender: Sender, headers: Mapping[str, str], body: bytes, *, insecure: bool) -> Verdict | None:
    """What becomes of a request that nothing can prove; None if it is believed all the same."""
    if sender.name == "notion" and (offered := _offered(body)):
        return Greeting({"ok": True}, offered)
    if insecure:
        if "origin" in headers:  # any page that the operator looks at could send one to this machine
            return Denial(403, "A web page may not send webhooks: expected a request without the header Origin.")
        return None
    what = "the token that Notion gives when it verifies the webhook" if sender.name == "notion" else "its secret"
    return Denial(403, f"No secret is configured for {sender.name}: set {sender.variable} to {what}.")


def _told(sender: Sender, headers: Mapping[str, str], body: bytes) -> Verdict:
    """The verdict on a request that is authentic."""
    if sender.name == "slack":
        payload = parsed(body)
        if not isinstance(payload, dict):
            raise InvalidInput("Expected an object as a Slack delivery.")
        if payload.get("type") == "url_verification":
            return _challenge(payload)
        # The standard library can write whatever can be read: half a surrogate pair, a number of 300 digits.
        body = _ENCODER.encode(stripped(payload)).encode()
    return Authentic(sender, headers, body)


def _challenge(payload: Mapping[str, Any]) -> Greeting:
    challenge = payload.get("challenge")
    if not isinstance(challenge, str) or len(challenge) > _CHALLENGE_LIMIT or not challenge.isprintable():
        raise InvalidInput("Expected a short text at 'challenge' of Slack's url_verification.")
    return Greeting({"challenge": challenge})


def _offered(body: bytes) -> str | None:
    """The token in Notion's first request; None if that is not what `body` is."""
    if b"verification_token" not in body or len(body) > _CHALLENGE_LIMIT:
        return None
    try:
        payload = parsed(body)
    except InvalidInput:
        return None
    token = payload.get("verification_token") if isinstance(payload, dict) else None
    return token if isinstance(token, str) and _TOKEN.fullmatch(token) else None
