"""Upstreams that have no client package worth its weight: JSON over `httpx`, asked patiently."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from adapters.sources.patience import TIMEOUT, Answer, Patience, Upstream

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of an answer; nobody who is asked for a page or for some thousand points sends more."""


class JsonApi:
    """One upstream's API."""

    def __init__(self, upstream: Upstream, url: str, headers: Mapping[str, str], *, gap: float = 0.0) -> None:
        """Name it; nothing is sent.

        Args:
            upstream: for messages.
            url: what every path is put behind.
            headers: sent with every question.
            gap: seconds from one question to the next at least.
        """
        self._patience = Patience(upstream, gap)
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._http: httpx.AsyncClient | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """The answer to one question, whose body is an object of JSON.

        Args:
            method: of HTTP.
            path: behind the address.
            query: parameters of the address.
            json: what is sent.
            form: what is sent instead.
            accept: statuses from 300 on that are answers too.

        Raises:
            Refused: it will not answer this.
            SourceAway: it did not answer, or with something else.
        """
        what = path.lstrip("/")

        async def send() -> Answer:
            if self._http is None:
                self._http = httpx.AsyncClient(headers=self._headers, timeout=TIMEOUT, follow_redirects=False)
            try:
                request = self._http.build_request(method, self._url + path, params=query, json=json, data=form)
                response = await self._http.send(request, stream=True)
                try:
                    return self._read(response.status_code, response.headers, await self._content(what, response), what)
                finally:
                    await response.aclose()
            except httpx.TimeoutException as error:
                raise self._patience.away(what, "it does not answer in time") from error
            except httpx.HTTPError as error:
                raise self._patience.away(what, "it cannot be reached, or the connection broke") from error

        return await self._patience.ask(what, send, accept=accept)

    async def _content(self, what: str, response: httpx.Response) -> bytes:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > LARGEST:
                raise self._patience.away(what, f"its answer is larger than {LARGEST // 1024 // 1024} MB")
        return bytes(content)

    def _read(self, status: int, headers: Mapping[str, str], content: bytes, what: str) -> Answer:
        body: Any = None
        try:
            body = _parsed(content)
        except (ValueError, RecursionError):
            if status < httpx.codes.MULTIPLE_CHOICES:
                raise self._patience.away(what, "what it answers is not JSON") from None
        if status < httpx.codes.MULTIPLE_CHOICES and not isinstance(body, dict):
            raise self._patience.away(what, "what it answers is not the object that was expected")
        return Answer(status, {name.lower(): value for name, value in headers.items()}, body)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None


def _parsed(content: bytes) -> Any:  # noqa: ANN401 - whatever was answered
    import json  # noqa: PLC0415 - an argument above goes by this name

    return json.loads(content)
