"""Finding the repository in a folder, and refusing what cannot be counted right."""

from contextlib import closing
from pathlib import Path

from adapters.sources.git.command import Git, discover, last_words, quoted, shown
from adapters.sources.git.history import exclude
from domain.errors import SourceUnusable
from domain.text import line

_UNTRUSTED = ("dubious ownership", "unsafe repository")
_REMEDY = "git config --global --add safe.directory "


def locate(path: Path) -> Git:
    """The repository at `path`: a clone, a bare repository, or a clone's `.git`.

    Raises:
        SourceUnusable: there is none, or it is not this user's to read.
    """
    try:
        folder = path.resolve()
        exists, is_folder = folder.exists(), folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceUnusable(
            f"{shown(path)} cannot be looked at ({line(str(error))}): expected the folder of a git repository."
        ) from error
    if not exists:
        raise SourceUnusable(f"{shown(path)} does not exist: expected the folder of a git repository; check the path.")
    if not is_folder:
        raise SourceUnusable(f"{shown(path)} is a file: expected the folder of a git repository; give that folder.")
    return Git(_git_dir(folder, path), path)


def _git_dir(folder: Path, path: Path) -> Path:
    status, printed, complaint = discover(
        folder, "rev-parse", "--absolute-git-dir", "--is-inside-git-dir", "--show-prefix"
    )
    said = complaint.decode("utf-8", "replace")
    if status == 0:
        # The path of a folder may hold line breaks, the two answers after it do not.
        *written, inside_git_dir, prefix = printed.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")
        git_dir = Path("\n".join(written))
        if prefix or (inside_git_dir == "true" and git_dir.resolve() != folder):
            root = git_dir.parent if git_dir.name == ".git" else git_dir
            raise SourceUnusable(
                f"{shown(path)} is a folder inside the repository {shown(root)}: expected the repository itself; "
                f"give {quoted(root)}."
            )
        return git_dir
    if any(words in said for words in _UNTRUSTED):
        raise SourceUnusable(
            f"{shown(path)} belongs to another user, so git does not trust what is in it: if you do, allow it with "
            f"`{_remedy(said, folder)}` and try again."
        )
    if "not a git repository" in said:
        raise SourceUnusable(
            f"{shown(path)} holds no git repository: expected a clone or a bare repository; make one with `git clone`, "
            "or check the path."
        )
    raise SourceUnusable(
        f"{shown(path)} cannot be opened, git says {last_words(complaint)!r}: expected a git repository; look at it "
        f"with `git -C {quoted(path)} status`."
    )


def _remedy(said: str, folder: Path) -> str:
    """The command that git itself proposes; it knows best how it spells the folder."""
    proposed = (row.strip() for row in said.splitlines())
    return line(next((row for row in proposed if row.startswith(_REMEDY)), _REMEDY + quoted(folder)))


def find_head(git: Git) -> str | None:
    """The commit that HEAD names, or None if there is no commit yet.

    Raises:
        SourceUnusable: HEAD names something that is not there.
    """
    head = git.answer("rev-parse", "--quiet", "--verify", "HEAD")
    if head is not None:
        return head
    branch = git.answer("symbolic-ref", "--quiet", "HEAD")
    broken = git.says("for-each-ref", branch) if branch else "HEAD names no branch and no commit"
    if broken:
        raise git.unusable(broken.encode())
    return None


def refuse_shallow(git: Git) -> None:
    """Refuse a clone that was cut off.

    Raises:
        SourceUnusable: it is one.
    """
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        raise SourceUnusable(
            f"{shown(git.path)} is a shallow clone: expected the whole history, without which every count is too low; "
            f"get it with `git -C {quoted(git.path)} fetch --unshallow`."
        )


def refuse_partial(git: Git, head: str, known: tuple[str, ...]) -> None:
    """Refuse a clone that left contents on the server: counting lines would fetch them one by one.

    Raises:
        SourceUnusable: something that is to be read is not there.
    """
    if git.answer("config", "--get-regexp", r"^remote\..*\.promisor$") is None:
        return
    with closing(git.stream("rev-list", "--objects", "--missing=print", head, *exclude(known), "--")) as chunks:
        before = b"\n"
        for chunk in chunks:
            if b"\n?" in before + chunk:
                raise SourceUnusable(
                    f"{shown(git.path)} is a partial clone: expected the contents of all files, without which no lines "
                    "can be counted; clone it again without `--filter`."
                )
            before = chunk[-1:]
