"""Who is who according to `.mailmap`, as git itself applies it."""

import re
from collections import Counter
from pathlib import Path

from domain.events import Commit, Mailmap
from tests.unit.git.clones import Clone, Read, read, run_git

MAP = """\
# who is who
Ada Lovelace <ada@example.org> <ada@home>
Ada Lovelace <ada@example.org> Countess <hello>
Ben Bitdiddle <BEN@old.example.org>
Nobody Here <nobody@example.org> <never@example.org>
"""


def aliases(done: Read) -> dict[str, str]:
    [body] = done.bodies(Mailmap)
    return {alias.signature.external_id: alias.proper.external_id for alias in body.aliases}


def populate(clone: Clone) -> None:
    clone.commit("1", {".mailmap": MAP}, author="Ada Lovelace <ada@example.org>")
    clone.commit("2", author="ada <ada@home>")
    clone.commit("3", author="Ada <Ada@HOME>")
    clone.commit("4", author="Countess <hello>")
    clone.commit("5", author="Earl <hello>")
    clone.commit("6", author="Ben Bit <ben@old.example.org>")
    clone.commit("7\n\nCo-authored-by: A. Lovelace <ada@home>", author="Cy D. Fect <cy@example.org>")


def test_every_signature_that_is_rewritten_is_an_alias(clone: Clone) -> None:
    populate(clone)
    done = read(clone.path)
    assert aliases(done) == {
        "ada <ada@home>": "Ada Lovelace <ada@example.org>",
        "Ada <ada@home>": "Ada Lovelace <ada@example.org>",
        "Countess <hello>": "Ada Lovelace <ada@example.org>",
        "Ben Bit <ben@old.example.org>": "Ben Bitdiddle <ben@old.example.org>",
        "A. Lovelace <ada@home>": "Ada Lovelace <ada@example.org>",
    }
    [event] = done.of(Mailmap)
    assert event.entity == "mailmap:git:shop"
    assert event.id.startswith("git:shop:mailmap:")
    assert event.id.endswith(f":{clone.head}")
    assert event.occurred_at == done.of(Commit)[-1].occurred_at


def test_commits_per_person_are_those_of_shortlog(clone: Clone) -> None:
    populate(clone)
    done = read(clone.path)
    proper = aliases(done)
    raw = [event.actor.external_id for event in done.of(Commit) if event.actor]
    rows = [re.fullmatch(r"\s*(\d+)\t(.*)", row) for row in clone.git("shortlog", "-sne", "HEAD").splitlines()]
    expected: Counter[str] = Counter()
    for row in rows:
        assert row
        name, _, mail = row[2].rpartition(" ")
        expected[f"{name} {mail.lower()}"] += int(row[1])
    assert Counter(proper.get(who, who) for who in raw) == expected


def test_a_changed_mailmap_is_told_alone(clone: Clone) -> None:
    populate(clone)
    first = read(clone.path)
    clone.commit("8", {".mailmap": MAP + "Cyrus <cy@example.org>\n"}, author="Ada Lovelace <ada@example.org>")
    second = read(clone.path, first.cursor)
    assert second.types == ["mailmap_changed"]
    assert len(aliases(second)) == 6
    assert aliases(second)["Cy D. Fect <cy@example.org>"] == "Cyrus <cy@example.org>"


def test_a_change_that_rewrites_nobody_is_not_told(clone: Clone) -> None:
    populate(clone)
    first = read(clone.path)
    clone.commit("8", {".mailmap": MAP + "# nothing new\n"}, author="Ada Lovelace <ada@example.org>")
    assert read(clone.path, first.cursor).types == []


def test_a_newcomer_whom_the_mailmap_knows_is_told(clone: Clone) -> None:
    populate(clone)
    first = read(clone.path)
    clone.commit("8", author="never <never@example.org>")
    assert aliases(read(clone.path, first.cursor))["never <never@example.org>"] == "Nobody Here <nobody@example.org>"


def test_a_removed_mailmap_leaves_no_alias(clone: Clone) -> None:
    populate(clone)
    first = read(clone.path)
    clone.commit("8", {}, remove=[".mailmap"])
    assert aliases(read(clone.path, first.cursor)) == {}


def test_a_repository_without_a_mailmap_says_nothing(clone: Clone) -> None:
    clone.commit()
    assert read(clone.path).bodies(Mailmap) == []


def test_a_mailmap_that_was_not_committed_does_not_count(clone: Clone, tmp_path: Path) -> None:
    populate(clone)
    expected = read(clone.path)
    leak = "Leak <leak@example.org> <cy@example.org>\n"
    clone.write({".mailmap": MAP + leak})
    (tmp_path / "elsewhere").write_text(leak)
    clone.git("config", "mailmap.file", str(tmp_path / "elsewhere"))
    clone.git("config", "mailmap.blob", clone.git("hash-object", "-w", "--stdin", stdin=leak.encode()))
    assert read(clone.path).events == expected.events
    clone.git("config", "core.worktree", str(clone.path))
    assert read(clone.path).events == expected.events


def test_a_mailmap_that_is_only_in_the_work_tree_does_not_count(clone: Clone) -> None:
    clone.commit()
    clone.write({".mailmap": "Leak <leak@example.org> <ada@example.org>\n"})
    assert read(clone.path).bodies(Mailmap) == []


def test_a_bare_repository_has_the_same_aliases(clone: Clone, tmp_path: Path) -> None:
    populate(clone)
    run_git("clone", "--quiet", "--bare", str(clone.path), str(tmp_path / "shop.git"))
    assert read(tmp_path / "shop.git").of(Mailmap) == read(clone.path).of(Mailmap)


def test_a_mailmap_that_is_a_link_or_a_folder_is_none(clone: Clone) -> None:
    clone.commit("begin", {".mailmap/file": "Leak <leak@example.org> <ada@example.org>\n"})
    assert read(clone.path).bodies(Mailmap) == []


def test_signatures_that_are_hardly_any_do_not_confuse_it(clone: Clone) -> None:
    clone.commit("begin", {".mailmap": "Proper <proper@example.org> <x@y>\nNameless <n@example.org> <>\n"})
    for author in (b" <x@y>", b"Odd <>", b" <>", b"nonsense", b"caf\xe9 <x@y>", b"A B  C <x@y>"):
        clone.commit_raw(author + b" 1700000000 +0000")
    told = aliases(read(clone.path))
    assert told["<x@y>"] == told["caf\ufffd <x@y>"] == told["A B C <x@y>"] == "Proper <proper@example.org>"
