"""A package file that is broken, or made to do harm, is refused in a few words and costs itself alone."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.git.manifests import (
    BadManifest,
    npm,
)
from tests.unit.git.parsers import PARSERS

BROKEN: dict[str, list[str]] = {
    "pyproject.toml": ["[project", "a = 1\na = 2", "= 1", "a = " + "[" * 5_000, "a." * 40_000 + "a = 1"],
    "setup.cfg": ["name = no section", "[a\nb", "[metadata]\nname", "[a]\nb\n" * 100_000, "[a]\nb\n c\n"],
    "setup.py": ["def", "\0", "(" * 5_000, "-" * 90_000 + "1", "a" + ".b" * 45_000, "x = [" + "1," * 200_000 + "]"],
    "package.json": ["", "{", "[]", "null", '"x"', "[" * 100_000, "9" * 10_000, "NaN x"],
    "go.mod": ["", "module", "module (", "require x v1", "module ../x"],
    "pom.xml": ["", "<project>", "<html/>", "<!DOCTYPE project><project/>", "<project>&nope;</project>", "\x1b"],
    "Cargo.toml": ["[package", "name = ", "[[a]]\n[a]\n"],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts], ids=str)
def test_a_broken_file_is_refused_in_a_few_words(name: str, text: str) -> None:
    with pytest.raises(BadManifest) as refused:
        PARSERS[name](text)
    assert 0 < len(str(refused.value)) < 60


BUSY: dict[str, str] = {
    "requirements.txt": "a" + " " * 400_000 + "x\n" + "-e " * 100_000 + "\n" + "#egg=" * 90_000,
    "setup.py": "X = [" + "'a'," * 5_000 + "]\n" + "setup(install_requires=X)\n" * 3_000,
    "go.mod": "module x\n" + '"' * 200_001 + "`" * 200_001 + " " * 90_000,
    "pom.xml": "<project>" + "<a>" * 50_000 + "</a>" * 50_000 + "</project>",
    "package.json": json.dumps({"dependencies": {"@" * 100_000: "npm:" * 100_000}}),
    "Cargo.toml": "# " + "." * 400_000 + "\n" + "".join(f"{'a.' * 99}x{number} = 1\n" for number in range(300)),
}


@pytest.mark.parametrize("name", BUSY)
def test_a_file_made_to_keep_a_parser_busy_does_not(name: str) -> None:
    assert len(PARSERS[name](BUSY[name]).requires) <= 1


WRONG_TYPES: dict[str, str] = {
    "pyproject.toml": 'project = 1\ntool = [1]\nbuild-system.requires = "x"\n[dependency-groups]\na = 1\n',
    "package.json": '{"name": 1, "dependencies": [], "devDependencies": {"a": 1, "": "1"}, "peerDependenciesMeta": 3}',
    "Cargo.toml": 'package = "x"\ndependencies = [1]\n[target]\nx = 1\n[build-dependencies]\na = [1]\n',
    "setup.py": "setup(name=1, install_requires=3, extras_require=[1], **{'a': 1})\nsetup(name={[]: 1})\n",
    "pom.xml": "<project><dependencies>text</dependencies><properties/><parent/></project>",
    "go.mod": "module x\nrequire\nrequire (\n)\nreplace => \nreplace a => \nrequire a\n)\n)\n",
    "setup.cfg": "[metadata]\nname = attr: x.y\n[options]\ninstall_requires = attr: a\n",
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_values_of_the_wrong_type_are_passed_over(name: str) -> None:
    said = PARSERS[name](WRONG_TYPES[name])
    assert [requirement.package for requirement in said.requires] in ([], ["npm:a"], ["cargo:a"])


TOKENS = st.sampled_from(
    ["[", "]", "{", "}", "(", ")", '"', "'", "=", ":", ",", "\n", " ", "#", "//", "=>", "<", ">", "</", "/>", "-e ",
     "@", "[project]", "name", "dependencies", "[package]", "[options]", "install_requires", "setup(", "<project>",
     "</project>", "module ", "require ", "replace ", "a", "1", ".", "\\\n", "\t", ";", "${", "&", '"""', "\ufeff", "é"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=300), st.lists(TOKENS, max_size=60).map("".join))


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=80, deadline=None)
@given(text=TEXTS)
def test_no_text_makes_a_parser_raise_anything_else(name: str, text: str) -> None:
    try:
        said = PARSERS[name](text)
    except BadManifest:
        return
    ecosystem = {"package.json": "npm:", "go.mod": "go:", "pom.xml": "maven:", "Cargo.toml": "cargo:"}.get(
        name, "pypi:"
    )
    packages = [*said.provides, *(requirement.package for requirement in said.requires)]
    assert all(package.startswith(ecosystem) and package == package.strip() for package in packages)
    assert len(set(packages)) == len(packages)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    described=st.dictionaries(
        st.sampled_from(["name", "dependencies", "peerDependencies", "peerDependenciesMeta", "optionalDependencies"]),
        JSON,
    )
)
def test_any_json_object_is_a_package(described: dict[str, object]) -> None:
    npm.parse(json.dumps(described))
