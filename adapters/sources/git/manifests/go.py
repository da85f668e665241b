"""`go.mod`, https://go.dev/ref/mod#go-mod-file."""

import re
from collections.abc import Iterator
from typing import Final

from adapters.sources.git.manifests.declared import BadManifest, Declared, Scope, declared, package, requirement
from domain.events import Requirement

_WORD: Final = re.compile(r'"[^"\n]*"|`[^`\n]*`|[^\s()"`]+|[()]')
_ARROW: Final = "=>"
_INDIRECT: Final = re.compile(r"\s*indirect\b")

_Row = tuple[str, list[str], Scope]
"""Directive, its words, and what a requirement in the line is for: `// indirect` marks it."""
_Replacements = dict[tuple[str, str], tuple[str, str]]
"""From module and version to module and version; an empty version stands for any."""


def parse(text: str) -> Declared:
    """What a `go.mod` says. An indirect requirement is optional: another module needs it, this one may not.

    A requirement that is replaced by another module is one of that module. One replaced by a folder keeps its name:
    that is how modules of one repository name each other.

    Raises:
        BadManifest: it names no module.
    """
    rows = list(_rows(text))
    module = next((words[0] for directive, words, _ in rows if directive == "module" and words), None)
    if package("go", module) is None:
        raise BadManifest("names no module")
    replacements = dict(_replacements(rows))
    return declared(
        [package("go", module)],
        [
            _required(words[0], words[1], scope, replacements)
            for directive, words, scope in rows
            if directive == "require" and len(words) > 1
        ],
    )


def _rows(text: str) -> Iterator[_Row]:
    """Each line with its directive, be it in a block or alone."""
    block = ""
    for written in text.splitlines():
        code, _, comment = written.partition("//")
        words = [word.strip('"`') for word in _WORD.findall(code)]
        if words == [")"]:
            block = ""
        elif words[1:] == ["("]:
            block = words[0]
        elif words:
            directive, operands = (block, words) if block else (words[0], words[1:])
            yield directive, operands, "optional" if _INDIRECT.match(comment) else "runtime"


def _replacements(rows: list[_Row]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    for directive, words, _ in rows:
        if directive == "replace" and _ARROW in words:
            at = words.index(_ARROW)
            old, new = words[:at], words[at + 1 :]
            if old and new and not new[0].startswith((".", "/")):
                yield (old[0], "".join(old[1:2])), (new[0], "".join(new[1:2]))


def _required(module: str, version: str, scope: Scope, replacements: _Replacements) -> Requirement | None:
    module, version = replacements.get((module, version)) or replacements.get((module, "")) or (module, version)
    return requirement(package("go", module), version, scope)
