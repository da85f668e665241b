"""Whose accounts are whose: joined by what a source vouches for, never by a name, whatever order the facts came in."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.components import components
from domain.events import Source
from domain.identity import Decision, Evidence, is_bot, is_real_mail, resolve_people, suggest_merges
from domain.people import SUFFIX_LENGTH, Identity, Person, Terms, id_suffix
from tests.unit.domain.builders import at, github, jira, signature

MAILS = (
    "ada@acme.dev",
    "grace@acme.dev",
    "101+ada@users.noreply.github.com",
    "102+grace@users.noreply.github.com",
    "ada@users.noreply.github.com",
    "hello",
    "ada@laptop.local",
    "root@acme.dev",
    "",
)
NAMES = ("Ada Lovelace", "Grace Hopper", "ada", "")
ACCOUNTS: tuple[Identity, ...] = (
    github(101, "ada", name="Ada Lovelace"),
    github(102, "grace"),
    github(103, "ada"),
    Identity(source=Source.GITHUB, external_id="login:grace", username="grace"),
    jira("5f1", "Ada Lovelace", email="ada@acme.dev"),
    jira("5f2", "Grace Hopper"),
    *(signature(name, mail) for name in NAMES for mail in MAILS),
    signature("Ada Lovelace", "ada@old.dev", "ada"),
    signature("Grace Hopper", "grace@old.dev", "grace"),
)
WORLDS = st.lists(st.sampled_from(ACCOUNTS), unique_by=lambda account: account.key, min_size=1, max_size=12)
KEYS = st.sampled_from([account.key for account in ACCOUNTS])
PAIRS = st.tuples(KEYS, KEYS).filter(lambda pair: pair[0] != pair[1])
DECISIONS = st.builds(
    lambda pair, same, day: Decision(left=pair[0], right=pair[1], same=same, decided_at=at(day)),
    PAIRS,
    st.booleans(),
    st.integers(0, 2),
)
EVIDENCE = st.builds(
    lambda links, decisions: Evidence(links=tuple(links), decisions=tuple(decisions)),
    st.lists(PAIRS, max_size=4),
    st.lists(DECISIONS, max_size=5),
)


def groups(people: Iterable[Person]) -> set[frozenset[str]]:
    """Which accounts are together."""
    return {frozenset(person.keys) for person in people}


def together(left: Identity, right: Identity, *others: Identity, evidence: Evidence | None = None) -> bool:
    """Whether two accounts are one person's, among `others`."""
    people = resolve_people([left, right, *others], evidence or Evidence())
    return any({left.key, right.key} <= set(person.keys) for person in people)


def decide(left: Identity, right: Identity, *, same: bool, day: int = 0) -> Decision:
    return Decision(left=left.key, right=right.key, same=same, decided_at=at(day))


@given(WORLDS, EVIDENCE)
def test_every_account_is_one_persons(accounts: list[Identity], evidence: Evidence) -> None:
    """Nobody is lost, and nobody's commits count twice."""
    people = resolve_people(accounts, evidence)
    assert sorted(key for person in people for key in person.keys) == sorted(account.key for account in accounts)


@given(st.data(), WORLDS, EVIDENCE)
def test_who_is_who_does_not_depend_on_the_order_in_which_anything_became_known(
    data: st.DataObject, accounts: list[Identity], evidence: Evidence
) -> None:
    """A replay, a second backfill and a year of webhooks agree, and either account of a pair may be named first."""
    shuffled = Evidence(
        links=tuple(data.draw(st.permutations(evidence.links))),
        decisions=tuple(turned(each) for each in data.draw(st.permutations(evidence.decisions))),
    )
    assert resolve_people(data.draw(st.permutations(accounts)), shuffled) == resolve_people(accounts, evidence)


def turned(decision: Decision) -> Decision:
    return decision.model_copy(update={"left": decision.right, "right": decision.left})


@given(WORLDS, EVIDENCE)
def test_a_refused_pair_is_never_together(accounts: list[Identity], evidence: Evidence) -> None:
    """Whatever joins them, a person said no, and said it last."""
    together_now = groups(resolve_people(accounts, evidence))
    for pair in refused(evidence):
        assert not any(pair <= group for group in together_now)


def refused(evidence: Evidence) -> set[frozenset[str]]:
    """The pairs of which the last word was no; of two words at one moment, no."""
    last: dict[frozenset[str], Decision] = {}
    for decision in evidence.decisions:
        pair = frozenset((decision.left, decision.right))
        known = last.get(pair)
        if known is None or (decision.decided_at, not decision.same) > (known.decided_at, not known.same):
            last[pair] = decision
    return {pair for pair, decision in last.items() if not decision.same}


@given(WORLDS, EVIDENCE)
def test_a_refusal_parts_no_more_than_it_must(accounts: list[Identity], evidence: Evidence) -> None:
    """Taking a wrong signature off somebody must not scatter the rest of their accounts."""
    accounts = [account for account in accounts if account.key != "github:103"]  # so that two alone tell who is joined
    parts = groups(resolve_people(accounts, evidence))
    whole = groups(resolve_people(accounts, evidence.model_copy(update={"decisions": ()})))
    for left, right in combinations(sorted(parts, key=sorted), 2):
        joined_directly = any(
            together(a, b, evidence=Evidence(links=evidence.links))
            for a in accounts
            for b in accounts
            if a.key in left and b.key in right
        )
        if joined_directly and any(left | right <= group for group in whole):
            assert any(pair <= left | right for pair in refused(evidence))


@given(WORLDS, EVIDENCE)
def test_a_name_joins_nobody(accounts: list[Identity], evidence: Evidence) -> None:
    """Giving everybody the same full name changes nothing about who is who."""
    namesakes = [account.model_copy(update={"name": "John Smith"}) for account in accounts]
    assert groups(resolve_people(namesakes, evidence)) == groups(resolve_people(accounts, evidence))


@given(WORLDS, EVIDENCE, st.data())
def test_merging_and_then_splitting_restores_what_was(
    accounts: list[Identity], evidence: Evidence, data: st.DataObject
) -> None:
    """A merge by mistake costs nothing but the split."""
    before = groups(resolve_people(accounts, evidence))
    apart = [(a, b) for a, b in combinations(accounts, 2) if not any({a.key, b.key} <= group for group in before)]
    if apart:
        left, right = data.draw(st.sampled_from(apart))
        merged = (*evidence.decisions, decide(left, right, same=True, day=10))
        split = (*merged, decide(right, left, same=False, day=11))
        assert groups(resolve_people(accounts, evidence.model_copy(update={"decisions": split}))) == before


@given(WORLDS, EVIDENCE)
def test_an_id_is_unique_and_resolves_by_an_account_of_its_person(accounts: list[Identity], evidence: Evidence) -> None:
    """An id in an old report still finds whoever owns that account now."""
    people = resolve_people(accounts, evidence)
    assert len({person.id for person in people}) == len(people)
    for person in people:
        assert person.id[-SUFFIX_LENGTH:] in {id_suffix(key) for key in person.keys}


@settings(max_examples=50)
@given(WORLDS, EVIDENCE, DECISIONS)
def test_an_id_that_was_given_out_finds_somebody_after_any_later_decision(
    accounts: list[Identity], evidence: Evidence, later: Decision
) -> None:
    """The suffix of an id stands for an account, and an account always has an owner."""
    decisions = (*evidence.decisions, later.model_copy(update={"decided_at": at(20)}))
    owned = {id_suffix(key) for p in resolve_people(accounts, Evidence(decisions=decisions)) for key in p.keys}
    assert {person.id[-SUFFIX_LENGTH:] for person in resolve_people(accounts, evidence)} <= owned


def test_the_mail_github_hides_behind_leads_to_the_numeric_id() -> None:
    """On some repositories, most commits carry nothing else; the login in it may be an old one."""
    assert together(github(101, "ada"), signature("A. L.", "101+ada-old@users.noreply.github.com"))
    assert together(github(101, "ada_acme"), signature("Ada", "101+ada_acme@users.noreply.github.com"))
    assert not together(github(101, "ada"), signature("Ada", "102+ada@users.noreply.github.com"))


def test_the_login_that_github_put_beside_a_commit_leads_to_the_account() -> None:
    """GitHub knows whose mail it is, also where nobody else can."""
    assert together(github(101, "Ada"), signature("ada", "ada@laptop.local", "ada"))


def test_a_login_joins_even_before_its_number_was_seen() -> None:
    """The order of a backfill must not decide."""
    login = Identity(source=Source.GITHUB, external_id="login:ada", username="ada")
    assert together(login, signature("ada", "ada@laptop.local", "ada"))
    assert together(login, signature("ada", "ada@laptop.local", "ada"), github(101, "ada"))
    assert together(login, github(101, "ada"))


def test_a_login_that_two_accounts_had_joins_nobody() -> None:
    """Logins are given up and taken again; whose commit it was cannot be told from one."""
    old, new = github(101, "ada"), github(202, "ada")
    hers, his = signature("Ada", "ada@laptop.local", "ada"), signature("Adam", "adam@laptop.local", "ada")
    login = Identity(source=Source.GITHUB, external_id="login:ada", username="ada")
    people = resolve_people([old, new, hers, his, login], Evidence())
    assert sorted(len(person.keys) for person in people) == [1, 1, 1, 1, 1]


def test_a_login_elsewhere_is_not_a_github_login() -> None:
    """Whoever is `ada` in Jira may be anybody."""
    assert not together(github(101, "ada"), jira("5f1", username="ada"))


def test_a_real_mail_joins_across_sources() -> None:
    """The one key that a roster, git and a tracker share."""
    assert together(jira("5f1", email="ada@acme.dev"), signature("A. Lovelace", "Ada@ACME.dev"))
    assert together(signature("Ada", "ada@acme.dev"), signature("Ada Lovelace", "ada@acme.dev"))


@pytest.mark.parametrize(
    "mail",
    [
        "hello",
        "ada@laptop",
        "ada@laptop.local",
        "ada@ip-10-0-0-1.ec2.internal",
        "ada@localhost",
        "ada@localhost.localdomain",
        "ada@router.lan",
        "ada@(none)",
        "ada@box.(none)",
        "root@acme.dev",
        "git@acme.dev",
        "noreply@acme.dev",
        "no-reply@acme.dev",
        "you@example.com",
        "a b@acme.dev",
        "@acme.dev",
        "",
    ],
)
def test_a_mail_that_is_nobodys_own_joins_nobody(mail: str) -> None:
    """Two laptops of two people are both called `laptop.local`."""
    assert not is_real_mail(mail)
    assert not together(signature("Ada Lovelace", mail), signature("Grace Hopper", mail))


@pytest.mark.parametrize("mail", ["ada@acme.dev", "a.l+git@mail.acme.co.uk", "ada@local.dev", "ada@xn--mnchen-3ya.de"])
def test_a_mail_of_somebodys_own_joins(mail: str) -> None:
    """Strictness must not cost the many good addresses."""
    assert is_real_mail(mail)
    assert together(signature("Ada Lovelace", mail), signature("Grace Hopper", mail))


def test_a_mailmap_line_and_a_roster_row_join() -> None:
    """A person wrote them down for exactly this."""
    left, right = signature("Ada", "hello"), jira("5f1", "Ada Lovelace")
    assert not together(left, right)
    assert together(left, right, evidence=Evidence(links=((left.key, right.key),)))


def test_a_link_to_an_account_that_was_never_seen_joins_nobody_to_it() -> None:
    """A roster may name accounts that do not exist here; nobody is made up."""
    ada = github(101, "ada")
    assert groups(resolve_people([ada], Evidence(links=((ada.key, "jira:ghost"),)))) == {frozenset({ada.key})}


def test_the_last_word_on_a_pair_counts() -> None:
    """People change their minds, and say so twice."""
    ada, other = github(101, "ada"), jira("5f1")
    words = [decide(ada, other, same=True, day=0), decide(ada, other, same=False, day=1)]
    assert not together(ada, other, evidence=Evidence(decisions=tuple(words)))
    words.append(decide(other, ada, same=True, day=2))
    assert together(ada, other, evidence=Evidence(decisions=tuple(words)))


def test_of_two_words_said_at_once_the_no_counts() -> None:
    """Keeping two people apart who are one can be mended; what was mixed up must be sorted out."""
    ada, other = github(101, "ada"), jira("5f1")
    words = [decide(ada, other, same=same) for same in (True, False, True)]
    assert not together(ada, other, evidence=Evidence(decisions=tuple(words)))


def test_a_refusal_outweighs_whatever_joins_the_two() -> None:
    """A shared mail, a mailmap line and a roster row together."""
    ada, other = signature("Ada", "team@acme.dev"), signature("Grace", "team@acme.dev")
    assert together(ada, other)
    links = ((ada.key, other.key),)
    assert not together(ada, other, evidence=Evidence(links=links, decisions=(decide(ada, other, same=False),)))


def test_three_who_share_a_mail_and_are_all_refused_are_three() -> None:
    """Each refusal is heard, not only the first of a group."""
    accounts = [signature(name, "team@acme.dev") for name in ("Ada", "Grace", "Mary")]
    decisions = tuple(decide(left, right, same=False) for left, right in combinations(accounts, 2))
    assert len(resolve_people(accounts, Evidence(decisions=decisions))) == 3
    assert len(resolve_people(accounts, Evidence(decisions=decisions[:1]))) == 2


def test_an_account_that_is_refused_with_itself_is_left_as_it_was() -> None:
    """A slip of whoever typed it."""
    ada, other = signature("Ada", "ada@acme.dev"), jira("5f1", email="ada@acme.dev")
    mary, grace = signature("Mary", "team@acme.dev"), signature("Grace", "team@acme.dev")
    evidence = Evidence(decisions=(decide(ada, ada, same=False), decide(mary, grace, same=False)))
    assert together(ada, other, mary, grace, evidence=evidence)
    both = Evidence(decisions=evidence.decisions, links=((other.key, mary.key),))
    assert together(ada, other, mary, grace, evidence=both)


def test_a_wrong_signature_leaves_and_the_others_stay_with_the_account() -> None:
    """Somebody committed on Ada's machine. One split parts the two of them, and Ada keeps what is hers."""
    account = github(101, "ada")
    hers = [signature(name, "101+ada@users.noreply.github.com") for name in ("Ada", "Ada Lovelace", "ada@work")]
    wrong = signature("Charles Babbage", "101+ada@users.noreply.github.com")
    evidence = Evidence(decisions=(decide(wrong, account, same=False),))
    assert groups(resolve_people([account, *hers, wrong], evidence)) == {
        frozenset({account.key, *(each.key for each in hers)}),
        frozenset({wrong.key}),
    }


def test_what_hangs_on_the_refused_account_alone_leaves_with_it() -> None:
    """His second signature goes where he goes."""
    account, wrong, second = github(101, "ada"), signature("Charles", "charles@old.dev"), signature("cb", "cb@old.dev")
    links = ((wrong.key, account.key), (second.key, wrong.key))
    evidence = Evidence(links=links, decisions=(decide(account, wrong, same=False),))
    assert groups(resolve_people([account, wrong, second], evidence)) == {
        frozenset({account.key}),
        frozenset({wrong.key, second.key}),
    }


def test_what_a_person_says_outweighs_what_machines_say() -> None:
    """The account in the middle goes where somebody put it."""
    left, middle, right = signature("A", "shared@acme.dev"), signature("B", "shared@acme.dev"), jira("5f1")
    evidence = Evidence(decisions=(decide(middle, right, same=True), decide(left, right, same=False)))
    assert groups(resolve_people([left, middle, right], evidence)) == {
        frozenset({left.key}),
        frozenset({middle.key, right.key}),
    }


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


def test_evidence_and_nothing_else_makes_groups() -> None:
    """What the rules join is what a plain search over shared keys would join."""
    accounts = [
        github(101, "ada"),
        signature("Ada", "101+ada@users.noreply.github.com"),
        signature("Ada", "ada@acme.dev", "ada"),
        jira("5f1", "Ada Lovelace", email="ada@acme.dev"),
        signature("Ada", "hello"),
        github(102, "grace"),
    ]
    links = [(accounts[0].key, accounts[1].key), (accounts[0].key, accounts[2].key), (accounts[2].key, accounts[3].key)]
    expected = {frozenset(group) for group in components([account.key for account in accounts], links)}
    assert groups(resolve_people(accounts, Evidence())) == expected
