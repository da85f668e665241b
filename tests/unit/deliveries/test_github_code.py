from datetime import UTC, datetime

import pytest

from domain.errors import InvalidInput
from domain.events import FILES_KEPT, Commit, Push, git_actor
from tests.unit.deliveries.payloads import RECEIVED_AT, ids, types
from tests.unit.deliveries.payloads_github import BOT, ZEROS, commit, github, push, repository, sha

ADA = git_actor("Ada Lovelace", "ada@acme.example", "ada")


def the_push(body: object) -> Push:
    told = github("push", body)[0].body
    assert isinstance(told, Push)
    return told


def the_commit(message: str = "Change things", **fields: object) -> Commit:
    told = github("push", push(commit("b", message, **fields)))[1].body
    assert isinstance(told, Commit)
    return told


def test_a_push_to_the_default_branch_is_a_push_and_its_commits() -> None:
    events = github("push", push(commit("b"), commit("c")))
    assert types(events) == ["push", "commit", "commit", "project_described"]
    assert ids(events)[:3] == [
        f"github:acme/api:push:refs/heads/main:{sha('a')}..{sha('c')}",
        f"github:acme/api:commit:{sha('b')}",
        f"github:acme/api:commit:{sha('c')}",
    ]
    assert [event.entity for event in events[:3]] == [
        "branch:github:acme/api:main",
        f"commit:{sha('b')}",
        f"commit:{sha('c')}",
    ]
    assert {event.project for event in events} == {"github:acme/api"}


def test_a_push_says_what_moved_where() -> None:
    told = the_push(push(commit("b"), commit("c"), forced=True))
    assert (told.branch, told.default_branch, told.forced) == ("main", True, True)
    assert (told.before, told.after) == (sha("a"), sha("c"))
    assert [each.sha for each in told.commits] == [sha("b"), sha("c")]
    assert told.commits[0].authored_at == datetime(2026, 8, 31, 16, 30, tzinfo=UTC)


def test_a_push_happens_when_github_says_that_the_repository_was_pushed_to() -> None:
    event = github("push", push(commit("b")))[0]
    assert event.occurred_at == datetime.fromtimestamp(1_788_256_800, UTC)
    assert event.actor
    assert event.actor.key == "github:2"


def test_a_push_without_that_happens_when_its_newest_commit_was_written() -> None:
    assert github("push", push(commit("b"), repository=repository()))[0].occurred_at == datetime(
        2026, 8, 31, 16, 30, tzinfo=UTC
    )


def test_a_push_without_any_time_happens_when_it_is_received() -> None:
    assert github("push", push(repository=repository()))[0].occurred_at == RECEIVED_AT


def test_a_commit_has_its_authors_time_and_signature() -> None:
    event = github("push", push(commit("b")))[1]
    assert event.occurred_at == datetime(2026, 8, 31, 16, 30, tzinfo=UTC)
    assert event.actor == ADA


def test_a_bots_commit_is_signed_as_git_signs_it() -> None:
    signature = {"name": BOT["login"], "email": "49699333+dependabot[bot]@users.noreply.github.com"}
    event = github("push", push(commit("b", author=signature | {"username": BOT["login"]})))[1]
    assert event.actor == git_actor(signature["name"], signature["email"], BOT["login"])


def test_a_commits_first_line_is_its_title_and_the_rest_its_message() -> None:
    told = the_commit("Answer  faster\n\nPeople wait.\n\x07")
    assert (told.title, told.message) == ("Answer faster", "People wait.")


def test_a_commits_files_are_known_and_their_sizes_are_not() -> None:
    told = the_commit(added=["new.py"], modified=["src/a.py", "src/b.py"], removed=["old.py"])
    assert [file.path for file in told.files] == ["new.py", "src/a.py", "src/b.py", "old.py"]
    assert told.files_total == 4
    assert {(file.added, file.deleted) for file in told.files} == {(None, None)}
    assert told.parents == ()


def test_too_many_files_are_counted_and_not_kept() -> None:
    told = the_commit(modified=[f"vendor/{number}.c" for number in range(FILES_KEPT + 1)])
    assert (told.files, told.files_total) == ((), FILES_KEPT + 1)


@pytest.mark.parametrize(
    "message",
    [
        "Merge pull request #12 from acme/faster\n\nAnswer faster",
        "Merge branch 'main' into faster",
        "Merge remote-tracking branch 'origin/main'",
    ],
)
def test_a_merge_commit_touches_no_files(message: str) -> None:
    told = the_commit(message)
    assert (told.files, told.files_total) == ((), 1)


def test_a_commit_that_merely_mentions_merging_keeps_its_files() -> None:
    assert the_commit("Merge the two caches").files


def test_trailers_name_co_authors_once_and_never_the_author() -> None:
    told = the_commit(
        "Pair\n\nCo-authored-by: Grace Hopper <Grace@acme.example>\nco-authored-by:Grace Hopper <grace@acme.example>\n"
        "Co-Authored-By: Linus <>\nCo-authored-by: <>\nCo-authored-by: nobody at all"
    )
    assert told.co_authors == (git_actor("Grace Hopper", "grace@acme.example"), git_actor("Linus", ""))


def test_trailers_are_found_behind_what_is_kept_of_a_long_message() -> None:
    told = the_commit("Squash\n\n" + "* a step\n" * 1_000 + "\nCo-authored-by: Grace Hopper <grace@acme.example>")
    assert told.co_authors == (git_actor("Grace Hopper", "grace@acme.example"),)
    assert len(told.message) == 4_000


def test_a_trailer_with_endless_spaces_costs_no_time() -> None:
    assert the_commit("Pair\n\nCo-authored-by:" + " " * 3_900).co_authors == ()


def test_a_revert_names_what_it_takes_back() -> None:
    assert the_commit(f'Revert "Answer faster"\n\nThis reverts commit {sha("d")}.').reverts == sha("d")
    assert the_commit("Revert the mood").reverts is None


def test_another_branch_gives_its_push_only() -> None:
    assert types(github("push", push(commit("b"), branch="faster"))) == ["push", "project_described"]


def test_what_another_branch_took_over_is_not_its_own() -> None:
    told = the_push(push(commit("b", distinct=False), commit("c"), branch="faster"))
    assert [each.sha for each in told.commits] == [sha("c")]
    assert not told.default_branch


def test_commits_that_reach_the_default_branch_by_a_merge_count() -> None:
    body = push(commit("b", distinct=False), commit("c", "Merge pull request #12 from acme/faster"))
    assert types(github("push", body)) == ["push", "commit", "commit", "project_described"]
    assert [each.sha for each in the_push(body).commits] == [sha("b"), sha("c")]


def test_a_new_branch_has_no_before() -> None:
    told = the_push(push(commit("b"), branch="faster", before=ZEROS))
    assert (told.before, told.after) == (None, sha("b"))


def test_a_deleted_branch_has_no_after_and_no_commits() -> None:
    told = the_push(push(branch="faster"))
    assert (told.before, told.after, told.commits) == (sha("a"), None, ())


def test_a_tag_is_not_understood() -> None:
    assert types(github("push", push(commit("b"), ref="refs/tags/v1"))) == ["raw"]


def test_a_commit_without_a_zone_in_its_time_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match=r"offset.*'commits\[0\]\.timestamp' of a GitHub push delivery"):
        github("push", push(commit("b", timestamp="2026-08-31T18:30:00")))
