"""The `git` command as a child process: a closed environment, one repository, and an end in every case.

What a repository holds was written by others, its configuration included. So nothing goes through a shell, no hook,
pager, external diff or text conversion of the repository's choosing is run, nothing is fetched, and nothing is
written. The configuration of this machine and of its user is left out too: it must not change what is counted.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from domain.errors import SourceUnusable
from domain.text import line

_CHUNK: Final = 1 << 16
_PATH_SHOWN: Final = 500

_SETTINGS: Final = (
    # A repository can name programs to run. None of them is needed for reading.
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "log.showSignature=false",
    # It can also change what the commands below print.
    "color.ui=false",
    "core.attributesFile=/dev/null",
    "core.quotePath=false",
    "diff.orderFile=/dev/null",
    "diff.relative=false",
    "log.showRoot=true",
    "mailmap.file=/dev/null",
)

_PASSED_ON: Final = ("PATH", "TMPDIR")
_CLOSED: Final = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",  # older versions fetch what a partial clone lacks, and do not know the next one
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_NOBODYS: Final = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1"}
_OWN_SETTINGS: Final = ("HOME", "XDG_CONFIG_HOME", "SUDO_UID")
"""What git asks to find its user's configuration, and who that user is."""


def shown(path: Path) -> str:
    """A path as errors name it."""
    return line(os.fspath(path), _PATH_SHOWN)


def quoted(path: Path) -> str:
    """A path as it can be pasted into a shell."""
    return shlex.quote(shown(path))


class Git:
    """The `git` command on one repository. Every method blocks until git has answered, or is done streaming."""

    def __init__(self, git_dir: Path, path: Path) -> None:
        """Name the repository; nothing is run.

        Args:
            git_dir: where its objects are, as `locate` found it.
            path: what its user calls it, for errors.
        """
        self.git_dir = git_dir
        self.path = path
        # The folder with the objects stands in for the work tree. Files there (`.mailmap`, `.gitattributes`) would
        # otherwise be read beside those of HEAD, whatever `mailmap.blob` says.
        where = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(git_dir)}
        self._environment = {**_passed_on(_PASSED_ON), **_CLOSED, **_NOBODYS, **where}

    def text(self, *arguments: str, stdin: bytes = b"") -> str:
        """What git prints, without the last line break.

        Raises:
            SourceUnusable: git failed; the error holds its own last words.
        """
        return self.output(*arguments, stdin=stdin).decode("utf-8", "replace").rstrip("\n")

    def output(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git prints, as it is.

        Raises:
            SourceUnusable: git failed; the error holds its own last words.
        """
        status, printed, complaint = _run(arguments, self.git_dir, self._environment, stdin)
        if status:
            raise self.unusable(complaint)
        return printed

    def answer(self, *arguments: str) -> str | None:
        """What git prints, or None if it says no by its exit status."""
        status, printed, _ = _run(arguments, self.git_dir, self._environment)
        return None if status else printed.decode("utf-8", "replace").rstrip("\n")

    def says(self, *arguments: str) -> str:
        """Everything that git prints, complaints included, whether it failed or not."""
        _, printed, complaint = _run(arguments, self.git_dir, self._environment)
        return (printed + complaint).decode("utf-8", "replace").strip()

    def stream(self, *arguments: str) -> Generator[bytes, None, None]:
        """What git prints, in pieces, while it prints. Closing the iterator ends git.

        Raises:
            SourceUnusable: at the end, if git failed.
        """
        with tempfile.TemporaryFile() as complaints, self._talk(arguments, complaints) as process:
            assert process.stdout is not None
            while piece := process.stdout.read(_CHUNK):
                yield piece
            if process.wait():
                raise self.unusable(_read_back(complaints))

    @contextmanager
    def conversation(self, *arguments: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """A running git that answers line by line: what it reads and what it prints. It ends with the block."""
        with tempfile.TemporaryFile() as complaints, self._talk(arguments, complaints) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                yield process.stdin, process.stdout
            except (BrokenPipeError, EOFError) as gone:
                process.wait()
                raise self.unusable(_read_back(complaints)) from gone

    @contextmanager
    def _talk(self, arguments: Sequence[str], complaints: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
        with _start(arguments, self.git_dir, self._environment, complaints) as process:
            try:
                yield process
            finally:
                process.kill()  # no effect on one that has ended

    def unusable(self, complaint: bytes) -> SourceUnusable:
        """The error that says, in git's own last words, why it could not go on."""
        return SourceUnusable(
            f"{shown(self.path)} cannot be read to the end, git says {last_words(complaint)!r}: look for damage with "
            f"`git -C {quoted(self.path)} fsck`, or clone the repository again."
        )


def discover(path: Path, *arguments: str) -> tuple[int, bytes, bytes]:
    """Run git in the folder `path` as its user would: with their own configuration.

    Whether a folder may be trusted is theirs to say, in `safe.directory`, and git takes that from nowhere else.

    Returns:
        exit status, what git printed, and its complaints.
    """
    own = {name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG")}
    # The user named this very folder, which is all that `safe.bareRepository` wants to be sure of.
    settings = ("-c", "safe.bareRepository=all")
    return _run((*settings, *arguments), path, {**_passed_on((*_PASSED_ON, *_OWN_SETTINGS)), **_CLOSED, **own})


def last_words(complaint: bytes) -> str:
    """The line of `complaint` that says most: the last one, without its `fatal:`."""
    lines = [text for text in complaint.decode("utf-8", "replace").splitlines() if text.strip()]
    fatal = [text for text in lines if text.startswith(("fatal:", "error:"))]
    said = (fatal or lines or ["nothing"])[-1]
    return line(said.removeprefix("fatal:").removeprefix("error:"))


def _run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: bytes = b""
) -> tuple[int, bytes, bytes]:
    with _start(arguments, folder, environment, subprocess.PIPE) as process:
        try:
            printed, complaint = process.communicate(stdin)
        except BaseException:
            process.kill()
            raise
    return process.returncode, printed, complaint


def _start(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    command = ["git", "--no-pager", "--literal-pathspecs", *settings, *arguments]
    try:
        return subprocess.Popen(  # noqa: S603 - a list of arguments, no shell; what is in it was made here
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )
    except OSError as error:
        if shutil.which("git", path=environment.get("PATH")) is None:
            raise SourceUnusable(
                f"{shown(folder)} cannot be read because the program git was not found: install git and make sure "
                "that it is on PATH."
            ) from error
        why = line(error.strerror or type(error).__name__)
        raise SourceUnusable(
            f"{shown(folder)} cannot be entered ({why}): expected a folder that this user may read; check its "
            "permissions."
        ) from error


def _passed_on(names: Sequence[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


def _read_back(complaints: IO[bytes]) -> bytes:
    complaints.seek(0)
    return complaints.read(_CHUNK)
