"""`pyproject.toml`: the tables of PEP 621, 517 and 735, and those of Poetry."""

from collections.abc import Iterator
from typing import Any

from adapters.sources.git.manifests.declared import Declared, Scope, declared, package, requirement, scope_by_name
from adapters.sources.git.manifests.pep508 import read_requirement
from adapters.sources.git.manifests.toml import array, read_toml, table
from domain.events import Requirement


def parse(text: str) -> Declared:
    """What a `pyproject.toml` says.

    Raises:
        BadManifest: it is no TOML.
    """
    tables = read_toml(text)
    names = (table(tables, "project").get("name"), table(tables, "tool", "poetry").get("name"))
    return declared((package("pypi", name) for name in names), (*_standard(tables), *_poetry(tables)))


def _standard(tables: dict[str, Any]) -> Iterator[Requirement | None]:
    project = table(tables, "project")
    for text in array(project.get("dependencies")):
        yield read_requirement(text)
    for extra, texts in table(project, "optional-dependencies").items():
        for text in array(texts):
            yield read_requirement(text, scope_by_name(extra, "optional"))
    for text in array(table(tables, "build-system").get("requires")):
        yield read_requirement(text, "build")
    for texts in table(tables, "dependency-groups").values():
        for text in array(texts):  # a table includes another group, which is listed itself
            yield read_requirement(text, "test")


def _poetry(tables: dict[str, Any]) -> Iterator[Requirement | None]:
    poetry = table(tables, "tool", "poetry")
    yield from _poetry_table(table(poetry, "dependencies"), "runtime")
    yield from _poetry_table(table(poetry, "dev-dependencies"), "test")
    for group in table(poetry, "group").values():
        yield from _poetry_table(table(group, "dependencies"), "test")


def _poetry_table(wanted: dict[str, Any], scope: Scope) -> Iterator[Requirement | None]:
    for name, constraint in wanted.items():
        if name.lower() == "python":
            continue
        alternatives = constraint if isinstance(constraint, list) else [constraint]
        for alternative in alternatives[:1]:
            detailed = alternative if isinstance(alternative, dict) else {"version": alternative}
            optional = scope == "runtime" and detailed.get("optional") is True
            yield requirement(package("pypi", name), detailed.get("version"), "optional" if optional else scope)
