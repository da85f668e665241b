"""What every directory promises of people: whose accounts are whose, found by whatever they are called."""

import random
from collections.abc import Iterator, Sequence

import pytest

from adapters.directory.postgres import PostgresDirectory
from adapters.postgres.database import Database
from domain.events import Actor, Event, IdentityDecision, Mailmap, Source, git_actor
from domain.events.knowledge import Alias
from tests.contract.conftest import directory_of
from tests.contract.filling import fill
from tests.contract.stores import held
from tests.events import (
    ADA,
    GRACE,
    at,
    commit,
    event,
    github,
    issue,
    jira,
    member,
    pull,
    roster,
)

ADA_HUB = github(1, "ada")
ADA_JIRA = jira("j-ada", "Ada Lovelace")


async def test_accounts_that_a_roster_row_joins_are_one_person(directory: PostgresDirectory) -> None:
    """Jira says nothing of mail addresses: only the roster ties its account to the others."""
    await fill(
        directory,
        commit("c1", ADA),
        pull(1, author=ADA_HUB),
        issue("PAY-1", assignee=ADA_JIRA),
        roster("r1", "Ada Lovelace", github(1, "ada"), ADA_JIRA, email="ada@acme.dev", team="Core", role="Engineer"),
    )

    [ada] = await directory.people()

    assert ada.name == "Ada Lovelace"
    assert set(ada.keys) == {ADA.key, ADA_HUB.key, ADA_JIRA.key, "notion:r1"}
    assert ada.terms.role == "Engineer"
    assert ada.teams == ("core",)


async def test_a_shared_name_joins_nobody(directory: PostgresDirectory) -> None:
    """Two people may be called the same."""
    await fill(directory, commit("c1", ADA), commit("c2", git_actor("Ada Lovelace", "other@elsewhere.dev")))

    assert len(await directory.people()) == 2


async def test_a_roster_row_that_changes_takes_back_what_it_said(directory: PostgresDirectory) -> None:
    """The newest state of a row counts, also when an older one arrives late."""
    await fill(directory, pull(1, author=ADA_HUB), issue("PAY-1", assignee=ADA_JIRA))
    await fill(directory, roster("r1", "Ada", ADA_HUB, ADA_JIRA, hours=1, team="Core"))
    await fill(directory, roster("r1", "Ada", ADA_HUB, hours=3, team="Search"))
    await fill(directory, roster("r1", "Ada", ADA_HUB, ADA_JIRA, hours=2, team="Core"))

    people = {person.keys: person for person in await directory.people()}

    assert (ADA_JIRA.key,) in people
    assert [team.id for team in await directory.teams() if team.members] == ["search"]


async def test_a_slack_account_joins_by_its_mail_and_is_nobody_s_activity(directory: PostgresDirectory) -> None:
    """A bot stays one, and somebody without a mail is a person of their own."""
    await fill(
        directory,
        commit("c1", ADA),
        member("U1", "Ada L.", "ada@acme.dev", hours=1),
        member("U2", "Grace Hopper", hours=1),
        member("U3", "Deploy Bot", bot=True, hours=1),
    )

    people = {frozenset(person.keys): person for person in await directory.people()}

    assert people.keys() == {frozenset({ADA.key, "slack:U1"}), frozenset({"slack:U2"}), frozenset({"slack:U3"})}
    assert [person.name for person in people.values() if person.bot] == ["Deploy Bot"]


async def test_a_mailmap_is_applied_and_taken_back(directory: PostgresDirectory) -> None:
    """Changing `.mailmap` corrects history without rewriting it."""
    old = git_actor("ada", "ada@laptop.local")
    alias = Alias(signature=old, proper=ADA)
    told = event("m1", Mailmap(aliases=(alias,)), entity="mailmap:git:api", when=at(1))
    await fill(directory, commit("c1", ADA), commit("c2", old), told)
    assert [person.name for person in await directory.people()] == ["Ada Lovelace"]

    await fill(directory, event("m2", Mailmap(), entity="mailmap:git:api", when=at(2)))

    assert len(await directory.people()) == 2


async def test_a_decision_joins_and_parts_and_the_last_word_counts(directory: PostgresDirectory) -> None:
    """A merge is reversible, and a refusal stands against any evidence."""
    left, right = sorted((ADA.key, GRACE.key))
    await fill(directory, commit("c1", ADA), commit("c2", GRACE))

    def decided(kind: str, hours: int) -> object:
        body = IdentityDecision.model_validate({"type": kind, "left": left, "right": right})
        return event(f"d{hours}", body, entity="identity:x", project=None, when=at(hours), source=Source.ENGINTEL)

    for hours, (kind, people) in enumerate((("identity_merged", 1), ("identity_split", 2), ("identity_merged", 1)), 1):
        await fill(directory, decided(kind, hours))  # type: ignore[arg-type]  # an event
        assert len(await directory.people()) == people


@pytest.mark.parametrize(
    "wanted",
    ["ada", "@ada", "ADA@acme.dev", "Ada Lovelace", "ada lovelace", "Lovelace", "j-ada", "github:1", "1", "Ada"],
)
async def test_a_person_is_found_by_whatever_they_are_called(directory: PostgresDirectory, wanted: str) -> None:
    """Id, account, handle, mail, full name, first or last name: whichever is given."""
    row = roster("r1", "Ada Lovelace", ADA_HUB, ADA_JIRA, email="ada@acme.dev")
    await fill(directory, commit("c1", ADA), commit("c2", GRACE), row)

    assert [person.name for person in await directory.find_people(wanted)] == ["Ada Lovelace"]


async def test_an_id_given_out_once_finds_its_owner_after_a_merge(directory: PostgresDirectory) -> None:
    """Clients keep ids; a merge must not break them."""
    await fill(directory, commit("c1", ADA), pull(1, author=ADA_HUB))
    before = [person.id for person in await directory.people()]

    await fill(directory, roster("r1", "Ada Byron", ADA_HUB, email="ada@acme.dev"))

    [now] = await directory.people()
    for old in before:
        assert [person.id for person in await directory.find_people(old)] == [now.id]


async def test_a_word_that_is_a_handle_and_a_first_name_means_both_people(directory: PostgresDirectory) -> None:
    """Guessing would answer about the wrong one; with an @ it is the handle."""
    await fill(directory, commit("c1", GRACE), pull(1, author=github(7, "grace")))

    assert len(await directory.find_people("grace")) == 2
    assert [person.keys for person in await directory.find_people("@grace")] == [("github:7",)]


@pytest.mark.parametrize("wanted", ["Wojcik", "wójcik", "Tomasz Wojcik", "TOMASZ", "tomasz wójcik"])
async def test_accents_need_not_be_typed(directory: PostgresDirectory, wanted: str) -> None:
    """Most keyboards lack most letters."""
    await fill(directory, commit("c1", git_actor("Tomasz Wójcik", "t@acme.dev")), commit("c2", ADA))

    assert [person.name for person in await directory.find_people(wanted)] == ["Tomasz Wójcik"]


async def test_names_that_several_people_have_give_all_of_them(directory: PostgresDirectory) -> None:
    """The caller decides what to do with an ambiguous name."""
    await fill(
        directory, commit("c1", git_actor("Sam Lee", "sam@acme.dev")), commit("c2", git_actor("Sam Wu", "wu@acme.dev"))
    )

    assert {person.name for person in await directory.find_people("Sam")} == {"Sam Lee", "Sam Wu"}


@pytest.mark.parametrize("seed", range(6))
async def test_who_is_who_is_the_same_however_it_became_known(
    request: pytest.FixtureRequest, database: Database, directory: PostgresDirectory, org: str, seed: int
) -> None:
    """One by one, all at once, or in another order: whoever comes is compared with all that they could be."""
    events = list(gossip(random.Random(seed)))
    at_once, mixed = (directory_of(request, database, f"{org}-{name}") for name in ("at-once", "mixed"))

    for told in events:
        await fill(directory, told)
    await fill(at_once, *events)
    for start in range(0, len(events), 7):
        await fill(mixed, *shuffled(events, seed)[start : start + 7])

    assert len(await directory.people()) > 3
    assert await held(directory) == await held(at_once) == await held(mixed)


def shuffled(events: Sequence[Event], seed: int) -> list[Event]:
    """In another order, but for those of one entity, which the log keeps."""
    waiting: dict[str, list[Event]] = {}
    for told in events:
        waiting.setdefault(told.entity, []).append(told)
    turns = [told.entity for told in events]
    random.Random(seed).shuffle(turns)
    return [waiting[entity].pop(0) for entity in turns]


LOGINS = ("ada", "grace", "Bo")
MAILS = ("ada@acme.dev", "grace@acme.dev", "1+ada@users.noreply.github.com", "bo@users.noreply.github.com", "hello")


def gossip(luck: random.Random) -> Iterator[Event]:
    """What sources tell of a few accounts: logins change hands, rows and mailmaps change, people disagree."""

    def signed() -> Actor:
        return git_actor(luck.choice(("Ada", "Grace Hopper", "")), luck.choice(MAILS), luck.choice((*LOGINS, None)))

    def hub() -> Actor:
        return github(luck.randint(1, 4), luck.choice(LOGINS))

    for number in range(60):
        kind, accounts = luck.randrange(6), [signed(), hub(), jira(f"j{luck.randint(1, 3)}", "Ada Lovelace")]
        if kind == 0:
            yield commit(f"c{number}", accounts[0], hours=number)
        elif kind == 1:
            yield pull(number, author=accounts[1], hours=number)
        elif kind == 2:
            yield issue(f"PAY-{number}", assignee=accounts[2], hours=number)
        elif kind == 3:
            tied = luck.sample(accounts, luck.randint(0, 2))
            yield roster(f"row-{luck.randint(1, 3)}", "Ada", *tied, email=luck.choice(MAILS), hours=number)
        elif kind == 4:
            aliases = tuple(Alias(signature=signed(), proper=accounts[0]) for _ in range(luck.randint(0, 2)))
            yield event(f"m{number}", Mailmap(aliases=aliases), entity="mailmap:git:api", when=at(number))
        else:
            left, right = sorted(account.key for account in luck.sample(accounts, 2))
            same = luck.choice(("identity_merged", "identity_split"))
            word = IdentityDecision.model_validate({"type": same, "left": left, "right": right})
            yield event(
                f"d{number}", word, entity=f"identity:{left}", project=None, when=at(number), source=Source.ENGINTEL
            )
