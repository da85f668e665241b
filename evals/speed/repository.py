"""A made-up repository of any length, with the shape of a real one: many authors, some files changed often."""

import random
import subprocess
from pathlib import Path

_AUTHORS = 300
_FOLDERS = ("core", "io", "web", "cli", "docs", "tests", "tests/unit", "core/engine")
_SUFFIXES = ("py", "py", "py", "md", "ts", "toml", "yml")


def make_repository(path: Path, commits: int, seed: int = 7) -> Path:
    """Make a bare repository of so many commits through `git fast-import`.

    Args:
        path: where; must not exist.
        commits: how many, on one branch, a tenth of them merges.
        seed: the same seed makes the same repository.
    """
    random_ = random.Random(seed)  # noqa: S311 - made-up content, no secret
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)  # noqa: S603, S607 - git, as installed
    stream = subprocess.Popen(  # noqa: S603 - as above
        ["git", "-C", str(path), "fast-import", "--quiet", "--done"],  # noqa: S607 - as above
        stdin=subprocess.PIPE,
    )
    assert stream.stdin is not None
    for number in range(commits):
        stream.stdin.write(_commit(number, random_).encode())
    stream.stdin.write(b"done\n")
    stream.stdin.close()
    if stream.wait() != 0:
        raise RuntimeError("git fast-import failed")
    return path


def _commit(number: int, random_: random.Random) -> str:
    author = int(_AUTHORS * random_.random() ** 3)  # few people make most commits
    when = f"{1_400_000_000 + number * 60_000} {random_.choice(('+0000', '+0200', '-0700'))}"
    who = f"Author {author:03d} <author{author}@example.org> {when}"
    message = f"Change {random_.choice(_FOLDERS)} for the {number}th time\n\nBecause it was needed.\n"
    lines = [
        f"commit refs/heads/main\nmark :{number + 1}\nauthor {who}\ncommitter {who}\ndata {len(message)}\n{message}"
    ]
    if number % 10 == 9:  # noqa: PLR2004 - a tenth are merges
        lines.append(f"from :{number}\nmerge :{number - 1}\n")
        return "".join(lines)
    for _ in range(random_.choice((1, 1, 2, 2, 3, 5, 8))):
        path = f"{random_.choice(_FOLDERS)}/file{random_.randrange(80)}.{random_.choice(_SUFFIXES)}"
        text = f"# {path}\n\nline {number}\n" + "text\n" * random_.randrange(30)
        lines.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
    return "".join(lines)
