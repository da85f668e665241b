"""`pom.xml`, https://maven.apache.org/pom.html: what the file says by itself, without its parent's or the network's."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Final

from adapters.sources.git.manifests.declared import BadManifest, Declared, Scope, declared, package, requirement
from domain.events import Requirement

_PROPERTY: Final = re.compile(r"\$\{([^${}]*)\}")
_NESTING: Final = 5
"""How often properties may be made of properties."""
_VALUE_LIMIT: Final = 300
_SCOPES: Final[dict[str, Scope]] = {"test": "test"}


def parse(text: str) -> Declared:
    """What a `pom.xml` says. A parent counts as needed for the build; managed versions are no requirements.

    Raises:
        BadManifest: it is no XML, no project, or has a document type, which a POM never needs.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadManifest("has a document type declaration")
    try:
        project = ET.fromstring(text)  # noqa: S314 - entities need a document type, which is refused above
    except (ET.ParseError, ValueError, RecursionError) as error:
        raise BadManifest("is not valid XML") from error
    if project.tag.rpartition("}")[2] != "project":
        raise BadManifest("is not a Maven project")
    properties = _properties(project)
    own = _package(properties.get("project.groupId", ""), properties.get("project.artifactId", ""), properties)
    return declared([own], _requirements(project, properties))


def _requirements(project: ET.Element, properties: dict[str, str]) -> Iterator[Requirement | None]:
    parent = project.find("{*}parent")
    if parent is not None:
        yield _requirement(parent, properties, "build")
    for dependency in project.findall("{*}dependencies/{*}dependency"):
        written = _resolved(_text(dependency, "scope"), properties)
        optional = _resolved(_text(dependency, "optional"), properties) == "true"
        if written != "import":
            yield _requirement(dependency, properties, "optional" if optional else _SCOPES.get(written, "runtime"))


def _requirement(element: ET.Element, properties: dict[str, str], scope: Scope) -> Requirement | None:
    name = _package(_text(element, "groupId"), _text(element, "artifactId"), properties)
    version = _resolved(_text(element, "version"), properties)
    return requirement(name, "" if "${" in version else version, scope)


def _package(group: str, artifact: str, properties: dict[str, str]) -> str | None:
    return package("maven", f"{_resolved(group, properties)}:{_resolved(artifact, properties)}")


def _properties(project: ET.Element) -> dict[str, str]:
    """What `${…}` may stand for: the file's own properties, and the project's coordinates, inherited where left out."""
    found = {
        element.tag.rpartition("}")[2]: (element.text or "").strip()
        for element in project.findall("{*}properties/{*}*")
    }
    for name in ("groupId", "artifactId", "version"):
        inherited = _text(project, f"parent/{{*}}{name}")
        own = _text(project, name) or (inherited if name != "artifactId" else "")
        found[f"project.parent.{name}"] = found[f"parent.{name}"] = inherited
        found[f"project.{name}"] = found[f"pom.{name}"] = own
        found.setdefault(name, own)
    return found


def _resolved(text: str, properties: dict[str, str]) -> str:
    """`text` with its properties filled in; what is unknown stays, and makes no valid name."""
    for _ in range(_NESTING):
        text = _PROPERTY.sub(lambda found: properties.get(found[1], found[0])[:_VALUE_LIMIT], text)[:_VALUE_LIMIT]
    return text


def _text(element: ET.Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()[:_VALUE_LIMIT]
