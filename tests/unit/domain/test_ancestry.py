"""Which commits contain which others, from what pushes and commits tell, with whatever they leave out."""

from hypothesis import given
from hypothesis import strategies as st

from domain.delivery.ancestry import Ancestry
from domain.events import PullRequest
from tests.unit.domain.builders import at, change, committed, flat, landed, pull, pushed, sha, trunk


def nothing(_: str) -> bool:
    return False


def merged(merge_sha: str | None = trunk(1)) -> PullRequest:
    """Pull request 1 as it was merged on the third day."""
    told = pull(1, "pr_merged", at(3), merge_sha=merge_sha).body
    assert isinstance(told, PullRequest)
    return told


def test_a_push_tells_a_line_of_commits_even_where_parents_are_not_told() -> None:
    """GitHub's push lists what came in, and not what it stands on."""
    ancestry = Ancestry([landed(1, at(1)), landed(2, at(2)), landed(3, at(3))])
    assert ancestry.reach([trunk(3)], nothing) >= {trunk(1), trunk(2), trunk(3)}
    assert trunk(3) not in ancestry.reach([trunk(2)], nothing)


def test_walking_back_stops_where_it_is_told_to() -> None:
    """What an earlier deployment contained is not looked at again."""
    ancestry = Ancestry([landed(1, at(1)), landed(2, at(2)), landed(3, at(3))])
    assert ancestry.reach([trunk(3)], {trunk(1)}.__contains__) == {trunk(3), trunk(2)}
    assert ancestry.reach([trunk(1)], {trunk(1)}.__contains__) == set()


def test_only_what_was_told_of_is_known() -> None:
    """A commit that is merely named as a parent has no known content."""
    ancestry = Ancestry([landed(1, at(1))])
    assert ancestry.knows(trunk(1))
    assert not ancestry.knows(trunk(0))


def test_a_true_parent_and_the_order_of_a_push_hold_together() -> None:
    """A clone tells the parents that a webhook left out."""
    ancestry = Ancestry([landed(2, at(2)), committed(trunk(2), at(2), trunk(1), sha("side"))])
    assert set(ancestry.parents[trunk(2)]) == {trunk(1), sha("side")}


def test_a_pull_requests_commits_are_what_was_pushed_to_its_branch() -> None:
    """Also when it was squashed and none of them is on the trunk."""
    branch = pushed("branch-1", (sha("first"), at(1)), (sha("head 1"), at(2)), when=at(2))
    assert Ancestry([branch, landed(1, at(3))]).commits_of(merged()) == {sha("first"), sha("head 1")}


def test_what_came_into_a_branch_from_the_trunk_is_not_its_own() -> None:
    """Updating a branch must not make it as old as what it was updated with."""
    old = pushed("main", (sha("old"), at(-30)), when=at(0))
    branch = pushed("branch-1", (sha("mine"), at(1)), (sha("old"), at(-30)), (sha("head 1"), at(2)), when=at(2))
    assert sha("old") not in Ancestry([old, branch]).commits_of(merged())


def test_the_commits_of_a_true_merge_are_its_own_although_they_are_on_the_trunk_now() -> None:
    """They came there with the merge itself, a moment before or after GitHub wrote down the time."""
    branch = pushed("branch-1", (sha("first"), at(1)), (sha("head 1"), at(2)), when=at(2))
    merge = pushed(
        "main", (sha("first"), at(1)), (sha("head 1"), at(2)), (trunk(1), at(3)), when=at(3), before=trunk(0)
    )
    assert Ancestry([branch, merge]).commits_of(merged()) == {sha("first"), sha("head 1")}


def test_a_true_merge_tells_its_commits_where_no_push_to_the_branch_was_seen() -> None:
    """A clone alone is enough, if nothing was squashed."""
    history = [
        committed(sha("base"), at(0)),
        committed(sha("on trunk"), at(1), sha("base")),
        committed(sha("first"), at(1), sha("base")),
        committed(sha("head 1"), at(2), sha("first")),
        committed(trunk(1), at(3), sha("on trunk"), sha("head 1")),
    ]
    assert Ancestry(history).commits_of(merged()) == {sha("first"), sha("head 1")}


def test_a_pull_request_of_which_nothing_was_seen_has_no_known_commits() -> None:
    """Unknown is not taken for the merge commit's own time."""
    assert Ancestry([]).commits_of(merged()) == set()
    assert Ancestry([]).commits_of(merged(merge_sha=None)) == set()


def test_a_merge_commit_of_which_no_parent_is_told_is_no_crash() -> None:
    """A webhook's commit names no parents, and its push may fall out of what was read."""
    assert Ancestry([committed(trunk(1), at(3))]).commits_of(merged()) == set()
    assert Ancestry([pushed("main", (trunk(1), at(3)), when=at(3))]).commits_of(merged()) == set()


def test_a_rewritten_branch_is_no_crash_and_no_endless_walk() -> None:
    """A forced push may bring a commit back that it had thrown away, and then everything contains everything."""
    there = pushed("branch-1", (sha("a"), at(1)), (sha("head 1"), at(1)), when=at(1))
    back = pushed("branch-1", (sha("head 1"), at(1)), (sha("a"), at(1)), when=at(2), before=sha("head 1"))
    assert Ancestry([there, back]).commits_of(merged()) == {sha("a"), sha("head 1")}


def test_a_history_of_a_hundred_thousand_commits_is_walked_without_recursion() -> None:
    """An old repository has as many."""
    names = [f"{number:040x}" for number in range(100_000)]
    ancestry = Ancestry([pushed("main", *((name, at(0)) for name in names), when=at(0))])
    assert len(ancestry.reach([names[-1]], nothing)) == len(names)


@given(st.lists(st.integers(1, 6), unique=True, min_size=1))
def test_a_commit_contains_all_that_landed_before_it_however_it_was_merged(numbers: list[int]) -> None:
    """The trunk is one line."""
    ancestry = Ancestry(flat(*(change(number, at(number)) for number in range(1, 7))))
    newest = max(numbers)
    assert ancestry.reach([trunk(newest)], nothing) >= {trunk(number) for number in numbers}
