"""What a person is called, who is a program, and who is suggested to be one with somebody else."""

from collections.abc import Sequence

import pytest
from hypothesis import given

from domain.identity import Evidence, is_bot, resolve_people, suggest_merges
from domain.people import Identity, Terms
from tests.unit.domain.accounts import WORLDS
from tests.unit.domain.builders import github, jira, signature


def test_somebody_is_called_what_a_roster_or_a_tracker_says_before_what_git_believes() -> None:
    """`root` and `ada` are what machines were set up with; nobody is called by what was said last."""
    accounts = [signature("ada", "ada@acme.dev"), jira("5f1", "Ada Lovelace", email="ada@acme.dev")]
    assert [person.name for person in resolve_people(accounts, Evidence())] == ["Ada Lovelace"]
    terms = {"jira:5f1": Terms(name="Ada King", email="king@acme.dev")}
    told = resolve_people(accounts, Evidence(terms=terms))
    assert [(person.name, person.email) for person in told] == [("Ada King", "king@acme.dev")]


def test_a_mailmap_says_how_somebody_writes_their_name() -> None:
    """That is what the file is for."""
    wrong, proper = signature("ada l", "ada@acme.dev"), signature("Ada Lovelace", "ada@acme.dev")
    evidence = Evidence(links=((wrong.key, proper.key),))
    assert [person.name for person in resolve_people([wrong, proper], evidence)] == ["Ada Lovelace"]


def test_somebody_without_a_name_is_called_by_what_there_is() -> None:
    """An empty name in a list helps nobody."""
    accounts = [github(101, "ada"), signature("", "grace@acme.dev"), jira("5f1")]
    assert sorted(person.name for person in resolve_people(accounts, Evidence())) == ["5f1", "ada", "grace@acme.dev"]


def test_one_word_is_a_better_name_than_none() -> None:
    """A tracker that keeps the name to itself does not hide the one that git has."""
    accounts = [jira("5f1", email="ada@acme.dev", username="u7734"), signature("Ada", "ada@acme.dev")]
    assert [person.name for person in resolve_people(accounts, Evidence())] == ["Ada"]


def test_the_mail_that_is_shown_is_one_that_reaches_them() -> None:
    """GitHub's hiding address and a laptop's name reach nobody."""
    accounts = [
        github(101, "ada"),
        signature("Ada", "101+ada@users.noreply.github.com"),
        signature("Ada", "ada@laptop.local", "ada"),
        signature("Ada", "ada@acme.dev", "ada"),
    ]
    assert [person.email for person in resolve_people(accounts, Evidence())] == ["ada@acme.dev"]


@pytest.mark.parametrize(
    "account",
    [
        github(1, "linter", bot=True),
        github(2, "renovate[bot]"),
        signature("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
        signature("Release", "41898282+github-actions[bot]@users.noreply.github.com"),
        signature("GitHub Actions", "ci@acme.dev"),
        signature("pre-commit-ci", "ci@acme.dev"),
        signature("Travis CI", "builds@travis-ci.example"),
        signature("acme-bot", "acme-bot@acme.dev"),
        github(3, "web-flow"),
    ],
    ids=lambda account: account.key,
)
def test_a_program_is_known_by_what_its_source_or_its_name_says(account: Identity) -> None:
    """Bots make up to a quarter of all commits, and belong in no human figure."""
    assert is_bot(account)
    assert [person.bot for person in resolve_people([account], Evidence())] == [True]


@pytest.mark.parametrize(
    "account",
    [
        signature("Travis Oliphant", "travis@acme.dev"),
        signature("Jenkins Abbott", "abbott@acme.dev"),
        signature("Talbot", "talbot@acme.dev"),
        github(1, "robothenry"),
        github(2, "botond"),
        signature("Ada", "101+abbot@users.noreply.github.com"),
        jira("5f1", "Jürgen Renovateur"),
    ],
    ids=lambda account: account.key,
)
def test_a_person_whose_name_only_sounds_like_it_is_no_program(account: Identity) -> None:
    """A person may well be called Travis."""
    assert not is_bot(account)


def test_every_account_of_a_program_is_a_programs() -> None:
    """GitHub calls it a bot; git has never heard of the type."""
    accounts = [github(41, "deployer", bot=True), signature("deployer", "41+deployer@users.noreply.github.com")]
    assert [person.bot for person in resolve_people(accounts, Evidence())] == [True]


def suggested(*accounts: Identity) -> Sequence[tuple[str, ...]]:
    """The reasons of every suggestion about these accounts."""
    return [suggestion.reasons for suggestion in suggest_merges(resolve_people(accounts, Evidence()))]


def test_a_full_name_and_a_second_signal_make_a_suggestion_with_its_reasons() -> None:
    """Somebody looks at it and decides; so it says why."""
    found = suggested(jira("5f1", "Ada Lovelace"), signature("Ada Lovelace", "ada@acme.dev"))
    assert found == [("same full name", "no source in which both have an account")]
    found = suggested(signature("Ada Lovelace", "ada@acme.dev"), signature("Ada Lovelace", "ada@old.dev"))
    assert found == [("same full name", "same mailbox name 'ada'")]


def test_a_login_and_a_team_are_second_signals_and_more_signals_score_higher() -> None:
    """A login inside a hiding address counts; no score is above one."""
    name = "Ada Lovelace"
    accounts = [github(101, "ada", name=name), signature(name, "102+ada@users.noreply.github.com")]
    left, right = resolve_people(accounts, Evidence())
    (two,) = suggest_merges([left, right])
    assert two.reasons[:2] == ("same full name", "same user name 'ada'")
    teams = {"teams": ("payments", "web")}
    (three,) = suggest_merges([left.model_copy(update=teams), right.model_copy(update=teams)])
    assert "same team 'payments'" in three.reasons
    assert 0.5 < two.score < three.score <= 1
    other, another = (person.model_copy(update={"teams": (team,)}) for person, team in ((left, "a"), (right, "b")))
    assert suggest_merges([other, another]) == [two]


def test_a_full_name_alone_suggests_nothing() -> None:
    """Two John Smiths in one tracker are two people."""
    assert suggested(jira("5f1", "John Smith"), jira("5f2", "John Smith")) == []


@pytest.mark.parametrize("name", ["ada", "Ada", "Jean-Luc", "build_server", "ada.l", "李小龙"])
def test_a_name_of_one_word_never_makes_a_suggestion(name: str) -> None:
    """A third of all names in git are of one word, and hundreds of people share the most common of them."""
    assert suggested(jira("5f1", name), signature(name, "one@acme.dev")) == []


def test_a_shared_mailbox_is_no_second_signal() -> None:
    """Every machine has a root."""
    assert suggested(signature("Ada Lovelace", "root@one.dev"), signature("Ada Lovelace", "root@two.dev")) == []


def test_programs_are_never_suggested() -> None:
    """The same bot in two places is nobody's concern."""
    assert suggested(jira("5f1", "Acme Bot", bot=True), signature("Acme Bot", "acme@acme.dev")) == []


@given(WORLDS)
def test_a_suggestion_is_about_two_people_and_the_best_come_first(accounts: list[Identity]) -> None:
    """Its score is a share, more reasons weigh more, and it does not depend on who was seen first."""
    people = resolve_people(accounts, Evidence())
    found = suggest_merges(people)
    assert suggest_merges(reversed(people)) == found
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    for each in found:
        assert each.left != each.right
        assert 0 < each.score <= 1
        assert len(each.reasons) >= 2
