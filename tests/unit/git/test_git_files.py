"""What the files of HEAD say: package files, owners, documents. Only what changed is told."""

import pytest

from adapters.sources.git.documents import title_of
from domain.events import (
    CodeOwners,
    Commit,
    Document,
    DocumentRemoved,
    Manifest,
    ManifestRemoved,
    OwnerRule,
    Requirement,
)
from domain.text import DOCUMENT_LIMIT
from tests.unit.git.clones import Clone, Read, read


def manifests(done: Read) -> dict[str, tuple[str, ...]]:
    return {body.path: body.provides for body in done.bodies(Manifest)}


def documents(done: Read) -> dict[str, str]:
    return {body.path or "": body.title for body in done.bodies(Document)}


def test_package_files_are_found_wherever_they_are_ours(clone: Clone) -> None:
    package = '{"name": "x"}'
    ours = ("package.json", "web/app/package.json", "tests/data/package.json")
    others = (
        "node_modules/x/package.json", "web/vendor/x/package.json", "third_party/package.json",
        "tests/fixtures/package.json", "go/testdata/x/package.json", "my-package.json", "package.json.bak",
    )  # fmt: skip
    clone.commit("begin", dict.fromkeys((*ours, *others), package))
    assert set(manifests(read(clone.path))) == set(ours)


def test_a_package_file_is_told_with_its_project_and_its_head(clone: Clone) -> None:
    head = clone.commit("begin", {"web/package.json": '{"name": "Shop", "dependencies": {"Cart": "^1"}}'})
    done = read(clone.path)
    [event] = done.of(Manifest)
    blob = clone.git("rev-parse", "HEAD:web/package.json")
    assert event.id == f"git:shop:manifest:web/package.json@{blob}:{head}"
    assert event.entity == "manifest:git:shop:web/package.json"
    assert event.occurred_at == done.of(Commit)[0].occurred_at
    assert event.body == Manifest(
        path="web/package.json", provides=("npm:shop",), requires=(Requirement(package="npm:cart", spec="^1"),)
    )


def test_only_package_files_that_changed_are_told(clone: Clone) -> None:
    clone.commit("begin", {"a/package.json": '{"name": "a"}', "b/package.json": '{"name": "b"}'})
    first = read(clone.path)
    clone.commit("next", {"b/package.json": '{"name": "bb"}', "c/package.json": '{"name": "c"}'})
    second = read(clone.path, first.cursor)
    assert manifests(second) == {"b/package.json": ("npm:bb",), "c/package.json": ("npm:c",)}
    clone.commit("last", {}, remove=["a/package.json"])
    third = read(clone.path, second.cursor)
    assert [event.entity for event in third.of(ManifestRemoved)] == ["manifest:git:shop:a/package.json"]
    assert third.types == ["manifest_removed"]


def test_a_package_file_that_moved_is_gone_and_new(clone: Clone) -> None:
    clone.commit("begin", {"package.json": '{"name": "a"}'})
    first = read(clone.path)
    (clone.path / "web").mkdir()
    clone.git("mv", "package.json", "web/package.json")
    clone.commit("move", {})
    second = read(clone.path, first.cursor)
    assert second.types == ["manifest_changed", "manifest_removed"]


def test_a_package_file_that_cannot_be_read_is_noted_once(clone: Clone) -> None:
    clone.commit(
        "begin",
        {
            "package.json": b"\x89PNG\0\0",
            "pyproject.toml": "[project\n",
            "go.mod": "require x v1\n",
            "pom.xml": '<!DOCTYPE x [<!ENTITY a "aaaa">]><project>&a;</project>',
            "big/package.json": '{"name": "' + "x" * 5_000_000 + '"}',
            "Cargo.toml": '[package]\nname = "fine"\n',
        },
    )
    done = read(clone.path)
    assert manifests(done) == {"Cargo.toml": ("cargo:fine",)}
    assert sorted(done.notes) == [
        "big/package.json: is longer than 500 KB",
        "go.mod: names no module",
        "package.json: is a binary file",
        "pom.xml: has a document type declaration",
        "pyproject.toml: is not valid TOML",
    ]
    clone.commit("other")
    second = read(clone.path, done.cursor)
    assert (second.notes, second.types) == ((), [])
    clone.commit("repair", {"go.mod": "module example.org/shop\n"})
    assert manifests(read(clone.path, second.cursor)) == {"go.mod": ("go:example.org/shop",)}


def test_what_is_not_committed_is_not_read(clone: Clone) -> None:
    clone.commit("begin", {"package.json": '{"name": "committed"}'})
    clone.write({"package.json": '{"name": "edited"}', "README.md": "# New"})
    clone.git("add", "--all")
    done = read(clone.path)
    assert (manifests(done), documents(done)) == ({"package.json": ("npm:committed",)}, {})


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<groupId>org.acme</groupId><artifactId>shop</artifactId><dependencies><dependency>
<groupId>${project.groupId}</groupId><artifactId>core</artifactId>
</dependency></dependencies></project>"""

PACKAGES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "python": (
        {"pyproject.toml": '[project]\nname = "Acme_Core"\n'},
        {"pyproject.toml": '[project]\nname = "shop"\ndependencies = ["acme.core>=1"]\n'},
    ),
    "setuptools": (
        {"setup.py": 'from setuptools import setup\nsetup(name="acme.core")\n'},
        {"requirements/base.txt": "acme_core==1.0\n"},
    ),
    "npm": (
        {"package.json": '{"name": "@acme/core"}'},
        {"web/package.json": '{"name": "shop", "dependencies": {"@acme/core": "workspace:*"}}'},
    ),
    "go": (
        {"go.mod": "module acme.org/core/v2\n"},
        {"go.mod": "module acme.org/shop\n\nrequire acme.org/core/v2 v2.1.0\n"},
    ),
    "maven": (
        {"pom.xml": "<project><parent><groupId>org.acme</groupId></parent><artifactId>core</artifactId></project>"},
        {"pom.xml": POM},
    ),
    "cargo": (
        {"Cargo.toml": '[package]\nname = "acme_core"\n'},
        {"Cargo.toml": '[package]\nname = "shop"\n[dependencies]\nacme-core = "1"\n'},
    ),
}
"""By ecosystem, the files of a repository that makes a package and of one that needs it."""


@pytest.mark.parametrize("ecosystem", PACKAGES)
def test_what_one_repository_needs_meets_what_another_makes(clone: Clone, ecosystem: str) -> None:
    making, needing_it = PACKAGES[ecosystem]
    core = Clone(clone.path.parent / "core")
    core.commit("begin", making)
    clone.commit("begin", needing_it)
    [made] = read(core.path).bodies(Manifest)
    [needing] = read(clone.path).bodies(Manifest)
    assert len(made.provides) == 1
    assert [requirement.package for requirement in needing.requires] == list(made.provides)


def test_the_first_codeowners_file_that_exists_counts(clone: Clone) -> None:
    clone.commit("begin", {"docs/CODEOWNERS": "* @docs\n", "CODEOWNERS": "* @root\n"})
    first = read(clone.path)
    [event] = first.of(CodeOwners)
    assert event.entity == "codeowners:git:shop"
    assert event.body == CodeOwners(path="CODEOWNERS", rules=(OwnerRule(pattern="*", owners=("@root",)),))
    clone.commit("move up", {".github/CODEOWNERS": "* @github\n"})
    second = read(clone.path, first.cursor)
    assert [body.path for body in second.bodies(CodeOwners)] == [".github/CODEOWNERS"]
    clone.commit("remove two", {}, remove=[".github/CODEOWNERS", "CODEOWNERS"])
    third = read(clone.path, second.cursor)
    assert [body.path for body in third.bodies(CodeOwners)] == ["docs/CODEOWNERS"]
    clone.commit("remove the last", {}, remove=["docs/CODEOWNERS"])
    fourth = read(clone.path, third.cursor)
    assert fourth.bodies(CodeOwners) == [CodeOwners(path="docs/CODEOWNERS")]
    clone.commit("other")
    assert read(clone.path, fourth.cursor).types == []


def test_owner_rules_are_read_as_github_reads_them(clone: Clone) -> None:
    clone.commit(
        "begin",
        {
            "CODEOWNERS": "# all\n*   @acme/core ada@example.org # the rest\n\n/docs/ @ada\n/build/logs/\n"
            "my\\ file.md @ada\n!no @ada\n[Section] @ada\n*.js nobody\n*.go @acme/go-owners nobody\n"
        },
    )
    [body] = read(clone.path).bodies(CodeOwners)
    assert [(rule.pattern, rule.owners) for rule in body.rules] == [
        ("*", ("@acme/core", "ada@example.org")),
        ("/docs/", ("@ada",)),
        ("/build/logs/", ()),
        ("my\\ file.md", ("@ada",)),
        ("*.go", ("@acme/go-owners",)),
    ]


def test_documents_are_what_is_written_for_people(clone: Clone) -> None:
    explaining = (
        "README", "README.md", "a/readme.rst", "a/b/c/README.md", "docs/guide.md", "doc/deep/er/still.adoc",
        "packages/x/docs/use.md", "CONTRIBUTING.md", "notes.txt", "adr/0001-use-git.md", "team/rfcs/2.md",
        "src/architecture/overview.rst", "docs/index.mdx",
    )  # fmt: skip
    not_explaining = (
        "a/b/c/d/README.md", "src/notes.md", "CHANGELOG.md", "docs/changes.rst", "docs/changelog/1.0.md", "LICENSE",
        "LICENSE.md", "LICENSE-MIT.txt", "AUTHORS.rst", "COPYING.txt", "HISTORY.rst", "requirements.txt",
        "docs/requirements.txt", "CMakeLists.txt", "robots.txt", "docs/conf.py", "docs/logo.svg",
        "docs/api/generated/x.rst", "docs/_build/x.txt", "node_modules/x/README.md", "vendor/x/README.md",
        "tests/fixtures/README.md", "docs/releases/1.0.md", "readme.py", "main.py",
    )  # fmt: skip
    clone.commit("begin", {path: f"# {path}\n" for path in (*explaining, *not_explaining)})
    assert set(documents(read(clone.path))) == set(explaining)


def test_a_document_is_told_with_its_text_and_its_title(clone: Clone) -> None:
    head = clone.commit("begin", {"docs/pay.md": "Intro\n\n# How we pay\n\nBy card.\x1b[0m\n"})
    [event] = read(clone.path).of(Document)
    blob = clone.git("rev-parse", "HEAD:docs/pay.md")
    assert event.id == f"git:shop:doc:docs/pay.md@{blob}:{head}"
    assert event.entity == "doc:git:shop:docs/pay.md"
    assert event.body == Document(
        doc_id="git:shop:docs/pay.md",
        title="How we pay",
        text="Intro\n\n# How we pay\n\nBy card.[0m",
        path="docs/pay.md",
    )


def test_documents_that_change_or_go_are_told(clone: Clone) -> None:
    clone.commit("begin", {"README.md": "# One", "docs/a.md": "# A", "docs/b.md": "# B"})
    first = read(clone.path)
    clone.commit("next", {"docs/a.md": "# AA"}, remove=["docs/b.md"])
    second = read(clone.path, first.cursor)
    assert second.types == ["doc_changed", "doc_removed"]
    assert documents(second) == {"docs/a.md": "AA"}
    assert [event.entity for event in second.of(DocumentRemoved)] == ["doc:git:shop:docs/b.md"]
    clone.commit("spoil", {"docs/a.md": b"\0\1", "README.md": "x" * (DOCUMENT_LIMIT + 1)})
    third = read(clone.path, second.cursor)
    assert {body.doc_id for body in third.bodies(DocumentRemoved)} == {"git:shop:docs/a.md", "git:shop:README.md"}
    assert third.types == ["doc_removed"] * 2
    clone.commit("repair", {"docs/a.md": "# AAA", "README.md": "# Two"})
    assert documents(read(clone.path, third.cursor)) == {"docs/a.md": "AAA", "README.md": "Two"}


def test_binary_empty_and_linked_documents_are_none(clone: Clone) -> None:
    clone.write({"docs/real.md": "# Real"})
    (clone.path / "README.md").symlink_to("docs/real.md")
    clone.commit("begin", {"docs/binary.txt": b"\0\1\2", "docs/empty.md": " \ufeff\n\n"})
    assert documents(read(clone.path)) == {"docs/real.md": "Real"}


def test_documents_nearest_to_the_root_are_kept(clone: Clone) -> None:
    clone.commit(
        "begin",
        {f"docs/deep/{number}.md": f"# {number}" for number in range(400)}
        | {f"docs/{number}.md": f"# {number}" for number in range(150)}
        | {"docs/long.md": "x" * (DOCUMENT_LIMIT + 1), "README.md": "# Shop"},
    )
    done = read(clone.path)
    kept = documents(done)
    assert len(kept) == 500
    assert sum(path.startswith("docs/deep/") for path in kept) == 349
    assert done.notes == (
        "documents left out because they are longer than 200 KB: 1",
        "documents left out because 500 are nearer to the root: 51",
    )


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Markdown\n", "Markdown"),
        ("#Not a heading\n\n## Second ##\n", "Second"),
        ("Underlined\n==========\n", "Underlined"),
        ("==========\nBoth lines\n==========\n", "Both lines"),
        ("Also this\n---------\n", "Also this"),
        ("= AsciiDoc\n", "AsciiDoc"),
        ('---\ntitle: "Front matter"\n---\n# Below\n', "Front matter"),
        ("---\nlayout: page\n---\n# Below\n", "Below"),
        ("```\n# a comment\n```\n# Outside\n", "Outside"),
        ("# [![Build](https://x/y.svg)](https://x) [Linked](https://x) **Bold** `code`\n", "Linked **Bold** code"),
        ('<h1 align="center"><img src="x"> HTML</h1>\n', "HTML"),
        ("# <a name=x></a>\n\n# Real\n", "Real"),
        ("No heading at all.\n", "docs/x.md"),
        ("Using :mod:`os` and ``async``\n============================\n", "Using os and async"),
    ],
)
def test_a_title_is_the_first_heading(text: str, title: str) -> None:
    assert title_of(text, "docs/x.md") == title


def test_a_document_made_to_keep_a_pattern_busy_does_not(clone: Clone) -> None:
    texts = (
        "<h1" * 60_000,
        "![" * 90_000,
        "[" * 190_000,
        "# " + "`" * 190_000,
        "---\ntitle: " + "![" * 90_000 + "\n---\n",
    )
    clone.commit("begin", {f"docs/{number}.md": text for number, text in enumerate(texts)})
    assert len(documents(read(clone.path))) == len(texts)
