"""Projects behind the names that sources have for them: joined by links alone, each with an id of its own."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.projects import Project, ProjectRef, canonical_refs, resolve_projects

REFS = (
    ProjectRef(ref="git:api"),
    ProjectRef(ref="git:web-old"),
    ProjectRef(ref="github:acme/api"),
    ProjectRef(ref="github:other/api"),
    ProjectRef(ref="github:acme/web"),
    ProjectRef(ref="jira:API"),
    ProjectRef(ref="jira:WEB"),
    ProjectRef(ref="notion:91f2", name="Web"),
    ProjectRef(ref="notion:77aa", name="API"),
    ProjectRef(ref="notion:c0de", name="支払い"),
    ProjectRef(ref="confluence:API"),
)
NAMES = [ref.ref for ref in REFS]
WORLDS = st.lists(st.sampled_from(REFS), unique_by=lambda ref: ref.ref, max_size=len(REFS))
LINKS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=6)


def resolve(*names: str, links: Iterable[tuple[str, str]] = ()) -> dict[str, tuple[str, ...]]:
    """The projects behind these references, by id."""
    return dict(resolve_projects([ref for ref in REFS if ref.ref in names], links))


@given(st.data(), WORLDS, LINKS)
def test_projects_do_not_depend_on_the_order_in_which_they_appeared(
    data: st.DataObject, refs: list[ProjectRef], links: list[tuple[str, str]]
) -> None:
    """An id that depends on what was ingested first differs after a replay."""
    turned = [(b, a) for a, b in data.draw(st.permutations(links))]
    assert resolve_projects(data.draw(st.permutations(refs)), turned) == resolve_projects(refs, links)


@given(WORLDS, LINKS)
def test_every_reference_is_one_projects_and_every_id_is_unique(
    refs: list[ProjectRef], links: list[tuple[str, str]]
) -> None:
    """Two projects with one id would answer for each other."""
    resolved = resolve_projects(refs, links)
    assert sorted(ref for _, members in resolved for ref in members) == sorted(ref.ref for ref in refs)
    assert len({id_ for id_, _ in resolved}) == len(resolved)
    assert all(id_ for id_, _ in resolved)


@given(WORLDS, LINKS)
def test_one_reference_stands_for_a_project_and_it_is_one_of_its_own(
    refs: list[ProjectRef], links: list[tuple[str, str]]
) -> None:
    """Edges and counts meet on it."""
    stands_for = canonical_refs([ref.ref for ref in refs], links)
    for _, members in resolve_projects(refs, links):
        assert {stands_for[ref] for ref in members} == {members[0]}


def test_the_folder_of_a_clone_names_the_project() -> None:
    """The contract says so: the project id is the folder's name."""
    links = [("jira:WEB", "github:acme/web"), ("github:acme/web", "git:web-old")]
    assert resolve("jira:WEB", "github:acme/web", "git:web-old", links=links) == {
        "web-old": ("git:web-old", "github:acme/web", "jira:WEB")
    }


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("git:web-old", "web-old"),
        ("github:acme/api", "api"),
        ("jira:WEB", "web"),
        ("notion:91f2", "web"),
        ("notion:c0de", "c0de"),
    ],
)
def test_each_source_names_a_project_in_its_own_way(ref: str, expected: str) -> None:
    """The repository without its owner, the key in small letters, the page's title if it can be spelled."""
    assert list(resolve(ref)) == [expected]


def test_equal_names_without_a_link_are_two_projects() -> None:
    """Every company has two repositories called `api`; only somebody who says so makes them one."""
    assert resolve("github:acme/api", "github:other/api") == {
        "api": ("github:acme/api",),
        "other/api": ("github:other/api",),
    }
    assert resolve("git:api", "github:acme/api", "jira:API") == {
        "api": ("git:api",),
        "acme/api": ("github:acme/api",),
        "API": ("jira:API",),
    }


def test_a_source_that_nobody_ranked_names_a_project_last() -> None:
    """The repository before the tracker, the tracker before the rest."""
    links = [("confluence:API", "jira:API"), ("notion:91f2", "jira:API")]
    assert resolve("confluence:API", "jira:API", "notion:91f2", links=links) == {
        "api": ("jira:API", "notion:91f2", "confluence:API")
    }


def test_a_link_to_a_project_that_was_never_seen_names_nothing() -> None:
    """A roadmap may be ahead of the repository."""
    assert resolve("jira:WEB", links=[("jira:WEB", "github:acme/ghost")]) == {"web": ("jira:WEB",)}


def test_a_project_is_shown_with_its_id_where_that_says_more() -> None:
    """`api (api)` is noise."""
    assert Project(id="api", name="Payments API", refs=()).label == "Payments API (api)"
    assert Project(id="api", name="api", refs=()).label == "api"
