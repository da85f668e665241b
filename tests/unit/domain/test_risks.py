"""What a lead should worry about, each with the facts that make it one, and nothing to worry about otherwise."""

from itertools import combinations
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import Deployed, Failure
from domain.metrics import Metric, Tier
from domain.risks import absence_factor, failures, knowledge_risk, load_risks, metric_risks, silence_risk, work_risks
from domain.work import Load, WorkItem
from tests.unit.domain.builders import at

NAMES = {"ada": "Ada Lovelace", "grace": "Grace Hopper", "mary": "Mary Somerville"}
SHARES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 50), max_size=8)


@given(SHARES)
def test_the_absence_factor_is_the_fewest_people_who_made_half(commits: dict[str, int]) -> None:
    """CHAOSS's contributor absence factor, compared with trying everybody."""
    half = sum(commits.values()) / 2
    sizes = range(1, len(commits) + 1)
    fewest = (k for k in sizes if any(sum(chosen) >= half for chosen in combinations(commits.values(), k)))
    assert absence_factor(commits) == next(fewest, 0)


@pytest.mark.parametrize(
    ("commits", "factor"), [({}, 0), ({"ada": 1}, 1), ({"ada": 5, "grace": 5}, 1), ({"a": 4, "b": 3, "c": 3}, 2)]
)
def test_half_is_enough_for_the_absence_factor(commits: dict[str, int], factor: int) -> None:
    """Exactly half counts as half."""
    assert absence_factor(commits) == factor


def test_a_project_that_one_person_knows_is_at_risk_and_says_who() -> None:
    """The share and the number it is of are in the text."""
    risk = knowledge_risk({"ada": 18, "grace": 2}, NAMES)
    assert risk
    assert (risk.kind, risk.severity) == ("single_point_of_knowledge", "high")
    assert risk.text == "Ada Lovelace made 18 of 20 human commits (90%)"
    assert risk.evidence[0].source == "ada"


@pytest.mark.parametrize(
    "commits", [{}, {"ada": 9}, {"ada": 15, "grace": 5}, {"ada": 7, "grace": 7, "mary": 6}], ids=str
)
def test_shared_knowledge_and_too_little_history_are_no_risk(commits: dict[str, int]) -> None:
    """Nine commits say nothing of who knows a project."""
    assert knowledge_risk(commits, NAMES) is None


@pytest.mark.parametrize(
    "commits", [{"ada": 10}, {"ada": 8, "grace": 2}, {"ada": 80, "grace": 10, "mary": 10}], ids=str
)
def test_four_of_five_commits_of_ten_are_one_persons_project(commits: dict[str, int]) -> None:
    """From exactly there on."""
    assert knowledge_risk(commits, NAMES)


def test_a_main_contributor_without_time_is_a_risk_and_one_of_unknown_time_is_not() -> None:
    """Unknown is neither free nor busy."""
    loads = {"ada": Load(availability=0.0, because="away until 2026-04-01"), "grace": Load(availability=0.5)}
    risks = load_risks({**loads, "mary": Load()}, NAMES)
    assert [(risk.kind, risk.evidence[0].source) for risk in risks] == [("overloaded_key_person", "ada")]
    assert risks[0].text == "Ada Lovelace is a main contributor and has no time left (away until 2026-04-01)"
    assert load_risks({"ada": Load(availability=0.1)}, NAMES)
    assert not load_risks({"ada": Load(availability=0.11)}, NAMES)


def item(
    key: str,
    kind: Literal["issue", "pull_request"],
    status: str,
    days: float,
    **fields: Any,
) -> WorkItem:
    """Work that last moved so many days after the beginning."""
    return WorkItem(
        kind=kind, key=key, project=None, title="Do", status=status, category="doing",
        created_at=at(), updated_at=at(days), **fields,
    )  # fmt: skip


def test_urgent_work_that_is_blocked_is_a_risk() -> None:
    """However the tracker writes priority and status."""
    items = [
        item("A-1", "issue", "Blocked", 0, priority="High"),
        item("A-2", "issue", "On Hold", 0, priority="P0"),
        item("A-3", "issue", "Blocked", 0, priority="Low"),
        item("A-4", "issue", "Blocked", 0),
        item("A-5", "issue", "In Progress", 0, priority="Highest"),
    ]
    (risk,) = work_risks(items, at(1), {})
    assert (risk.kind, risk.severity, risk.text) == ("blocked_urgent_issues", "high", "2 urgent issues are blocked")
    assert [fact.source for fact in risk.evidence] == ["A-1", "A-2"]


def test_pull_requests_that_nobody_moves_are_a_risk_and_the_oldest_are_shown() -> None:
    """A fortnight to the moment is not yet stale; issues may rest."""
    items = [item(f"#{day}", "pull_request", "open", day) for day in range(9)]
    items += [item("#fresh", "pull_request", "open", 10), item("A-1", "issue", "To Do", 0)]
    (risk,) = work_risks(items, at(22), {})
    assert risk.text == "8 open pull requests have not moved for 14 days"
    assert [fact.source for fact in risk.evidence] == ["#0", "#1", "#2", "#3", "#4"]


def test_stuck_work_says_whose_it_is_and_whom_it_waits_for() -> None:
    """A lead's next question is whom to ask; people that nobody can name are left out."""
    names = {"github:1": "Ada Lovelace", "github:2": "Grace Hopper"}
    items = [
        item("A-1", "issue", "Blocked", 0, priority="High", assignee="github:1"),
        item("A-2", "issue", "Blocked", 0, priority="High", assignee="github:9"),
        item("#1", "pull_request", "open", 0, author="github:1", reviewers=("github:9", "github:2")),
        item("#2", "pull_request", "open", 1, author="github:9"),
    ]
    blocked, stale = work_risks(items, at(20), names)
    assert [fact.text for fact in blocked.evidence] == [
        "A-1 Do (High, Blocked, assigned to Ada Lovelace)",
        "A-2 Do (High, Blocked, assigned to nobody known)",
    ]
    assert [fact.text for fact in stale.evidence] == [
        "#1 Do (by Ada Lovelace, unmoved for 20 days, waits for Grace Hopper)",
        "#2 Do (unmoved for 19 days)",
    ]


def deployed(number: int, *failures: Failure) -> Deployed:
    return Deployed(
        deployment_id=str(number), sha="c0ffee" * 7, requested_at=at(), finished_at=at(number), contains=(),
        failures=failures,
    )  # fmt: skip


def test_failed_deployments_are_shown_with_the_reason_they_count_as_failed() -> None:
    """The latest first; those that went well are not there."""
    down = Failure(kind="incident", evidence="OPS-1", restored_at=None)
    undone = Failure(kind="revert", evidence="#8 reverts #7", restored_at=None)
    told = failures([deployed(1, undone), deployed(2), deployed(3, down, undone)])
    assert [fact.text for fact in told] == [
        "deployment 3 of c0ffeec0ff failed: incident OPS-1, #8 reverts #7",
        "deployment 1 of c0ffeec0ff failed: #8 reverts #7",
    ]


def figure(name: str, rated: Tier | None, value: float | None = 0.4, n: int = 20) -> Metric:
    return Metric(name=name, value=value, unit="", n=n, window="", definition="", tier=rated)


def test_figures_are_a_risk_when_they_are_bad_and_known() -> None:
    """The text gives the figure and the number that it rests on."""
    risks = metric_risks(
        [
            figure("change_fail_rate", "low"),
            figure("failed_deployment_recovery_time", "medium", 30.4),
            figure("change_lead_time", "low", 900.0),
            figure("change_fail_rate", "medium", 0.2, 5),
        ],
        [],
    )
    assert [(risk.kind, risk.severity, risk.text) for risk in risks] == [
        ("failing_changes", "high", "40% of 20 deployments failed"),
        ("slow_recovery", "medium", "service is restored 30 h after a failed deployment (median of 20)"),
        ("failing_changes", "medium", "20% of 5 deployments failed"),
    ]


@pytest.mark.parametrize(
    "good",
    [
        figure("change_fail_rate", "elite"),
        figure("change_fail_rate", None, None, 3),
        figure("change_fail_rate", "low", 1, 4),
    ],
)
def test_a_figure_that_is_good_or_says_nothing_is_no_risk(good: Metric) -> None:
    """One failed deployment of one is an anecdote."""
    assert metric_risks([good], []) == []


def test_silence_over_open_work_is_a_risk_and_silence_over_none_is_peace() -> None:
    """A finished project may rest."""
    waiting = [item("A-1", "issue", "To Do", 0)]
    risk = silence_risk({}, 0, waiting, "2026-03-02 to 2026-03-30")
    assert risk
    assert "2026-03-02 to 2026-03-30, and 1 item is open" in risk.text
    assert silence_risk({}, 0, [], "") is None
    assert silence_risk({"ada": 1}, 0, waiting, "") is None
    assert silence_risk({}, 1, waiting, "") is None
