"""What Jira's refusals and broken connections mean: refused for good, later perhaps, or not to be known."""

from typing import Final

import requests
from jira import JIRAError

from domain.errors import UpstreamAway, UpstreamFailed, UpstreamUnknown, UpstreamUnreadable
from domain.text import line

_SERVER_ERROR: Final = 500
_BUSY: Final = 429
_UNAUTHORISED: Final = 401
_LONG: Final = 60.0
"""Seconds of pause where the upstream names none."""


def refused(what: str | None, error: JIRAError, *, reading: bool, looking: bool = False) -> UpstreamFailed:
    """What an answer other than yes means.

    Args:
        what: the issue; None for the question who we are.
        error: of the package.
        reading: whether the request could change nothing.
        looking: whether it was to find out what became of an earlier one.
    """
    status = error.status_code or 0
    if status == _BUSY:
        return UpstreamAway("Jira refused (429): it asks to slow down; try again in a minute.", _pause(error) or _LONG)
    if status >= _SERVER_ERROR:
        if reading:
            return UpstreamAway(f"Jira answered {status}; nothing was sent.", _pause(error))
        return UpstreamUnknown(
            f"Jira answered {status}: what was sent to {what} may or may not be there. Look before you try again."
        )
    if status == _UNAUTHORISED:
        return UpstreamAway(
            "Jira refused (401): its credentials are wrong or expired (ENGINTEL_JIRA_USER, ENGINTEL_JIRA_TOKEN).", _LONG
        )
    if looking and status in {403, 404}:
        return UpstreamUnreadable(f"Jira does not let this account read {what} ({status}): look there yourself.")
    reasons = {
        403: f"this account may not comment on {what}, or move it",
        404: f"there is no issue {what}, or this account may not see it",
    }
    told = (reasons.get(status) if what else "it does not say who we are") or line(
        error.text or "it gave no reason", 200
    )
    return UpstreamFailed(f"Jira refused ({status}): {told}.")


def _pause(error: JIRAError) -> float | None:
    """For how long Jira asks to be left alone, if it says so in seconds."""
    told = error.response.headers.get("Retry-After", "") if error.response is not None else ""
    return float(told) if told.isdecimal() else None


def lost(error: requests.exceptions.RequestException, *, reading: bool) -> UpstreamFailed:
    """What a broken connection means.

    Args:
        error: of the package.
        reading: whether the request could change nothing.
    """
    before_sending = isinstance(error, requests.exceptions.ConnectTimeout) or (
        isinstance(error, requests.exceptions.ConnectionError) and "NewConnectionError" in repr(error)
    )
    if before_sending or reading:
        return UpstreamAway("Jira could not be reached; nothing was sent. Check ENGINTEL_JIRA_URL.")
    return UpstreamUnknown(
        "The connection to Jira broke after the request was sent: it may or may not be there. "
        "Look before you try again."
    )
