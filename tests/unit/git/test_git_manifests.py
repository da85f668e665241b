"""Package files say what they say, however they are written, and nothing if they are broken."""

import json

import pytest

from adapters.sources.git.manifests import (
    Declared,
    cargo,
    go,
    maven,
    npm,
    parser_of,
    pyproject,
    requirements,
    setup_cfg,
    setup_py,
)


def needs(said: Declared) -> list[tuple[str, str, str]]:
    return [(requirement.package, requirement.spec, requirement.scope) for requirement in said.requires]


def test_pyproject_of_the_standard() -> None:
    said = pyproject.parse(
        """
        [project]
        name = "Acme.Shop_API"
        dependencies = ["Flask[async] >= 3 ; python_version > '3.9'", "requests (>=2)",
                        "core @ https://u:p@x/core.zip", "-bad-"]
        [project.optional-dependencies]
        s3 = ["boto3"]
        all = ["acme-shop-api[s3]"]
        docs = ["sphinx<9"]
        [build-system]
        requires = ["hatchling>=1"]
        [dependency-groups]
        test = ["pytest", {include-group = "lint"}]
        lint = ["ruff", "flask"]
        """
    )
    assert said.provides == ("pypi:acme-shop-api",)
    assert needs(said) == [
        ("pypi:flask", ">= 3", "runtime"),
        ("pypi:requests", ">=2", "runtime"),
        ("pypi:core", "", "runtime"),
        ("pypi:boto3", "", "optional"),
        ("pypi:sphinx", "<9", "test"),
        ("pypi:hatchling", ">=1", "build"),
        ("pypi:pytest", "", "test"),
        ("pypi:ruff", "", "test"),
    ]


def test_pyproject_of_poetry() -> None:
    said = pyproject.parse(
        """
        [tool.poetry]
        name = "till"
        [tool.poetry.dependencies]
        python = "^3.11"
        django = "^5.0"
        redis = {version = ">=4", optional = true}
        core = {git = "https://u:p@x/core.git"}
        numpy = [{version = "<2", python = "<3.12"}, {version = ">=2"}]
        [tool.poetry.group.dev.dependencies]
        black = "*"
        [tool.poetry.dev-dependencies]
        mypy = "1.0"
        """
    )
    assert said.provides == ("pypi:till",)
    assert needs(said) == [
        ("pypi:django", "^5.0", "runtime"),
        ("pypi:redis", ">=4", "optional"),
        ("pypi:core", "", "runtime"),
        ("pypi:numpy", "<2", "runtime"),
        ("pypi:mypy", "1.0", "test"),
        ("pypi:black", "*", "test"),
    ]


def test_pyproject_of_a_tool_says_nothing() -> None:
    assert pyproject.parse("[tool.ruff]\nline-length = 120\n") == Declared()


def test_requirements() -> None:
    said = requirements.parse(
        """
        # a comment
        Flask==3.0  # why
        django>=5; python_version > "3.9"
        --index-url https://user:s3cret@pypi.acme.org/simple
        -r base.txt
        -c constraints.txt
        -e .
        -e git+https://token@x/y.git@main#egg=acme_core
        git+https://x/z.git#egg=Zed&subdirectory=a
        https://x/w-1.0.whl
        ./local
        urllib3==2.0 \\
            --hash=sha256:abc \\
            --hash=sha256:def
        attrs == 23.1 --hash=sha256:abc
        zope.interface
        """
    )
    assert said.provides == ()
    assert needs(said) == [
        ("pypi:flask", "==3.0", "runtime"),
        ("pypi:django", ">=5", "runtime"),
        ("pypi:acme-core", "", "runtime"),
        ("pypi:zed", "", "runtime"),
        ("pypi:urllib3", "==2.0", "runtime"),
        ("pypi:attrs", "== 23.1", "runtime"),
        ("pypi:zope-interface", "", "runtime"),
    ]


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("requirements.txt", "runtime"),
        ("service/requirements.txt", "runtime"),
        ("requirements/base.txt", "runtime"),
        ("requirements/prod.txt", "runtime"),
        ("requirements-dev.txt", "test"),
        ("requirements/tests.txt", "test"),
        ("requirements_test.txt", "test"),
        ("docs/requirements.txt", "test"),
        ("examples/x/requirements.txt", "test"),
        ("requirements-build.txt", "build"),
    ],
)
def test_requirements_are_for_what_their_path_says(path: str, scope: str) -> None:
    parse = parser_of(path)
    assert parse
    assert needs(parse("flask\n")) == [("pypi:flask", "", scope)]


def test_setup_cfg() -> None:
    said = setup_cfg.parse(
        """
[metadata]
name = acme_shop
[options]
install_requires =
    flask>=3
    core; python_version>"3"   # for now
setup_requires = setuptools
tests_require = file: test.txt
[options.extras_require]
dev = black
s3 =
    boto3
[flake8]
ignore = %(not)s
"""
    )
    assert said.provides == ("pypi:acme-shop",)
    assert needs(said) == [
        ("pypi:flask", ">=3", "runtime"),
        ("pypi:core", "", "runtime"),
        ("pypi:setuptools", "", "build"),
        ("pypi:black", "", "test"),
        ("pypi:boto3", "", "optional"),
    ]


def test_setup_py_is_read_and_not_run() -> None:
    said = setup_py.parse(
        """
import os, setuptools
os.abort()
NAME = "acme.shop"
REQUIRED = ["flask>=3"]
TWICE = ["one"]
TWICE = ["two"]
setuptools.setup(
    name=NAME, version=open("v").read(), install_requires=REQUIRED, tests_require=TWICE, setup_requires=compute(),
    extras_require={"s3": ["boto3"], "test": "pytest\\nmock"}, **more, data=r'\\d' '\\d',
)
"""
    )
    assert said.provides == ("pypi:acme-shop",)
    assert needs(said) == [
        ("pypi:flask", ">=3", "runtime"),
        ("pypi:boto3", "", "optional"),
        ("pypi:pytest", "", "test"),
        ("pypi:mock", "", "test"),
    ]


def test_setup_py_that_computes_says_nothing() -> None:
    assert setup_py.parse("from setuptools import setup\nsetup(**read())\nsetup(name=f'{x}')\n") == Declared()


def test_package_json() -> None:
    said = npm.parse(
        json.dumps(
            {
                "name": "@Acme/Shop",
                "dependencies": {"React": "^18", "ui": "npm:@acme/ui@^2", "git": "git+ssh://u:p@x/y.git", "fs": "^1"},
                "devDependencies": {"jest": "29", "react": "^18", "alias": "npm:@acme/tool"},
                "peerDependencies": {"vue": ">=3", "maybe": "1"},
                "peerDependenciesMeta": {"maybe": {"optional": True}},
                "optionalDependencies": {"fs": "^1", "core": "workspace:^"},
                "scripts": {"not": "a dependency"},
            }
        )
    )
    assert said.provides == ("npm:@acme/shop",)
    assert needs(said) == [
        ("npm:react", "^18", "runtime"),
        ("npm:@acme/ui", "^2", "runtime"),
        ("npm:git", "", "runtime"),
        ("npm:fs", "^1", "optional"),
        ("npm:vue", ">=3", "runtime"),
        ("npm:maybe", "1", "optional"),
        ("npm:jest", "29", "test"),
        ("npm:@acme/tool", "", "test"),
        ("npm:core", "^", "optional"),
    ]


def test_go_mod() -> None:
    said = go.parse(
        """
// Deprecated: use v3
module "acme.org/shop/v2" // a comment

go 1.22
toolchain go1.22.1

require acme.org/core v1.2.3
require (
    acme.org/Util v0.1.0 // indirect
    acme.org/old v1.0.0 // indirect; soon gone
    acme.org/pinned v1.0.0
    acme.org/local v0.0.0-00010101000000-000000000000
)
exclude acme.org/core v1.2.2
replace (
    acme.org/old => acme.org/new v2.0.0
    acme.org/local => ../local
    acme.org/pinned v1.1.0 => acme.org/fork v1.1.0
)
replace acme.org/core v1.2.3 => acme.org/corefork v1.2.4
retract v1.0.0
"""
    )
    assert said.provides == ("go:acme.org/shop/v2",)
    assert needs(said) == [
        ("go:acme.org/corefork", "v1.2.4", "runtime"),
        ("go:acme.org/Util", "v0.1.0", "optional"),
        ("go:acme.org/new", "v2.0.0", "optional"),
        ("go:acme.org/pinned", "v1.0.0", "runtime"),
        ("go:acme.org/local", "v0.0.0-00010101000000-000000000000", "runtime"),
    ]


def test_pom() -> None:
    said = maven.parse(
        """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <parent><groupId>org.acme</groupId><artifactId>parent</artifactId><version>7</version></parent>
  <artifactId>shop-${kind}</artifactId>
  <properties><kind>web</kind><core.version>1.${minor}</core.version><minor>2</minor><loop>${loop}</loop></properties>
  <dependencyManagement><dependencies>
    <dependency><groupId>org.bom</groupId><artifactId>bom</artifactId><scope>import</scope></dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <!-- ours -->
    <dependency><groupId>${project.groupId}</groupId><artifactId>core</artifactId><version>${core.version}</version></dependency>
    <dependency><groupId>org.junit</groupId><artifactId>junit</artifactId><scope>test</scope><version>${junit}</version></dependency>
    <dependency><groupId>org.opt</groupId><artifactId>opt</artifactId><optional>true</optional></dependency>
    <dependency><groupId>jakarta</groupId><artifactId>servlet</artifactId><scope>provided</scope></dependency>
    <dependency><groupId>${unknown}</groupId><artifactId>x</artifactId></dependency>
    <dependency><groupId>${loop}</groupId><artifactId>x</artifactId></dependency>
    <dependency><artifactId>y</artifactId></dependency>
  </dependencies>
</project>"""
    )
    assert said.provides == ("maven:org.acme:shop-web",)
    assert needs(said) == [
        ("maven:org.acme:parent", "7", "build"),
        ("maven:org.acme:core", "1.2", "runtime"),
        ("maven:org.junit:junit", "", "test"),
        ("maven:org.opt:opt", "", "optional"),
        ("maven:jakarta:servlet", "", "runtime"),
    ]


def test_a_pom_that_explodes_does_not() -> None:
    properties = "".join(f"<p{number}>{f'${{p{number + 1}}}' * 50}</p{number}>" for number in range(40))
    said = maven.parse(
        f"<project><groupId>${{p0}}</groupId><artifactId>a</artifactId><properties>{properties}</properties></project>"
    )
    assert said.provides == ()


def test_cargo() -> None:
    said = cargo.parse(
        """
        [package]
        name = "acme_shop"
        [dependencies]
        serde = { version = "1", features = ["derive"] }
        acme-core = { path = "../core" }
        renamed = { package = "real_name", version = "2" }
        maybe = { version = "3", optional = true }
        shared = { workspace = true }
        git = { git = "https://u:p@x/y.git" }
        [dev-dependencies]
        proptest = "1"
        serde = "1"
        [build-dependencies]
        cc = "1.0"
        [target.'cfg(unix)'.dependencies]
        nix = "0.29"
        [workspace]
        members = ["core"]
        [workspace.dependencies]
        unused = "1"
        """
    )
    assert said.provides == ("cargo:acme-shop",)
    assert needs(said) == [
        ("cargo:serde", "1", "runtime"),
        ("cargo:acme-core", "", "runtime"),
        ("cargo:real-name", "2", "runtime"),
        ("cargo:maybe", "3", "optional"),
        ("cargo:shared", "", "runtime"),
        ("cargo:git", "", "runtime"),
        ("cargo:cc", "1.0", "build"),
        ("cargo:proptest", "1", "test"),
        ("cargo:nix", "0.29", "runtime"),
    ]


def test_a_workspace_without_a_package_provides_nothing() -> None:
    assert cargo.parse('[workspace]\nmembers = ["a", "b"]\n') == Declared()
