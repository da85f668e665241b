"""`Cargo.toml`, https://doc.rust-lang.org/cargo/reference/manifest.html."""

from collections.abc import Iterator
from typing import Final

from adapters.sources.git.manifests.declared import Declared, Scope, declared, package, requirement
from adapters.sources.git.manifests.toml import read_toml, table
from domain.events import Requirement

_SCOPES: Final[dict[str, Scope]] = {
    "dependencies": "runtime",
    "build-dependencies": "build",
    "build_dependencies": "build",
    "dev-dependencies": "test",
    "dev_dependencies": "test",
}


def parse(text: str) -> Declared:
    """What a `Cargo.toml` says. Members of a workspace have files of their own; versions it sets for all are no needs.

    Raises:
        BadManifest: it is no TOML.
    """
    tables = read_toml(text)
    places = [tables, *table(tables, "target").values()]
    wanted = [requirement for place in places for requirement in _requirements(place)]
    return declared([package("cargo", table(tables, "package").get("name"))], wanted)


def _requirements(place: object) -> Iterator[Requirement | None]:
    for key, scope in _SCOPES.items():
        for name, wanted in table(place, key).items():
            yield _requirement(name, wanted, scope)


def _requirement(name: str, wanted: object, scope: Scope) -> Requirement | None:
    """A line: a version, or a table whose `package` is the real name of what is called `name` here."""
    detailed = wanted if isinstance(wanted, dict) else {"version": wanted}
    optional = scope == "runtime" and detailed.get("optional") is True
    real = package("cargo", detailed.get("package", name))
    return requirement(real, detailed.get("version"), "optional" if optional else scope)
