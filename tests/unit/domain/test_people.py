"""People and their ids: readable, unique, and found again after any merge, split or change of name."""

import re
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from domain.people import SUFFIX_LENGTH, Person, id_suffix, person_id
from tests.unit.domain.builders import github, jira, signature

KEYS = st.text(min_size=1, max_size=30).map("github:{}".format)


@given(st.text(max_size=80), st.lists(KEYS, min_size=1, max_size=5))
def test_an_id_is_short_plain_and_ends_in_the_suffix_of_an_account(name: str, keys: list[str]) -> None:
    """Ids are typed, pasted and spoken, and must find their person through one account at least."""
    made = person_id(name, keys)
    assert re.fullmatch(r"([a-z0-9]+-)*[a-z0-9]+", made)
    assert len(made) <= 40 + 1 + SUFFIX_LENGTH
    assert made[-SUFFIX_LENGTH:] in {id_suffix(key) for key in keys}


def test_an_id_does_not_depend_on_the_order_in_which_accounts_became_known() -> None:
    """A backfill and a year of webhooks must call her the same."""
    keys = ["jira:5f1", "github:101", "git:Ada <ada@acme.dev>"]
    assert len({person_id("Ada Lovelace", order) for order in permutations(keys)}) == 1


def test_an_id_that_was_given_out_is_the_same_in_the_next_version() -> None:
    """It stands in links and reports; and a long name is cut, never the suffix."""
    assert person_id("Ada Lovelace", ["jira:5f1", "github:101"]) == "ada-lovelace-" + id_suffix("github:101")
    assert person_id("x" * 80, ["github:101"]) == "x" * 40 + "-" + id_suffix("github:101")


def test_people_of_one_name_have_ids_of_their_own() -> None:
    """Two John Smiths work here."""
    assert person_id("John Smith", ["github:1"]) != person_id("John Smith", ["github:2"])


def test_a_new_name_leaves_the_end_of_the_id_as_it_was() -> None:
    """An old link still resolves after a wedding."""
    before, after = person_id("Ada Byron", ["github:1"]), person_id("Ada Lovelace", ["github:1"])
    assert before != after
    assert before[-SUFFIX_LENGTH:] == after[-SUFFIX_LENGTH:]


def test_somebody_without_a_latin_name_has_an_id_too() -> None:
    """The name gives nothing to spell; the account does."""
    assert person_id("李小龙", ["github:1"]) == id_suffix("github:1")


def test_the_suffix_of_an_account_never_changes_and_cannot_be_misread() -> None:
    """It stands in ids that were given out; and no letter of it looks like a digit."""
    assert id_suffix("github:583231") == "ne37z6"
    assert not set("ilou01") & set("".join(id_suffix(f"github:{n}") for n in range(500)))


def test_suffixes_of_a_large_company_do_not_meet() -> None:
    """A shared suffix would answer for somebody else."""
    assert len({id_suffix(f"github:{number}") for number in range(5_000)}) == 5_000


def test_a_person_is_known_by_the_keys_that_events_carry() -> None:
    """Events name accounts, never people."""
    accounts = (github(101, "ada"), jira("5f1"), signature("Ada Lovelace", "ada@acme.dev"))
    ada = Person(id="ada-x", name="Ada Lovelace", identities=accounts)
    assert ada.keys == ("github:101", "jira:5f1", "git:Ada Lovelace <ada@acme.dev>")
    assert ada.label == "Ada Lovelace (ada-x)"
