"""Prometheus answers as events: every point of every series is a sample.

Shapes: https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats
"""

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from adapters.sources.deliveries.fields import Fields, instant
from adapters.sources.deliveries.raw import digest, excerpt, raw_event
from domain.errors import InvalidInput
from domain.events import Event, MetricSample, Source
from domain.text import line

POINTS_KEPT: Final = 11_000
"""As many as Prometheus itself gives for one series."""
PROJECT_LABELS: Final = ("service", "project", "repo", "app")
"""Labels that may name a repository, the first that does counts."""
QUERY_HEADER: Final = "x-prometheus-query"
"""Where whoever asked writes the question. It names series that a function or a sum has left without a name."""
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+", re.ASCII)
_POINTS: Final = {"matrix": "values", "vector": "value"}


def prometheus_events(headers: Mapping[str, str], body: object, received_at: datetime) -> list[Event]:
    """The samples of one answer to `query_range` or `query`. Values that are no number (NaN, Inf) are left out.

    Args:
        headers: with names in lower case; none is needed.
        body: the answer as parsed from JSON.
        received_at: when it reached us.

    Raises:
        InvalidInput: it is not an answer with data, or one with too many points.
    """
    payload = Fields(body, "an answer of Prometheus")
    if payload.text("status") != "success":
        raise payload.unexpected("status", "'success'", "another text")
    data = payload.child("data")
    kind = data.name("resultType")
    if kind not in _POINTS:
        return [raw_event(Source.PROMETHEUS, digest(excerpt(payload.whole)), kind, payload.whole, at=received_at)]
    answer = [(series, _points(series, _POINTS[kind])) for series in data.children("result")]
    count = sum(len(points) for _, points in answer)
    if count > POINTS_KEPT:
        raise InvalidInput(
            f"Expected at most {POINTS_KEPT} points in an answer of Prometheus, got {count}: ask for fewer series, "
            "a shorter range or a longer step."
        )
    query = line(headers.get(QUERY_HEADER, ""))
    return [event for series, points in answer for event in _samples(series, points, query)]


def _points(series: Fields, key: str) -> list[Any]:
    """The points of a series. A series of native histograms has none here."""
    value = series.raw(key)
    if not isinstance(value, list | None):
        raise series.unexpected(key, "a list")
    return [value] if key == "value" and value else value or []


def _samples(series: Fields, points: list[Any], query: str) -> Iterator[Event]:
    labels = _labels(series)
    metric = labels.pop("__name__", "") or query or "unnamed"
    name = digest(metric, labels)
    project = next(
        (f"github:{labels[label]}" for label in PROJECT_LABELS if _REPOSITORY.fullmatch(labels.get(label, ""))), None
    )
    for point in points:
        at, value = _point(series, point)
        if math.isfinite(value):
            yield Event(
                id=f"prometheus:{name}:{_seconds(at)}",
                source=Source.PROMETHEUS,
                occurred_at=at,
                entity=f"series:{name}",
                project=project,
                body=MetricSample(metric=metric, value=value, labels=labels),
            )


def _labels(series: Fields) -> dict[str, str]:
    metric = series.child("metric").whole
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in metric.items()):
        raise series.unexpected("metric", "an object of texts", "one with something else in it")
    return {line(name): line(value) for name, value in sorted(metric.items())}


def _point(series: Fields, point: Any) -> tuple[datetime, float]:  # noqa: ANN401 - whatever stands where a point should
    """A time, and a value as text."""
    expected = "pairs of a time in seconds since 1970 and a number as text"
    match point:
        case [int() | float() as seconds, str(text)] if not isinstance(seconds, bool):
            try:
                return instant(seconds), float(text)
            except ValueError:
                raise series.unexpected("values", expected, "another pair") from None
        case _:
            raise series.unexpected("values", expected, "something else")


def _seconds(moment: datetime) -> str:
    """Seconds since 1970, with milliseconds where there are any, so that `5` and `5.0` are one time."""
    milliseconds = round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000)
    return f"{milliseconds / 1_000:.3f}".removesuffix(".000")
