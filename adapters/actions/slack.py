"""Writing to Slack with the `slack_sdk` package. Imported only when something is really written."""

import asyncio
import socket
from typing import Final
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from domain.errors import UpstreamFailed, UpstreamUnknown
from domain.ports import Posted
from domain.text import line

TIMEOUT: Final = 15
_SERVER_ERROR: Final = 500
_REASONS: Final = {
    "channel_not_found": "there is no such channel, or the app is not in it",
    "not_in_channel": "the app is not in that channel; invite it",
    "is_archived": "that channel is archived",
    "invalid_auth": "its token is wrong (ENGINTEL_SLACK_TOKEN)",
    "token_revoked": "its token was revoked (ENGINTEL_SLACK_TOKEN)",
    "missing_scope": "its token lacks the scope chat:write",
    "ratelimited": "it asks to slow down; try again in a minute",
}


class SlackClient:
    """Slack as the tools may change it; see `domain.ports.SlackWriter`."""

    def __init__(self, token: str, url: str | None = None) -> None:
        """Name the workspace; nothing is sent.

        Args:
            token: a bot token with the scope chat:write.
            url: the API's address, to point at a stand-in.
        """
        self._token = token
        self._url = url

    async def post_message(self, channel: str, text: str) -> Posted:
        """Post `text` in `channel`."""
        return await asyncio.to_thread(self._post_message, channel, text)

    def _post_message(self, channel: str, text: str) -> Posted:
        try:
            answer = self._client().chat_postMessage(channel=channel, text=text, unfurl_links=False)
        except SlackApiError as error:
            raise _refused(channel, error) from error
        except (URLError, OSError) as error:
            raise _lost(error) from error
        return Posted(url=None, key=f"{answer['channel']}/{answer['ts']}")

    def _client(self) -> WebClient:
        base = self._url.rstrip("/") + "/" if self._url else WebClient.BASE_URL
        # No retries: the package would repeat a POST of which it cannot know whether it arrived.
        return WebClient(token=self._token, timeout=TIMEOUT, retry_handlers=[], base_url=base)


def _refused(channel: str, error: SlackApiError) -> UpstreamFailed:
    status = getattr(error.response, "status_code", 0)
    if status >= _SERVER_ERROR:
        return UpstreamUnknown(
            f"Slack answered {status}: the message in {channel} may or may not be there. Look before you try again."
        )
    code = str(error.response.get("error", "")) if hasattr(error.response, "get") else ""
    return UpstreamFailed(f"Slack refused: {_REASONS.get(code) or line(code or 'it gave no reason', 200)}.")


def _lost(error: OSError) -> UpstreamFailed:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, ConnectionRefusedError | socket.gaierror):
        return UpstreamFailed("Slack could not be reached; nothing was sent. Check ENGINTEL_SLACK_URL.")
    return UpstreamUnknown(
        "The connection to Slack broke after the message was sent: it may or may not be there. "
        "Look before you try again."
    )
