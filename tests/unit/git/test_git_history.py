"""The history comes out as git itself tells it."""

import re
import shutil
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from adapters.sources.git import GitRepository
from domain.events import FILES_KEPT, Commit, Event
from tests.unit.git.clones import START, Clone, read, run_git

ADA = "Ada Lovelace <ada@example.org>"
BEN = "Ben Bitdiddle <ben@example.org>"


def only_commit(clone: Clone) -> Event:
    [event] = read(clone.path).of(Commit)
    return event


def body_of(event: Event) -> Commit:
    assert isinstance(event.body, Commit)
    return event.body


@pytest.fixture(scope="module")
def branchy(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A history with branches, merges, renames, binaries and three authors; to be left as it is."""
    clone = Clone(tmp_path_factory.mktemp("branchy") / "shop")
    clone.commit("begin, enfin d\u00e9but", {"a.py": "1\n2\n3\n" * 9, "logo.png": b"\0\1"}, author=ADA)
    for number in range(6):
        clone.git("checkout", "--quiet", "-b", f"topic-{number}", "main")
        clone.commit(f"topic {number}", {f"src/t{number}.py": "x\n" * (number + 1)}, author=BEN)
        clone.commit(
            "more", {"a.py": "1\n2\n3\n" * 9 + f"{number}\n", f"deep/er/{number}.txt": "y"}, author="ada <ada@home>"
        )
        clone.git("checkout", "--quiet", "main")
        clone.commit(f"main {number}", {f"m{number}.py": "z\n"}, author=ADA)
        clone.git(
            "merge",
            "--quiet",
            "--no-ff",
            "-X",
            "ours",
            "-m",
            f"merge {number}",
            f"topic-{number}",
            env=clone.signed(ADA),
        )
    clone.git("mv", "m0.py", "moved.py")
    clone.commit("move", {"logo.png": b"\0\2"}, author=BEN)
    return clone


def test_commits_per_person_are_those_of_shortlog(branchy: Clone) -> None:
    counted = Counter(event.actor.external_id for event in read(branchy.path).of(Commit) if event.actor)
    rows = branchy.git("shortlog", "-sne", "HEAD").splitlines()
    expected = {who: int(count) for count, who in (row.strip().split("\t") for row in rows)}
    assert counted == expected


def test_first_and_last_dates_of_everybody_are_those_of_log(branchy: Clone) -> None:
    expected = defaultdict(list)
    for row in branchy.git("log", "--format=%at %an <%ae>").splitlines():
        seconds, who = row.split(" ", 1)
        expected[who].append(datetime.fromtimestamp(int(seconds), UTC))
    found = defaultdict(list)
    for event in read(branchy.path).of(Commit):
        assert event.actor
        assert event.occurred_at == body_of(event).authored_at
        found[event.actor.external_id].append(event.occurred_at)
    assert {who: (min(at), max(at)) for who, at in found.items()} == {
        who: (min(at), max(at)) for who, at in expected.items()
    }


def test_lines_and_files_are_those_of_numstat(branchy: Clone) -> None:
    rows = [row.split("\t") for row in branchy.git("log", "-M", "--numstat", "--format=").splitlines() if row]
    files = [file for commit in read(branchy.path).bodies(Commit) for file in commit.files]
    assert len(files) == len(rows)
    assert sum(file.added or 0 for file in files) == sum(int(row[0]) for row in rows if row[0] != "-")
    assert sum(file.deleted or 0 for file in files) == sum(int(row[1]) for row in rows if row[1] != "-")
    assert sum(file.added is None for file in files) == sum(row[0] == "-" for row in rows)


def test_parents_come_before_their_children(branchy: Clone) -> None:
    seen: set[str] = set()
    for commit in read(branchy.path).bodies(Commit):
        assert seen.issuperset(commit.parents)
        seen.add(commit.sha)
    assert seen == branchy.history


def test_commits_come_first_and_in_batches(clone: Clone) -> None:
    stream = b"".join(
        b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 2\nc\n" % (START + at)
        for at in range(1200)
    )
    clone.git("fast-import", "--quiet", stdin=stream)
    clone.git("tag", "v1")
    reading = GitRepository(clone.path).read(None)
    assert reading.total == 1200
    batches = list(reading.batches())
    assert [len(batch) for batch in batches] == [500, 500, 202]
    types = [event.type for batch in batches for event in batch]
    assert types == ["commit"] * 1200 + ["project_described", "release"]


def test_a_commit_says_who_what_and_when(clone: Clone) -> None:
    root = clone.commit("begin")
    sha = clone.commit("Speed up the cart\n\nIt was slow.\n", {"cart.py": "a\nb\n"}, author=BEN)
    event = read(clone.path).of(Commit)[-1]
    body = body_of(event)
    assert event.id == f"git:shop:commit:{sha}"
    assert event.entity == f"commit:{sha}"
    assert event.project == "git:shop"
    assert event.actor
    assert event.actor.key == "git:Ben Bitdiddle <ben@example.org>"
    assert event.occurred_at == datetime.fromtimestamp(START + 3600, UTC)
    assert (body.title, body.message) == ("Speed up the cart", "Speed up the cart\n\nIt was slow.")
    assert body.parents == (root,)
    assert [(file.path, file.added, file.deleted) for file in body.files] == [("cart.py", 2, 0)]


def test_the_title_is_the_first_paragraph_in_one_line(clone: Clone) -> None:
    clone.commit("\n\nMake it\r\nfaster\r\n\r\nand smaller\n")
    assert body_of(only_commit(clone)).title == "Make it faster"


def test_a_renamed_file_counts_where_it_is_now(clone: Clone) -> None:
    clone.commit("begin", {"old name.py": "line\n" * 30})
    clone.git("mv", "old name.py", "new.py")
    clone.commit("move", {})
    [file] = read(clone.path).bodies(Commit)[-1].files
    assert (file.path, file.added, file.deleted) == ("new.py", 0, 0)


def test_paths_may_be_anything_and_come_out_as_one_line(clone: Clone) -> None:
    names = ['say "hi".txt', "two\nlines.txt", "tab\there", "grüße/日本.py", " lead", "back\\slash", "=>", "{a => b}"]
    clone.commit("odd", dict.fromkeys(names, "x\n"))
    clone.git("mv", "two\nlines.txt", "three\nlines.txt")
    clone.commit("odd move", {})
    first, second = read(clone.path).bodies(Commit)
    assert {file.path for file in first.files} == {
        'say "hi".txt', "two\ufffdlines.txt", "tab\ufffdhere", "grüße/日本.py", "lead", "back\\slash", "=>", "{a => b}"
    }  # fmt: skip
    assert [file.path for file in second.files] == ["three\ufffdlines.txt"]


def test_a_path_that_is_not_utf8_comes_out_marked(clone: Clone) -> None:
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"x\n")
    clone.git("update-index", "-z", "--index-info", stdin=f"100644 {blob}\t".encode() + b"caf\xe9.py\0")
    clone.git("commit", "--quiet", "-m", "latin", env=clone.signed())
    assert [file.path for file in body_of(only_commit(clone)).files] == ["caf\ufffd.py"]


def test_a_merge_has_no_files_of_its_own(branchy: Clone) -> None:
    merges = [commit for commit in read(branchy.path).bodies(Commit) if commit.merge]
    assert len(merges) == 6
    assert all((commit.files, commit.files_total) == ((), 0) for commit in merges)


def test_an_octopus_merge_has_all_its_parents(clone: Clone) -> None:
    clone.commit("begin")
    arms = []
    for name in ("one", "two", "three"):
        clone.git("checkout", "--quiet", "-b", name, "main")
        arms.append(clone.commit(name, {name: name}))
    clone.git("checkout", "--quiet", "main")
    base = clone.commit("main")
    clone.git("merge", "--quiet", "-m", "octopus", "one", "two", "three", env=clone.signed())
    assert read(clone.path).bodies(Commit)[-1].parents == (base, *arms)


def test_a_huge_commit_is_counted_and_its_files_are_not_kept(clone: Clone) -> None:
    clone.commit("begin")
    vendored = FILES_KEPT + 500
    clone.commit("vendor everything", {f"lib/{number}.c": f"{number}\n" for number in range(vendored)})
    clone.commit("at the limit", {f"more/{number}.c": f"{number}\n" for number in range(FILES_KEPT)})
    done = read(clone.path)
    _, huge, limit = done.bodies(Commit)
    assert (huge.files, huge.files_total) == ((), vendored)
    assert (len(limit.files), limit.files_total) == (FILES_KEPT, FILES_KEPT)
    assert done.notes == ("commits that change more than 1000 files, which are counted and not recorded: 1",)


def test_co_authors_are_read_in_any_spelling_and_once(clone: Clone) -> None:
    clone.commit(
        "Pair\n\nCo-authored-by: Ben Bitdiddle <ben@example.org>\nCO-AUTHORED-BY:Cy D. Fect<cy@example.org>\n"
        "co-authored-by: ben bitdiddle <BEN@example.org>\nCo-authored-by: Ben Bitdiddle <BEN@example.org>\n"
        "Co-authored-by: Ada Lovelace <ada@example.org>\nCo-authored-by: nobody\n"
        "Co-authored-by: Half <half@example.org\n"
        "Co-authored-by: Empty <>\nCo-authored-by: Nested <<a@b>\nSigned-off-by: Eve <eve@example.org>\n"
        "Co-authored-by: Zo\u00eb <zoe@example.org> (she/her)\n"
    )
    assert [author.external_id for author in body_of(only_commit(clone)).co_authors] == [
        "Ben Bitdiddle <ben@example.org>",
        "Cy D. Fect <cy@example.org>",
        "ben bitdiddle <ben@example.org>",
        "Zoë <zoe@example.org>",
    ]


def test_a_revert_names_what_it_reverts(clone: Clone) -> None:
    sha = clone.commit("break it")
    clone.git("revert", "--no-edit", sha, env=clone.signed())
    clone.commit("Do not say: this reverts commit 1234567 of somebody")
    assert [commit.reverts for commit in read(clone.path).bodies(Commit)] == [None, sha, None]


def test_messages_and_names_need_not_be_utf8(clone: Clone) -> None:
    clone.commit_raw(b"Andr\xe9 <\xe9@example.org> 1700000000 +0000", message=b"caf\xe9 \xff\xfe\n")
    event = only_commit(clone)
    assert event.actor
    assert event.actor.external_id == "Andr\ufffd <\ufffd@example.org>"
    assert body_of(event).title == "caf\ufffd \ufffd\ufffd"


def test_a_declared_encoding_is_respected(clone: Clone) -> None:
    tree = clone.git("write-tree")
    raw = (
        f"tree {tree}\nauthor ".encode() + b"Andr\xe9 <a@example.org> 1700000000 +0000\ncommitter C <c@d> 1 +0000\n"
        b"encoding ISO-8859-1\n\ncaf\xe9\n"
    )
    clone.git("update-ref", "refs/heads/main", clone.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=raw))
    event = only_commit(clone)
    assert event.actor
    assert (event.actor.name, body_of(event).title) == ("André", "café")


@pytest.mark.parametrize(
    ("author", "account"),
    [
        (b" <ada@example.org> 1700000000 +0000", "<ada@example.org>"),
        (b"Ada <> 1700000000 +0000", "Ada <>"),
        (b" <> 1700000000 +0000", "<>"),
        (b"Ada <hello> 1700000000 +0000", "Ada <hello>"),
        (b"Ada <ADA@Example.org> 1700000000 +0000", "Ada <ada@example.org>"),
        (b"nonsense", "<>"),
    ],
)
def test_names_and_mails_may_be_missing(clone: Clone, author: bytes, account: str) -> None:
    clone.commit_raw(author)
    event = only_commit(clone)
    assert event.actor
    assert event.actor.external_id == account


COMMITTED = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (b"1600000000 +5130", datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)),
        (b"0 +0000", EPOCH),
        (b"99999999999 +0000", COMMITTED),
        (b"9999999999999999999999 +0000", COMMITTED),
        (b"-1 +0000", COMMITTED),
        (b"yesterday", COMMITTED),
    ],
)
def test_an_absurd_date_gives_way_to_the_committers(clone: Clone, date: bytes, expected: datetime) -> None:
    clone.commit_raw(b"A <a@b> " + date)
    event = only_commit(clone)
    assert event.occurred_at == body_of(event).authored_at == expected


def test_two_absurd_dates_give_way_to_the_epoch(clone: Clone) -> None:
    clone.commit_raw(b"A <a@b> 99999999999 +0000", b"C <c@d> 88888888888 +0000")
    assert [event.occurred_at for event in read(clone.path).events] == [EPOCH, EPOCH]


def test_a_clock_a_little_ahead_of_ours_is_believed(clone: Clone) -> None:
    soon = int(datetime.now(UTC).timestamp()) + 600
    clone.commit_raw(b"A <a@b> %d +0000" % soon)
    assert only_commit(clone).occurred_at == datetime.fromtimestamp(soon, UTC)


def test_messages_full_of_separators_do_not_confuse_the_history(clone: Clone) -> None:
    sha = clone.commit("begin")
    messages = [
        f"{sha}\n\n1\t2\tfake.py\n", "\n1\t0\tfake.py\n", "-\t-\tx", "\t\t", f"commit {sha}\nAuthor: X <x@y>",
        "", "\x01\x02", "%H%x00%an", "\n\n\n", "1\t1\t", "\u2028\u2029\x85",
    ]  # fmt: skip
    for number, message in enumerate(messages):
        clone.commit(message, {f"{number}.py": "x\n"} if number % 2 else {})
    commits = read(clone.path).bodies(Commit)
    assert [commit.sha for commit in commits] == clone.git("rev-list", "--reverse", "HEAD").split()
    assert [commit.files_total for commit in commits[1:]] == [number % 2 for number in range(len(messages))]


def test_control_characters_do_not_get_through(clone: Clone) -> None:
    clone.commit("\x1b[31mred\u202e\n\nbell\x07", author="Ev\x1bil\u200b <e@x>")
    event = only_commit(clone)
    assert event.actor
    assert (event.actor.name, body_of(event).title, body_of(event).message) == ("Evil", "[31mred", "[31mred\n\nbell")


def test_settings_of_the_repository_do_not_change_what_is_counted(branchy: Clone, tmp_path: Path) -> None:
    copied = shutil.copytree(branchy.path, tmp_path / "shop")
    for setting, value in {
        "log.showRoot": "false", "diff.renames": "copies", "diff.relative": "true", "diff.noprefix": "true",
        "diff.orderFile": "missing", "diff.algorithm": "minimal", "color.ui": "always", "log.date": "relative",
        "format.pretty": "oneline", "i18n.logOutputEncoding": "ISO-8859-1", "core.quotePath": "true",
        "log.follow": "true", "log.decorate": "full",
    }.items():  # fmt: skip
        run_git("-C", copied, "config", setting, value)
    assert read(copied).events == read(branchy.path).events


def test_files_of_the_work_tree_do_not_change_what_is_counted(branchy: Clone, tmp_path: Path) -> None:
    copied = shutil.copytree(branchy.path, tmp_path / "shop")
    for name, text in {".gitattributes": "* -diff\n", "README.md": "# Not committed\n", "package.json": "{}"}.items():
        (copied / name).write_text(text)
    assert read(copied).events == read(branchy.path).events


def running_gits() -> list[int]:
    return [child.pid for child in psutil.Process().children() if child.name() == "git"]


def test_a_reading_that_is_given_up_leaves_no_process_behind(clone: Clone) -> None:
    stream = b"".join(
        b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 2000\n%s\n" % (START + at, b"c" * 1999)
        for at in range(3000)
    )
    clone.git("fast-import", "--quiet", stdin=stream)
    batches = GitRepository(clone.path).read(None).batches()
    assert len(next(batches)) == 500
    assert running_gits()
    batches.close()
    assert not running_gits()


def test_the_cursor_is_not_known_before_everything_is_read(clone: Clone) -> None:
    clone.commit()
    reading = GitRepository(clone.path).read(None)
    with pytest.raises(RuntimeError, match="exhausted"):
        _ = reading.next_cursor
    for _ in reading.batches():
        pass
    assert re.fullmatch("[0-9a-f]{40}", reading.next_cursor["head"])


def test_nothing_is_written_into_the_repository(branchy: Clone) -> None:

    def every_file(folder: Path) -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}

    before = every_file(branchy.path)
    read(branchy.path, read(branchy.path).cursor)
    assert every_file(branchy.path) == before
