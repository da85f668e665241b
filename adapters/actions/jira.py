"""Writing to Jira with the `jira` package. Imported only when something is really written."""

import asyncio
from typing import Final

import requests
from jira import JIRA, JIRAError

from domain.errors import UpstreamFailed, UpstreamUnknown
from domain.ports import Posted
from domain.text import line

TIMEOUT: Final = 15.0
_SERVER_ERROR: Final = 500


class JiraClient:
    """Jira as the tools may change it; see `domain.ports.JiraWriter`."""

    def __init__(self, url: str, token: str, user: str | None = None) -> None:
        """Name the site and the account; nothing is sent.

        Args:
            url: the site, such as `https://acme.atlassian.net`.
            token: an API token (with `user`), or a personal access token (without).
            user: the account's mail address, on Jira Cloud.
        """
        self._url = url.rstrip("/")
        self._token = token
        self._user = user

    async def add_comment(self, issue: str, body: str) -> Posted:
        """Comment on `issue`."""
        return await asyncio.to_thread(self._add_comment, issue, body)

    def _add_comment(self, issue: str, body: str) -> Posted:
        try:
            comment = self._client().add_comment(issue, body)
        except JIRAError as error:
            raise _refused(issue, error) from error
        except requests.exceptions.RequestException as error:
            raise _lost(error) from error
        return Posted(
            url=f"{self._url}/browse/{issue}?focusedCommentId={comment.id}", key=f"{issue}/comment/{comment.id}"
        )

    def _client(self) -> JIRA:
        # No retries: the package would repeat a POST of which it cannot know whether it arrived.
        return JIRA(
            server=self._url,
            basic_auth=(self._user, self._token) if self._user else None,
            token_auth=None if self._user else self._token,
            get_server_info=False,
            max_retries=0,
            timeout=TIMEOUT,
            logging=False,
        )


def _refused(issue: str, error: JIRAError) -> UpstreamFailed:
    status = error.status_code or 0
    if status >= _SERVER_ERROR:
        return UpstreamUnknown(
            f"Jira answered {status}: the comment on {issue} may or may not be there. Look before you try again."
        )
    reasons = {
        401: "its credentials are wrong or expired (ENGINTEL_JIRA_USER, ENGINTEL_JIRA_TOKEN)",
        403: f"this account may not comment on {issue}",
        404: f"there is no issue {issue}, or this account may not see it",
        429: "it asks to slow down; try again in a minute",
    }
    told = reasons.get(status) or line(error.text or "it gave no reason", 200)
    return UpstreamFailed(f"Jira refused ({status}): {told}.")


def _lost(error: requests.exceptions.RequestException) -> UpstreamFailed:
    before_sending = isinstance(error, requests.exceptions.ConnectTimeout) or (
        isinstance(error, requests.exceptions.ConnectionError) and "NewConnectionError" in repr(error)
    )
    if before_sending:
        return UpstreamFailed("Jira could not be reached; nothing was sent. Check ENGINTEL_JIRA_URL.")
    return UpstreamUnknown(
        "The connection to Jira broke after the comment was sent: it may or may not be there. "
        "Look before you try again."
    )
