"""What people know, read off the files they touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.skills import KNOWN, LEVEL_DEFINITION, named_skill, recent_since, skill_level, skill_of
from tests.unit.domain.builders import at

LEVELS = ("touched", "familiar", "proficient", "expert")


@pytest.mark.parametrize(
    ("path", "skill"),
    [
        ("src/pay/retry.py", "Python"),
        ("web/App.TSX", "TypeScript"),
        ("infra/main.tf", "Terraform"),
        ("Dockerfile", "Docker"),
        ("deploy/Makefile", "Make"),
        ("include/ring.hpp", "C++"),
        ("types/index.d.ts", "TypeScript"),
        ("vendor", None),
        ("README.md", None),
        ("package-lock.json", None),
        ("data.csv", None),
        ("LICENSE", None),
        (".py", None),
        ("", None),
        ("node_modules/left-pad/index.js", None),
        ("dist/bundle.js", None),
        ("third_party/zlib/inflate.c", None),
        ("static/jquery.min.js", None),
        ("api/pay_pb2.py", None),
    ],
)
def test_a_file_is_evidence_of_the_language_it_was_written_in_by_hand(path: str, skill: str | None) -> None:
    """Prose, data, and what others or programs wrote say nothing of what somebody knows."""
    assert skill_of(path) == skill
    assert skill is None or skill in KNOWN


@given(st.text(max_size=40))
def test_any_path_has_a_skill_or_none(path: str) -> None:
    """Paths come from repositories, and a file may be called anything."""
    assert skill_of(path) in {None, *KNOWN}


@pytest.mark.parametrize("skill", sorted(KNOWN))
def test_a_skill_is_found_however_it_is_written(skill: str) -> None:
    """People ask for `typescript`."""
    assert named_skill(f" {skill.upper()} ") == skill


def test_a_skill_that_no_file_can_show_is_not_one_that_can_be_asked_for() -> None:
    """Better none than one that nobody has."""
    assert named_skill("leadership") is None


@given(st.integers(1, 500), st.integers(1, 500))
def test_more_commits_never_make_a_lower_level(fewer: int, more: int) -> None:
    """Working on something does not unlearn it."""
    fewer, more = sorted((fewer, more))
    assert LEVELS.index(skill_level(fewer)) <= LEVELS.index(skill_level(more))


def test_levels_begin_where_their_definition_says() -> None:
    """An answer shows the definition beside the level."""
    steps = {
        1: "touched",
        2: "touched",
        3: "familiar",
        14: "familiar",
        15: "proficient",
        49: "proficient",
        50: "expert",
    }
    assert {commits: skill_level(commits) for commits in steps} == steps
    for level, least in (("expert", 50), ("proficient", 15), ("familiar", 3), ("touched", 1)):
        assert f"{level} >= {least}" in LEVEL_DEFINITION


def test_skills_are_judged_over_the_year_before_the_question() -> None:
    """Knowledge that was not used fades."""
    assert recent_since(at(365)) == at(0)
    assert "365 days" in LEVEL_DEFINITION
