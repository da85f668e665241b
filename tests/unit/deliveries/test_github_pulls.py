from datetime import UTC, datetime

import pytest

from domain.errors import InvalidInput
from domain.events import Actor, IssueComment, PullRequest, Review, Source
from tests.unit.deliveries.payloads import Json, ids, types
from tests.unit.deliveries.payloads_github import (
    BOT,
    MERGED,
    comment,
    envelope,
    github,
    pull,
    pull_request,
    review,
    sha,
    user,
)

UPDATED = "2026-08-31T10:00:00Z"


def the_pull(body: object) -> PullRequest:
    told = next(event.body for event in github("pull_request", body))
    assert isinstance(told, PullRequest)
    return told


def the_review(body: object) -> Review:
    told = github("pull_request_review", body)[0].body
    assert isinstance(told, Review)
    return told


@pytest.mark.parametrize(
    ("action", "fields", "kind", "name", "hour"),
    [
        ("opened", {}, "pr_opened", "opened", 8),
        ("ready_for_review", {}, "pr_ready", f"pr_ready:{UPDATED}", 10),
        ("reopened", {}, "pr_reopened", f"pr_reopened:{UPDATED}", 10),
        (
            "closed",
            {"state": "closed", "closed_at": "2026-08-31T09:00:00Z"},
            "pr_closed",
            "pr_closed:2026-08-31T09:00:00Z",
            9,
        ),
        ("closed", MERGED, "pr_merged", "merged", 11),
        ("edited", {}, "pr_updated", f"pr_updated:{UPDATED}:edited", 10),
        ("converted_to_draft", {"draft": True}, "pr_updated", f"pr_updated:{UPDATED}:converted_to_draft", 10),
        ("an_action_of_next_year", {}, "pr_updated", f"pr_updated:{UPDATED}:an_action_of_next_year", 10),
    ],
)
def test_an_action_becomes_its_event_at_its_own_time(
    action: str, fields: Json, kind: str, name: str, hour: int
) -> None:
    event = github("pull_request", pull_request(action, **fields))[0]
    assert event.type == kind
    assert event.id == f"github:acme/api:pr:12:{name}"
    assert event.entity == "pr:github:acme/api#12"
    assert event.occurred_at.hour == hour


def test_a_pull_request_is_told_whole() -> None:
    told = the_pull(
        pull_request("opened", labels=[{"id": 1, "name": "hotfix"}], requested_reviewers=[user(3, "linus")])
    )
    assert (told.number, told.title, told.text, told.state) == (12, "Answer faster", "Because people wait.", "open")
    assert (told.head_branch, told.head_sha, told.base_branch) == ("faster", sha("b"), "main")
    assert (told.added, told.deleted, told.files_total) == (30, 4, 2)
    assert told.labels == ("hotfix",)
    assert [reviewer.key for reviewer in told.reviewers] == ["github:3"]
    assert told.created_at == datetime(2026, 8, 31, 8, tzinfo=UTC)


def test_the_actor_is_the_author_whoever_pressed_the_button() -> None:
    event = github("pull_request", pull_request("closed", **MERGED))[0]
    assert event.actor == Actor(source=Source.GITHUB, external_id="1", username="ada")


def test_a_bots_pull_request_is_marked() -> None:
    actor = github("pull_request", pull_request("opened", user=BOT))[0].actor
    assert actor == Actor(source=Source.GITHUB, external_id="9", username="dependabot[bot]", bot=True)


@pytest.mark.parametrize("author", [None, user(10137, "ghost")])
def test_a_deleted_author_is_nobody(author: object) -> None:
    assert github("pull_request", pull_request("opened", user=author))[0].actor is None


def test_a_merged_pull_request_names_its_commit_and_who_merged_it() -> None:
    told = the_pull(pull_request("closed", **MERGED))
    assert (told.state, told.merge_sha) == ("merged", sha("e"))
    assert told.merged_by
    assert told.merged_by.key == "github:2"


def test_the_commit_that_only_tries_a_merge_is_left_out() -> None:
    assert the_pull(pull_request("opened")).merge_sha is None


def test_a_simplified_pull_request_is_merged_if_it_has_a_time_of_that() -> None:
    shown = pull(**MERGED)
    del shown["merged"], shown["additions"]
    told = the_pull(envelope(action="closed", number=12, pull_request=shown))
    assert (told.type, told.state, told.added) == ("pr_merged", "merged", None)


def test_two_people_asked_within_a_second_are_two_events() -> None:
    bodies = [
        pull_request("review_requested", about={"requested_reviewer": user(number, login)})
        for number, login in ((3, "linus"), (4, "margaret"))
    ]
    names = [github("pull_request", body)[0].id for body in bodies]
    assert names == [f"github:acme/api:pr:12:pr_review_requested:{UPDATED}:{number}" for number in (3, 4)]


def test_a_team_that_is_asked_is_no_reviewer() -> None:
    body = pull_request(
        "review_requested",
        about={"requested_team": {"id": 55, "slug": "core", "name": "Core"}},
        requested_reviewers=[{"id": 55, "slug": "core", "name": "Core"}],
    )
    assert the_pull(body).reviewers == ()
    assert github("pull_request", body)[0].id.endswith(":55")


def test_two_labels_set_within_a_second_are_two_events() -> None:
    bodies = [pull_request("labeled", about={"label": {"id": number, "name": str(number)}}) for number in (1, 2)]
    assert len({github("pull_request", body)[0].id for body in bodies}) == 2


def test_two_pushes_within_a_second_are_two_events() -> None:
    bodies = [pull_request("synchronize", about={"before": sha("a"), "after": sha(letter)}) for letter in "bc"]
    assert len({github("pull_request", body)[0].id for body in bodies}) == 2


def test_a_review_gives_itself_and_the_pull_request_as_it_left_it() -> None:
    events = github("pull_request_review", review())
    assert types(events) == ["pr_reviewed", "pr_updated", "project_described"]
    assert ids(events)[:2] == [
        "github:acme/api:pr:12:review:801:approved",
        "github:acme/api:pr:12:pr_updated:2026-08-31T10:30:05Z:review:801:approved",
    ]
    assert [event.entity for event in events[:2]] == ["review:github:acme/api:801", "pr:github:acme/api#12"]


def test_a_review_is_its_reviewers_at_the_time_it_was_submitted() -> None:
    event = github("pull_request_review", review())[0]
    assert event.actor
    assert event.actor.key == "github:3"
    assert event.occurred_at == datetime(2026, 8, 31, 10, 30, tzinfo=UTC)


def test_a_review_says_of_what_and_of_whom_it_is() -> None:
    told = the_review(review(state="changes_requested", body="Not\x00 yet."))
    assert (told.number, told.pr_title, told.verdict, told.text) == (
        12,
        "Answer faster",
        "changes_requested",
        "Not yet.",
    )
    assert told.pr_author
    assert told.pr_author.key == "github:1"


def test_an_edited_review_is_the_same_review() -> None:
    assert (
        ids(github("pull_request_review", review("edited", body="Very good.")))[0]
        == ids(github("pull_request_review", review()))[0]
    )


def test_a_dismissal_happens_when_the_pull_request_was_updated_by_it() -> None:
    event = github("pull_request_review", review("dismissed", "dismissed"))[0]
    assert event.id == "github:acme/api:pr:12:review:801:dismissed"
    assert event.occurred_at == datetime(2026, 8, 31, 10, 30, 5, tzinfo=UTC)


def test_a_review_that_is_still_pending_is_not_understood() -> None:
    assert types(github("pull_request_review", review(state="pending", submitted_at=None))) == ["raw"]


@pytest.mark.parametrize("action", ["created", "edited"])
def test_a_comment_on_code_is_a_comment_on_its_pull_request(action: str) -> None:
    event = github("pull_request_review_comment", envelope(action=action, comment=comment(), pull_request=pull()))[0]
    assert event.body == IssueComment(key="acme/api#12", comment_id="701", text="I see it too.")
    assert (event.id, event.entity) == ("github:acme/api:review_comment:701", "pr:github:acme/api#12")


def test_a_pull_request_with_a_broken_time_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"'pull_request\.updated_at' of a GitHub pull_request delivery"):
        github("pull_request", pull_request("edited", updated_at="yesterday"))


def test_a_pull_request_with_a_number_for_a_title_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"Expected a text at 'pull_request\.title' .* got a number\."):
        github("pull_request", pull_request("edited", title=7))
