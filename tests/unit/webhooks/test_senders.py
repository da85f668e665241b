"""One question for every face of the program: what is this request, and what is its sender told?"""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.webhooks import RULES, SENDERS, Authentic, Denial, Greeting, Verdict, delivery_key, judge
from server.senders import secrets_of
from server.settings import Settings
from tests.unit.webhooks.test_signatures import NOW, SECRET, headers

SECRETS = dict.fromkeys((sender.setting for sender in RULES.values()), SECRET)
TOKEN = "secret_" + "tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"
OFFER = json.dumps({"verification_token": TOKEN}).encode()
CHALLENGE = json.dumps({"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY", "type": "url_verification"}).encode()


def asked(
    name: str, body: bytes, given_headers: dict[str, str] | None = None, *, now: datetime = NOW, **options: Any
) -> Verdict:  # fmt: skip
    """The verdict on a request, signed unless its headers are given."""
    sent = headers(name, body) if given_headers is None else given_headers
    return judge(name, options.pop("secrets", SECRETS), sent, body, now, **options)


def denied(verdict: Verdict) -> Denial:
    assert isinstance(verdict, Denial), verdict
    assert "\n" not in verdict.text
    assert SECRET not in verdict.text
    return verdict


def test_every_sender_that_can_be_checked_has_its_rules() -> None:
    """And each rule the setting that it names."""
    assert set(RULES) == set(SENDERS)
    assert secrets_of(Settings(slack_signing_secret="s"))["slack_signing_secret"] == "s"
    assert [sender.variable for sender in RULES.values()] == [
        "ENGINTEL_GITHUB_WEBHOOK_SECRET",
        "ENGINTEL_JIRA_WEBHOOK_SECRET",
        "ENGINTEL_NOTION_WEBHOOK_TOKEN",
        "ENGINTEL_SLACK_SIGNING_SECRET",
        "ENGINTEL_ALERTMANAGER_TOKEN",
    ]


@pytest.mark.parametrize("name", RULES)
def test_what_is_signed_is_a_delivery_with_its_key(name: str) -> None:
    """The same one for a redelivery."""
    body = b'{"id": "e1", "event_id": "Ev1", "type": "event_callback"}'
    sent = headers(name, body) | {"X-GitHub-Delivery": "d1", "X-Atlassian-Webhook-Identifier": "w1"}
    verdict = asked(name, body, sent)
    assert isinstance(verdict, Authentic)
    lowered = {key.lower(): value for key, value in sent.items()}
    assert verdict.key == delivery_key(name, lowered, body)
    assert verdict.headers == lowered
    assert SECRET not in repr(verdict)


@pytest.mark.parametrize("name", RULES)
def test_what_is_not_signed_is_refused(name: str) -> None:
    """With the header that was expected."""
    assert denied(asked(name, b"{}", {})).status == 401
    assert denied(asked(name, b"{}", headers(name, b"{ }", "guessed"))).status == 401


@pytest.mark.parametrize("name", RULES)
def test_without_a_secret_nobody_is_believed(name: str) -> None:
    """The operator reads which setting is missing."""
    denial = denied(asked(name, b"{}", secrets={}))
    assert denial.status == 403
    assert RULES[name].variable in denial.text


@pytest.mark.parametrize("name", RULES)
def test_on_one_s_own_machine_a_sender_without_a_secret_may_be_believed(name: str) -> None:
    """One that has a secret still has to show it."""
    body = b'{"type": "x"}'
    assert isinstance(asked(name, body, {}, secrets={}, insecure=True), Authentic)
    assert denied(asked(name, body, {}, insecure=True)).status == 401
    from_a_page = denied(asked(name, body, {"Origin": "https://evil.example"}, secrets={}, insecure=True))
    assert (from_a_page.status, "web page" in from_a_page.text) == (403, True)


@pytest.mark.parametrize("name", ["gitlab", "", "github/other-org", "GITHUB", "../github"])
def test_there_is_no_other_route(name: str) -> None:
    """Nor one for another organisation: a server speaks for its own."""
    assert denied(judge(name, SECRETS, {}, b"{}", NOW)).status == 404


@pytest.mark.parametrize("name", RULES)
def test_a_body_beyond_the_limit_is_refused_before_anything_is_made_of_it(name: str) -> None:
    """Even before its signature: that takes time too."""
    body = b" " * (RULES[name].limit + 1)
    assert denied(asked(name, body, {})).status == 413


def test_slack_s_question_is_answered_if_it_is_slack_s() -> None:
    """Whoever else asks learns nothing."""
    assert asked("slack", CHALLENGE) == Greeting({"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"})
    assert denied(asked("slack", CHALLENGE, {})).status == 401
    assert denied(asked("slack", CHALLENGE, secrets={})).status == 403


@pytest.mark.parametrize("challenge", [None, 7, "x" * 1_001, "a\nb", {}])
def test_an_odd_question_is_not_repeated(challenge: object) -> None:
    """What we answer is no echo for anything."""
    body = json.dumps({"type": "url_verification", "challenge": challenge}).encode()
    assert denied(asked("slack", body)).status == 400


@pytest.mark.parametrize(("apart", "word"), [(timedelta(minutes=6), "before"), (-timedelta(minutes=6), "after")])
def test_a_clock_that_is_wrong_is_named(apart: timedelta, word: str) -> None:
    """The operator reads by how much, and that it may be this machine's."""
    denial = denied(asked("slack", b"{}", now=NOW + apart))
    assert denial.status == 401
    assert f"360 seconds {word} the clock of this machine" in denial.text


def test_slack_s_body_leaves_without_what_people_said() -> None:
    """Nothing behind the door could keep it."""
    body = json.dumps(
        {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message", "text": "psst"}}
    ).encode()
    verdict = asked("slack", body)
    assert isinstance(verdict, Authentic)
    assert verdict.key == "slack:Ev1"
    assert b"psst" not in verdict.body
    assert json.loads(verdict.body)["event"]["type"] == "message"


@pytest.mark.parametrize("name", ['"\\ud800"', "1" + "0" * 300, "null"])
def test_slack_s_body_leaves_whatever_was_odd_about_it(name: str) -> None:
    """What can be read can be written again."""
    body = (
        '{"type": "event_callback", "event_id": "E", "event": {"type": "user_change", "user": {"id": "U", "name": %s}}}'
    )
    assert isinstance(asked("slack", (body % name).encode()), Authentic)


def test_notion_s_token_is_kept_aside_and_trusts_nobody() -> None:
    """It is a greeting while none is set, and nothing of it is in any representation."""
    verdict = asked("notion", OFFER, {}, secrets={})
    assert isinstance(verdict, Greeting)
    assert verdict.offered == TOKEN
    assert TOKEN not in repr(verdict)
    assert TOKEN not in json.dumps(verdict.answer)


def test_once_a_token_is_set_no_other_is_taken() -> None:
    """Whoever finds the route cannot replace it; the text says how the operator can."""
    denial = denied(asked("notion", OFFER, {}))
    assert denial.status == 401
    assert "unset it" in denial.text


@pytest.mark.parametrize(
    "body",
    [
        b'{"verification_token": 7}',
        b'{"verification_token": ""}',
        b'{"verification_token": "short"}',
        json.dumps({"verification_token": "a b\n" * 10}).encode(),
        json.dumps({"verification_token": "x" * 500}).encode(),
        json.dumps({"verification_token": TOKEN, "x": "y" * 2_000}).encode(),
        b'["verification_token"]',
        b"verification_token",
    ],
)  # fmt: skip
def test_what_is_no_token_is_not_kept(body: bytes) -> None:
    """Anybody may send anything there: it is a small place."""
    assert denied(asked("notion", body, {}, secrets={})).status == 403


def test_alertmanager_may_have_a_user_of_its_own() -> None:
    """A secret `user:password` wants both; as a bearer token it is one word."""
    secrets = {"alertmanager_token": "alerts:open sesame"}
    for user, answered in (("alerts", Authentic), ("other", Denial)):
        basic = basic_of(f"{user}:open sesame")
        assert isinstance(asked("alertmanager", b"{}", {"Authorization": basic}, secrets=secrets), answered)


def basic_of(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@given(
    st.sampled_from([*RULES, "gitlab"]),
    st.dictionaries(
        st.sampled_from(["X-Hub-Signature", "x-slack-signature", "X-SLACK-REQUEST-TIMESTAMP", "authorization", "Origin",
                         "X-GitHub-Event"]) | st.text(max_size=5),
        st.text(st.characters(codec=None, categories=None), max_size=60),
    ),
    st.binary(max_size=100) | st.sampled_from([OFFER, CHALLENGE, b"{}"]),
    st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_any_request_has_a_verdict(
    name: str, sent: dict[str, str], body: bytes, with_secrets: bool, insecure: bool
) -> None:
    """Whatever stands in its headers, half of a surrogate pair included."""
    verdict = judge(name, SECRETS if with_secrets else {}, sent, body, NOW, insecure=insecure)
    if with_secrets:
        assert denied(verdict).status in {400, 401, 404}
