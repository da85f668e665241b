"""Writing to Jira with the `jira` package. Imported only when something is really written.

What a comment carries so that it can be found again is a property of it, which nobody sees. Shapes:
https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issue-comments/ (the body may bring properties)
https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issue-comment-properties/
https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/ (transitions, changelog)
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import requests
from jira import JIRA, JIRAError

from adapters.actions.jira_errors import lost, refused
from domain.actions import Draft
from domain.errors import UpstreamFailed, UpstreamUnreadable
from domain.ports import Posted

TIMEOUT: Final = 15.0
PROPERTY: Final = "engintel"
"""The name of the comment property that holds the key of the action."""
SKEW: Final = timedelta(minutes=5)
"""How far Jira's clock and ours may be apart."""
_LOOKED_AT: Final = 100
"""Comments that are looked through, the newest first."""
_NOT_FOUND: Final = 404

Result = TypeVar("Result")


class JiraClient:
    """Jira as it may be changed; see `domain.ports.Writer`."""

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

    async def accounts(self) -> Sequence[str]:
        """The account that we write with, in every form in which Jira may name it."""
        return await self._asked(lambda jira: _keys(jira.myself()), None, reading=True)

    async def carry(self, draft: Draft, key: str) -> Posted:
        """Comment on an issue, or move it."""
        if draft.action == "transition_jira_issue":
            transition = await self._asked(lambda jira: _way(jira, draft), draft.place, reading=True)
            if transition is None:  # it has the status already: there is nothing to do, and nothing was lost
                return self._moved(draft)
            await self._asked(lambda jira: jira.transition_issue(draft.place, transition), draft.place)
            return self._moved(draft)
        comment_id = await self._asked(lambda jira: _comment(jira, draft, key), draft.place)
        return self._commented(draft, comment_id)

    async def find(self, draft: Draft, key: str, since: datetime) -> Posted | None:
        """What came of `draft`, if it was carried at `since` or later."""
        if draft.action == "transition_jira_issue":
            moved = await self._asked(lambda jira: _was_moved(jira, draft, since), draft.place, looking=True)
            return self._moved(draft) if moved else None
        found = await self._asked(lambda jira: _find_comment(jira, draft, key, since), draft.place, looking=True)
        return self._commented(draft, found) if found else None

    def _commented(self, draft: Draft, comment_id: str) -> Posted:
        return Posted(
            url=f"{self._url}/browse/{draft.place}?focusedCommentId={comment_id}",
            key=f"{draft.place}/comment/{comment_id}",
        )

    def _moved(self, draft: Draft) -> Posted:
        return Posted(url=f"{self._url}/browse/{draft.place}", key=f"{draft.place}/status/{draft.text}")

    async def _asked(
        self, ask: Callable[[JIRA], Result], what: str | None, *, reading: bool = False, looking: bool = False
    ) -> Result:
        """What Jira answers; its refusals and losses as ours.

        Args:
            ask: the request.
            what: the issue that it is about, if it is about one.
            reading: nothing can be changed by it.
            looking: nor that, and it is to find out what became of an earlier one.
        """
        reading = reading or looking

        def call() -> Result:
            try:
                return ask(self._client())
            except JIRAError as error:
                raise refused(what, error, reading=reading, looking=looking) from error
            except requests.exceptions.RequestException as error:
                raise lost(error, reading=reading) from error

        return await asyncio.to_thread(call)

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


def _keys(myself: Mapping[str, Any]) -> list[str]:
    return [f"jira:{myself[name]}" for name in ("accountId", "key", "name") if myself.get(name)]


def _comment(jira: JIRA, draft: Draft, key: str) -> str:
    # `add_comment` of the package takes no property of one's own; the request is the same otherwise.
    told = {"body": draft.text, "properties": [{"key": PROPERTY, "value": {"key": key}}]}
    return str(_request(jira, "POST", f"issue/{draft.place}/comment", told)["id"])


def _find_comment(jira: JIRA, draft: Draft, key: str, since: datetime) -> str | None:
    """The id of the comment that carries `key`; None if there is none.

    Raises:
        UpstreamUnreadable: there is a comment of ours with the same text, and whose it is cannot be told.
    """
    ours = set(_keys(jira.myself()))
    unsure = False
    for comment in jira.comments(draft.place, order_by="-created", max_results=_LOOKED_AT):
        raw: Mapping[str, Any] = comment.raw
        if _moment(raw.get("created")) < since - SKEW or not ours & set(_keys(raw.get("author") or {})):
            continue
        held = _property(jira, str(raw["id"]))
        if held == key:
            return str(raw["id"])
        unsure |= held is None and str(raw.get("body", "")).strip() == draft.text.strip()
    if unsure:
        raise UpstreamUnreadable(
            f"There is a comment of ours with this text on {draft.place}, without the mark that would tell whether it "
            "is this one: look there."
        )
    return None


def _request(jira: JIRA, method: str, path: str, told: object = None) -> Mapping[str, Any]:
    """What Jira answers where the package has no function for a question; its session signs in and knows errors."""
    url = jira._get_url(path)  # noqa: SLF001 - the package has no public way to addresses of its API
    answer: Mapping[str, Any] = jira._session.request(method, url, json=told).json()  # noqa: SLF001 - nor to its session
    return answer


def _property(jira: JIRA, comment_id: str) -> str | None:
    try:
        value = _request(jira, "GET", f"comment/{comment_id}/properties/{PROPERTY}").get("value")
    except JIRAError as error:
        if error.status_code == _NOT_FOUND:
            return None
        raise
    return str(value.get("key")) if isinstance(value, dict) else None


def _way(jira: JIRA, draft: Draft) -> str | None:
    """The id of the transition to the wanted status; None if the issue has it already.

    Raises:
        UpstreamFailed: there is no way from where the issue is.
    """
    status = str(jira.issue(draft.place, fields="status").raw["fields"]["status"]["name"])
    wanted = draft.text.casefold()
    if status.casefold() == wanted:
        return None
    if draft.only_from and status.casefold() not in {each.casefold() for each in draft.only_from}:
        raise UpstreamFailed(
            f"{draft.place} is {status}, and is to be moved from {' or '.join(draft.only_from)} only; nothing was done."
        )
    ways = jira.transitions(draft.place)
    for way in ways:
        if wanted in {str(way.get("to", {}).get("name", "")).casefold(), str(way.get("name", "")).casefold()}:
            return str(way["id"])
    known = ", ".join(dict.fromkeys(str(way.get("to", {}).get("name") or way.get("name")) for way in ways))
    raise UpstreamFailed(
        f"{draft.place} is {status} and cannot move to {draft.text} from there; it can to: {known or 'none'}."
    )


def _was_moved(jira: JIRA, draft: Draft, since: datetime) -> bool:
    """Whether the issue has the wanted status, or we gave it that status since, whatever became of it."""
    raw = jira.issue(draft.place, fields="status", expand="changelog").raw
    wanted = draft.text.casefold()
    if str(raw["fields"]["status"]["name"]).casefold() == wanted:
        return True
    ours = set(_keys(jira.myself()))
    return any(to == wanted for to in _moves(raw, ours, since - SKEW))


def _moves(raw: Mapping[str, Any], ours: set[str], since: datetime) -> Iterator[str]:
    for history in (raw.get("changelog") or {}).get("histories", ()):
        if _moment(history.get("created")) >= since and ours & set(_keys(history.get("author") or {})):
            for item in history.get("items", ()):
                if item.get("field") == "status":
                    yield str(item.get("toString") or "").casefold()


def _moment(text: object) -> datetime:
    """A time as Jira writes it, `2026-11-21T08:00:00.000+0000`.

    Raises:
        UpstreamUnreadable: it is written in another way, and what is newer cannot be told.
    """
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        raise UpstreamUnreadable("Jira tells its times in a way that is not understood: look there yourself.") from None
