"""Which issues a text mentions. `UTF-8`, `SHA-256` and `ISO-8601` look like keys and are none."""

import re
from collections.abc import Collection
from typing import Final

from domain.actions import ISSUE as KEY

MOST_MENTIONED: Final = 20
"""Issues that one text can mention. A changelog names hundreds, and is no news to any of them."""

_PERHAPS: Final = re.compile(r"[A-Z0-9_]-[1-9]")
"""What every text with a key has, and few others do: the rest need not be looked at."""
_FENCED: Final = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CODE: Final = re.compile(
    r"\{(code|noformat)(?::[^}\n]*)?\}.*?(?:\{\1\}|\Z)"  # Jira's own blocks
    r"|<(code|pre)\b[^>]*>.*?(?:</\2>|\Z)"
    r"|<!--.*?(?:-->|\Z)"  # what a template for pull requests explains to its author
    r"|(`+)[^`\n]+\3",
    re.DOTALL | re.IGNORECASE,
)
_INDENTED: Final = re.compile(r"(?:\A|(?<=\n)[ \t]*\n)(?:(?: {4}|\t).*(?:\n|\Z))+")
"""Markdown's oldest code block: after an empty line, four spaces in."""
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>\"')\]|]+")
_MENTION: Final = re.compile(rf"(?<![\w./\\@=&?%#+~-])({KEY.pattern})(?![\w/\\@=~]|-\d|\.\w)")
_IN_BRANCH: Final = re.compile(rf"(?:^|[/_-])({KEY.pattern})(?=$|[/_.-])")


def is_key(text: str) -> bool:
    """Whether `text` is an issue key, and nothing else."""
    return KEY.fullmatch(text) is not None


def project_of(key: str) -> str:
    """The key of the project that an issue is in."""
    return key.rpartition("-")[0]


def possible_keys(text: str, *, site: str | None = None, branch: str = "") -> tuple[str, ...]:
    """What may be issues in `text` and in the name of a branch, in the order in which they are mentioned.

    Code and addresses do not count; the address of an issue on our own Jira does.

    Args:
        text: a message, a title, a description.
        site: the address of our Jira.
        branch: the name of a branch, in which hyphens and slashes part words.
    """
    if not _PERHAPS.search(text):
        return _named(branch)
    plain = _INDENTED.sub(" ", _CODE.sub(" ", _FENCED.sub(" ", text)))
    spoken = _URL.sub(lambda found: _browsed(found[0], site), plain)
    found = [match[1] for match in _MENTION.finditer(spoken)]
    return tuple(dict.fromkeys((*found, *_named(branch))))


def _named(branch: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(match[1] for match in _IN_BRANCH.finditer(branch)))


def mentioned(keys: Collection[str], projects: Collection[str]) -> tuple[str, ...]:
    """Those of `keys` whose project there is, as far as one text can mention any.

    Args:
        keys: as `possible_keys` gives them.
        projects: the keys of the projects that are known.
    """
    return tuple(key for key in keys if project_of(key) in projects)[:MOST_MENTIONED]


def _browsed(url: str, site: str | None) -> str:
    """The key of the issue that an address of our own Jira shows, or nothing."""
    start = f"{site.rstrip('/')}/browse/" if site else None
    if start is None or not url.lower().startswith(start.lower()):
        return " "
    match = re.match(rf"{KEY.pattern}(?![\w-])", url[len(start) :])
    return f" {match[0]} " if match else " "
