"""Reading Jira with the `jira` package: Jira Cloud's search by tokens, Jira Server's by numbers.

The package would retry by itself in a thread that nobody can stop; it sends each question once, and `Patience` keeps
Jira's limits.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import requests
from jira import JIRA, JIRAError

from adapters.sources.patience import TIMEOUT, Answer, Patience, Upstream
from domain.errors import SourceAway

Result = TypeVar("Result")

PAGE: Final = 100
_UPSTREAM: Final = Upstream("Jira", "ENGINTEL_JIRA_URL", "ENGINTEL_JIRA_USER and ENGINTEL_JIRA_TOKEN")
_FIELDS: Final = "*all"


class JiraReader:
    """Asks one Jira site, one question at a time."""

    def __init__(self, url: str, token: str, user: str | None = None) -> None:
        """Name the site and the account; nothing is sent.

        Args:
            url: the site, such as `https://acme.atlassian.net`.
            token: an API token (with `user`), or a personal access token (without).
            user: the account's mail address, on Jira Cloud.
        """
        self._patience = Patience(_UPSTREAM)
        self._account = {"basic_auth": (user, token)} if user else {"token_auth": token}
        self._url = url.rstrip("/")
        self._known: JIRA | None = None

    async def client(self) -> JIRA:
        """The package's client, which learns on its first use whether the site is Jira Cloud."""
        if self._known is None:
            self._known = await self.ask("serverInfo", self._connect)
        return self._known

    def _connect(self) -> JIRA:
        client: JIRA = JIRA(
            server=self._url, get_server_info=True, max_retries=0, timeout=TIMEOUT, logging=False, **self._account
        )
        return client

    async def ask(self, what: str, question: Callable[[], Result]) -> Result:
        """What `question` gives, put in a thread, as often as it takes.

        Args:
            what: what is asked for, for messages.
            question: a call of the package.

        Raises:
            Refused: Jira will not answer this.
            SourceAway: it did not answer.
        """

        async def send() -> Answer:
            return await asyncio.to_thread(self._answer, what, question)

        result: Result = (await self._patience.ask(what, send, accept=frozenset())).body
        return result

    def _answer(self, what: str, question: Callable[[], Any]) -> Answer:
        try:
            return Answer(200, {}, question())
        except JIRAError as error:
            response = error.response if isinstance(error.response, requests.Response) else None
            if response is None or not error.status_code:
                raise self._patience.away(what, "what it answers cannot be read") from error
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(error.status_code, headers, _body(response))
        except requests.exceptions.JSONDecodeError as error:
            raise self._patience.away(what, "what it answers is not what Jira answers") from error
        except requests.exceptions.Timeout as error:
            raise self._patience.away(what, "it does not answer in time") from error
        except requests.exceptions.RequestException as error:
            raise self._patience.away(what, "it cannot be reached, or the connection broke") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._patience.away(what, "what it answers is not what Jira answers") from error

    async def search(self, jql: str, place: Any | None) -> tuple[list[dict[str, Any]], Any | None]:  # noqa: ANN401 - a token or a number
        """One page of issues with their changelogs, and the place that follows; None at the end."""
        client = await self.client()
        if _is_cloud(client):
            found = await self.ask(
                "issues",
                lambda: client.enhanced_search_issues(
                    jql, nextPageToken=place, maxResults=PAGE, fields=_FIELDS, expand="changelog", json_result=True
                ),
            )
            return _objects(found, "issues"), found.get("nextPageToken") or None
        start = int(place or 0)
        found = await self.ask(
            "issues",
            lambda: client.search_issues(
                jql, startAt=start, maxResults=PAGE, fields=_FIELDS, expand="changelog", json_result=True
            ),
        )
        issues = _objects(found, "issues")
        following = start + len(issues)
        return issues, following if issues and following < int(found.get("total", 0)) else None

    async def rest_of(self, key: str, part: str, entries: str, first: int) -> list[dict[str, Any]]:
        """What follows of an issue's `changelog` or `comment`, of which a search gives the beginning alone."""
        client = await self.client()
        found: list[dict[str, Any]] = []
        while True:
            url = f"{client.server_url}/rest/api/2/issue/{key}/{part}?startAt={first + len(found)}&maxResults={PAGE}"
            page = await self.ask(f"issue/{key}/{part}", lambda url=url: client._session.get(url).json())  # type: ignore[misc]  # noqa: SLF001 - the package has no call for it
            more = _objects(page, entries)
            found += more
            if not more or first + len(found) >= int(page.get("total", 0)):
                return found

    async def myself(self) -> dict[str, Any]:
        """The account that asks."""
        client = await self.client()
        return dict(await self.ask("myself", client.myself))

    async def project(self, key: str) -> dict[str, Any]:
        """A project, to see that it is there."""
        client = await self.client()
        return dict(await self.ask(f"project {key}", lambda: client.project(key).raw))

    async def statuses(self) -> dict[str, str]:
        """The category of every status, by its id and by its name."""
        client = await self.client()
        raw = [status.raw for status in await self.ask("status", client.statuses)]
        found: dict[str, str] = {}
        for status in raw:
            category = (status.get("statusCategory") or {}).get("key")
            if isinstance(category, str):
                found |= {str(status.get("name")).lower(): category, str(status.get("id")): category}
        return found

    async def boards(self, project: str) -> list[dict[str, Any]]:
        """The boards that show a project's issues."""
        client = await self.client()
        found = await self.ask("board", lambda: client.boards(projectKeyOrID=project, maxResults=False))
        return [board.raw for board in found]

    async def sprints(self, board: int) -> list[dict[str, Any]]:
        """Every sprint of a board."""
        client = await self.client()
        found = await self.ask(f"board/{board}/sprint", lambda: client.sprints(board, maxResults=False))
        return [sprint.raw for sprint in found]

    def close(self) -> None:
        """Let go of the connections."""
        if self._known is not None:
            self._known.close()  # type: ignore[no-untyped-call]


def _is_cloud(client: JIRA) -> bool:
    return client.deploymentType == "Cloud"


def _objects(found: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries = found.get(key)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceAway(f"What Jira answered has no list of {key}: check ENGINTEL_JIRA_URL.")
    return entries


def _body(response: requests.Response) -> Any:  # noqa: ANN401 - whatever was answered
    try:
        return json.loads(response.text)
    except (ValueError, RecursionError):
        return None
