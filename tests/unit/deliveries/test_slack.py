"""Slack tells who its members are; what they say to each other is kept nowhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.deliveries import events_of
from adapters.sources.deliveries.slack import stripped
from domain.errors import InvalidInput
from domain.events import AccountDescribed, Event, Raw, encode
from tests.unit.deliveries.payloads import RECEIVED_AT, Json, ids, survives, types

SECRET_TALK = "nobody else should read this"
APP, BOT = "A0APP", "U0BOT"


def delivery(event: Json, **fields: Any) -> Json:
    """An event in its envelope."""
    return {
        "token": "legacy-verification-token", "type": "event_callback", "team_id": "T1", "api_app_id": APP,
        "event_id": "Ev1", "event_time": 1_788_170_400, "event": event,
        "authorizations": [{"team_id": "T1", "user_id": BOT, "is_bot": True}], **fields,
    }  # fmt: skip


def message(**fields: Any) -> Json:
    """A message in a public channel."""
    told = {
        "type": "message",
        "channel": "C1",
        "channel_type": "channel",
        "user": "U1",
        "text": SECRET_TALK,
        "ts": "1.2",
    }
    return {**told, "blocks": [{"text": SECRET_TALK}], **fields}


def member(**fields: Any) -> Json:
    """A change of a member."""
    user = {
        "id": "U1", "name": "ada", "real_name": "Ada", "updated": 1_788_170_000, "deleted": False, "is_bot": False,
        "is_email_confirmed": True,
        "profile": {"real_name": "Ada Lovelace", "email": "Ada@acme.dev", "status_text": SECRET_TALK},
    }  # fmt: skip
    return {"type": "user_change", "user": {**user, **fields}}


def slack(body: object) -> list[Event]:
    return events_of("slack", {"X-Slack-Retry-Num": "1"}, body, received_at=RECEIVED_AT)


CONVERSATIONS = [
    message(),
    message(
        subtype="message_changed", message={"user": "U1", "text": SECRET_TALK}, previous_message={"text": SECRET_TALK}
    ),
    message(subtype="file_share", files=[{"title": SECRET_TALK, "url_private": SECRET_TALK}]),
    message(channel="D1", channel_type="im"),
    message(channel="G1", channel_type="mpim"),
    {"type": "app_mention", "channel": "C1", "user": "U1", "text": SECRET_TALK, "ts": "1.2"},
    {"type": "reaction_added", "user": "U1", "reaction": SECRET_TALK, "item": {"type": "message", "channel": "C1"}},
    {"type": "link_shared", "links": [{"url": SECRET_TALK}]},
    {"type": "channel_rename", "channel": {"id": "C1", "name": SECRET_TALK}},
]


@pytest.mark.parametrize("event", CONVERSATIONS)
def test_what_people_say_is_not_kept(event: Json) -> None:
    """Neither text nor author; that there was something is."""
    (kept,) = slack(delivery(event))
    assert isinstance(kept.body, Raw)
    assert kept.actor is None
    assert SECRET_TALK not in encode(kept).decode()
    assert "U1" not in encode(kept).decode()
    assert kept.body.kind.startswith(event["type"])


@pytest.mark.parametrize("event", [*CONVERSATIONS, member()])
def test_what_people_say_does_not_get_past_the_door(event: Json) -> None:
    """Nor Slack's own token; and reading what is left gives the same."""
    left = stripped(delivery(event))
    assert SECRET_TALK not in json.dumps(left)
    assert "legacy" not in json.dumps(left)
    assert slack(left) == slack(delivery(event))


@pytest.mark.parametrize("kind", ["im", "mpim", "group"])
def test_where_people_talk_in_private_is_not_kept_either(kind: str) -> None:
    (kept,) = slack(delivery(message(channel="X1", channel_type=kind)))
    assert isinstance(kept.body, Raw)
    assert kept.body.excerpt == json.dumps({"channel_type": kind}, separators=(",", ":"))


@pytest.mark.parametrize(
    "event",
    [
        message(app_id=APP),
        message(user=BOT),
        message(bot_profile={"app_id": APP}),
        message(subtype="message_changed", message={"app_id": APP, "text": "x"}),
        message(subtype="bot_message", bot_id="B1", app_id=APP),
    ],
)
def test_our_own_messages_tell_nothing(event: Json) -> None:
    """What we cause must never trigger us again."""
    assert slack(delivery(event)) == []
    assert slack(stripped(delivery(event))) == []


def test_another_bot_is_not_us() -> None:
    assert types(slack(delivery(message(bot_id="B2", app_id="A2")))) == ["raw"]


def test_a_delivery_that_comes_again_is_the_same() -> None:
    """Slack tries three times, with the same `event_id`."""
    assert ids(slack(delivery(message()))) == ids(slack(delivery(message()))) == ["slack:raw:Ev1"]
    assert ids(slack(delivery(message(), event_id="Ev2"))) == ["slack:raw:Ev2"]


def test_a_member_is_described() -> None:
    (event,) = slack(delivery(member()))
    assert isinstance(event.body, AccountDescribed)
    assert event.actor is not None
    assert (event.actor.key, event.actor.username) == ("slack:U1", "ada")
    assert (event.actor.name, event.actor.email) == ("Ada Lovelace", "ada@acme.dev")
    assert survives(event)


def test_a_change_that_is_told_under_two_names_is_one() -> None:
    """Slack sends `user_change` and `user_profile_changed` for one change."""
    other = member() | {"type": "user_profile_changed"}
    assert ids(slack(delivery(other, event_id="Ev9"))) == ids(slack(delivery(member())))
    assert ids(slack(delivery(member(updated=1_788_170_001)))) != ids(slack(delivery(member())))


def test_a_mail_that_nobody_confirmed_is_not_believed() -> None:
    """It joins accounts: whoever types in a colleague's mail must not become that colleague."""
    (event,) = slack(delivery(member(is_email_confirmed=False)))
    assert event.actor is not None
    assert event.actor.email is None


def test_a_stranger_is_nobody_of_ours() -> None:
    assert slack(delivery(member(is_stranger=True))) == []


def test_bots_and_closed_accounts_are_told_as_such() -> None:
    (bot,) = slack(delivery(member(is_bot=True)))
    (gone,) = slack(delivery(member(deleted=True)))
    assert bot.actor is not None
    assert bot.actor.bot
    assert gone.body == AccountDescribed(active=False)


def test_that_slack_holds_something_back_is_kept() -> None:
    """Once a minute at most, and the same when it is told again."""
    held = {"type": "app_rate_limited", "token": "x", "team_id": "T1", "minute_rate_limited": 1_788_170_400}
    (event,) = slack(held)
    assert isinstance(event.body, Raw)
    assert event.body.kind == "app_rate_limited"
    assert ids(slack(stripped(held))) == ids([event]) != ids(slack({**held, "minute_rate_limited": 1_788_170_460}))


def test_a_greeting_tells_nothing() -> None:
    assert slack({"type": "url_verification", "challenge": "x", "token": "y"}) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("x", "an object as a Slack delivery"),
        ({}, "a text at 'type'"),
        (delivery(message(), event_id=None), "a text at 'event_id'"),
        (delivery({}), "a text at 'event.type'"),
        (delivery(member(), event_time="now"), "a time as a number since 1970"),
        (delivery({"type": "user_change"}), "an object at 'event.user'"),
        (delivery(member(updated=10**30)), "a time as a number since 1970"),
    ],
)
def test_what_is_no_delivery_is_refused_in_one_sentence(body: object, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        slack(body)
    assert expected in str(refused.value)


SCALARS = st.none() | st.text() | st.integers() | st.booleans()
NAMES = st.text(max_size=8)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@given(st.dictionaries(NAMES, ANYTHING))
def test_anything_can_be_stripped(payload: Json) -> None:
    """Stripping twice changes nothing more."""
    for whole in (payload, delivery(payload), delivery({"type": "user_change", "user": payload})):
        once = stripped(whole)
        assert stripped(once) == once
