"""Package files: what a project provides and what it requires, one file an ecosystem.

A parser is a pure function from text to `Declared`; the table says which files it reads. A new ecosystem is one file
and one line here.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from adapters.sources.git.manifests import cargo, go, maven, npm, pyproject, requirements, setup_cfg, setup_py
from adapters.sources.git.manifests.declared import BadManifest, Declared

__all__ = ["MANIFEST_LIMIT", "BadManifest", "Declared", "parser_of"]

MANIFEST_LIMIT: Final = 500_000
"""Bytes of a package file that are read. A longer one was not written by people."""

Parser = Callable[[str], Declared]
"""From the text of a package file to what it says. Raises `BadManifest`, and nothing else, if it says nothing."""

_PARSERS: Final[tuple[tuple[re.Pattern[str], Parser], ...]] = (
    (re.compile(r"(?:.*/)?pyproject\.toml"), pyproject.parse),
    (re.compile(r"(?:.*/)?requirements[^/]*\.txt"), requirements.parse),
    (re.compile(r"(?:.*/)?requirements/[^/]+\.txt"), requirements.parse),
    (re.compile(r"(?:.*/)?setup\.cfg"), setup_cfg.parse),
    (re.compile(r"(?:.*/)?setup\.py"), setup_py.parse),
    (re.compile(r"(?:.*/)?package\.json"), npm.parse),
    (re.compile(r"(?:.*/)?go\.mod"), go.parse),
    (re.compile(r"(?:.*/)?pom\.xml"), maven.parse),
    (re.compile(r"(?:.*/)?Cargo\.toml"), cargo.parse),
)

_OF_OTHERS: Final = frozenset({
    "node_modules", "vendor", "_vendor", "third_party", "site-packages", ".git", "fixtures", "testdata",
})  # fmt: skip
"""Folders with packages of others, and with package files that are there for tests to read."""


def parser_of(path: str) -> Parser | None:
    """What reads the file at `path`, or None if it is no package file of this project."""
    if not _OF_OTHERS.isdisjoint(PurePosixPath(path).parts[:-1]):
        return None
    parser = next((parser for pattern, parser in _PARSERS if pattern.fullmatch(path)), None)
    if parser is requirements.parse:
        return partial(requirements.parse, scope=requirements.scope_of(path))
    return parser
