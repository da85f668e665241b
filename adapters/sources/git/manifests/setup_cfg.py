"""`setup.cfg`: what setuptools reads of it, https://setuptools.pypa.io/en/latest/userguide/declarative_config.html."""

import configparser
from collections.abc import Iterator
from typing import Final

from adapters.sources.git.manifests.declared import BadManifest, Declared, Scope, declared, package, scope_by_name
from adapters.sources.git.manifests.pep508 import read_requirement
from domain.events import Requirement

_LIMIT: Final = 50_000
"""Characters. The parser's report of errors grows with the square of their number: 400,000 bad ones take a minute."""
_SCOPES: Final[dict[str, Scope]] = {"install_requires": "runtime", "setup_requires": "build", "tests_require": "test"}


def parse(text: str) -> Declared:
    """What a `setup.cfg` says.

    Raises:
        BadManifest: it cannot be read as a configuration file.
    """
    if len(text) > _LIMIT:
        raise BadManifest(f"is longer than {_LIMIT // 1000} KB")
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=", ":"))
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError, AttributeError) as error:
        raise BadManifest("is not a valid configuration file") from error
    return declared([package("pypi", parser.get("metadata", "name", fallback=None))], _requirements(parser))


def _requirements(parser: configparser.ConfigParser) -> Iterator[Requirement | None]:
    for option, scope in _SCOPES.items():
        yield from _listed(parser.get("options", option, fallback=""), scope)
    if parser.has_section("options.extras_require"):
        for extra, listed in parser.items("options.extras_require"):
            yield from _listed(listed, scope_by_name(extra, "optional"))


def _listed(value: str, scope: Scope) -> Iterator[Requirement | None]:
    """The requirements in an option: one a line, or separated by semicolons in one line; `file:` names another file."""
    if not value.lstrip().startswith(("file:", "attr:")):
        for row in value.splitlines():
            yield read_requirement(row.partition("#")[0], scope)
