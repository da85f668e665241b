"""Writing to Slack with the `slack_sdk` package. Imported only when something is really written.

A message carries the key of its action as metadata, which nobody sees, and is found by it in the channel's history:
https://docs.slack.dev/messaging/message-metadata and https://docs.slack.dev/reference/methods/conversations.history
"""

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Final, TypeVar
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from domain.actions import Draft
from domain.errors import UpstreamAway, UpstreamFailed, UpstreamUnknown, UpstreamUnreadable
from domain.ports import Posted
from domain.text import line

TIMEOUT: Final = 15
METADATA: Final = "engintel_action"
"""The type of the metadata that holds the key of the action."""
SKEW: Final = timedelta(minutes=5)
"""How far Slack's clock and ours may be apart."""
_PAGES: Final = 10
"""Pages of a history, or of a list of channels, that are read to find something."""
_PAGE: Final = 200
_SERVER_ERROR: Final = 500
_BUSY: Final = 429
_LONG: Final = 60.0
_REASONS: Final = {
    "channel_not_found": "there is no such channel, or the app is not in it",
    "not_in_channel": "the app is not in that channel; invite it",
    "is_archived": "that channel is archived",
    "invalid_auth": "its token is wrong (ENGINTEL_SLACK_TOKEN)",
    "token_revoked": "its token was revoked (ENGINTEL_SLACK_TOKEN)",
    "missing_scope": "its token lacks the scope chat:write",
    "ratelimited": "it asks to slow down; try again in a minute",
}
_UNSURE: Final = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
"""Slack's own failures, after which something may have been done."""
_LATER: Final = frozenset(
    {"ratelimited", "rate_limited", "invalid_auth", "token_revoked", "token_expired", "not_authed"}
)
_UNREADABLE: Final = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "not_allowed_token_type"})

_CODE: Final = re.compile(r"[a-z0-9_.]+")
"""What every refusal is named by. Anything else is an answer that was cut off, or one of somebody on the way."""

Result = TypeVar("Result")


class SlackClient:
    """Slack as it may be written to; see `domain.ports.Writer`."""

    def __init__(self, token: str, url: str | None = None) -> None:
        """Name the workspace; nothing is sent.

        Args:
            token: a bot token with the scope chat:write, and channels:read, channels:history (groups:… for private
                channels) to look for a message whose sending was cut off.
            url: the API's address, to point at a stand-in.
        """
        self._token = token
        self._url = url

    async def accounts(self) -> Sequence[str]:
        """The user and the bot that Slack takes us for."""

        def ask(slack: WebClient) -> list[str]:
            told = slack.auth_test()
            return [f"slack:{told[name]}" for name in ("user_id", "bot_id") if told.get(name)]

        return await self._asked(ask, "", reading=True)

    async def carry(self, draft: Draft, key: str) -> Posted:
        """Post a message."""

        def post(slack: WebClient) -> Posted:
            metadata = {"event_type": METADATA, "event_payload": {"key": key}}
            told = slack.chat_postMessage(channel=draft.place, text=draft.text, unfurl_links=False, metadata=metadata)
            return Posted(url=None, key=f"{told['channel']}/{told['ts']}")

        return await self._asked(post, draft.place)

    async def find(self, draft: Draft, key: str, since: datetime) -> Posted | None:
        """The message that carries `key`, if it is in the channel's history."""

        def look(slack: WebClient) -> Posted | None:
            channel = _channel_id(slack, draft.place)
            oldest, cursor = f"{(since - SKEW).timestamp():.6f}", None
            for _ in range(_PAGES):
                told = slack.conversations_history(
                    channel=channel, oldest=oldest, limit=_PAGE, cursor=cursor, include_all_metadata=True
                )
                for message in told["messages"]:
                    payload = (message.get("metadata") or {}).get("event_payload") or {}
                    if payload.get("key") == key:
                        return Posted(url=None, key=f"{channel}/{message['ts']}")
                cursor = _next(told.data)
                if not cursor:
                    return None
            raise UpstreamUnreadable(f"{draft.place} has had too many messages since to find this one: look there.")

        return await self._asked(look, draft.place, reading=True)

    async def _asked(self, ask: Callable[[WebClient], Result], channel: str, *, reading: bool = False) -> Result:
        """What Slack answers; its refusals and losses as ours. `reading`: nothing can have been changed by it."""

        def call() -> Result:
            try:
                return ask(self._client())
            except SlackApiError as error:
                raise _refused(channel, error, reading=reading) from error
            except (URLError, OSError, HTTPException) as error:
                raise _lost(error, reading=reading) from error

        return await asyncio.to_thread(call)

    def _client(self) -> WebClient:
        base = self._url.rstrip("/") + "/" if self._url else WebClient.BASE_URL
        # No retries: the package would repeat a POST of which it cannot know whether it arrived.
        return WebClient(token=self._token, timeout=TIMEOUT, retry_handlers=[], base_url=base)


def _channel_id(slack: WebClient, channel: str) -> str:
    """The id of a channel that is named: posting takes names, reading does not."""
    if not channel.startswith("#"):
        return channel
    cursor = None
    for _ in range(_PAGES):
        told = slack.conversations_list(
            types="public_channel,private_channel", limit=_PAGE, exclude_archived=True, cursor=cursor
        )
        for each in told["channels"]:
            if each.get("name") == channel.removeprefix("#"):
                return str(each["id"])
        cursor = _next(told.data)
        if not cursor:
            break
    raise UpstreamUnreadable(f"Slack shows no channel {channel} to this app, so nobody can look there but a person.")


def _next(told: object) -> str | None:
    metadata = told.get("response_metadata") if isinstance(told, dict) else None
    return (metadata or {}).get("next_cursor") or None


def _refused(channel: str, error: SlackApiError, *, reading: bool) -> UpstreamFailed:
    status = getattr(error.response, "status_code", 0)
    code = str(error.response.get("error", "")) if hasattr(error.response, "get") else ""
    code = "ratelimited" if status == _BUSY else code
    told = f"Slack refused: {_REASONS.get(code) or line(code or 'it gave no reason', 200)}."
    if status == _BUSY or code in _LATER:
        return UpstreamAway(told, _pause(error) or _LONG)
    if status >= _SERVER_ERROR or code in _UNSURE or not _CODE.fullmatch(code):
        if reading:
            return UpstreamAway(f"Slack answered {status}; nothing was sent.")
        return UpstreamUnknown(
            f"Slack answered {status}: the message in {channel} may or may not be there. Look before you try again."
        )
    if reading and code in _UNREADABLE:
        return UpstreamUnreadable(
            f"Slack does not let this app read {channel} ({code}; the scopes channels:read and channels:history, or "
            "groups:read and groups:history, do): look there yourself."
        )
    return UpstreamFailed(told)


def _pause(error: SlackApiError) -> float | None:
    """For how long Slack asks to be left alone, if it says so in seconds."""
    headers = getattr(error.response, "headers", None) or {}
    told = str(headers.get("Retry-After", ""))
    return float(told) if told.isdecimal() else None


def _lost(error: OSError | HTTPException, *, reading: bool) -> UpstreamFailed:
    cause = error.reason if isinstance(error, URLError) else error
    if reading or isinstance(cause, ConnectionRefusedError | socket.gaierror):
        return UpstreamAway("Slack could not be reached; nothing was sent. Check ENGINTEL_SLACK_URL.")
    return UpstreamUnknown(
        "The connection to Slack broke after the message was sent: it may or may not be there. "
        "Look before you try again."
    )
