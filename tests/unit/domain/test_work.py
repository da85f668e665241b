"""What is on somebody's desk, and what that leaves of their time."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events import Source
from domain.events.work import StatusCategory
from domain.people import Identity, Person, Terms
from domain.work import AVAILABILITY_DEFINITION, CAPACITY, QUIET_AFTER, Load, WorkItem, load_of
from tests.unit.domain.builders import at, github, jira, signature

HERS = ("github:101", "jira:5f1")


def ada(*accounts: Identity, **terms: Any) -> Person:
    return Person(id="ada", name="Ada", identities=accounts or (github(101, "ada"), jira("5f1")), terms=Terms(**terms))


def item(
    kind: Literal["issue", "pull_request"],
    category: StatusCategory = "doing",
    **fields: Any,
) -> WorkItem:
    return WorkItem(
        kind=kind, key="X", project=None, title="", status="", category=category, created_at=at(), updated_at=at(),
        **fields,
    )  # fmt: skip


def desk(issues: int = 0, reviews: int = 0, pulls: int = 0) -> list[WorkItem]:
    """So much of Ada's work, on either of her accounts."""
    return [
        *(item("issue", assignee=HERS[number % 2]) for number in range(issues)),
        *(item("pull_request", author="github:102", reviewers=("github:103", HERS[0])) for _ in range(reviews)),
        *(item("pull_request", author=HERS[0]) for _ in range(pulls)),
    ]


def free(items: list[WorkItem], **terms: Any) -> float | None:
    return load_of(ada(**terms), items, at(), at()).availability


@pytest.mark.parametrize(
    ("issues", "reviews", "pulls", "left"),
    [
        (0, 0, 0, 1.0),
        (2, 0, 0, 0.75),
        (0, 2, 0, 0.88),
        (0, 0, 2, 0.88),
        (3, 2, 2, 0.38),
        (8, 0, 0, 0.0),
        (40, 9, 9, 0.0),
    ],
)
def test_availability_is_what_the_definition_says(issues: int, reviews: int, pulls: int, left: float) -> None:
    """One minus the load over the capacity, within 0 and 1: the definition is shown beside the number."""
    assert free(desk(issues, reviews, pulls)) == left
    assert f"{CAPACITY:g} x allocation" in AVAILABILITY_DEFINITION


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.floats(0, 1))
def test_more_work_never_leaves_more_time(issues: int, reviews: int, pulls: int, allocation: float) -> None:
    """Whatever somebody's share of full time."""
    before = free(desk(issues, reviews, pulls), allocation=allocation)
    assert before is not None
    for more in (desk(issues + 1, reviews, pulls), desk(issues, reviews + 1, pulls), desk(issues, reviews, pulls + 1)):
        after = free(more, allocation=allocation)
        assert after is not None
        assert 0 <= after <= before <= 1


def test_half_the_time_is_full_with_half_the_work() -> None:
    """And the answer says that it was taken into account."""
    load = load_of(ada(allocation=0.5), desk(issues=2), at(), at())
    assert load.availability == 0.5
    assert load.because.endswith("allocated 50%")
    assert free(desk(), allocation=0.0) == 0.0


def test_nobody_has_time_while_away() -> None:
    """Until the last moment of it, and with the day of their return."""
    assert load_of(ada(away_until=at(3)), [], at(), at()).because.startswith("away until 2026-03-05")
    assert free([], away_until=at(3)) == 0.0
    assert free([], away_until=at(0)) == 1.0


def test_work_that_is_done_or_somebody_elses_weighs_nothing() -> None:
    """The list may hold a whole team's work."""
    items = [
        item("issue", "done", assignee=HERS[0]),
        item("issue", assignee="github:102"),
        item("issue"),
        item("pull_request", "done", author=HERS[0]),
        item("pull_request", author="github:102", reviewers=("github:103",)),
    ]
    assert load_of(ada(), items, at(), at()) == load_of(ada(), [], at(), at())


def test_the_parts_of_a_load_are_shown() -> None:
    """A number that nobody can check is believed by nobody."""
    load = load_of(ada(), desk(issues=2, reviews=1, pulls=3), at(), at())
    assert (len(load.issues), len(load.reviews), len(load.pull_requests)) == (2, 1, 3)
    assert load.because == "2 open issues, 1 review asked for, 3 own open pull requests"


def test_somebody_known_only_from_git_has_unknown_time_and_not_all_of_it() -> None:
    """Git says nothing of assigned work: an empty desk there is no free time."""
    load = load_of(ada(signature("Ada", "ada@acme.dev")), [], at(), at())
    assert load.availability is None
    assert "unknown" in load.because
    tracked = load_of(ada(signature("Ada", "ada@acme.dev"), jira("5f1")), [], at(), at())
    assert tracked.availability == 1.0


def test_a_leave_that_a_roster_tells_counts_for_somebody_from_git_too() -> None:
    """Away is away."""
    person = ada(Identity(source=Source.GIT, external_id="Ada <a@b.dev>"), away_until=at(1))
    assert load_of(person, [], at(), at()) == Load(availability=0.0, because=load_of(person, [], at(), at()).because)


def test_an_empty_desk_after_long_silence_is_no_free_time() -> None:
    """People leave, and no source says so: their accounts just go quiet."""
    long_ago = at() - QUIET_AFTER - timedelta(days=1)
    assert load_of(ada(), [], at(), long_ago).availability is None
    assert "nothing was seen of them since" in load_of(ada(), [], at(), long_ago).because
    assert load_of(ada(), [], at(), None).because.endswith("ever")
    assert load_of(ada(), [], at(), at() - QUIET_AFTER).availability == 1.0
    assert load_of(ada(), desk(issues=2), at(), long_ago).availability == 0.75
