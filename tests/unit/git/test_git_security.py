"""A repository is written by others: none of it is run, none of it is believed, nothing leaves through it."""

from pathlib import Path

import pytest

from adapters.sources.git.remote import public_address
from domain.events import ProjectDescribed
from tests.unit.git.clones import Clone, read, run_git


def test_no_program_that_a_repository_names_is_run(clone: Clone, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    clone.commit("begin", {"a.x": "1\n", ".gitattributes": "* diff=x filter=x merge=x\n", "README.md": "# A"})
    clone.commit("next", {"a.x": "2\n"})
    for setting in (
        "core.fsmonitor", "core.pager", "core.editor", "core.askPass", "core.sshCommand", "core.gitProxy",
        "core.alternateRefsCommand", "diff.external", "diff.x.textconv", "diff.x.command", "filter.x.clean",
        "filter.x.smudge", "filter.x.process", "gpg.program", "gpg.ssh.program", "pager.log", "credential.helper",
        "sequence.editor", "uploadpack.packObjectsHook", "trailer.x.command",
    ):  # fmt: skip
        clone.git("config", setting, str(program))
    clone.git("config", "log.showSignature", "true")
    clone.git("config", "core.hooksPath", str(tmp_path))
    clone.git("config", "alias.log", f"!{program}")
    done = read(clone.path)
    read(clone.path, done.cursor)
    assert done.total == 2
    assert not mark.exists()


def test_replaced_and_grafted_commits_are_not_believed(clone: Clone) -> None:
    clone.commit("one")
    second = clone.commit("two")
    clone.commit("three")
    fake = clone.git("commit-tree", "-m", "fake", "HEAD^{tree}", env=clone.signed("Eve <eve@example.org>"))
    clone.git("replace", second, fake)
    (clone.path / ".git" / "info").mkdir(exist_ok=True)
    (clone.path / ".git" / "info" / "grafts").write_text(f"{clone.head}\n")
    assert read(clone.path).titles == ["one", "two", "three"]


def test_settings_of_the_user_are_not_needed(clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.commit("begin", {"a.py": "x\n"})
    plain = read(clone.path)
    (tmp_path / ".gitconfig").write_text("[log]\n\tshowRoot = false\n[safe]\n\tbareRepository = explicit\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read(clone.path).events == plain.events
    run_git("clone", "--quiet", "--bare", clone.path, tmp_path / "bare" / "shop.git")
    assert read(tmp_path / "bare" / "shop.git").titles == plain.titles


def test_variables_of_the_user_do_not_lead_elsewhere(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.commit("here")
    other = Clone(tmp_path / "other")
    other.commit("there")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert read(clone.path).titles == ["here"]


def test_a_path_that_looks_like_an_option_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clone = Clone(tmp_path / "--upload-pack=x")
    clone.commit("begin", {"--help/README.md": "# Dashes", "-v.py": "x\n"})
    done = read(Path("--upload-pack=x"))
    assert done.project == "--upload-pack=x"
    assert "doc_changed" in done.types


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/acme/api.git", "github.com/acme/api"),
        ("https://github.com/acme/api/", "github.com/acme/api"),
        ("https://ada:s3cret@github.com/acme/api", "github.com/acme/api"),
        ("https://ghp_s3cret@github.com/acme/api.git", "github.com/acme/api"),
        ("https://github.com:443/acme/api.git?token=s3cret#s3cret", "github.com/acme/api"),
        ("HTTPS://GitHub.com/Acme/API.git", "github.com/Acme/API"),
        ("git@github.com:acme/api.git", "github.com/acme/api"),
        ("github.com:acme/api", "github.com/acme/api"),
        ("ssh://git@github.com/acme/api.git", "github.com/acme/api"),
        ("ssh://git@ssh.github.com:443/acme/api.git", "github.com/acme/api"),
        ("git://github.com/acme/api.js.git", "github.com/acme/api.js"),
        ("https://gitlab.com/acme/team/api.git", "gitlab.com/acme/team/api"),
        ("https://oauth2:s3cret@gitlab.com/acme/api.git", "gitlab.com/acme/api"),
        ("git@bitbucket.org:acme/api.git", "bitbucket.org/acme/api"),
        ("https://git.acme.internal/s3cret/api.git", None),
        ("https://github.com.evil.org/acme/api", None),
        ("https://github.com/acme", None),
        ("https://github.com/acme/a b", None),
        ("https://[::1/acme/api", None),
        ("/srv/git/api.git", None),
        ("../api", None),
        ("file:///srv/api.git", None),
        ("C:\\repos\\api", None),
        ("ext::sh -c s3cret", None),
        ("", None),
    ],
)
def test_of_a_remote_only_its_public_address_is_told(remote: str, address: str | None) -> None:
    assert public_address(remote) == address


def test_a_password_in_a_remote_is_nowhere(clone: Clone) -> None:
    clone.commit()
    clone.git("remote", "add", "origin", "https://ada:s3cret@github.com/acme/api.git")
    done = read(clone.path)
    assert "s3cret" not in f"{done}"
    assert "s3cret" not in "".join(event.model_dump_json() for event in done.events)
    [described] = done.bodies(ProjectDescribed)
    assert described == ProjectDescribed(refs=("github:acme/api",), url="https://github.com/acme/api")
