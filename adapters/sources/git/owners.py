"""CODEOWNERS, as GitHub reads it."""

import re
from collections.abc import Iterator
from typing import Final

from domain.events import OwnerRule
from domain.text import line

PLACES: Final = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""Where it may be; the first that exists counts.
https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
"""
OWNERS_LIMIT: Final = 3_000_000
"""Bytes beyond which GitHub does not load it, from the same page."""

_GAP: Final = re.compile(r"(?<!\\)[ \t]+")
_OWNER: Final = re.compile(r"@[\w-]+(?:/[\w.-]+)?|[^@\s]+@[^@\s]+")
_NOT_A_PATTERN: Final = ("#", "!", "[", "^[")
"""Comments; negation, which GitHub does not know; GitLab's section headings."""


def owner_rules(text: str) -> tuple[OwnerRule, ...]:
    """The rules in order: the last one that matches a path counts.

    A pattern without owners is a rule too (nobody owns these). A line of whose owners none is one is no rule.
    """
    return tuple(_rules(text))


def _rules(text: str) -> Iterator[OwnerRule]:
    for written in text.splitlines():
        stripped = written.strip()
        if not stripped or stripped.startswith(_NOT_A_PATTERN):
            continue
        pattern, *words = _GAP.split(stripped)
        named = _before_comment(words)
        owners = tuple(word for word in named if _OWNER.fullmatch(word))
        if owners or not named:
            yield OwnerRule(pattern=line(pattern), owners=owners)


def _before_comment(words: list[str]) -> list[str]:
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]
