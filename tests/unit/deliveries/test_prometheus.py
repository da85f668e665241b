from datetime import UTC, datetime

import pytest

from domain.errors import InvalidInput
from domain.events import MetricSample, Raw
from tests.unit.deliveries.payloads import RECEIVED_AT, Json, ids, matrix, prometheus

AT = 1_788_163_200
UP = {"__name__": "up", "service": "acme/api", "cluster": "eu"}


def answer(kind: str, result: object) -> Json:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def test_every_point_of_a_series_is_a_sample() -> None:
    events = prometheus(matrix((UP, [[AT, "1"], [AT + 60, "0.5"]]), ({"__name__": "down"}, [[AT, "2e3"]])))
    assert [event.body for event in events] == [
        MetricSample(metric="up", value=1.0, labels={"service": "acme/api", "cluster": "eu"}),
        MetricSample(metric="up", value=0.5, labels={"service": "acme/api", "cluster": "eu"}),
        MetricSample(metric="down", value=2_000.0),
    ]
    assert events[0].occurred_at == datetime.fromtimestamp(AT, UTC)
    assert events[0].entity == events[1].entity
    assert events[0].id == f"prometheus:{events[0].entity.removeprefix('series:')}:{AT}"
    assert len({event.id for event in events}) == 3
    assert len({event.entity for event in events}) == 2


def test_an_instant_is_one_sample_a_series() -> None:
    (event,) = prometheus(answer("vector", [{"metric": UP, "value": [AT + 0.781, "1"]}]))
    assert event.id.endswith(f":{AT}.781")
    assert event.occurred_at == datetime.fromtimestamp(AT, UTC).replace(microsecond=781_000)


def test_a_point_has_one_id_however_it_was_asked_for() -> None:
    ranged = prometheus(matrix((UP, [[AT, "1"]])))
    instant = prometheus(answer("vector", [{"metric": dict(reversed(UP.items())), "value": [float(AT), "1"]}]))
    assert ids(ranged) == ids(instant)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e999"])
def test_what_is_no_number_is_left_out(value: str) -> None:
    assert len(prometheus(matrix((UP, [[AT, value], [AT + 60, "1"]])))) == 1


@pytest.mark.parametrize(
    ("labels", "project"),
    [
        ({"service": "acme/api"}, "github:acme/api"),
        ({"repo": "acme/web", "app": "acme/x"}, "github:acme/web"),
        ({"service": "payouts", "project": "acme/api"}, "github:acme/api"),
        ({"service": "payouts"}, None),
        ({"service": "/metrics/a"}, None),
        ({"job": "acme/api"}, None),
    ],
)
def test_a_label_that_names_a_repository_names_the_project(labels: dict[str, str], project: str | None) -> None:
    (event,) = prometheus(matrix((labels | {"__name__": "up"}, [[AT, "1"]])))
    assert event.project == project


def test_a_series_without_a_name_is_called_by_what_was_asked() -> None:
    asked = prometheus(matrix(({"service": "x"}, [[AT, "1"]])), query="sum by (service) (rate(errors[5m]))")[0]
    unknown = prometheus(matrix(({"service": "x"}, [[AT, "1"]])))[0]
    assert isinstance(asked.body, MetricSample)
    assert isinstance(unknown.body, MetricSample)
    assert (asked.body.metric, unknown.body.metric) == ("sum by (service) (rate(errors[5m]))", "unnamed")
    assert asked.id != unknown.id


def test_an_answer_without_series_tells_nothing() -> None:
    assert prometheus(matrix()) == []


def test_eleven_thousand_points_are_taken_and_not_one_more() -> None:
    points = [[AT + second, "1"] for second in range(11_000)]
    assert len(prometheus(matrix((UP, points)))) == 11_000
    with pytest.raises(InvalidInput, match=r"at most 11000 points .* got 11001: ask for"):
        prometheus(matrix((UP, points), ({}, [[AT, "1"]])))


def test_histograms_have_no_samples() -> None:
    assert prometheus(answer("matrix", [{"metric": UP, "histograms": [[AT, {"count": "1"}]]}])) == []


@pytest.mark.parametrize("kind", ["scalar", "string", "streams"])
def test_another_kind_of_answer_is_kept_raw(kind: str) -> None:
    (event,) = prometheus(answer(kind, [AT, "1"]))
    assert isinstance(event.body, Raw)
    assert (event.body.kind, event.occurred_at) == (kind, RECEIVED_AT)
    assert ids(prometheus(answer(kind, [AT, "1"]))) == [event.id]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "an object as an answer of Prometheus, got nothing"),
        ({"status": "error", "error": "bad_data"}, "'success' at 'status'"),
        ({"status": "success"}, "an object at 'data'"),
        (answer("matrix", {}), "a list at 'data.result'"),
        (answer("matrix", [{"values": []}]), "an object at 'data.result[0].metric'"),
        (matrix(({"a": 1}, [])), "an object of texts at 'data.result[0].metric'"),
        (matrix((UP, [[AT]])), "pairs of a time"),
        (matrix((UP, [[AT, 1]])), "pairs of a time"),
        (matrix((UP, [[True, "1"]])), "pairs of a time"),
        (matrix((UP, [[AT, "one"]])), "pairs of a time"),
        (matrix((UP, [[1e300, "1"]])), "pairs of a time"),
        (matrix((UP, [[float("nan"), "1"]])), "pairs of a time"),
        (answer("vector", [{"metric": UP, "value": "x"}]), "a list at 'data.result[0].value'"),
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence(body: object, expected: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        prometheus(body)
    assert expected in str(refused.value)
