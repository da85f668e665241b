"""Delivery figures: DORA's, as defined, without the mistakes that others are known for."""

from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import Delivery
from domain.dora import delivery_metrics
from domain.events import Event
from domain.window import Window
from tests.unit.domain.builders import (
    LINTER,
    at,
    change,
    deployed,
    flat,
    incident,
    issue,
    pull,
    reviewed,
    sha,
    trunk,
)
from tests.unit.domain.figures import MONTH, NAMES, figure, shipped


def test_every_figure_is_there_even_when_nothing_happened() -> None:
    """An absent row looks like a forgotten one; each says instead why it has no value."""
    figures = delivery_metrics(Delivery(), MONTH)
    assert tuple(each.name for each in figures) == NAMES
    for each in figures:
        assert (each.value, each.tier, each.n) == (None, None, 0)
        assert each.missing
        assert each.definition
        assert each.window == "2026-03-02 to 2026-03-30"


@pytest.mark.parametrize("name", NAMES[:-1])
def test_four_observations_are_no_figure_and_five_are(name: str) -> None:
    """Four give their number and no value, and no tier that would make it look like one."""
    assert (figure(name, everything(4)).value, figure(name, everything(4)).tier) == (None, None)
    assert figure(name, everything(4)).n == 4
    assert "insufficient data: 4" in figure(name, everything(4)).missing
    assert figure(name, everything(5)).value is not None
    assert figure(name, everything(5)).n == 5


def everything(n: int) -> list[Event]:
    """So many of everything that is counted."""
    events = shipped(*[1.0] * n)
    for number in range(1, n + 1):
        done = at(2 + number)
        events += [reviewed(number, at(2 + number, hours=-1.5))]
        events += incident(f"OPS-{number}", at(2 + number, hours=1), resolved=at(2 + number, hours=3))
        events += [issue(f"A-{number}", "doing", at(1)), issue(f"A-{number}", "done", done)]
    return events


# How often


def test_days_without_a_deployment_count() -> None:
    """Six deployments on one day of four weeks are six in 28 days, and no elite rhythm."""
    busy = [deployed(number, sha(number), at(3, hours=number)) for number in range(6)]
    told = figure("deployment_frequency", busy)
    assert told.value == round(6 / 28, 3)
    assert (told.unit, told.n, told.tier) == ("per day", 6, "medium")
    assert "days without one included" in told.definition


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([7 * week + day for week in range(4) for day in range(5)], "elite"),
        ([7 * week + day for week in range(4) for day in range(4)], "high"),
        ([7 * week + day for week in (0, 1) for day in range(7)], "high"),
        ([7 * week for week in range(4)] + [0.1], "high"),
        ([0, 0.1, 0.2, 0.3, 0.4], "medium"),
    ],
)
def test_the_rhythm_is_the_median_week_and_empty_weeks_are_weeks(days: list[float], expected: str) -> None:
    """Five deployment days a week are elite, one a week is high; two full weeks of four are three and a half."""
    assert (
        figure("deployment_frequency", [deployed(n, sha(n), at(day + 0.5)) for n, day in enumerate(days)]).tier
        == expected
    )


@pytest.mark.parametrize(
    ("days", "window", "expected"),
    [
        (range(5), 7, "elite"),
        (range(9, 19), 21, "elite"),
        (range(10, 19), 21, "high"),
        (range(0, 180, 30), 180, "medium"),
        (range(0, 200, 40), 200, "low"),
    ],
)
def test_weeks_are_counted_back_from_the_last_day_of_the_window(days: range, window: int, expected: str) -> None:
    """The last week is whole; what a tier rests on must not depend on where a week of the calendar begins."""
    told = [deployed(day, sha(day), at(day, hours=12)) for day in days]
    assert figure("deployment_frequency", told, window=Window(since=at(0), until=at(window))).tier == expected


@pytest.mark.parametrize("hours", [0, 1, 9, 12, 23.9])
def test_the_rhythm_does_not_depend_on_the_hour_at_which_somebody_asks(hours: float) -> None:
    """Deployments around midnight are on two days, and a day belongs to the calendar."""
    days = [
        deployed(7 * week + n, sha(n), at(7 * week + day))
        for week in range(5)
        for n, day in enumerate((1, 1.99, 3, 3.99, 5))
    ]
    window = Window(since=at(7, hours=hours), until=at(35, hours=hours))
    assert "days with a deployment in a week (3)" in figure("deployment_frequency", days, window=window).definition


def test_deployments_outside_the_window_do_not_count_in_it() -> None:
    """The end itself is already the next window's."""
    days = [-1, 0, 5, 6, 7, 8, 28, 29]
    assert figure("deployment_frequency", [deployed(n, sha(n), at(day)) for n, day in enumerate(days)]).n == 5


def test_no_deployment_ever_reported_differs_from_none_in_the_window() -> None:
    """One is a missing webhook, the other a quiet month."""
    never = figure("deployment_frequency", change(1, at(1)))
    quiet = figure("deployment_frequency", [deployed(1, sha("a"), at(-20))])
    assert "ever reported" in never.missing
    assert "deployment_status" in never.missing
    assert quiet.missing.startswith("insufficient data: 0 deployments")


# How long a change takes


def test_lead_time_is_the_median_over_changes_from_the_first_commit_to_the_deployment() -> None:
    """Of six, the mean of the third and the fourth."""
    told = figure("change_lead_time", shipped(1, 2, 3, 5, 20, 30))
    assert (told.value, told.unit, told.n, told.tier) == (4 * 24, "hours", 6, "high")


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0.99, "elite"), (1.01, "high"), (6.99, "high"), (7.01, "medium"), (29.9, "medium"), (30.1, "low")],
)
def test_a_day_a_week_and_a_month_part_the_lead_times(days: float, expected: str) -> None:
    """DORA's bounds of 2023."""
    assert figure("change_lead_time", shipped(*[days] * 5)).tier == expected


def test_lead_time_counts_changes_and_not_deployments() -> None:
    """A mean of each deployment's mean would weigh a lonely change like nine that came together."""
    events = flat(*(change(number, at(3), authored=at(2)) for number in range(1, 10)), deployed(1, trunk(9), at(4)))
    events += flat(change(10, at(5), authored=at(-25)), deployed(2, trunk(10), at(6)))
    told = figure("change_lead_time", events)
    assert (told.n, told.value) == (10, 48.0)


def test_the_first_deployment_counts_with_its_changes() -> None:
    """It is the only one there is."""
    events = flat(*(change(number, at(number)) for number in range(1, 6)), deployed(1, trunk(5), at(6)))
    assert figure("change_lead_time", events).n == 5


def test_what_lead_time_could_not_count_is_said() -> None:
    """Each kind of gap with its number: nothing is lost in silence."""
    events = shipped(*[1.0] * 5)
    events += flat(
        pull(6, "pr_merged", at(9)),
        change(7, at(9.5), author=LINTER),
        change(8, at(10), merge_sha=None),
        change(9, at(26)),
        change(10, at(27), author=LINTER),
        change(11, at(-3)),
        [deployed(100, trunk(7), at(11)), deployed(101, sha("?"), at(12))],
    )
    events += change(6, at(9))[3:]
    told = figure("change_lead_time", events)
    assert told.n == 5
    assert told.missing == (
        "1 change whose first commit was never seen; the content of 1 deployment, whose commits are not known; "
        "2 merged and not yet deployed; 1 by bots"
    )


def test_many_changes_of_few_deployments_say_how_few() -> None:
    """Five changes that went out at once are one observation of how a team delivers."""
    events = flat(*(change(number, at(number)) for number in range(1, 6)), deployed(1, trunk(5), at(6)))
    assert "it rests on 1 deployment only" in figure("change_lead_time", events).missing
    assert not figure("change_lead_time", shipped(*[1.0] * 5)).missing


def test_programs_changes_do_not_make_a_team_look_fast() -> None:
    """They are merged within minutes, and are said to be left out."""
    quick = [change(number, at(10, hours=number), authored=at(10), author=LINTER) for number in range(6, 12)]
    told = figure("change_lead_time", shipped(4, 4, 4, 4, 4), *quick, [deployed(99, trunk(11), at(11))])
    assert (told.value, told.n) == (96.0, 5)
    assert "6 by bots" in told.missing


def test_a_commit_of_a_clock_that_runs_ahead_makes_nothing_negative() -> None:
    """Somebody's laptop lives next week: that change is left out, and said to be."""
    events = [*shipped(1, 1, 1, 1, 1), *change(6, at(8), authored=at(12), opened=at(7.5)), deployed(6, trunk(6), at(9))]
    told = figure("change_lead_time", events)
    assert (told.value, told.n) == (24.0, 5)
    assert "1 whose first commit is dated after its deployment" in told.missing


def test_a_deployment_before_the_window_keeps_its_changes() -> None:
    """They were delivered then, and are not delivered again."""
    events = shipped(*[1.0] * 6, start=-2)
    assert figure("change_lead_time", events).n == 5
    assert figure("change_lead_time", events, window=Window(since=at(-7), until=at(28))).n == 6


# How often it fails


def test_a_deployment_that_failed_for_several_reasons_failed_once() -> None:
    """A join counts it for each, and reports 120 per cent."""
    events = shipped(*[1.0] * 5)
    events += flat(
        *(incident(f"OPS-{number}", at(7, hours=number), resolved=at(8)) for number in range(1, 6)),
        change(6, at(9), text="Reverts #5"),
        deployed(6, trunk(6), at(10)),
    )
    told = figure("change_fail_rate", events)
    assert (told.value, told.n, told.tier) == (round(1 / 6, 4), 6, "low")


def test_the_fail_rate_says_by_what_kind_of_link() -> None:
    """The most certain one for each deployment; a guess is called one."""
    events = shipped(*[1.0] * 6)
    events += flat(
        incident("OPS-1", at(3.1), resolved=at(3.2)),
        incident("OPS-2", at(5.1), resolved=at(5.2)),
        incident("OPS-3", at(5.2), resolved=at(5.3), text="#3"),
        change(7, at(20), text="Reverts #3"),
        change(8, at(21), text="Reverts #4"),
    )
    told = figure("change_fail_rate", events)
    assert told.value == 0.5
    assert told.definition.endswith("(1 by incident, 1 by revert, 1 by same service incident)")


def test_a_revert_is_an_unplanned_deployment_and_not_a_failed_one() -> None:
    """What it repaired failed; it succeeded."""
    events = [*shipped(*[1.0] * 5), *change(6, at(9), text="Reverts #1"), deployed(6, trunk(6), at(10))]
    assert figure("deployment_rework_rate", events).value == round(1 / 6, 4)
    assert figure("change_fail_rate", events).value == round(1 / 6, 4)


def test_the_window_holds_the_deployments_that_failed_and_not_the_incidents() -> None:
    """An incident of a deployment of last month is last month's failure."""
    events = flat(
        *(deployed(n, sha(n), at(n)) for n in (2, 4, 6, 8, 10)),
        deployed(99, sha(99), at(-0.5)),
        incident("OPS-1", at(0.1)),
    )
    assert figure("change_fail_rate", events).value == 0.0
    assert figure("change_fail_rate", events, window=Window(since=at(-1), until=at(28))).value == round(1 / 6, 4)


@given(st.lists(st.booleans(), min_size=5, max_size=20))
def test_a_fail_rate_is_a_share_of_deployments(bad: list[bool]) -> None:
    """So many failed, of so many."""
    events = [deployed(n, sha(n), at(n)) for n in range(len(bad))]
    events += flat(*(incident(f"OPS-{n}", at(n, hours=1)) for n, failed in enumerate(bad) if failed))
    told = figure("change_fail_rate", events)
    assert (told.value, told.n) == (round(sum(bad) / len(bad), 4), len(bad))


@pytest.mark.parametrize("name", ["change_fail_rate", "deployment_rework_rate"])
def test_a_rate_without_any_deployment_says_that_none_was_ever_reported(name: str) -> None:
    """And with enough of them it has nothing to excuse."""
    assert "ever reported" in figure(name, change(1, at(1))).missing
    assert figure(name, shipped(*[1.0] * 5)).missing == ""


# How long it takes to recover


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.9, "elite"), (1.1, "high"), (23.9, "high"), (24.1, "medium"), (167, "medium"), (169, "low")],
)
def test_an_hour_a_day_and_a_week_part_the_recovery_times(hours: float, expected: str) -> None:
    """DORA's bounds of 2023."""
    events = [deployed(n, sha(n), at(4 * n)) for n in range(5)]
    events += flat(*(incident(f"OPS-{n}", at(4 * n, hours=0.5), resolved=at(4 * n, hours=hours)) for n in range(5)))
    assert figure("failed_deployment_recovery_time", events).tier == expected


def test_recovery_is_from_the_deployment_to_service_restored() -> None:
    """Not from when somebody noticed; and the median of an even number is the mean of the middle two."""
    events = [deployed(n, sha(n), at(n)) for n in range(1, 7)]
    for n, hours in zip(range(1, 7), (1, 2, 4, 6, 9, 20), strict=True):
        events += incident(f"OPS-{n}", at(n, hours=0.5), resolved=at(n, hours=hours))
    told = figure("failed_deployment_recovery_time", events)
    assert (told.value, told.unit, told.n, told.tier) == (5.0, "hours", 6, "high")


def test_a_failure_that_is_not_over_is_said_and_not_counted_as_quick() -> None:
    """Nor as endless."""
    events = [deployed(n, sha(n), at(n)) for n in range(1, 7)]
    for n in range(1, 6):
        events += incident(f"OPS-{n}", at(n, hours=0.5), resolved=at(n, hours=2))
    events += incident("OPS-6", at(6, hours=0.5))
    told = figure("failed_deployment_recovery_time", events)
    assert (told.value, told.n, told.missing) == (2.0, 5, "1 not restored yet")


def test_recovery_ends_where_the_most_certain_link_says() -> None:
    """The incident that names its cause was over before the revert was deployed."""
    events = shipped(*[1.0] * 5)
    for number in range(1, 6):
        events += incident(
            f"OPS-{number}", at(2 + number, hours=1), resolved=at(2 + number, hours=3), text=f"#{number}"
        )
        events += change(number + 5, at(20 + number), text=f"Reverts #{number}")
        events.append(deployed(number + 5, trunk(number + 5), at(20 + number, hours=1)))
    assert figure("failed_deployment_recovery_time", events).value == 3.0


# Figures and windows


def test_a_window_cannot_be_answered_from_the_answers_of_its_parts() -> None:
    """Averages of averages: the month's median is neither the mean nor the median of its weeks'."""
    leads = [1, 1, 1, 1, 1, 9, 9, 9, 9, 9, 9, 9]
    events = shipped(*leads, start=-1)
    weeks = [figure("change_lead_time", events, window=Window(since=at(a), until=at(a + 6))).value for a in (0, 6)]
    known = [value for value in weeks if value is not None]
    month = figure("change_lead_time", events)
    assert month.n == 12
    assert month.value == median(leads) * 24
    assert month.value not in {fmean(known), median(known)}


def test_the_last_evening_of_a_month_is_counted_by_utc() -> None:
    """23:30 in Helsinki on the last day is in; half past midnight in Helsinki on the first day is not."""
    days = [deployed(n, sha(n), at(n)) for n in range(10, 15)]
    late = Window.model_validate({"since": "2026-03-02T00:00:00Z", "until": "2026-03-30T00:00:00Z"})
    for moment, n in (
        ("2026-03-29T23:30:00+02:00", 6),
        ("2026-03-02T00:30:00+02:00", 5),
        ("2026-03-29T23:30:00-05:00", 5),
    ):
        extra = deployed(99, sha(99), at(0)).model_dump()
        extra["occurred_at"] = extra["body"]["finished_at"] = moment
        assert figure("deployment_frequency", [*days, Event.model_validate(extra)], window=late).n == n
