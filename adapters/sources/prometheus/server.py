"""A Prometheus, or whatever speaks its API, as a source.

API: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.sources.deliveries import events_of
from adapters.sources.deliveries.prometheus import POINTS_KEPT, QUERY_HEADER
from adapters.sources.http import JsonApi
from adapters.sources.patience import Upstream
from adapters.sources.prometheus.queries import Query
from domain.errors import InvalidInput, SourceAway, SourceUnusable
from domain.events import Event, MetricSample
from domain.ports.polls import Portion
from domain.text import line

POINTS_ASKED: Final = 500
"""Points of one series in one answer; Prometheus itself refuses more than 11,000."""
HISTORY: Final = timedelta(days=7)
"""How far back the first poll goes."""
SETTLED: Final = timedelta(seconds=30)
"""Younger points may still change: what was scraped is not all there yet."""
_LONG: Final = 4_000
"""Characters of a question that need not fit an address."""
_UPSTREAM: Final = Upstream("Prometheus", "ENGINTEL_PROMETHEUS_URL", "ENGINTEL_PROMETHEUS_TOKEN")


class PrometheusServer:
    """One server with the questions that it is asked; see `domain.ports.PolledSource`."""

    name = "prometheus"

    def __init__(
        self,
        url: str,
        queries: Sequence[Query],
        now: Callable[[], datetime],
        *,
        token: str | None = None,
        start: datetime | None = None,
    ) -> None:
        """Name the server; nothing is asked.

        Args:
            url: what `/api/v1/...` is put behind.
            queries: what it is asked.
            now: tells the time.
            token: sent as a bearer token, where it wants one.
            start: where the first poll begins; a week ago unless given.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.api = JsonApi(_UPSTREAM, url, headers)
        self.now = now
        self.start = start
        self._queries = queries

    async def check(self) -> str:
        """That it answers a question."""
        await self.api.ask("GET", "/api/v1/query", query={"query": "vector(1)"})
        return "it answers"

    def listings(self) -> "Sequence[_Samples]":
        """One for each question."""
        return [_Samples(self, query) for query in self._queries]

    async def close(self) -> None:
        """Let go of the connections."""
        await self.api.close()


class _Samples:
    """The answers to one question over time; see `domain.ports.Listing`.

    Points lie at multiples of the step, so that a point that is asked for twice is the same one.
    """

    def __init__(self, server: PrometheusServer, query: Query) -> None:
        self.name = f"{server.name}#{query.name}"
        self._server = server
        self._query = query

    async def read(self, cursor: Mapping[str, Any] | None) -> AsyncIterator[Portion]:
        """Points since `cursor`, as far as they are settled."""
        step, now = self._query.step, self._server.now()
        last = int((now - SETTLED).timestamp()) // step * step
        known = cursor or {}
        wanted = _rounded_up((self._server.start or now - HISTORY).timestamp(), step)
        further_back = self._server.start is not None and wanted < int(known.get("start", wanted))
        if "until" in known and not further_back:
            began, first = int(known["start"]), int(known["until"]) // step * step + step
        else:
            began = first = wanted
        points = POINTS_ASKED
        while first <= last:
            end = min(last, first + (points - 1) * step)
            body, notes = await self._ask(first, end)
            series = body["data"]["result"]
            count = sum(len(each.get("values") or ()) for each in series)
            if count > POINTS_KEPT:
                if points == 1:
                    raise SourceUnusable(
                        f"The query {self._query.name!r} gives {count} series, more than {POINTS_KEPT}: aggregate it, "
                        "for example with sum by (service) (...)."
                    )
                points = max(1, points * POINTS_KEPT // (2 * count))
                continue
            # In a thread: so many points take a while, in which others on this loop wait for an answer.
            events = await asyncio.to_thread(self._events, body)
            yield Portion(events, {"start": began, "until": end}, read=count, notes=notes)
            first = end + step

    async def _ask(self, first: int, last: int) -> tuple[Mapping[str, Any], list[str]]:
        """The answer for a range, both ends included, and what Prometheus has to remark on it."""
        asked = {"query": self._query.query, "start": str(first), "end": str(last), "step": str(self._query.step)}
        path = "/api/v1/query_range"
        if len(self._query.query) > _LONG:
            answer = await self._server.api.ask("POST", path, form=asked)
        else:
            answer = await self._server.api.ask("GET", path, query=asked)
        body: Mapping[str, Any] = answer.body
        found = body.get("data")
        result = found.get("result") if isinstance(found, dict) and found.get("resultType") == "matrix" else None
        if not isinstance(result, list) or not all(isinstance(each, dict) for each in result):
            raise SourceAway(f"What answers {self._query.name!r} is no range of series: check ENGINTEL_PROMETHEUS_URL.")
        said = body.get("warnings")
        warnings = said if isinstance(said, list) else []
        return body, [f"{self._query.name}: Prometheus remarks: {line(str(text), 200)}" for text in warnings[:3]]

    def _events(self, body: Mapping[str, Any]) -> list[Event]:
        """The points as events. What is no number (NaN, infinity) tells nothing and is left out."""
        try:
            events = events_of("prometheus", {QUERY_HEADER: self._query.name}, body, received_at=self._server.now())
        except InvalidInput as error:
            raise SourceAway(f"What Prometheus answered cannot be understood: {error}") from error
        placed = []
        for event in events:
            assert isinstance(event.body, MetricSample)
            project = self._query.project_of(event.body.labels)
            placed.append(event.model_copy(update={"project": project}) if project else event)
        return placed


def _rounded_up(seconds: float, step: int) -> int:
    return -(-int(seconds) // step) * step
