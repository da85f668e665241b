"""`package.json`, https://docs.npmjs.com/cli/configuring-npm/package-json."""

import json
from collections.abc import Iterator
from typing import Any, Final

from adapters.sources.git.manifests.declared import BadManifest, Declared, Scope, declared, package, requirement
from domain.events import Requirement

_SCOPES: Final[dict[str, Scope]] = {
    "dependencies": "runtime",
    "peerDependencies": "runtime",
    "devDependencies": "test",
    "optionalDependencies": "optional",
}
_ALIAS: Final = "npm:"


def parse(text: str) -> Declared:
    """What a `package.json` says.

    Raises:
        BadManifest: it is no JSON, or no object.
    """
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadManifest("is not valid JSON") from error
    if not isinstance(described, dict):
        raise BadManifest("is not a JSON object")
    return declared([package("npm", described.get("name"))], _requirements(described))


def _requirements(described: dict[str, Any]) -> Iterator[Requirement | None]:
    missing_allowed = _table(described, "optionalDependencies")
    peers = _table(described, "peerDependenciesMeta")
    for key, scope in _SCOPES.items():
        for name, spec in _table(described, key).items():
            optional = key == "dependencies" and name in missing_allowed  # npm itself lists these twice
            if key == "peerDependencies":
                meta = peers.get(name)
                optional = isinstance(meta, dict) and meta.get("optional") is True
            yield _requirement(name, spec, "optional" if optional else scope)


def _requirement(name: str, spec: object, scope: Scope) -> Requirement | None:
    """A line; `"here": "npm:there@^1"` requires `there`, whatever it is called here."""
    if isinstance(spec, str) and spec.startswith(_ALIAS):
        name, _, version = spec.removeprefix(_ALIAS).rpartition("@")
        if not name:  # no version, only perhaps the @ of a scope
            name, version = spec.removeprefix(_ALIAS), ""
        return requirement(package("npm", name), version, scope)
    if isinstance(spec, str) and spec.startswith("workspace:"):
        spec = spec.removeprefix("workspace:")
    return requirement(package("npm", name), spec, scope)


def _table(described: dict[str, Any], key: str) -> dict[str, Any]:
    value = described.get(key)
    return value if isinstance(value, dict) else {}
