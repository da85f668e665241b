"""Figures that can be defended: a median is a median, and too little is said as too little."""

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.metrics import ENOUGH, Metric, metric, percentile, share, tier, too_few
from domain.window import Window
from tests.unit.domain.builders import at

WINDOW = Window(since=at(0), until=at(28))
FIGURES = st.floats(0, 1_000)


def hours(*values: float, missing: str = "") -> Metric:
    return metric(
        "lead", values, unit="hours", window=WINDOW, definition="so", bounds=(24.0, 168.0, 720.0), missing=missing
    )


def part(of: int, whole: int) -> Metric:
    return share("rate", of, whole, window=WINDOW, definition="so", bounds=(0.05, 0.10, 0.15))


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    """A well-known tool takes the lower one, and shows every team faster than it is."""
    assert hours(1, 2, 3, 5, 100, 200).value == 4.0


def test_the_median_of_an_odd_number_is_the_middle_one() -> None:
    """One disaster does not move it, as it would an average."""
    assert hours(1, 2, 3, 4, 1_000).value == 3.0


@given(st.lists(FIGURES, min_size=ENOUGH, max_size=30))
def test_a_median_does_not_depend_on_order_and_has_half_on_either_side(values: list[float]) -> None:
    """Whatever was seen first."""
    figure = hours(*values)
    assert figure == hours(*sorted(values, reverse=True))
    assert figure.value is not None
    assert figure.n == len(values)
    assert sum(value <= figure.value + 0.01 for value in values) * 2 >= len(values)
    assert sum(value >= figure.value - 0.01 for value in values) * 2 >= len(values)


@pytest.mark.parametrize("n", range(ENOUGH))
def test_too_few_observations_give_their_number_and_nothing_else(n: int) -> None:
    """One server reported 42 % and 0.15 % change failure for the same half year: n tells which to believe."""
    for figure in (hours(*[1.0] * n), part(0, n)):
        assert (figure.n, figure.value, figure.tier) == (n, None, None)
        assert figure.missing.startswith(f"insufficient data: {n} observation")
        assert f"at least {ENOUGH} are needed" in figure.missing


def test_enough_observations_give_a_value_a_tier_and_no_excuse() -> None:
    """From the fifth on."""
    assert (hours(*[1.0] * 5).value, hours(*[1.0] * 5).tier, hours(*[1.0] * 5).missing) == (1.0, "elite", "")
    assert (part(1, 5).value, part(1, 5).tier, part(1, 5).missing) == (0.2, "low", "")


def test_what_could_not_be_counted_is_said_beside_the_number_and_in_its_place() -> None:
    """A figure that leaves out half must not look whole."""
    assert hours(*[1.0] * 5, missing="2 by bots").missing == "2 by bots"
    assert hours(1.0, missing="2 by bots").missing == too_few(1, "observation") + "; 2 by bots"


def test_one_is_told_in_the_singular() -> None:
    """People read it."""
    assert too_few(1, "deployment").startswith("insufficient data: 1 deployment,")
    assert too_few(0, "deployment").startswith("insufficient data: 0 deployments,")


def test_every_figure_says_over_what_and_of_what() -> None:
    """A number without its window and definition is a rumour."""
    figure = hours(1, 2, 3, 4, 5)
    assert (figure.window, figure.unit, figure.definition) == ("2026-03-02 to 2026-03-30", "hours", "so")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(23.99, "elite"), (24.0, "high"), (167.99, "high"), (168.0, "medium"), (719.99, "medium"), (720.0, "low")],
)
def test_a_time_is_better_than_a_bound_only_below_it(value: float, expected: str) -> None:
    """DORA: elite is less than a day, high less than a week, medium less than a month."""
    assert hours(*[value] * 5).tier == expected


@pytest.mark.parametrize(
    ("failed", "expected"),
    [(0, "elite"), (5, "elite"), (6, "high"), (10, "high"), (11, "medium"), (15, "medium"), (16, "low")],
)
def test_a_rate_may_reach_its_bound(failed: int, expected: str) -> None:
    """DORA: at most 5, 10 and 15 per cent."""
    assert part(failed, 100).tier == expected


@given(FIGURES, FIGURES)
def test_less_is_never_a_worse_tier(left: float, right: float) -> None:
    """Tiers stand in the order of their bounds."""
    order = ("elite", "high", "medium", "low")
    lower, higher = (tier(value, (24.0, 168.0, 720.0), reached=True) for value in sorted((left, right)))
    assert order.index(lower) <= order.index(higher)


@given(st.lists(FIGURES, min_size=1, max_size=30), st.floats(0, 1))
def test_a_percentile_lies_among_its_values_and_grows_with_its_fraction(values: list[float], fraction: float) -> None:
    """The 90th is no smaller than the median."""
    assert min(values) - 1e-9 <= percentile(values, fraction) <= max(values) + 1e-9
    assert percentile(values, fraction) <= percentile(values, min(1.0, fraction + 0.1)) + 1e-9


def test_a_percentile_is_interpolated() -> None:
    """As spreadsheets and ClickHouse's quantileExactInclusive have it."""
    assert percentile([10, 20, 30, 40], 0.5) == 25
    assert percentile([10, 20, 30, 40, 50], 0.9) == pytest.approx(46)
    assert percentile([7], 0.9) == 7
    assert percentile([1, 2, 9], 0.5) != fmean([1, 2, 9])
