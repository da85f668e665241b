"""A delivery is believed only if its sender signed exactly these bytes with the secret that was agreed on."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.webhooks import CLOCK_SKEW, SENDERS, verify
from domain.errors import NotAuthentic

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"


def mac(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def jwt(claims: dict[str, Any], *, secret: str = SECRET, alg: str = "HS256") -> str:
    """A token as an app's webhooks carry it."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"typ": "JWT", "alg": alg}, claims)
    ]
    signed = b".".join(parts)
    signature = base64.urlsafe_b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).rstrip(b"=")
    return (signed + b"." + signature).decode()


def headers(sender: str, body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    """What a sender adds to a body."""
    sent = str(int(at.timestamp()))
    return {
        "github": {"x-hub-signature-256": f"sha256={mac(body, secret)}"},
        "jira": {"x-hub-signature": f"sha256={mac(body, secret)}"},
        "notion": {"x-notion-signature": f"sha256={mac(body, secret)}"},
        "slack": {
            "x-slack-request-timestamp": sent,
            "x-slack-signature": f"v0={mac(f'v0:{sent}:'.encode() + body, secret)}",
        },
        "alertmanager": {"authorization": f"Bearer {secret}"},
    }[sender]


def test_github_s_own_example_is_believed() -> None:
    """The vector of GitHub's documentation, so that we agree with GitHub and not only with ourselves."""
    known = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    verify("github", SECRET, {"x-hub-signature-256": known}, BODY, NOW)


@pytest.mark.parametrize("sender", SENDERS)
def test_what_is_signed_is_believed(sender: str) -> None:
    """Every sender that there is."""
    verify(sender, SECRET, headers(sender), BODY, NOW)


@pytest.mark.parametrize("sender", SENDERS)
def test_another_secret_is_not_believed_and_not_told(sender: str) -> None:
    """Neither what was given nor what was expected is in the text."""
    given = headers(sender, secret="guessed-secret")
    with pytest.raises(NotAuthentic) as refused:
        verify(sender, SECRET, given, BODY, NOW)
    told = str(refused.value)
    assert all(text not in told for text in (SECRET, "guessed-secret", *given.values(), mac(BODY)))


@pytest.mark.parametrize("sender", SENDERS)
def test_without_a_signature_nothing_is_believed(sender: str) -> None:
    """The header that was expected is named."""
    with pytest.raises(NotAuthentic, match=r"X-|Authorization"):
        verify(sender, SECRET, {}, BODY, NOW)


@given(st.binary(max_size=200), st.binary(max_size=200), st.sampled_from([s for s in SENDERS if s != "alertmanager"]))
def test_the_signature_of_one_body_is_none_of_another(body: bytes, other: bytes, sender: str) -> None:
    """Any two bodies."""
    verify(sender, SECRET, headers(sender, body), body, NOW)
    if body != other:
        with pytest.raises(NotAuthentic):
            verify(sender, SECRET, headers(sender, body), other, NOW)


@given(st.sampled_from(SENDERS), st.dictionaries(st.sampled_from(
    ["x-hub-signature-256", "x-hub-signature", "x-notion-signature", "x-slack-signature", "x-slack-request-timestamp",
     "authorization"]), st.text(max_size=80)))  # fmt: skip
def test_any_other_headers_are_refused_and_break_nothing(sender: str, given_headers: dict[str, str]) -> None:
    """Whatever is in them: the answer is a refusal and never an error of ours."""
    with pytest.raises(NotAuthentic):
        verify(sender, SECRET, given_headers, BODY, NOW)


@pytest.mark.parametrize("method", ["sha1", "md5", "sha512", "none"])
def test_jira_may_not_choose_a_weaker_method(method: str) -> None:
    """The header names its method, and whoever forges it would choose."""
    digest = hmac.new(SECRET.encode(), BODY, method).hexdigest() if method != "none" else ""
    with pytest.raises(NotAuthentic):
        verify("jira", SECRET, {"x-hub-signature": f"{method}={digest}"}, BODY, NOW)


def test_a_token_of_a_jira_app_is_believed_until_it_expires() -> None:
    """With the skew that clocks have."""
    expires = NOW.timestamp()
    token = {"authorization": f"Bearer {jwt({'exp': expires})}"}
    verify("jira", SECRET, token, BODY, NOW)
    verify("jira", SECRET, token, BODY, NOW + CLOCK_SKEW)
    with pytest.raises(NotAuthentic, match="expired"):
        verify("jira", SECRET, token, BODY, NOW + CLOCK_SKEW + timedelta(seconds=1))


@pytest.mark.parametrize(
    "token",
    [
        jwt({"exp": NOW.timestamp()}, secret="other"),
        jwt({"exp": NOW.timestamp()}, alg="none"),
        jwt({"exp": NOW.timestamp()}, alg="HS512"),
        jwt({}),
        jwt({"exp": "tomorrow"}),
        "a.b",
        "a.b.c",
        "....",
        "ä.ö.ü",
    ],
)
def test_a_token_that_is_no_good_is_refused(token: str) -> None:
    """Signed by somebody else, by nobody, without an end, or none at all."""
    with pytest.raises(NotAuthentic):
        verify("jira", SECRET, {"authorization": f"JWT {token}"}, BODY, NOW)


@pytest.mark.parametrize("late", [CLOCK_SKEW + timedelta(seconds=1), -CLOCK_SKEW - timedelta(seconds=1)])
def test_an_old_request_of_slack_is_not_taken_again(late: timedelta) -> None:
    """Somebody may have listened; the time is part of what is signed."""
    with pytest.raises(NotAuthentic, match="five minutes"):
        verify("slack", SECRET, headers("slack"), BODY, NOW + late)


def test_alertmanager_may_send_its_secret_as_a_password() -> None:
    """It offers basic authentication and bearer tokens and no signature."""
    basic = base64.b64encode(f"alerts:{SECRET}".encode()).decode()
    verify("alertmanager", SECRET, {"authorization": f"Basic {basic}"}, BODY, NOW)
    with pytest.raises(NotAuthentic):
        verify("alertmanager", SECRET, {"authorization": f"Digest {SECRET}"}, BODY, NOW)
