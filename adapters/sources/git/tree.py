"""The files of HEAD, from git's objects and never from a work tree: what is there is not what was committed."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final

from adapters.sources.git.command import Git
from adapters.sources.git.decode import nul_separated, path_of

_FILES: Final = (b"100644", b"100755", b"100664")
"""Modes of plain files; the last one is what early versions of git wrote. Links and submodules hold no text."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of HEAD: where it is, the object that holds it, its size in bytes."""

    path: str
    oid: str
    size: int


def blobs(git: Git, commit: str) -> Iterator[Blob]:
    """Every plain file of `commit`."""
    with closing(git.stream("ls-tree", "-r", "-z", "--long", commit)) as chunks:
        for piece in nul_separated(chunks):
            attributes, _, path = piece.partition(b"\t")
            mode, _, oid, size = attributes.split()
            if mode in _FILES:
                yield Blob(path_of(path), oid.decode("ascii"), int(size))


@contextmanager
def contents(git: Git) -> Iterator[Callable[[Blob], bytes]]:
    """A function that gives the bytes of a blob, through one git for all of them."""
    with git.conversation("cat-file", "--batch") as (ask, answer):

        def read(blob: Blob) -> bytes:
            ask.write(blob.oid.encode() + b"\n")
            ask.flush()
            header = answer.readline().split()
            if len(header) != 3:  # noqa: PLR2004 - object id, type, size; anything else says that it is missing
                raise EOFError
            size = int(header[2])
            text = answer.read(size + 1)  # and the line break that ends it
            if len(text) != size + 1:
                raise EOFError
            return text[:-1]

        yield read
