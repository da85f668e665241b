"""Whose accounts are whose: joined by what a source vouches for, never by a name, whatever order the facts came in."""

from collections.abc import Iterable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.components import components
from domain.events import Source
from domain.identity import Decision, Evidence, is_real_mail, resolve_people, signs_of
from domain.people import SUFFIX_LENGTH, Identity, Person, id_suffix
from tests.unit.domain.accounts import DECISIONS, EVIDENCE, WORLDS
from tests.unit.domain.builders import at, github, jira, signature


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


@given(WORLDS, EVIDENCE)
def test_accounts_that_nothing_ties_together_have_no_say_in_each_other_s_people(
    accounts: list[Identity], evidence: Evidence
) -> None:
    """So whoever comes is compared with those alone that share a sign, a link or a decision with them."""
    signed = [(account.key, f"sign {sign}") for account in accounts for sign in signs_of(account)]
    decided = [(decision.left, decision.right) for decision in evidence.decisions]
    whole = resolve_people(accounts, evidence)

    for group in components((account.key for account in accounts), [*signed, *evidence.links, *decided]):
        people = resolve_people([account for account in accounts if account.key in group], evidence)
        assert people == [person for person in whole if not set(group).isdisjoint(person.keys)]


def test_whatever_could_ever_join_accounts_is_a_sign_of_both() -> None:
    """A login that is somebody else's now ties as well as one that is known by its number."""
    ada, stranger, commits = github(101, "ada"), github(103, "Ada"), signature("Ada", "ada@old.dev", "ada")
    noreply = signature("Ada", "101+ada@users.noreply.github.com")

    assert signs_of(ada) & signs_of(commits) == signs_of(ada) & signs_of(stranger) == {"github:login:ada"}
    assert signs_of(ada) & signs_of(noreply) == {"github:101"}
    assert signs_of(jira("5f1", "Ada", email="hello")) == set()
