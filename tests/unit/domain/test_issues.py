"""The way of issues to done: where it begins, where it ends, and what sprints made of it."""

from collections.abc import Iterable

import pytest

from domain.delivery import Delivery, IssueFlow, SprintResult, read_delivery
from domain.events import Event
from tests.unit.domain.builders import at, deployed, flat, incident, issue, sha, sprint


def read(*parts: Event | Iterable[Event]) -> Delivery:
    return read_delivery(flat(*parts))


def the_flow(*parts: Event | Iterable[Event]) -> IssueFlow | None:
    """The way of the only issue."""
    return next(iter(read(*parts).flows), None)


def the_sprint(*parts: Event | Iterable[Event]) -> SprintResult:
    """The result of the only closed sprint."""
    (result,) = read(*parts).sprints
    return result


def test_an_issue_is_on_its_way_from_its_first_work_to_done() -> None:
    """Waiting in a backlog is nobody's cycle time."""
    told = the_flow(issue("A-1", "todo", at(0)), issue("A-1", "doing", at(5)), issue("A-1", "done", at(8)))
    assert told
    assert (told.started_at, told.done_at, told.reopened) == (at(5), at(8), 0)


def test_a_reopened_issue_ends_when_it_was_last_done_and_the_time_between_counts() -> None:
    """A well-known tool stops at the first resolution, and rewards closing early."""
    told = the_flow(
        issue("A-1", "doing", at(1)),
        issue("A-1", "done", at(2)),
        issue("A-1", "doing", at(6)),
        issue("A-1", "done", at(9)),
    )
    assert told
    assert (told.started_at, told.done_at, told.reopened) == (at(1), at(9), 1)


def test_an_issue_that_is_reopened_now_is_not_done() -> None:
    """Whatever it was once."""
    assert the_flow(issue("A-1", "doing", at(1)), issue("A-1", "done", at(2)), issue("A-1", "todo", at(3))) is None


def test_an_edit_after_the_end_does_not_move_the_end() -> None:
    """Somebody adds a label to a done issue in spring."""
    told = the_flow(
        issue("A-1", "doing", at(1)), issue("A-1", "done", at(2)), issue("A-1", "done", at(80), labels=("x",))
    )
    assert told
    assert told.done_at == at(2)


def test_an_issue_that_was_never_seen_in_work_has_no_beginning() -> None:
    """GitHub's issues have no such state; it is unknown, and not zero."""
    told = the_flow(issue("A-1", "todo", at(0)), issue("A-1", "done", at(4)))
    assert told
    assert told.started_at is None


@pytest.mark.parametrize("status", ["Blocked", "On Hold", "IMPEDED"])
def test_time_spent_blocked_is_told_apart(status: str) -> None:
    """It is in the cycle time, and it is not work."""
    told = the_flow(
        issue("A-1", "doing", at(1)),
        issue("A-1", "doing", at(2), status=status),
        issue("A-1", "doing", at(4)),
        issue("A-1", "done", at(5)),
    )
    assert told
    assert told.blocked_seconds == 2 * 86_400


def test_a_deleted_issue_was_never_there() -> None:
    """It was a mistake, or a secret."""
    deleted = issue("A-1", "done", at(5), type="issue_deleted")
    assert the_flow(issue("A-1", "doing", at(1)), issue("A-1", "done", at(2)), deleted) is None


def test_states_count_in_the_order_of_their_own_time() -> None:
    """Webhooks overtake each other; the last to arrive is not the last to have happened."""
    told = the_flow(issue("A-1", "done", at(8)), issue("A-1", "todo", at(0)), issue("A-1", "doing", at(5)))
    assert told
    assert (told.started_at, told.done_at) == (at(5), at(8))


def test_service_is_restored_when_an_incident_was_resolved() -> None:
    """As the tracker has it, or as it was first seen done."""
    life = [deployed(1, sha("a"), at(1)), *incident("OPS-1", at(1.5), resolved=at(2))]
    assert read(life).deployments[0].failures[0].restored_at == at(2)
    untold = [
        deployed(1, sha("a"), at(1)),
        *incident("OPS-1", at(1.5)),
        issue("OPS-1", "done", at(3), kind="incident", created_at=at(1.5)),
    ]
    assert read(untold).deployments[0].failures[0].restored_at == at(3)


def test_an_incident_that_goes_on_has_restored_nothing() -> None:
    """Open is not zero."""
    assert read(deployed(1, sha("a"), at(1)), incident("OPS-1", at(1.5))).deployments[0].failures[0].restored_at is None


def member(key: str, points: float | None, joined: float, done: float | None, *sprints: str) -> list[Event]:
    """An issue of so many points that came into its sprint on one day and was done on another."""
    fields = {"points": points, "sprints": sprints or ("7",)}
    begun = issue(key, "doing", at(joined), **fields)
    return [begun] if done is None else [begun, issue(key, "done", at(done), **fields)]


def test_a_sprint_completed_the_points_of_what_was_done_in_it() -> None:
    """Not what was done before or after, and not what is still open."""
    told = the_sprint(
        sprint("7", at(0), at(14)),
        member("A-1", 3, -1, 2),
        member("A-2", 5, -1, 14),
        member("A-3", 8, -1, 15),
        member("A-4", 13, -1, None),
        member("A-5", 2, -3, -2),
        member("A-6", None, -1, 3),
    )
    assert (told.completed_points, told.added_points, told.completed_at) == (8, 0, at(14))


def test_what_came_into_a_sprint_after_its_start_is_shown_apart() -> None:
    """Completed or not; it is scope that nobody had planned."""
    told = the_sprint(
        sprint("7", at(0), at(14)), member("A-1", 3, -1, 2), member("A-2", 5, 3, 9), member("A-3", 1, 4, None)
    )
    assert (told.completed_points, told.added_points) == (8, 6)


def test_an_issue_that_was_carried_over_counts_in_the_sprint_in_which_it_was_done() -> None:
    """Jira keeps every sprint that it was ever in."""
    events = flat(
        sprint("7", at(0), at(14)),
        sprint("8", at(14.5), at(28)),
        member("A-1", 5, -1, 20, "7", "8"),
        member("A-2", 1, -1, 3),
    )
    assert [(told.sprint_id, told.completed_points) for told in read(events).sprints] == [("7", 1), ("8", 5)]


def test_a_sprint_that_is_not_closed_has_no_result() -> None:
    """Half of it says nothing of the whole."""
    assert read(sprint("7", at(0), None), member("A-1", 3, -1, 2)).sprints == ()


def test_a_sprint_without_an_issue_of_this_project_is_another_ones() -> None:
    """A sprint belongs to a board, and a board may show several projects."""
    assert read(sprint("7", at(0), at(14)), member("A-1", 3, -1, 2, "8")).sprints == ()


def test_a_sprint_is_only_ever_closed_once() -> None:
    """A late word from while it ran does not open it again."""
    closed, late = sprint("7", at(0), at(14)), sprint("7", at(0), None, told=at(15))
    assert the_sprint(closed, late, member("A-1", 3, -1, 2)).completed_points == 3
