"""Reading again tells what is new and nothing else, and what stores count is always what HEAD contains."""

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest

from domain.events import Commit, CommitDropped, Manifest
from tests.unit.git.clones import Clone, Ledger, read, run_git


def test_a_second_reading_tells_nothing(clone: Clone) -> None:
    clone.commit(
        "begin", {"README.md": "# Shop", "package.json": '{"name": "shop"}', ".mailmap": "Ada <a@b> <ada@example.org>"}
    )
    clone.git("tag", "v1")
    first = read(clone.path)
    second = read(clone.path, first.cursor)
    assert (second.events, second.total, second.notes) == ([], 0, ())
    assert second.cursor == first.cursor


def test_a_cursor_survives_json(clone: Clone) -> None:
    clone.commit("begin", {"README.md": "# Shop"})
    first = read(clone.path)
    assert read(clone.path, json.loads(json.dumps(first.cursor))).events == []


def test_a_new_commit_is_the_only_event(clone: Clone) -> None:
    clone.commit("begin", {"README.md": "# Shop"})
    first = read(clone.path)
    sha = clone.commit("next")
    second = read(clone.path, first.cursor)
    assert [event.id for event in second.events] == [f"git:shop:commit:{sha}"]
    assert second.total == 1


def test_a_merged_branch_brings_its_commits(clone: Clone) -> None:
    clone.commit("begin")
    first = read(clone.path)
    clone.git("checkout", "--quiet", "-b", "topic")
    clone.commit("on topic", {"t": "t"})
    clone.git("checkout", "--quiet", "main")
    clone.commit("on main", {"m": "m"})
    clone.git("merge", "--quiet", "-m", "merge", "topic", env=clone.signed())
    assert sorted(read(clone.path, first.cursor).titles) == ["merge", "on main", "on topic"]


def test_reading_twice_without_storing_the_cursor_gives_the_same_ids(clone: Clone) -> None:
    ledger = Ledger()
    clone.commit("begin")
    ledger.ingest(clone)
    clone.commit("next")
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    clone.commit("other")
    first = read(clone.path, ledger.cursor)
    clone.commit("and more")
    second = read(clone.path, ledger.cursor)
    commits = [event.id for event in second.of(Commit)]
    assert commits[:1] == [event.id for event in first.of(Commit)]


def amend(clone: Clone) -> None:
    clone.commit("fourth, better", options=["--amend"])


def rebase(clone: Clone) -> None:
    base = clone.git("rev-parse", "HEAD~2")
    clone.git("reset", "--quiet", "--hard", "HEAD~3")
    clone.commit("slipped in", {"other": "x"})
    clone.git("cherry-pick", base, env=clone.signed())


def back(clone: Clone) -> None:
    clone.git("reset", "--quiet", "--hard", "HEAD~2")


@pytest.mark.parametrize("rewrite", [amend, rebase, back])
@pytest.mark.parametrize("then", [Clone.keep_the_unreachable, Clone.forget_the_unreachable], ids=["kept", "gone"])
def test_after_a_rewrite_exactly_the_commits_of_head_count(
    clone: Clone, rewrite: Callable[[Clone], None], then: Callable[[Clone], None]
) -> None:
    ledger = Ledger()
    for name in ("first", "second", "third", "fourth"):
        clone.commit(name, {name: name})
    ledger.ingest(clone)
    before = clone.history
    rewrite(clone)
    then(clone)
    done = ledger.ingest(clone)
    assert ledger.commits == clone.history
    assert {body.sha for body in done.bodies(CommitDropped)} == before - clone.history
    assert {body.sha for body in done.bodies(Commit)} == clone.history - before
    assert any("HEAD left its former history" in note for note in done.notes)


def test_drops_come_first_and_name_what_they_drop(clone: Clone) -> None:
    clone.commit("begin")
    old = clone.commit("next")
    first = read(clone.path)
    new = clone.commit("next, better", options=["--amend"])
    second = read(clone.path, first.cursor)
    assert [(event.type, event.entity) for event in second.events] == [
        ("commit_dropped", f"commit:{old}"),
        ("commit", f"commit:{new}"),
    ]
    assert second.events[0].id == f"git:shop:drop:{old}:{new}:1.{old[:12]}"
    assert second.events[1].id == f"git:shop:commit:{new}:1.{old[:12]}"
    assert second.events[0].actor is None


def test_a_commit_comes_back_however_often_it_went(clone: Clone) -> None:
    ledger = Ledger()
    clone.commit("begin")
    lower = clone.head
    upper = clone.commit("next")
    ledger.ingest(clone)
    for target in (lower, upper, lower, upper, lower, upper):
        clone.git("reset", "--quiet", "--hard", target)
        ledger.ingest(clone)
        assert ledger.commits == clone.history


def test_a_fresh_clone_of_a_rewritten_repository_is_no_loss(clone: Clone) -> None:
    ledger = Ledger()
    for name in ("first", "second", "third"):
        clone.commit(name)
    ledger.ingest(clone)
    clone.commit("third, better", options=["--amend"])
    clone.forget_the_unreachable()
    done = ledger.ingest(clone)
    assert ledger.commits == clone.history
    assert done.total == 1
    assert "is gone" in done.notes[0]
    assert "may still be counted" not in done.notes[0]


def test_when_nothing_recent_is_left_everything_is_read_again(clone: Clone) -> None:
    ledger = Ledger()
    clone.commit("begin")
    stream = b"".join(
        b"commit refs/heads/long\ncommitter A <a@b> %d +0000\ndata 2\n%02d\n%s\n"
        % (1_700_000_000 + at, at % 90, b"" if at else b"from refs/heads/main")
        for at in range(600)
    )
    clone.git("fast-import", "--quiet", stdin=stream)
    root = clone.head
    clone.git("reset", "--quiet", "--hard", "long")
    ledger.ingest(clone)
    clone.git("reset", "--quiet", "--hard", root)
    clone.git("branch", "-D", "long")
    clone.commit("another way")
    clone.forget_the_unreachable()
    done = ledger.ingest(clone)
    assert done.total == 2
    assert ledger.commits >= clone.history
    assert len(ledger.commits - clone.history) == 100  # 600 were lost, 500 of them are remembered
    assert "everything was read again" in done.notes[0]
    assert "may still be counted" in done.notes[0]


def test_a_reading_that_was_cut_short_is_finished_first(clone: Clone) -> None:
    ledger = Ledger()
    clone.commit("begin", {"package.json": '{"name": "begin"}'})
    ledger.ingest(clone)
    kept = clone.head
    clone.commit("told, then lost", {"lost/package.json": '{"name": "lost"}'})
    ledger.be_cut_short(clone, 2)
    clone.git("reset", "--quiet", "--hard", kept)
    done = ledger.ingest(clone)
    assert done.types == ["manifest_changed", "commit_dropped", "manifest_removed"]
    assert ledger.commits == clone.history
    assert ledger.names() == packages_of(clone)
    assert "begun" not in done.cursor
    assert ledger.ingest(clone).events == []


def test_a_reading_that_cannot_be_finished_is_noted(clone: Clone) -> None:
    ledger = Ledger()
    clone.commit("begin")
    ledger.be_cut_short(clone, 1)
    clone.commit("begin, better", options=["--amend"])
    clone.forget_the_unreachable()
    assert "cannot be finished" in ledger.ingest(clone).notes[0]
    assert ledger.ingest(clone).notes == ()


def packages_of(clone: Clone) -> dict[str, str]:
    """The package that each `package.json` of HEAD provides, read by git alone."""
    paths = [path for path in clone.git("ls-tree", "-r", "--name-only", "HEAD").splitlines() if path.endswith(".json")]
    return {path: "npm:" + json.loads(clone.git("show", f"HEAD:{path}"))["name"] for path in paths}


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_to_head_exactly_its_commits_count(clone: Clone, seed: int) -> None:
    """A walk: commits, amendments, resets to anything that ever was, merges, lost objects, readings cut short."""
    dice = Random(seed)
    ledger = Ledger()
    clone.commit("begin")
    known = [clone.head]
    for step in range(25):
        match dice.choice(("commit", "commit", "amend", "reset", "reset", "merge", "forget", "cut", "cut")):
            case "commit":
                clone.commit(f"step {step}", {f"{step % 3}/package.json": f'{{"name": "p{step}"}}'})
            case "amend" if clone.head != known[0]:
                clone.commit(f"amended {step}", {}, options=["--amend"])
            case "reset":
                clone.git("reset", "--quiet", "--hard", dice.choice(known))
            case "merge":
                clone.git("merge", "--quiet", "-s", "ours", "-m", "merge", dice.choice(known), env=clone.signed())
            case "forget" if not ledger.cursor or "begun" not in ledger.cursor:
                clone.forget_the_unreachable()
                known = clone.git("rev-list", "--reverse", "HEAD").split()
            case "cut":
                ledger.be_cut_short(clone, dice.randint(0, 20))
            case _:
                pass
        known.append(clone.head)
        if dice.random() < 0.4 or step == 24:
            ledger.ingest(clone)
            assert ledger.commits == clone.history
            assert ledger.names() == packages_of(clone)


def test_a_state_is_never_older_than_the_one_before_it(clone: Clone) -> None:
    """Stores keep the newest state of a thing, and HEAD may go back in time."""
    ledger = Ledger()
    clone.commit("begin", {"package.json": '{"name": "one"}'})
    clone.commit("next", {"package.json": '{"name": "two"}'})
    first = ledger.ingest(clone)
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    second = ledger.ingest(clone)
    [newest] = second.of(Manifest)
    assert isinstance(newest.body, Manifest)
    assert newest.body.provides == ("npm:one",)
    assert newest.occurred_at >= first.of(Manifest)[0].occurred_at


def test_a_state_that_comes_back_is_a_new_event(clone: Clone) -> None:
    clone.commit("begin", {"package.json": '{"name": "one"}'})
    lower, ids = clone.head, []
    clone.commit("next", {"package.json": '{"name": "two"}'})
    upper, cursor = clone.head, None
    for target in (lower, upper, lower, upper, lower):
        clone.git("reset", "--quiet", "--hard", target)
        done = read(clone.path, cursor)
        ids += [event.id for event in done.of(Manifest)]
        cursor = done.cursor
    assert len(set(ids)) == len(ids) == 5


def test_a_branch_that_is_behind_drops_what_it_lacks(clone: Clone) -> None:
    ledger = Ledger()
    clone.commit("begin")
    clone.git("branch", "stable")
    clone.commit("next")
    ledger.ingest(clone)
    clone.git("checkout", "--quiet", "stable")
    assert len(ledger.ingest(clone).bodies(CommitDropped)) == 1
    clone.git("checkout", "--quiet", "main")
    ledger.ingest(clone)
    assert ledger.commits == clone.history


def test_a_rewritten_history_is_dated_by_its_head(clone: Clone) -> None:
    clone.commit("begin")
    clone.commit("next")
    first = read(clone.path)
    clone.commit("next, better", options=["--amend"])
    second = read(clone.path, first.cursor)
    [dropped] = second.of(CommitDropped)
    assert dropped.occurred_at - first.of(Commit)[-1].occurred_at == timedelta(hours=1)


def test_another_repository_cannot_take_over_a_project(clone: Clone) -> None:
    clone.commit("begin")
    joined = Clone(clone.path.parent / "other")
    joined.commit("another begin")
    first = read(clone.path)
    run_git("-C", clone.path, "fetch", "--quiet", str(joined.path), "main")
    clone.git("merge", "--quiet", "--allow-unrelated-histories", "-m", "join", "FETCH_HEAD", env=clone.signed())
    second = read(clone.path, first.cursor)
    assert sorted(second.titles) == ["another begin", "join"]
    assert len(second.cursor["roots"]) == 2
    assert read(joined.path, second.cursor, project="shop").bodies(CommitDropped)  # one of the two roots is its own
