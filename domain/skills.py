"""What people know, read off what they touched: the language of a file and how much of it somebody changed lately."""

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final, Literal

Level = Literal["expert", "proficient", "familiar", "touched"]

RECENT: Final = timedelta(days=365)
"""Skills are judged over the year before the question: knowledge that was not used fades."""

_LEVELS: Final[tuple[tuple[int, Level], ...]] = (
    (50, "expert"),
    (15, "proficient"),
    (3, "familiar"),
    (1, "touched"),
)

LEVEL_DEFINITION: Final = "level by commits touching it in the last 365 days: " + ", ".join(
    f"{level} >= {commits}" for commits, level in _LEVELS
)

_BY_NAME: Final = {
    "dockerfile": "Docker",
    "makefile": "Make",
    "cmakelists.txt": "CMake",
    "jenkinsfile": "Groovy",
    "gemfile": "Ruby",
    "rakefile": "Ruby",
    "build.bazel": "Bazel",
}
_BY_SUFFIX: Final = {
    "bash": "Shell", "bzl": "Bazel", "c": "C", "cc": "C++", "clj": "Clojure", "cljs": "Clojure", "cpp": "C++",
    "cr": "Crystal", "cs": "C#", "css": "CSS", "cu": "CUDA", "cxx": "C++", "cypher": "Cypher", "dart": "Dart",
    "ejs": "HTML", "elm": "Elm", "erl": "Erlang", "ex": "Elixir", "exs": "Elixir", "f90": "Fortran", "fs": "F#",
    "go": "Go", "graphql": "GraphQL", "groovy": "Groovy", "gradle": "Gradle", "h": "C", "hcl": "Terraform",
    "hpp": "C++", "hs": "Haskell", "html": "HTML", "ipynb": "Jupyter", "java": "Java", "jl": "Julia",
    "js": "JavaScript", "jsx": "JavaScript", "kt": "Kotlin", "kts": "Kotlin", "less": "CSS", "lua": "Lua",
    "m": "Objective-C", "mjs": "JavaScript", "ml": "OCaml", "mm": "Objective-C", "nix": "Nix", "php": "PHP",
    "pl": "Perl", "pm": "Perl", "proto": "Protocol Buffers", "ps1": "PowerShell", "py": "Python", "pyi": "Python",
    "pyx": "Cython", "r": "R", "rb": "Ruby", "rs": "Rust", "sass": "CSS", "scala": "Scala", "scss": "CSS",
    "sh": "Shell", "sol": "Solidity", "sql": "SQL", "svelte": "Svelte", "swift": "Swift", "tf": "Terraform",
    "ts": "TypeScript", "tsx": "TypeScript", "vue": "Vue", "zig": "Zig",
}  # fmt: skip
_VENDORED: Final = frozenset({"node_modules", "vendor", "third_party", "dist", "site-packages", "_vendor"})

KNOWN: Final = frozenset(_BY_NAME.values()) | frozenset(_BY_SUFFIX.values())
"""Every skill that a file can be evidence of."""


@lru_cache(maxsize=20_000)
def skill_of(path: str) -> str | None:
    """The language that a change to `path` is evidence of, or None: data, prose, generated and vendored files."""
    parts = PurePosixPath(path).parts
    if not parts or _VENDORED.intersection(parts[:-1]):
        return None
    name = parts[-1].lower()
    if name in _BY_NAME:
        return _BY_NAME[name]
    stem, _, suffix = name.rpartition(".")
    return None if stem.endswith((".min", "_pb2")) else _BY_SUFFIX.get(suffix) if stem else None


def named_skill(text: str) -> str | None:
    """The known skill that `text` names, in its usual spelling: `typescript` gives `TypeScript`."""
    return {skill.lower(): skill for skill in KNOWN}.get(text.strip().lower())


def skill_level(commits: int) -> Level:
    """How well somebody knows a skill, from the commits of the last `RECENT` that touched it (at least one)."""
    return next(level for least, level in _LEVELS if commits >= least)


def recent_since(now: datetime) -> datetime:
    """Where the year that skills are judged over begins."""
    return now - RECENT
