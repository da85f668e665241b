"""Slack's events: who its members are. What people say to each other is theirs, and nothing of it is kept.

| event | becomes |
|---|---|
| `team_join`, `user_change`, `user_profile_changed` | the account with its name, and its mail once it is confirmed |
| a message of our own app | nothing: we know what we said, and must never answer ourselves |
| any other message, mention, reaction, file | that there was one, and in which channel: no text, no author |

Shapes: https://docs.slack.dev/apis/events-api/ and https://docs.slack.dev/reference/events
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sources.deliveries.fields import Fields
from adapters.sources.deliveries.raw import digest, excerpt, raw_event
from domain.events import AccountDescribed, Actor, Event, Source
from domain.text import line

MEMBERS: Final = frozenset({"team_join", "user_change", "user_profile_changed"})
_PLACE: Final = ("channel", "channel_type", "ts", "thread_ts", "team")
"""Where something was said, and when."""
_SPEAKER: Final = ("user", "bot_id", "app_id")
_MEMBER: Final = (
    "id", "name", "real_name", "deleted", "updated", "is_bot", "is_workflow_bot", "is_stranger", "is_email_confirmed",
)  # fmt: skip
_PRIVATE: Final = frozenset({"im", "mpim", "group"})
"""Conversations of which not even the name is anybody else's."""
_OUTER: Final = ("type", "team_id", "api_app_id", "event_id", "event_time", "minute_rate_limited")
_PARTS: Final = ("message", "item", "bot_profile")
"""What an event may hold that names a speaker of its own."""


def stripped(payload: Mapping[str, Any]) -> dict[str, Any]:
    """As much of a delivery as is needed to read it: what people wrote never gets any further than this.

    Args:
        payload: as parsed from JSON, of any shape.
    """
    kept = {key: payload[key] for key in _OUTER if key in payload}
    kept["authorizations"] = [
        _only(each, ("user_id", "is_bot")) for each in _list(payload.get("authorizations")) if isinstance(each, dict)
    ]
    event = payload.get("event")
    if not isinstance(event, dict):
        return kept
    kept["event"] = _only(event, ("type", "subtype", "event_ts", *_PLACE, *_SPEAKER))
    for part in _PARTS:
        if isinstance(event.get(part), dict):
            kept["event"][part] = _only(event[part], ("type", *_PLACE, *_SPEAKER))
    user = event.get("user")
    if isinstance(user, dict):
        profile = user.get("profile")
        kept["event"]["user"] = _only(user, _MEMBER)
        if isinstance(profile, dict):
            kept["event"]["user"]["profile"] = _only(profile, ("real_name", "email"))
    return kept


def slack_events(_headers: Mapping[str, str], body: object, received_at: datetime) -> list[Event]:
    """The events that one delivery tells: one, or none.

    Args:
        _headers: none that matter; `X-Slack-Retry-Num` says that it was sent before, which its id says better.
        body: the payload as parsed from JSON.
        received_at: when it reached us, for what carries no time of its own.

    Raises:
        InvalidInput: it is not a delivery of Slack's.
    """
    kind = Fields(body, "a Slack delivery").name("type")
    payload = Fields(body, f"a Slack {kind} delivery")
    if kind == "url_verification":
        return []  # a question of its own, which the door has answered
    if kind != "event_callback":
        told = stripped(payload.whole)
        return [raw_event(Source.SLACK, digest(excerpt(told)), kind, _only(told, _OUTER), at=received_at)]
    event_id, event = payload.name("event_id"), payload.child("event")
    what = event.name("type")
    at = payload.instant("event_time") if "event_time" in payload else received_at
    if what in MEMBERS:
        return _member(event.child("user"), at)
    if _our_own(payload, event):
        return []
    subtype = event.raw("subtype")
    name = f"{what}.{line(subtype)}" if isinstance(subtype, str) and line(subtype) else what
    return [raw_event(Source.SLACK, event_id, name, _place(event), at=at)]


def _member(user: Fields, at: datetime) -> list[Event]:
    """An account as it now is. A stranger is a member of another organisation, met in a shared channel."""
    if user.flag("is_stranger"):
        return []
    profile = user.maybe_child("profile")
    email = profile.maybe_text("email") if profile else None
    # A mail that nobody has confirmed would make its owner's picture of whoever typed it in.
    confirmed = user.raw("is_email_confirmed") is not False
    actor = Actor(
        source=Source.SLACK,
        external_id=user.name("id"),
        username=user.maybe_text("name"),
        name=(profile.maybe_text("real_name") if profile else None) or user.maybe_text("real_name"),
        email=email.lower() if email and confirmed else None,
        bot=user.flag("is_bot") or user.flag("is_workflow_bot"),
    )
    changed_at = user.instant("updated") if "updated" in user else at
    told = AccountDescribed(active=not user.flag("deleted"))
    state = digest(actor.model_dump(mode="json"), told.active)
    event = Event(
        id=f"slack:account:{actor.external_id}:{int(changed_at.astimezone(UTC).timestamp())}:{state}",
        source=Source.SLACK,
        occurred_at=changed_at,
        entity=f"account:{actor.key}",
        actor=actor,
        body=told,
    )
    return [event]


def _our_own(payload: Fields, event: Fields) -> bool:
    """Whether this app itself said it: by its id, or by the user that it speaks as."""
    app = payload.raw("api_app_id")
    us = {each.get("user_id") for each in _list(payload.raw("authorizations")) if _is_bot(each)}
    for said in (event.whole, *(_dict(event.raw(part)) for part in _PARTS)):
        if isinstance(app, str) and app and said.get("app_id") == app:
            return True
        user = said.get("user")
        if isinstance(user, str) and user in us:
            return True
    return False


def _place(event: Fields) -> dict[str, str]:
    """Where it was, unless that is nobody's business."""
    kind = event.raw("channel_type")
    if kind in _PRIVATE or (isinstance(event.raw("channel"), str) and event.raw("channel")[:1] in {"D", "G"}):
        return {"channel_type": kind} if isinstance(kind, str) and kind in _PRIVATE else {}
    return {key: line(value) for key in _PLACE if isinstance(value := event.raw(key), str)}


def _only(values: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: values[key] for key in keys if isinstance(values.get(key), str | int | float | bool)}


def _is_bot(authorization: object) -> bool:
    return (
        isinstance(authorization, dict) and authorization.get("is_bot") is True and _is_text(authorization, "user_id")
    )


def _is_text(values: Mapping[str, Any], key: str) -> bool:
    return isinstance(values.get(key), str)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
