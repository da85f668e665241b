"""What explains delivery: how long reviews are waited for, the way of an issue, and of a sprint."""

from hypothesis import given
from hypothesis import strategies as st

from domain.events import Event
from domain.window import Window
from tests.unit.domain.builders import (
    ADA,
    GRACE,
    LINTER,
    at,
    change,
    issue,
    pull,
    reviewed,
    sprint,
)
from tests.unit.domain.figures import figure

# How long somebody waits for a review


def waited(*hours: float, reviewer: object = GRACE) -> list[Event]:
    """Pull requests that waited so long for their first review."""
    events: list[Event] = []
    for number, each in enumerate(hours, start=1):
        events += change(number, at(10 + number), opened=at(number))
        events.append(reviewed(number, at(number, hours=each)))
    return events


def test_pickup_is_the_median_wait_for_another_person() -> None:
    """A program answers within a minute, and the author talks to nobody."""
    events = waited(1, 2, 4, 6, 30, 60)
    for number in range(1, 7):
        events += [reviewed(number, at(number, hours=0.1), LINTER), reviewed(number, at(number, hours=0.2), ADA)]
    told = figure("review_pickup_time", events)
    assert (told.value, told.n, told.missing) == (5.0, 6, "")


def test_a_drafts_waiting_is_not_a_reviewers() -> None:
    """Three days as a draft and two hours of waiting are two hours."""
    events: list[Event] = []
    for number in range(1, 6):
        created = at(number)
        events += [
            pull(number, "pr_opened", created, draft=True),
            pull(number, "pr_ready", at(number + 3), created_at=created),
            pull(number, "pr_merged", at(number + 4), created_at=created),
            reviewed(number, at(number + 3, hours=2)),
        ]
    assert figure("review_pickup_time", events).value == 2.0


def test_what_was_merged_without_a_review_is_said() -> None:
    """It waited for nobody, which is not the same as not at all."""
    bots = [change(number, at(21), author=LINTER) for number in (7, 8)]
    told = figure("review_pickup_time", waited(1, 2, 3, 4, 5), change(6, at(20)), *bots, change(9, at(-2)))
    assert (told.value, told.n) == (3.0, 5)
    assert told.missing == "1 merged without any review by another person"


def test_only_reviews_in_the_window_of_changes_by_people_make_its_pickup() -> None:
    """What a program wrote waits for nobody's sake, and last month's reviews are last month's."""
    events = [*waited(1, 2, 3, 4, 5), *change(6, at(20), opened=at(10), author=LINTER), reviewed(6, at(15))]
    events += [*change(7, at(20), opened=at(-9)), reviewed(7, at(-1))]
    assert (figure("review_pickup_time", events).value, figure("review_pickup_time", events).n) == (3.0, 5)


# The way of an issue, and of a sprint


def test_cycle_time_counts_reopened_time_and_says_so() -> None:
    """From first in progress to last done."""
    events: list[Event] = []
    for number in range(1, 6):
        key = f"A-{number}"
        events += [issue(key, "todo", at(0)), issue(key, "doing", at(1)), issue(key, "done", at(2))]
    events += [issue("A-5", "doing", at(4)), issue("A-5", "done", at(6)), issue("A-6", "done", at(3))]
    told = figure("cycle_time", events)
    assert (told.value, told.n) == (24.0, 5)
    assert "1 were reopened, and that time counts" in told.definition
    assert told.missing == "1 that were never seen in progress"
    assert figure("cycle_time", events, window=Window(since=at(5), until=at(7))).n == 1


def test_time_spent_blocked_is_shown_beside_the_cycle_time() -> None:
    """The median alone would blame whoever waited."""
    events: list[Event] = []
    for number in range(1, 6):
        key = f"A-{number}"
        events += [issue(key, "doing", at(1), status="Blocked"), issue(key, "doing", at(2)), issue(key, "done", at(3))]
    told = figure("cycle_time", events)
    assert told.value == 48.0
    assert "120 h of it all were spent blocked" in told.definition


@given(st.lists(st.lists(st.integers(1, 13), max_size=6), min_size=1, max_size=4))
def test_velocity_is_a_mean_over_sprints_of_sums_over_issues(sprints: list[list[int]]) -> None:
    """A mean of means would make a sprint with many small issues a poor one; an empty one counts as empty."""
    events: list[Event] = []
    for number, points in enumerate(sprints):
        name, start = str(number), 7 * number
        events.append(sprint(name, at(start), at(start + 6)))
        events.append(issue(f"open-{name}", "doing", at(start - 0.5), points=40, sprints=(name,)))
        for which, each in enumerate(points):
            fields = {"points": each, "sprints": (name,)}
            events.append(issue(f"A-{name}-{which}", "doing", at(start - 0.5), **fields))
            events.append(issue(f"A-{name}-{which}", "done", at(start + 1), **fields))
    told = figure("velocity", events)
    assert (told.n, told.value) == (len(sprints), round(sum(map(sum, sprints)) / len(sprints), 1))


def test_velocity_shows_added_scope_apart_and_needs_one_closed_sprint() -> None:
    """A sprint is itself a sum over many issues."""
    events = [sprint("7", at(0), at(14)), issue("A-1", "doing", at(3), points=5, sprints=("7",))]
    events += [issue("A-1", "done", at(4), points=5, sprints=("7",))]
    told = figure("velocity", events)
    assert (told.value, told.n, told.missing) == (5.0, 1, "")
    assert "5 points were added after a start" in told.definition
    assert (
        figure("velocity", [sprint("7", at(0), None)]).missing == "no sprint of this project was closed in the window"
    )
