"""Who knows about something: more, nearer and later work ranks higher, and everything that was said has a reason."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking import (
    HALF_LIFE,
    REASONS_KEPT,
    UNAVAILABLE_FACTOR,
    Fact,
    Kind,
    Ranked,
    decay,
    foremost,
    nearness,
    rank,
)
from tests.unit.domain.builders import at

KINDS: tuple[Kind, ...] = ("path", "skill", "work", "profile")
PEOPLE = ("ada", "grace", "mary")
WEIGHTS = st.sampled_from([0.1, 0.25, 0.3, 0.5, 0.7, 1.0, 2.0, 7.0, 30.0])
FACTS = st.builds(
    lambda person, kind, subject, weight, day, text: Fact(
        person=person, kind=kind, subject=subject, weight=min(weight, 1.0) if kind == "profile" else weight,
        at=at(day), text=text, source=f"{subject}@{day}",
    ),
    st.sampled_from(PEOPLE),
    st.sampled_from(KINDS),
    st.sampled_from(["pay", "retry", "Python", "Go"]),
    WEIGHTS,
    st.integers(0, 3),
    st.sampled_from(["", "did", "wrote"]),
)  # fmt: skip
WORLDS = st.lists(FACTS, max_size=20)
ASKED = st.dictionaries(st.sampled_from(KINDS), st.integers(2, 3), min_size=1)
AVAILABLE = st.dictionaries(st.sampled_from(PEOPLE), st.none() | st.floats(0, 1))


def fact(kind: Kind, subject: str = "pay", weight: float = 1.0, person: str = "ada", text: str = "did") -> Fact:
    return Fact(person=person, kind=kind, subject=subject, weight=weight, text=text)


@given(WORLDS, ASKED, st.integers(0, 4))
def test_the_foremost_are_those_who_rank_first(facts: list[Fact], asked: dict[Kind, int], many: int) -> None:
    """While nobody's availability is known."""
    assert foremost(facts, asked, many) == {each.person for each in rank(facts, asked, {})[:many]}


def score(facts: Sequence[Fact], *asked: Kind, person: str = "ada", free: float | None = 1.0) -> float:
    """What somebody reaches; 0 for who is not ranked at all."""
    ranked = rank(facts, dict.fromkeys(asked or KINDS, 1), {person: free})
    return next((each.score for each in ranked if each.person == person), 0.0)


@given(st.data(), WORLDS, ASKED, AVAILABLE)
def test_the_order_of_facts_is_no_matter(
    data: st.DataObject, facts: list[Fact], asked: dict[Kind, int], free: dict[str, float | None]
) -> None:
    """Neither for who comes first nor for the reasons: stores return rows as they please."""
    assert rank(data.draw(st.permutations(facts)), asked, free) == rank(facts, asked, free)


@given(WORLDS, ASKED, AVAILABLE)
def test_scores_are_shares_and_the_best_come_first(
    facts: list[Fact], asked: dict[Kind, int], free: dict[str, float | None]
) -> None:
    """Everybody who knows anything of what was asked, once."""
    ranked = rank(facts, asked, free)
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert sorted(each.person for each in ranked) == sorted({each.person for each in facts if each.kind in asked})
    for each in ranked:
        assert 0 < each.score <= each.expertise <= 1


@given(WORLDS, ASKED)
def test_reasons_are_facts_of_that_person_and_of_what_was_asked(facts: list[Fact], asked: dict[Kind, int]) -> None:
    """A reason that nobody can look up is an opinion; two about one thing are one too many."""
    for each in rank(facts, asked, {}):
        own = [known for known in facts if known.person == each.person and known.kind in asked and known.text]
        told = {(known.kind, known.text, known.at, known.source) for known in own}
        assert {(why.kind, why.text, why.at, why.source) for why in each.reasons} <= told
        assert len(each.reasons) <= REASONS_KEPT
        assert len({(why.kind, (why.source or "").partition("@")[0]) for why in each.reasons}) == len(each.reasons)


@given(WORLDS, ASKED, AVAILABLE, FACTS)
def test_knowing_more_never_lowers_anybody(
    facts: list[Fact], asked: dict[Kind, int], free: dict[str, float | None], more: Fact
) -> None:
    """One commit more, all else equal, is never held against somebody, and costs nobody else anything."""
    if more.kind != "skill" or any(each.subject == more.subject and each.kind == "skill" for each in facts):
        before = {each.person: each.score for each in rank(facts, asked, free)}
        after = {each.person: each.score for each in rank([*facts, more], asked, free)}
        assert after.get(more.person, 0) >= before.get(more.person, 0)
        assert {**after, more.person: 0} == {**before, more.person: 0}


@given(st.integers(0, 2_000), st.integers(0, 2_000), st.integers(1, 60), st.integers(1, 60), st.sampled_from(KINDS[:3]))
def test_more_and_more_recent_work_never_ranks_lower(one: int, other: int, few: int, many: int, kind: Kind) -> None:
    """All else equal: the same work earlier, or less work at the same time."""
    now = at(3_000)
    (late, early), (few, many) = sorted((one, other)), sorted((few, many))
    assert score([fact(kind, weight=few * decay(at(3_000 - late), now))]) >= score(
        [fact(kind, weight=few * decay(at(3_000 - early), now))]
    )
    assert score([fact(kind, weight=many * decay(at(3_000 - late), now))]) >= score(
        [fact(kind, weight=few * decay(at(3_000 - late), now))]
    )


@pytest.mark.parametrize("kind", KINDS[:3])
def test_the_hundredth_commit_adds_less_than_the_first(kind: Kind) -> None:
    """Otherwise whoever reformatted everything is the expert for everything."""
    first = score([fact(kind)]) - 0
    hundredth = score([fact(kind, weight=100)]) - score([fact(kind, weight=99)])
    assert 0 <= hundredth < first / 10
    assert score([fact(kind, weight=10_000)], kind) < 1


@given(WORLDS, ASKED, st.floats(0, 1), st.floats(0, 1))
def test_less_time_scales_a_score_down_and_never_to_nothing(
    facts: list[Fact], asked: dict[Kind, int], one: float, other: float
) -> None:
    """The best expert who is already drowned is a bad answer, and still an answer."""
    less, more = sorted((one, other))
    busy = {each.person: each for each in rank(facts, asked, dict.fromkeys(PEOPLE, less))}
    free = {each.person: each for each in rank(facts, asked, dict.fromkeys(PEOPLE, more))}
    for person, each in busy.items():
        assert each.expertise == free[person].expertise
        assert each.score <= free[person].score
        assert each.score == pytest.approx(each.expertise * (UNAVAILABLE_FACTOR + 0.6 * less), abs=2e-4)


def test_unknown_time_is_neither_free_nor_busy() -> None:
    """Nobody is put first because nothing is known of them, nor last."""
    facts = [fact("path")]
    assert score(facts, free=0.0) < score(facts, free=None) == score(facts, free=0.5) < score(facts, free=1.0)


@given(WORLDS, ASKED, FACTS)
def test_what_was_not_asked_about_is_held_against_nobody(
    facts: list[Fact], asked: dict[Kind, int], other: Fact
) -> None:
    """Without a skill in the question, knowing one or none makes no difference."""
    if other.kind not in asked:
        assert rank([*facts, other], asked, {}) == rank(facts, asked, {})


def test_a_question_about_one_kind_can_be_answered_in_full_by_it() -> None:
    """The score is a share of what was asked."""
    assert score([fact("profile", weight=1.0)], "profile") == 1.0
    assert score([fact("profile", weight=1.0)], "profile", "path") == pytest.approx(0.1 / 0.5)


def test_both_of_two_skills_are_worth_more_than_twice_one() -> None:
    """Whoever asks for Go and SQL wants both."""
    both = rank([fact("skill", "Go", 15), fact("skill", "SQL", 15)], {"skill": 2}, {"ada": 1.0})
    one = rank([fact("skill", "Go", 30)], {"skill": 2}, {"ada": 1.0})
    assert both[0].score == 0.5 > one[0].score


def test_several_facts_about_one_thing_add_up() -> None:
    """Three commits on one path are three commits, with one reason."""
    once, thrice = rank([fact("path")], {"path": 1}, {}), rank([fact("path")] * 3, {"path": 1}, {})
    assert thrice[0].score > once[0].score
    assert len(thrice[0].reasons) == 1


def test_an_issue_and_its_commit_are_one_piece_of_work() -> None:
    """Who writes more messages about the same work did not do more of it."""
    once = score([fact("work", "retry payouts", 2.0)])
    assert score([fact("work", "retry payouts", 2.0), fact("work", "retry payouts", 1.0)]) == once
    assert score([fact("work", "retry payouts", 2.0), fact("work", "split payouts", 1.0)]) > once


def test_the_weightiest_reasons_are_told() -> None:
    """Six of ten, and those that made the rank."""
    facts = [fact("path", f"file{weight}", float(weight), text=f"{weight} commits") for weight in range(1, 11)]
    (ada,) = rank(facts, {"path": 1}, {})
    assert [reason.text for reason in ada.reasons] == [f"{weight} commits" for weight in range(10, 4, -1)]


def test_of_equal_reasons_the_latest_is_told_whichever_came_first() -> None:
    """Two commits of one weight on one file; somebody may still remember the second."""
    old, new = (
        Fact(person="ada", kind="path", subject="pay", weight=1, at=at(day), text=f"day {day}") for day in (1, 2)
    )
    for facts in ([old, new], [new, old]):
        assert [reason.text for reason in rank(facts, {"path": 1}, {})[0].reasons] == ["day 2"]


def test_a_fact_with_nothing_to_say_does_not_silence_one_that_has() -> None:
    """A bare count on the same path weighs more, and shows nobody anything."""
    facts = [fact("path", weight=5, text=""), fact("path", weight=1, text="one commit")]
    assert [reason.text for reason in rank(facts, {"path": 1}, {})[0].reasons] == ["one commit"]


def test_reasons_of_different_kinds_are_weighed_by_what_they_add() -> None:
    """Twelve commits in a language say less than six on the very path, and likeness is counted in no commits at all."""
    facts = [
        fact("profile", weight=0.9, text="profile"),
        fact("skill", weight=12, text="skill"),
        fact("path", weight=6, text="path"),
        fact("work", weight=0.9, text="work"),
    ]
    assert [reason.text for reason in rank(facts, dict.fromkeys(KINDS, 1), {})[0].reasons] == [
        "path",
        "skill",
        "profile",
        "work",
    ]


def test_the_closest_of_several_profiles_counts() -> None:
    """Being close to the question once is enough."""
    assert score([fact("profile", weight=0.2), fact("profile", weight=0.8)], "profile") == 0.8


def test_nobody_is_found_where_nothing_was_asked_or_is_known() -> None:
    """An empty list is an answer."""
    assert rank([], {"path": 1}, {}) == []
    assert rank([fact("path")], {}, {}) == []


def test_equal_people_always_stand_in_the_same_order() -> None:
    """A list that changes between two pages loses somebody."""
    facts = [fact("path", person=person) for person in ("mary", "ada", "grace")]
    assert [each.person for each in rank(facts, {"path": 1}, {})] == ["ada", "grace", "mary"]
    assert isinstance(rank(facts, {"path": 1}, {})[0], Ranked)


@pytest.mark.parametrize(
    ("touched", "asked", "expected"),
    [
        ("src/pay/retry.py", "src/pay/retry.py", 1.0),
        ("src/pay/retry.py", "src/pay", 1.0),
        ("src/pay/retry.py", "src", 1.0),
        ("src/pay/x.py", "src/pay/retry.py", 0.5),
        ("src/mail/x.py", "src/pay/retry.py", 0.25),
        ("src/pay", "src/pay/retry.py", 0.5),
        ("src/payments/x.py", "src/pay", 0.5),
        ("docs/x.md", "src/pay/retry.py", 0.0),
        ("README.md", "setup.py", 0.0),
        ("./src/pay/x.py", "src/pay/", 1.0),
    ],
)
def test_a_change_counts_half_for_each_directory_that_it_lies_away(touched: str, asked: str, expected: float) -> None:
    """And not at all where nothing is shared; a longer name is another folder."""
    assert nearness(touched, asked) == expected


@given(st.lists(st.sampled_from("abc"), max_size=5), st.lists(st.sampled_from("abc"), min_size=1, max_size=5))
def test_nearness_is_a_share_and_whole_exactly_below_what_was_asked(touched: list[str], asked: list[str]) -> None:
    """Whatever the paths."""
    near = nearness("/".join(touched), "/".join(asked))
    assert 0 <= near <= 1
    assert (near == 1) == (touched[: len(asked)] == asked)


def test_work_weighs_half_after_every_half_life() -> None:
    """And a fact without a time does not fade; nor does one of tomorrow weigh more than today's."""
    now = at(1_000)
    assert HALF_LIFE.days == 90
    assert decay(now, now) == 1
    assert decay(now - HALF_LIFE, now) == 0.5
    assert decay(now - 3 * HALF_LIFE, now) == 0.125
    assert decay(None, now) == 1
    assert decay(at(1_001), now) == 1
