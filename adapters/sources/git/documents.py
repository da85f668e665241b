"""Which files of a repository explain something, and what they are called."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from adapters.sources.git.manifests import parser_of
from adapters.sources.git.tree import Blob
from domain.text import DOCUMENT_LIMIT, line

DOCUMENTS_KEPT: Final = 500
"""Documents of one repository; those nearest to its root."""
README_DEPTH: Final = 3
"""How many folders deep a README, or a folder of documents, still is about a part that somebody looks for."""

_PROSE: Final = frozenset({".md", ".mdx", ".markdown", ".rst", ".rest", ".txt", ".adoc", ".asciidoc", ".org"})
_DOCUMENT_FOLDERS: Final = frozenset({"docs", "doc"})
_DECISION_FOLDERS: Final = frozenset({"adr", "adrs", "rfc", "rfcs", "architecture"})
_SKIPPED_FOLDERS: Final = frozenset({
    "node_modules", "vendor", "third_party", "site-packages", "_vendor", "fixtures", "testdata",
    "_build", "_static", "_templates", "_autosummary", "autoapi", "apidoc", "apidocs", "javadoc", "typedoc",
    "generated", "changelog", "changelogs", "changelog.d", "changes", "newsfragments", "release",
    "release-notes", "releases",
    "whatsnew", "licenses", "licences",
})  # fmt: skip
_SKIPPED_STEMS: Final = re.compile(
    r"(change[-_ ]?log|changes|history|news|release[-_ ]?notes|releases|whats[-_ ]?new)([-_.]?v?\d.*)?"
    r"|(release|api)[-_.]v?\d.*"
    r"|(licen[cs]es?|unlicense|copying)([-_.].*)?|copyright|notices?|patents|authors|contributors|credits|third[-_]?party[-_]?(notices|licen[cs]es)"
    r"|cmakelists|robots|constraints|manifest|sources",
    re.IGNORECASE,
)
"""What changed when, under which terms, and lists for programs: nobody learns from these how something works."""

_FRONT_MATTER: Final = re.compile(r"---\n(.*?)\n(?:---|\.\.\.)(?:\n|$)", re.DOTALL)
_FRONT_TITLE: Final = re.compile(r"^title:[ \t]*(.+)$", re.MULTILINE)
_HEADING: Final = re.compile(r"(?:#{1,6}|={1,6})[ \t]+(.+)")
_HTML_HEADING: Final = re.compile(r"<h[1-3][^>]*>(.*)</h[1-3]>", re.IGNORECASE)
_UNDERLINE: Final = re.compile(r"([=\-~^\"'`#*+.:_])\1{2,}")
_FENCE: Final = re.compile(r"[ \t]*(```|~~~)")
_IMAGE: Final = re.compile(r"!\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])")
_LINK: Final = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_TAG: Final = re.compile(r"<[^>]*>")
_CODE: Final = re.compile(r"(?::[a-z:]+:)?`+")
_HEADING_LINES: Final = 200
_HEADING_WIDTH: Final = 500
"""Where a first heading is looked for: a document may be one line of 200 KB, made to keep a pattern busy."""


def is_document(path: str) -> bool:
    """Whether the file at `path` is written for people, going by its name and place."""
    place = PurePosixPath(path)
    folders = [folder.lower() for folder in place.parts[:-1]]
    suffix = place.suffix.lower()
    readme = place.name.lower().partition(".")[0] == "readme" and (suffix in _PROSE or not suffix)
    if _SKIPPED_FOLDERS.intersection(folders) or _SKIPPED_STEMS.fullmatch(place.stem) or parser_of(path):
        return False
    if readme and len(folders) <= README_DEPTH:
        return True
    if suffix not in _PROSE:
        return False
    if not folders or not _DECISION_FOLDERS.isdisjoint(folders):
        return True
    return not _DOCUMENT_FOLDERS.isdisjoint(folders[:README_DEPTH])


def choose(candidates: Iterable[Blob]) -> tuple[dict[str, Blob], tuple[str, ...]]:
    """The documents that are kept, by path, and notes on those that are not."""
    documents = list(candidates)
    fitting = [blob for blob in documents if blob.size <= DOCUMENT_LIMIT]
    nearest = sorted(fitting, key=lambda blob: (blob.path.count("/"), blob.path))
    notes = []
    if too_long := len(documents) - len(fitting):
        notes.append(f"documents left out because they are longer than {DOCUMENT_LIMIT // 1000} KB: {too_long}")
    if (beyond := len(nearest) - DOCUMENTS_KEPT) > 0:
        notes.append(f"documents left out because {DOCUMENTS_KEPT} are nearer to the root: {beyond}")
    return {blob.path: blob for blob in nearest[:DOCUMENTS_KEPT]}, tuple(notes)


def title_of(text: str, path: str) -> str:
    """The first heading of a document, in Markdown, reStructuredText, AsciiDoc or HTML; its path if it has none."""
    front = _FRONT_MATTER.match(text)
    if front and (title := _FRONT_TITLE.search(front[1])):
        return _plain(title[1][:_HEADING_WIDTH].strip("\"' ")) or path
    lines = [row[:_HEADING_WIDTH] for row in text[front.end() if front else 0 :].splitlines()[:_HEADING_LINES]]
    fenced = False
    for at, written in enumerate(lines):
        fenced ^= bool(_FENCE.match(written))
        if not fenced and (heading := _heading(written, lines[at + 1] if at + 1 < len(lines) else "")):
            return heading
    return path


def _heading(written: str, below: str) -> str:
    """The text of a heading, empty if the line is none: marked by itself or by the line below."""
    marked = _HEADING.fullmatch(written.rstrip()) or _HTML_HEADING.search(written)
    if marked:
        return _plain(marked[1].rstrip("#= "))
    stripped = written.strip()
    underlined = _UNDERLINE.fullmatch(below.rstrip()) and stripped and not _UNDERLINE.fullmatch(stripped)
    long_enough = len(below.rstrip()) >= min(len(stripped), 3)
    return _plain(stripped) if underlined and long_enough and written == written.lstrip() else ""


def _plain(heading: str) -> str:
    """A heading without pictures, links, tags and marks of code."""
    return line(_CODE.sub("", _TAG.sub("", _LINK.sub(r"\1", _IMAGE.sub("", heading))))).strip("*_ ")
