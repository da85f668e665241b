"""`requirements.txt` and its relatives: one requirement a line, among options for pip."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from adapters.sources.git.manifests.declared import Declared, Scope, declared, package, requirement, scope_by_name
from adapters.sources.git.manifests.pep508 import read_requirement
from domain.events import Requirement

_EGG: Final = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_OPTION: Final = re.compile(r"\s--?[a-z].*")


def parse(text: str, scope: Scope = "runtime") -> Declared:
    """What a list of requirements says. It provides nothing.

    Args:
        text: the file.
        scope: what its requirements are for, which its name tells: see `scope_of`.
    """
    return declared((), (_requirement(row, scope) for row in _rows(text)))


def scope_of(path: str) -> Scope:
    """What the requirements in the file at `path` are for: `requirements-dev.txt` says it, so does `docs/`."""
    return scope_by_name(str(PurePosixPath(path).with_suffix("")), "runtime")


def _rows(text: str) -> Iterator[str]:
    for row in text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        stripped = re.split(r"(?:^|\s)#", row, maxsplit=1)[0].strip()
        if stripped:
            yield stripped


def _requirement(row: str, scope: Scope) -> Requirement | None:
    """The requirement in a line; None for an option, an included file, a path or a URL that names no package."""
    editable = re.match(r"(?:-e|--editable)[\s=]+", row)
    if editable or "://" in row.partition(" ")[0]:
        egg = _EGG.search(row)
        return requirement(package("pypi", egg[1]), "", scope) if egg else None
    if row.startswith("-"):
        return None
    return read_requirement(_OPTION.sub("", row), scope)
