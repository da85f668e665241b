"""Every parser of a package file, by the name of a file that it reads."""

from collections.abc import Callable

from adapters.sources.git.manifests import (
    Declared,
    cargo,
    go,
    maven,
    npm,
    pyproject,
    requirements,
    setup_cfg,
    setup_py,
)

Parser = Callable[[str], Declared]
PARSERS: dict[str, Parser] = {
    "pyproject.toml": pyproject.parse,
    "requirements.txt": requirements.parse,
    "setup.cfg": setup_cfg.parse,
    "setup.py": setup_py.parse,
    "package.json": npm.parse,
    "go.mod": go.parse,
    "pom.xml": maven.parse,
    "Cargo.toml": cargo.parse,
}
