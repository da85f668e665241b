"""GitHub's REST API over the `PyGithub` package, as plain JSON: what webhooks carry is what the API returns.

The package's own retries and pauses sleep in a thread that nobody can stop, for up to an hour, and leave out 429.
So it sends each request once, and `Patience` keeps GitHub's rules.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import requests
from github import Auth, Github
from github.Consts import DEFAULT_BASE_URL

from adapters.sources.patience import TIMEOUT, Answer, Patience, Upstream

Query = Mapping[str, object]

PAGE: Final = 100
_NOT_MODIFIED: Final = 304
_BAD_REQUEST: Final = 400
_REMEMBERED: Final = 32
"""Answers that are asked for again with their ETag. An answer that is still the same does not count to the limit."""
_UPSTREAM: Final = Upstream("GitHub", "ENGINTEL_GITHUB_URL", "ENGINTEL_GITHUB_TOKEN")


class GitHubClient:
    """Asks GitHub one question at a time, as GitHub wishes it."""

    def __init__(self, token: str | None, url: str | None = None) -> None:
        """Name the API and the account; nothing is sent.

        Args:
            token: without one, GitHub shows what is public, 60 answers an hour.
            url: the API's address on GitHub Enterprise (`https://github.acme.com/api/v3`), or that of a stand-in.
        """
        self._requester = Github(
            auth=Auth.Token(token) if token else None,
            base_url=(url or DEFAULT_BASE_URL).rstrip("/"),
            timeout=int(TIMEOUT),
            retry=0,
            seconds_between_requests=0,
            seconds_between_writes=0,
            user_agent="engintel",
        ).requester
        self._patience = Patience(_UPSTREAM)
        self._remembered: OrderedDict[str, tuple[str, Answer]] = OrderedDict()

    async def get(self, path: str, query: Query | None = None, *, remember: bool = False) -> Answer:
        """The answer to `GET path`.

        Args:
            path: from the API's root on.
            query: its parameters.
            remember: keep the answer, and next time ask whether it has changed.
        """
        asked = f"{path}?{sorted((query or {}).items())}"
        etag, kept = self._remembered.get(asked, ("", None)) if remember else ("", None)
        headers = {"If-None-Match": etag} if etag else {}

        async def send() -> Answer:
            return await asyncio.to_thread(self._send, path, query or {}, headers)

        accept = frozenset({_NOT_MODIFIED}) if kept else frozenset[int]()
        answer = await self._patience.ask(path.lstrip("/"), send, accept=accept)
        if answer.status == _NOT_MODIFIED and kept is not None:
            return kept
        if remember and "etag" in answer.headers:
            self._remembered[asked] = (answer.headers["etag"], answer)
            self._remembered.move_to_end(asked)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return answer

    def _send(self, path: str, query: Query, headers: Mapping[str, str]) -> Answer:
        try:
            status, answered, text = self._requester.requestJson(
                "GET", path, parameters=dict(query), headers={"Accept": "application/vnd.github+json", **headers}
            )
        except requests.exceptions.RequestException as error:
            raise self._patience.away(path.lstrip("/"), _why(error)) from error
        except (AssertionError, RuntimeError) as error:  # the package's words for a redirect to somewhere else
            raise self._patience.away(path.lstrip("/"), "it redirects to another address") from error
        try:
            body = json.loads(text) if text else None
        except (ValueError, RecursionError):
            if status < _BAD_REQUEST:
                raise self._patience.away(path.lstrip("/"), "what it answers is not JSON") from None
            body = None
        return Answer(status, {name.lower(): str(value) for name, value in answered.items()}, body)

    async def one(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`."""
        body = (await self.get(path)).body
        if not isinstance(body, dict):
            raise self._patience.away(path.lstrip("/"), "what it answers is not the object that was expected")
        return body

    async def page(
        self, path: str, query: Query | None = None, *, key: str | None = None, remember: bool = False
    ) -> tuple[list[dict[str, Any]], str | None]:
        """One page of the list at `path`, and the `cursor` or number of the next page; None at the end.

        Args:
            path: from the API's root on.
            query: its parameters.
            key: where in the answer the list is, if the answer is an object.
            remember: as for `get`.
        """
        answer = await self.get(path, {"per_page": PAGE, **(query or {})}, remember=remember)
        entries = answer.body.get(key) if key and isinstance(answer.body, dict) else answer.body
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._patience.away(path.lstrip("/"), "what it answers is not the list that was expected")
        return entries, _next(answer.headers.get("link", ""))

    async def pages(
        self, path: str, query: Query | None = None, *, key: str | None = None, remember: bool = False, first: int = 1
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Every page of the list at `path`; only the first is remembered."""
        number: str | None = str(first)
        while number is not None:
            entries, number = await self.page(path, {**(query or {}), "page": number}, key=key, remember=remember)
            remember = False
            yield entries

    async def all(self, path: str) -> list[dict[str, Any]]:
        """Every entry of a list that is known to be short."""
        return [entry async for page in self.pages(path) for entry in page]

    def close(self) -> None:
        """Let go of the connections."""
        self._requester.close()


def _next(link: str) -> str | None:
    """Which page a `Link` header says is next."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            query = parse_qs(urlsplit(address.strip().strip("<>")).query)
            return next((query[name][0] for name in ("cursor", "page") if name in query), None)
    return None


def _why(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "it does not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate cannot be verified"
    return "it cannot be reached, or the connection broke"
