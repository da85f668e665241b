"""What every parser gives: names of packages, spelled so that those of one package meet."""

import re
from collections.abc import Iterable
from typing import Final, Literal

from domain.events import Requirement
from domain.frozen import Frozen
from domain.text import line

Scope = Literal["runtime", "build", "test", "optional"]

_STRONGEST: Final[tuple[Scope, ...]] = ("runtime", "build", "optional", "test")
_SPEC_LIMIT: Final = 100
_FOR_DEVELOPERS: Final = frozenset({
    "benchmark", "benchmarking", "benchmarks", "ci", "dev", "develop", "developer", "development", "doc", "docs",
    "example", "examples", "lint", "linting", "release", "test", "testing", "tests", "types", "typing",
})  # fmt: skip
_SPELLINGS: Final = {
    "pypi": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"),
    "npm": re.compile(r"(?:@[a-z0-9~._-]{1,100}/)?[a-z0-9~_-][a-z0-9~._-]{0,200}"),
    "go": re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/+-]{0,250}"),
    "maven": re.compile(r"[A-Za-z0-9_.-]{1,150}:[A-Za-z0-9_.-]{1,150}"),
    "cargo": re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,100}"),
}
"""What a name may look like once it is normalised. Anything else is a variable, a mistake or an attack."""


class BadManifest(Exception):
    """A package file that cannot be read. The text says why, in a few words."""


class Declared(Frozen):
    """What a package file says: the packages that it makes and those that it needs."""

    provides: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = ()


def package(ecosystem: str, name: object) -> str | None:
    """A package as requirements and providers name it, `pypi:flask`; None if `name` cannot be one.

    Args:
        ecosystem: a key of the spellings above.
        name: as it is written. PyPI's is normalised as PEP 503 says, npm's has no capitals, Cargo takes `_` for `-`.
    """
    if not isinstance(name, str):
        return None
    written = name.strip()
    if ecosystem == "pypi":
        normal = re.sub(r"[-_.]+", "-", written).lower() if _SPELLINGS["pypi"].fullmatch(written) else ""
    elif ecosystem == "npm":
        normal = written.lower()
    elif ecosystem == "cargo":
        normal = written.replace("_", "-")
    else:
        normal = written
    return f"{ecosystem}:{normal}" if _SPELLINGS[ecosystem].fullmatch(normal) else None


def requirement(name: str | None, spec: object = "", scope: Scope = "runtime") -> Requirement | None:
    """A requirement of the package `name`, which `package` gave; None if that is None.

    A specification that is no version (a URL, a path) is left out: it may hold a token, and no answer needs it.
    """
    if name is None:
        return None
    version = line(spec, _SPEC_LIMIT) if isinstance(spec, str) else ""
    return Requirement(package=name, spec="" if re.search(r"[:/@\\]", version) else version, scope=scope)


def scope_by_name(name: str, otherwise: Scope) -> Scope:
    """What a group of requirements is for, going by the words of its name; `otherwise` if they do not tell.

    Who only uses the package never installs what `dev`, `docs` or `requirements/test.txt` list.
    """
    words = set(re.split(r"[^a-z]+", name.lower()))
    if words & _FOR_DEVELOPERS:
        return "test"
    return "build" if "build" in words else otherwise


def declared(provides: Iterable[str | None], requires: Iterable[Requirement | None]) -> Declared:
    """What a package file says, each package once: the strongest scope in which it is needed counts.

    A package that needs itself (an extra that names another extra) does not need anything.
    """
    own = tuple(dict.fromkeys(name for name in provides if name))
    needed: dict[str, Requirement] = {}
    for wanted in requires:
        if wanted is not None and wanted.package not in own:
            known = needed.setdefault(wanted.package, wanted)
            if _STRONGEST.index(wanted.scope) < _STRONGEST.index(known.scope):
                needed[wanted.package] = wanted
    return Declared(provides=own, requires=tuple(needed.values()))
