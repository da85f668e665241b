"""What a clone says of its project: where it came from, and what was released."""

from datetime import UTC, datetime

import pytest

from domain.events import ProjectDescribed, Release
from tests.unit.git.clones import START, Clone, Read, read


def described(done: Read) -> list[ProjectDescribed]:
    return done.bodies(ProjectDescribed)


def test_a_project_is_there_even_without_a_remote(clone: Clone) -> None:
    clone.commit()
    first = read(clone.path)
    [event] = first.of(ProjectDescribed)
    assert event.entity == "project:git:shop"
    assert event.body == ProjectDescribed()
    assert event.occurred_at == datetime.fromtimestamp(START, UTC)
    assert described(read(clone.path, first.cursor)) == []


def test_a_remote_that_changes_is_told_each_time(clone: Clone) -> None:
    clone.commit()
    done = read(clone.path)
    ids = [event.id for event in done.of(ProjectDescribed)]
    clone.git("remote", "add", "origin", "git@github.com:acme/one.git")
    for name in ("one", "two", "one", "two"):
        clone.git("remote", "set-url", "origin", f"git@github.com:acme/{name}.git")
        done = read(clone.path, done.cursor)
        assert [body.refs for body in described(done)] == [(f"github:acme/{name}",)]
        ids += [event.id for event in done.of(ProjectDescribed)]
    assert len(set(ids)) == 5


def test_only_github_gives_a_reference(clone: Clone) -> None:
    clone.commit()
    clone.git("remote", "add", "origin", "https://gitlab.com/acme/team/api.git")
    assert described(read(clone.path)) == [ProjectDescribed(url="https://gitlab.com/acme/team/api")]


def test_an_annotated_tag_is_a_release_by_its_tagger(clone: Clone) -> None:
    sha = clone.commit()
    signed = clone.signed("Ben Bitdiddle <ben@example.org>")
    tagger = {name.replace("AUTHOR", "COMMITTER"): value for name, value in signed.items() if "AUTHOR" in name}
    clone.git("tag", "-a", "-m", "First\n\nIt works.", "v1.0", env=signed | tagger)
    [event] = read(clone.path).of(Release)
    assert event.id == f"git:shop:tag:v1.0:{sha}"
    assert event.entity == "release:git:shop:v1.0"
    assert event.actor
    assert event.actor.external_id == "Ben Bitdiddle <ben@example.org>"
    assert event.occurred_at == datetime.fromtimestamp(START + 3600, UTC)
    assert event.body == Release(tag="v1.0", name="v1.0", sha=sha, text="First\n\nIt works.")


def test_a_lightweight_tag_is_a_release_by_nobody(clone: Clone) -> None:
    sha = clone.commit("not a release note")
    clone.git("tag", "v1.0")
    [event] = read(clone.path).of(Release)
    assert event.actor is None
    assert event.occurred_at == datetime.fromtimestamp(START, UTC)
    assert event.body == Release(tag="v1.0", name="v1.0", sha=sha)


def test_only_new_and_moved_tags_are_told(clone: Clone) -> None:
    clone.commit()
    for number in range(30):
        clone.git("tag", f"v{number}")
    first = read(clone.path)
    assert len(first.bodies(Release)) == 30
    clone.git("tag", "v30")
    second = read(clone.path, first.cursor)
    assert [release.tag for release in second.bodies(Release)] == ["v30"]
    clone.commit()
    clone.git("tag", "--force", "v3")
    third = read(clone.path, second.cursor)
    assert [(release.tag, release.sha) for release in third.bodies(Release)] == [("v3", clone.head)]
    clone.git("tag", "--delete", "v4")
    fourth = read(clone.path, third.cursor)
    assert fourth.events == []
    assert read(clone.path, fourth.cursor).cursor == fourth.cursor


def test_tags_of_tags_and_of_files(clone: Clone) -> None:
    sha = clone.commit("begin", {"key.asc": "x"})
    clone.git("tag", "-a", "-m", "inner", "inner", env=clone.signed())
    clone.git("tag", "-a", "-m", "outer", "outer", "inner", env=clone.signed())
    clone.git("tag", "key", "HEAD:key.asc")
    clone.git("tag", "-a", "-m", "tree", "tree", "HEAD^{tree}", env=clone.signed())
    assert {(release.tag, release.sha) for release in read(clone.path).bodies(Release)} == {
        ("inner", sha),
        ("outer", sha),
    }


def test_tags_may_have_odd_names_and_messages(clone: Clone) -> None:
    clone.commit()
    for name in ("release/été", "v1=x", "a'b\"c", "日本", "v1;ls"):
        clone.git("tag", "-a", "-m", f"\n1\t2\n\n{name}\x1b[0m\n\nrefs/tags/x", name, env=clone.signed())
    releases = read(clone.path).bodies(Release)
    assert {release.tag for release in releases} == {"release/été", "v1=x", "a'b\"c", "日本", "v1;ls"}
    assert all("\x1b" not in release.text for release in releases)


def test_a_tag_without_a_tagger_and_one_with_an_absurd_date(clone: Clone) -> None:
    sha = clone.commit()
    for name, tagger in {"old": "", "late": "tagger T <t@example.org> 99999999999 +0000\n"}.items():
        raw = f"object {sha}\ntype commit\ntag {name}\n{tagger}\nmessage\n".encode()
        tag = clone.git("hash-object", "-t", "tag", "-w", "--stdin", "--literally", stdin=raw)
        clone.git("update-ref", f"refs/tags/{name}", tag)
    told = {event.entity.rpartition(":")[2]: event for event in read(clone.path).of(Release)}
    assert told["old"].actor is None
    assert told["late"].actor
    assert {event.occurred_at for event in told.values()} == {datetime.fromtimestamp(START, UTC)}


@pytest.mark.parametrize(
    ("tag", "prerelease"),
    [
        ("v1.0", False), ("1.0.0", False), ("2024-01-05", False), ("v1.0rc1", True), ("v2.0.0-beta.2", True),
        ("1.0.dev3", True), ("1.0-SNAPSHOT", True), ("v1.0a", True), ("1.0.post1", False), ("release-1", False),
    ],
)  # fmt: skip
def test_a_version_before_the_version_is_a_prerelease(clone: Clone, tag: str, prerelease: bool) -> None:
    clone.commit()
    clone.git("tag", tag)
    [release] = read(clone.path).bodies(Release)
    assert release.prerelease is prerelease
