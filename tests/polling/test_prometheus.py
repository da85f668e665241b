"""Prometheus, asked over its API: every point once, never more than it likes to give."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.sources import patience
from adapters.sources.prometheus import PrometheusServer, Query, read_queries
from domain.errors import Misconfigured, SourceUnusable
from domain.events import MetricSample
from tests.polling.conftest import Desk
from tests.polling.web import Reply, Request, Site, failing, running

NOW = datetime(2026, 9, 1, 12, 0, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


class PrometheusSite(Site):
    """Prometheus, whose every series is the time itself, with gaps and with values that are no numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.series = [{"service": "checkout"}, {"service": "acme/payouts"}]
        self.warnings: list[str] = []
        self.most = 0

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/v1/query":
            return Reply(body={"status": "success", "data": {"resultType": "vector", "result": []}})
        if request.path != "/api/v1/query_range":
            return Reply(404, "")
        asked = request.body if request.method == "POST" else request.query
        start, end, step = (int(asked[name]) for name in ("start", "end", "step"))
        times = range(start, end + 1, step)
        self.most = max(self.most, len(times))
        if len(times) > 11_000:
            return Reply(400, {"status": "error", "errorType": "bad_data", "error": "exceeded maximum resolution"})
        result = [{"metric": labels, "values": [[at, _value(at)] for at in times]} for labels in self.series]
        told: dict[str, Any] = {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return Reply(body=told | ({"warnings": self.warnings} if self.warnings else {}))


def _value(at: int) -> str:
    return {0: "NaN", 60: "+Inf"}.get(at % 3_600, str(at / 2))


@pytest.fixture
def site() -> Iterator[PrometheusSite]:
    with running(PrometheusSite()) as there:
        yield there


ERRORS = Query(name="error_rate", query="sum by (service) (rate(errors[5m]))", project_label="service",
               projects={"checkout": "acme/checkout"})  # fmt: skip


def source(site: PrometheusSite, now: datetime, *queries: Query, start: datetime | None = None) -> PrometheusServer:
    return PrometheusServer(site.url, queries or (ERRORS,), lambda: now, start=start)


async def samples(desk: Desk) -> list[Any]:
    return [event for event in await desk.events() if isinstance(event.body, MetricSample)]


async def test_a_query_is_asked_from_a_time_on(desk: Desk, site: PrometheusSite) -> None:
    result = await desk.backfill(source(site, NOW, start=NOW - 2 * HOUR))
    assert (result.problems, result.read) == ([], 2 * 119)
    told = await samples(desk)
    assert len(told) == 2 * (119 - 3), "not a number and infinity tell nothing"
    assert {event.project for event in told} == {"github:acme/checkout", "github:acme/payouts"}
    assert {event.body.metric for event in told} == {"error_rate"}
    assert max(event.occurred_at for event in told) == datetime(2026, 9, 1, 11, 59, tzinfo=UTC), "the last settled one"
    assert all(math.isfinite(event.body.value) for event in told)


async def test_it_goes_on_where_it_stopped(desk: Desk, site: PrometheusSite) -> None:
    await desk.backfill(source(site, NOW - HOUR, start=NOW - 2 * HOUR))
    site.asked.clear()
    result = await desk.backfill(source(site, NOW))
    assert (result.read, result.appended.known) == (2 * 60, 0)
    assert (await desk.backfill(source(site, NOW))).read == 0


async def test_points_lie_where_they_lay_before(desk: Desk, site: PrometheusSite) -> None:
    """Asked again from an odd moment, further back: the same points have the same ids."""
    await desk.backfill(source(site, NOW, start=NOW - HOUR))
    before = await desk.ids()
    result = await desk.backfill(source(site, NOW + timedelta(seconds=7), start=NOW - 2 * HOUR - timedelta(seconds=13)))
    assert before < await desk.ids()
    assert result.appended.known == len(before)


async def test_a_long_time_is_asked_in_pieces(desk: Desk, site: PrometheusSite) -> None:
    result = await desk.backfill(source(site, NOW))
    assert site.most <= 500
    assert result.read == 2 * (7 * 24 * 60 - 1)


async def test_many_series_are_asked_for_in_shorter_pieces(desk: Desk, site: PrometheusSite) -> None:
    site.series = [{"pod": str(number)} for number in range(200)]
    result = await desk.backfill(source(site, NOW, start=NOW - 2 * HOUR))
    assert (result.problems, result.read) == ([], 200 * 119)


async def test_more_series_than_anybody_reads_are_refused(desk: Desk, site: PrometheusSite) -> None:
    site.series = [{"pod": str(number)} for number in range(11_001)]
    result = await desk.backfill(source(site, NOW, start=NOW - timedelta(minutes=3)))
    assert len(result.problems) == 1
    assert "aggregate it" in result.problems[0]


async def test_what_prometheus_remarks_is_said(desk: Desk, site: PrometheusSite) -> None:
    site.warnings = ["partial response: store-2 is unavailable\nand more"]
    result = await desk.backfill(source(site, NOW, start=NOW - HOUR))
    assert result.notes == ["error_rate: Prometheus remarks: partial response: store-2 is unavailable and more"]
    assert result.read > 0


async def test_a_query_that_is_wrong_costs_itself_alone(desk: Desk, site: PrometheusSite) -> None:
    wrong = Query(name="wrong", query="rate(", step=60)
    bad = Reply(400, {"status": "error", "errorType": "bad_data", "error": "1:6: parse error: unexpected end"})
    site.fault = lambda r: bad if r.query.get("query") == "rate(" else None
    result = await desk.backfill(source(site, NOW, wrong, ERRORS, start=NOW - HOUR))
    assert len(result.problems) == 1
    assert "prometheus#wrong" in result.problems[0]
    assert "parse error: unexpected end" in result.problems[0]
    assert result.read > 0


async def test_a_long_question_is_posted(desk: Desk, site: PrometheusSite) -> None:
    long = Query(name="long", query="sum(x) or " * 500 + "sum(y)")
    result = await desk.backfill(source(site, NOW, long, start=NOW - HOUR))
    assert result.read > 0
    assert {r.method for r in site.asked if r.path.endswith("query_range")} == {"POST"}


async def test_a_server_that_is_busy_is_asked_again(desk: Desk, site: PrometheusSite) -> None:
    site.fault = failing(2, Reply(503, {"status": "error", "error": "query timed out"}), "query_range")
    assert (await desk.backfill(source(site, NOW, start=NOW - HOUR))).problems == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, "no range of series"),
        ({"status": "success"}, "no range of series"),
        ({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1]]}]}}, "pairs"),
        ("<html>Sign in</html>", "not JSON"),
    ],
)
async def test_nonsense_is_said_in_a_line(
    desk: Desk, site: PrometheusSite, monkeypatch: pytest.MonkeyPatch, body: object, says: str
) -> None:
    monkeypatch.setattr(patience, "ATTEMPTS", 1)
    site.fault = lambda r: Reply(body=body) if "range" in r.path else None
    [problem] = (await desk.backfill(source(site, NOW, start=NOW - HOUR))).problems
    assert says in problem


async def test_a_token_is_sent_where_it_is_wanted(desk: Desk, site: PrometheusSite) -> None:
    site.fault = lambda r: None if r.headers.get("authorization") == "Bearer prom" else Reply(401, "")
    with pytest.raises(SourceUnusable, match="ENGINTEL_PROMETHEUS_TOKEN"):
        await desk.backfill(source(site, NOW))
    told = PrometheusServer(site.url, [ERRORS], lambda: NOW, token="prom", start=NOW - HOUR)
    assert (await desk.backfill(told)).problems == []


FILE = """
step: 120
queries:
  - name: error_rate
    query: sum by (service) (rate(errors[5m]))
    project_label: service
    projects: {checkout: acme/checkout}
  - {name: latency, query: 'histogram_quantile(0.9, x)', project: git:api, step: 300}
"""


def test_the_file_of_queries(tmp_path: Path) -> None:
    path = tmp_path / "queries.yaml"
    path.write_text(FILE)
    first, second = read_queries(path)
    assert (first.step, second.step) == (120, 300)
    assert first.project_of({"service": "checkout"}) == "github:acme/checkout"
    assert first.project_of({"service": "acme/other"}) == "github:acme/other"
    assert first.project_of({"service": "other"}) is None
    assert second.project_of({}) == "git:api"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("queries: [", "not YAML at line 1"),
        ("queries: []", "queries"),
        ("- a", "the top"),
        ("queries:\n - {name: a, query: b, stepp: 5}", "stepp"),
        ("queries:\n - {name: a, query: b, step: 0}", "step"),
        ("queries:\n - {name: 'a b', query: b}", "name"),
        ("queries:\n - {name: a, query: b}\n - {name: a, query: c}", "two queries 'a'"),
        ("a: !!python/object/apply:os.system ['true']", "not YAML"),
    ],
)
def test_a_file_that_will_not_do_says_where(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "queries.yaml"
    path.write_text(text)
    with pytest.raises(Misconfigured, match=says) as told:
        read_queries(path)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        read_queries(tmp_path / "none.yaml")
