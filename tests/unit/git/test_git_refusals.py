"""What cannot be counted right is refused, in one sentence that names the path and says what to do."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from adapters.sources.git import GitRepository
from domain.errors import SourceUnusable
from domain.events import Commit
from tests.unit.git.clones import Clone, read, run_git


def refusal(path: Path, project: str | None = None) -> str:
    with pytest.raises(SourceUnusable) as refused:
        read(path, project=project)
    text = str(refused.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_nothing_is_looked_at_before_reading(tmp_path: Path) -> None:
    GitRepository(tmp_path / "missing")


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    text = refusal(tmp_path / "missing")
    assert text.startswith(f"{tmp_path / 'missing'} does not exist")
    assert "check the path" in text


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert refusal(tmp_path / "file").startswith(f"{tmp_path / 'file'} is a file")


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    text = refusal(tmp_path)
    assert text.startswith(f"{tmp_path} holds no git repository")
    assert "git clone" in text


def test_a_path_that_no_system_has(tmp_path: Path) -> None:
    assert "\\x00" not in refusal(tmp_path / "a\0b")


def test_a_folder_inside_a_repository(clone: Clone) -> None:
    clone.commit("begin", {"src/a.py": "x"})
    assert f"give {clone.path}." in refusal(clone.path / "src")
    assert f"give {clone.path}." in refusal(clone.path / ".git" / "objects")


def test_a_repository_without_commits_is_no_error(clone: Clone) -> None:
    done = read(clone.path)
    assert (done.total, done.events, done.cursor) == (0, [], {})
    assert done.notes == (f"{clone.path} has no commits yet: nothing to read",)


def test_a_branch_without_commits_changes_nothing(clone: Clone) -> None:
    clone.commit()
    first = read(clone.path)
    clone.git("checkout", "--quiet", "--orphan", "fresh")
    second = read(clone.path, first.cursor)
    assert (second.events, second.cursor) == ([], first.cursor)


def test_a_shallow_clone(clone: Clone, tmp_path: Path) -> None:
    clone.commit()
    clone.commit()
    shallow = tmp_path / "shallow clone"
    run_git("clone", "--quiet", "--depth=1", f"file://{clone.path}", shallow)
    assert f"git -C '{shallow}' fetch --unshallow" in refusal(shallow)
    run_git("-C", shallow, "fetch", "--quiet", "--unshallow")
    assert read(shallow).total == 2


def test_a_partial_clone_that_lacks_contents(clone: Clone, tmp_path: Path) -> None:
    clone.commit("begin", {"a.py": "1"})
    clone.commit("next", {"a.py": "2"})
    clone.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    run_git("clone", "--quiet", "--filter=blob:none", f"file://{clone.path}", partial)
    assert "is a partial clone" in refusal(partial)
    run_git("-C", partial, "log", "--numstat")  # git fetches what it needs
    assert read(partial).total == 2


def distrust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git that takes every repository for another user's, as its own tests do; returns its user's home."""
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "git"
    wrapper.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {real} "$@"\n')
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(home))
    return home


def test_a_repository_of_somebody_else(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.commit()
    distrust(tmp_path, monkeypatch)
    assert f"`git config --global --add safe.directory {clone.path}`" in refusal(clone.path)


def test_a_repository_of_somebody_else_whom_the_user_trusts(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.commit()
    home = distrust(tmp_path, monkeypatch)
    (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {clone.path}\n")
    assert read(clone.path).total == 1


def test_trust_given_through_the_environment_counts(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.commit()
    distrust(tmp_path, monkeypatch)
    for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    assert read(clone.path).total == 1


def test_a_machine_without_git(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.commit()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install git" in refusal(clone.path)


def test_a_project_that_was_another_repository(clone: Clone, tmp_path: Path) -> None:
    clone.commit("one")
    other = Clone(tmp_path / "elsewhere" / "shop")
    other.commit("two", author="Ben <ben@example.org>")
    first = read(clone.path)
    with pytest.raises(SourceUnusable, match="--project NAME") as refused:
        read(other.path, first.cursor)
    assert str(refused.value).startswith(f"{other.path} has no commit in common")
    assert "'shop'" in str(refused.value)


def test_a_damaged_history(clone: Clone) -> None:
    clone.commit("one", {"a.py": "1"})
    tree = clone.git("rev-parse", "HEAD^{tree}")
    clone.commit("two", {"a.py": "2"})
    (clone.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    text = refusal(clone.path)
    assert text.startswith(f"{clone.path} cannot be read to the end, git says ")
    assert f"`git -C {clone.path} fsck`" in text


def test_a_damaged_file(clone: Clone) -> None:
    clone.commit("one", {"README.md": "# One", "logo.png": b"\0"})
    blob = clone.git("rev-parse", "HEAD:README.md")
    (clone.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert "fsck" in refusal(clone.path)


@pytest.mark.parametrize("written", ["0123456789" * 4, "nonsense"])
def test_a_head_that_names_nothing(clone: Clone, written: str) -> None:
    clone.commit()
    (clone.path / ".git" / "refs" / "heads" / "main").write_text(written + "\n")
    assert "fsck" in refusal(clone.path)


def test_a_damaged_head(clone: Clone) -> None:
    clone.commit()
    (clone.path / ".git" / "HEAD").unlink()
    assert "holds no git repository" in refusal(clone.path)


def test_a_folder_that_may_not_be_entered(clone: Clone) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may enter any folder")
    clone.commit()
    clone.path.chmod(0)
    try:
        assert str(clone.path) in refusal(clone.path)
    finally:
        clone.path.chmod(0o700)


def test_what_git_says_is_cleaned(clone: Clone) -> None:
    clone.commit()
    (clone.path / ".git" / "config").write_text("[broken\x1b[31m\n")
    assert "\x1b" not in refusal(clone.path)


@pytest.mark.parametrize(
    ("folder", "bare", "project"),
    [("shop", False, "shop"), ("shop.git", True, "shop"), ("shop", True, "shop"), ("shop.git", False, "shop.git")],
)
def test_a_project_is_called_as_its_folder(clone: Clone, tmp_path: Path, folder: str, bare: bool, project: str) -> None:
    clone.commit()
    place = tmp_path / "clones" / folder
    run_git("clone", "--quiet", *(["--bare"] if bare else []), clone.path, place)
    done = read(place)
    assert (done.project, done.source, done.events[0].project) == (project, f"git:{project}", f"git:{project}")
    if not bare:
        assert read(place / ".git").project == project


def test_a_project_may_be_given_a_name(clone: Clone) -> None:
    clone.commit()
    done = read(clone.path, project="till")
    assert done.source == "git:till"
    assert {event.project for event in done.events} == {"git:till"}


def test_links_relative_paths_and_work_trees_are_fine(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.commit()
    (tmp_path / "link").symlink_to(clone.path)
    assert read(tmp_path / "link").project == "link"
    monkeypatch.chdir(clone.path)
    assert read(Path()).project == "shop"
    clone.git("worktree", "add", "--quiet", tmp_path / "tree", "-b", "tree")
    assert read(tmp_path / "tree").project == "tree"


def test_a_submodule_is_a_repository(clone: Clone, tmp_path: Path) -> None:
    clone.commit("inner")
    outer = Clone(tmp_path / "outer")
    outer.commit("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", clone.path, "inner")
    outer.commit("add inner", {})
    assert read(outer.path / "inner").titles == ["inner"]
    files = [file.path for commit in read(outer.path).bodies(Commit) for file in commit.files]
    assert files == ["notes.py", ".gitmodules", "inner"]
