"""Pull requests, out of everything that was said of them: when they began, who looked first, what they take back."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.delivery import Change, Delivery, Pickup, read_delivery
from domain.events import Actor, Event, Source
from tests.unit.domain.builders import (
    ADA,
    GRACE,
    LINTER,
    at,
    change,
    committed,
    flat,
    pull,
    pushed,
    reviewed,
    sha,
    trunk,
)


def read(*parts: Event | Iterable[Event], bots: tuple[str, ...] = ()) -> Delivery:
    return read_delivery(flat(*parts), bots)


def the_change(*parts: Event | Iterable[Event], number: int = 1) -> Change:
    """The change of that number, of all that these events tell."""
    return next(each for each in read(*parts).changes if each.number == number)


def the_pickup(*parts: Event | Iterable[Event]) -> Pickup | None:
    return next(iter(read(*parts).pickups), None)


def test_a_change_is_a_pull_request_that_was_merged() -> None:
    """Open and rejected ones are not delivered."""
    events = flat(
        change(1, at(2)),
        pull(2, "pr_opened", at(1)),
        pull(3, "pr_opened", at(1)),
        pull(3, "pr_closed", at(2)),
    )
    told = read(events)
    assert [(each.number, each.merged_at, each.merge_sha) for each in told.changes] == [(1, at(2), trunk(1))]


def test_changes_stand_in_the_order_in_which_they_were_merged() -> None:
    """Whatever their numbers."""
    assert [each.number for each in read(change(1, at(5)), change(2, at(3)), change(3, at(4))).changes] == [2, 3, 1]


def test_a_change_begins_with_its_first_commit() -> None:
    """And not with the last one, the pull request or the squash."""
    branch = pushed("branch-1", (sha("first"), at(-3)), (sha("head 1"), at(0.5)), when=at(1))
    assert the_change(branch, change(1, at(2), authored=at(0.5), opened=at(1))).first_commit_at == at(-3)


def test_a_commit_that_was_authored_after_the_pull_request_opened_makes_nothing_negative() -> None:
    """A rebase or a squash writes new dates: the work began before, but nobody knows when."""
    told = the_change(change(1, at(2), opened=at(0), authored=at(1)))
    assert told.first_commit_at == at(1)
    assert told.opened_at < told.first_commit_at <= told.merged_at


def test_a_change_of_which_no_commit_was_seen_has_no_beginning() -> None:
    """Missing is missing, and not the moment at which it opened."""
    assert the_change(pull(1, "pr_opened", at(0)), pull(1, "pr_merged", at(2))).first_commit_at is None


def test_a_change_whose_merge_commit_is_not_told_is_still_there() -> None:
    """Well-known tools join on that commit, and lose it."""
    assert the_change(change(1, at(2), merge_sha=None)).merge_sha is None


def test_a_merge_is_final_whatever_is_said_in_the_same_second() -> None:
    """GitHub counts seconds: an approval and the merge that it sets off carry one time."""
    merged = pull(1, "pr_merged", at(2), created_at=at(0))
    for told in ("pr_updated", "pr_ready", "pr_closed", "pr_reopened"):
        still_open = pull(1, told, at(2), state="open", created_at=at(0))
        assert [each.number for each in read(merged, still_open).changes] == [1]


def test_what_is_said_after_the_merge_counts() -> None:
    """Somebody labels it a hotfix the day after."""
    labelled = pull(1, "pr_updated", at(3), state="merged", merged_at=at(2), merge_sha=trunk(1), labels=("hotfix",))
    assert the_change(change(1, at(2)), labelled).hotfix


def test_the_first_review_is_by_another_person() -> None:
    """Neither the author's own nor a program's: in some repositories a program is always first."""
    quick = Actor(source=Source.GITHUB, external_id="901", username="quickbot")
    told = read(
        change(1, at(4), opened=at(0)),
        reviewed(1, at(0.1), LINTER),
        reviewed(1, at(0.2), quick),
        reviewed(1, at(0.3), ADA),
        reviewed(1, at(1), GRACE),
        reviewed(1, at(2), GRACE),
        bots=(quick.key,),
    )
    assert told.changes[0].first_review_at == at(1)


def test_the_author_is_known_by_the_account_and_not_by_what_was_said_of_it() -> None:
    """One delivery tells a name or a new login that another leaves out."""
    same = ADA.model_copy(update={"name": "Ada Lovelace", "username": "ada-king"})
    told = the_change(change(1, at(4), opened=at(0)), reviewed(1, at(1), same), reviewed(1, at(2), GRACE))
    assert told.first_review_at == at(2)


def test_a_review_of_another_pull_request_is_not_its_review() -> None:
    """Numbers stand side by side in one log."""
    told = read(change(1, at(4)), change(2, at(5)), reviewed(2, at(4.5)))
    assert [each.first_review_at for each in told.changes] == [None, at(4.5)]


def test_a_pull_request_that_nobody_reviewed_has_no_first_review() -> None:
    """It was not reviewed in no time."""
    assert the_change(change(1, at(4))).first_review_at is None
    assert the_pickup(change(1, at(4))) is None


def test_an_authors_changes_are_told_from_a_programs() -> None:
    """Dependency updates would halve every median."""
    told = read(change(1, at(1)), change(2, at(2), author=LINTER), change(3, at(3), author=GRACE), bots=(GRACE.key,))
    assert [(each.author, each.bot) for each in told.changes] == [
        (ADA.key, False),
        (LINTER.key, True),
        (GRACE.key, True),
    ]


def test_a_pull_request_of_a_deleted_account_is_somebodys() -> None:
    """GitHub shows a ghost; the change was delivered all the same."""
    told = the_change(change(1, at(4), opened=at(0), author=None), reviewed(1, at(1), GRACE))
    assert (told.author, told.bot, told.first_review_at) == (None, False, at(1))


def draft(number: int, opened: datetime) -> Event:
    return pull(number, "pr_opened", opened, draft=True)


def test_waiting_as_a_draft_is_nobodys_delay() -> None:
    """Nobody was asked to look yet."""
    told = the_pickup(draft(1, at(0)), pull(1, "pr_ready", at(3), created_at=at(0)), reviewed(1, at(3.5)))
    assert told == Pickup(number=1, bot=False, ready_at=at(3), reviewed_at=at(3.5))


def test_what_became_ready_was_a_draft_even_if_its_opening_was_never_seen() -> None:
    """The webhook was set up in between; the waiting before that is still nobody's delay."""
    told = the_pickup(pull(1, "pr_ready", at(3), created_at=at(0)), reviewed(1, at(3.5)))
    assert told == Pickup(number=1, bot=False, ready_at=at(3), reviewed_at=at(3.5))


def test_a_pull_request_that_goes_back_to_being_a_draft_waits_from_when_it_is_ready_again() -> None:
    """The last time before somebody looked is when they were asked."""
    told = the_pickup(
        pull(1, "pr_opened", at(0)),
        pull(1, "pr_updated", at(1), draft=True, created_at=at(0)),
        pull(1, "pr_ready", at(2), created_at=at(0)),
        reviewed(1, at(3)),
    )
    assert told == Pickup(number=1, bot=False, ready_at=at(2), reviewed_at=at(3))


def test_what_was_never_seen_as_a_draft_was_ready_from_the_start() -> None:
    """The first thing heard of it may come late."""
    told = the_pickup(pull(1, "pr_review_requested", at(1), created_at=at(0)), reviewed(1, at(2)))
    assert told == Pickup(number=1, bot=False, ready_at=at(0), reviewed_at=at(2))


def test_a_draft_that_was_reviewed_before_it_was_ready_was_not_picked_up_late() -> None:
    """An early look is a kindness and no figure: neither negative nor counted from the opening."""
    early = [draft(1, at(0)), reviewed(1, at(1)), pull(1, "pr_ready", at(3), created_at=at(0)), reviewed(1, at(4))]
    assert the_pickup(*early) is None


def test_a_pull_request_is_picked_up_whether_or_not_it_is_merged() -> None:
    """Counting merged ones alone leaves out those that nobody wanted to look at."""
    told = the_pickup(pull(1, "pr_opened", at(0)), reviewed(1, at(1)), pull(1, "pr_closed", at(2), created_at=at(0)))
    assert told == Pickup(number=1, bot=False, ready_at=at(0), reviewed_at=at(1))


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ('Revert "Change 1"', "Reverts acme/api#1"),
        ('Revert "Change 1"', ""),
        ("Back out retries", "reverts #1, see the incident"),
        ("Undo", "This revert: #1"),
    ],
)
def test_a_change_says_which_change_it_reverts(title: str, text: str) -> None:
    """By number, as GitHub's button writes it, or by its title alone."""
    assert the_change(change(1, at(1)), change(2, at(3), title=title, text=text), number=2).reverts == (1,)


@pytest.mark.parametrize("text", ["irreverts #1", "Fixes #1", "reverting #1 would be wrong", "#1"])
def test_a_change_that_only_mentions_another_reverts_nothing(text: str) -> None:
    """Every second description names an older change."""
    assert the_change(change(1, at(1)), change(2, at(3), text=text), number=2).reverts == ()


def test_a_title_is_reverted_in_its_latest_change_before() -> None:
    """`Bump deps` was merged three times, once after the revert."""
    told = the_change(
        change(1, at(1), title="Bump deps"),
        change(2, at(2), title="Bump deps"),
        change(3, at(4), title='Revert "Bump deps"', opened=at(3)),
        change(4, at(5), title="Bump deps"),
        number=3,
    )
    assert told.reverts == (2,)


def test_a_revert_of_a_revert_is_no_revert_of_itself() -> None:
    """A description may name its own number."""
    assert the_change(change(1, at(1), text="Reverts #1")).reverts == ()


def test_a_commit_message_says_which_commit_it_reverts() -> None:
    """`git revert` writes it there, and a squash carries it along."""
    squashed = committed(trunk(2), at(3), trunk(1), message=f"Undo\n\nThis reverts commit {trunk(1).upper()}.")
    assert the_change(change(1, at(1)), change(2, at(3)), squashed, number=2).reverts_shas == (trunk(1),)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"labels": ("hotfix",)}, True),
        ({"head_branch": "hotfix/retry"}, True),
        ({"head_branch": "Hotfix-12"}, True),
        ({"head_branch": "feature/hotfixes"}, False),
        ({"labels": ("bug",)}, False),
    ],
)
def test_a_hotfix_says_so_in_a_label_or_its_branch(fields: dict[str, Any], *, expected: bool) -> None:
    """Only what somebody wrote down counts."""
    assert the_change(change(1, at(2), **fields)).hotfix is expected


def test_times_are_compared_as_moments_and_not_as_clocks() -> None:
    """A review at 23:30 in Helsinki came before one at 22:00 in Lisbon."""
    early = datetime.fromisoformat("2026-03-03T23:30:00+02:00")
    late = datetime.fromisoformat("2026-03-03T22:00:00+00:00")
    told = the_change(change(1, at(4), opened=at(0)), reviewed(1, late), reviewed(1, early))
    assert told.first_review_at == at(1, hours=21.5) == late - timedelta(hours=0.5)
