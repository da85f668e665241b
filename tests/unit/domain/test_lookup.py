"""Finding a thing by what a person calls it: as pg_trgm would, in every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.lookup import LIKENESS, WORTH_DIGITS, Found, best, likeness, trigrams, word_weights

TEXTS = st.text(max_size=20)


def alike(left: str, right: str) -> float:
    return likeness(trigrams(left), trigrams(right))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("cat", {"  c", " ca", "cat", "at "}),
        ("foo|bar", {"  f", " fo", "foo", "oo ", "  b", " ba", "bar", "ar "}),
        ("word", {"  w", " wo", "wor", "ord", "rd "}),
        ("two words", {"  t", " tw", "two", "wo ", "  w", " wo", "wor", "ord", "rds", "ds "}),
    ],
)
def test_the_pieces_of_a_text_are_those_that_pg_trgm_shows(text: str, pieces: set[str]) -> None:
    """The examples of https://www.postgresql.org/docs/18/pgtrgm.html, with its blanks for our fillers."""
    assert {piece.replace("_", " ") for piece in trigrams(text)} == pieces


def test_likeness_is_what_pg_trgm_calls_similarity() -> None:
    """`similarity('word', 'two words')` is 0.363636 in the same documentation."""
    assert alike("word", "two words") == pytest.approx(0.363636, abs=1e-6)
    assert LIKENESS < 0.363636


@given(TEXTS, TEXTS)
def test_likeness_is_a_share_and_mutual(left: str, right: str) -> None:
    """A score that depends on who was asked first cannot be sorted by."""
    assert 0 <= alike(left, right) == alike(right, left) <= 1


@given(TEXTS)
def test_a_text_is_wholly_like_itself_however_it_is_written(text: str) -> None:
    """Capitals, spaces and punctuation around it are not part of a name."""
    if trigrams(text):
        assert alike(text, text) == 1
        assert alike(text, f"  {text}, ") == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Ada Lovelace", "ada lovelace"),
        ("lovelace ada", "Ada Lovelace"),
        ("Zoë Brontë", "Zoe Bronte"),
        ("payments-api", "Payments API"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "O'Brien"),
        ("Andre\u0301", "Andr\u00e9"),
        ("李小龙", "李小龙"),
        ("李小龙 (Bruce)", "Bruce 李小龙"),
    ],
)
def test_what_people_type_is_what_they_mean(written: str, meant: str) -> None:
    """Accents, order and punctuation are typed as the keyboard allows."""
    assert alike(written, meant) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [("ada lovlace", "Ada Lovelace"), ("payment api", "payments-api"), ("Иван Петрв", "Иван Петров")],
)
def test_a_slip_of_the_finger_still_finds_it(written: str, meant: str) -> None:
    """Above the threshold, in any script."""
    assert LIKENESS < alike(written, meant) < 1


def test_a_name_in_another_script_beside_a_latin_word_can_still_be_told_apart() -> None:
    """Two teams are called `<something> API`; the something is the name."""
    assert alike("支払い API", "配送 API") < 1


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 3_000), min_size=1, max_size=9))
def test_all_words_of_a_question_are_worth_one_together(counts: dict[str, int]) -> None:
    """However they are added up; and the rarer of two is never worth less."""
    worth = word_weights(counts, 2_000)

    assert sum(round(weight * 10**WORTH_DIGITS) for weight in worth.values()) == 10**WORTH_DIGITS
    assert all(worth[one] >= worth[other] - 1e-11 for one in worth for other in worth if counts[one] <= counts[other])


def test_nothing_is_like_nothing() -> None:
    """An empty question matches no empty name."""
    assert alike("", "") == alike("---", "") == 0


def found(name: str, score: float, why: str = "name") -> Found:
    return Found(kind="project", id=name.lower(), name=name, why=why, score=score)


def test_each_thing_is_found_once_by_what_matches_it_best() -> None:
    """A project whose name and key both match is one answer."""
    assert best([found("Api", 0.4, "key"), found("Api", 0.9, "name"), found("Api", 0.5, "words")], 5) == [
        found("Api", 0.9, "name")
    ]


def test_of_two_equal_matches_the_first_says_why() -> None:
    """Exact names are looked up before words."""
    assert best([found("Api", 1, "name"), found("Api", 1, "words")], 5) == [found("Api", 1, "name")]


@given(
    st.permutations([found(name, score) for name, score in (("a", 0.5), ("B", 0.5), ("c", 0.5), ("d", 1), ("e", 0.1))])
)
def test_the_best_come_first_and_ties_never_change_places(items: list[Found]) -> None:
    """A list that shuffles from call to call cannot be paged through."""
    assert [item.name for item in best(items, 4)] == ["d", "a", "B", "c"]


def test_one_id_may_name_things_of_two_kinds() -> None:
    """A team and a project are both called payments."""
    team = Found(kind="team", id="payments", name="Payments", why="name")
    project = Found(kind="project", id="payments", name="Payments", why="name")
    assert best([team, project], 5) == [project, team]
    assert (team.label, found("api", 1).label) == ("Payments (payments)", "api")
