"""Accounts as sources tell of them, and everything that may be known of whose they are, to choose tests from."""

from hypothesis import strategies as st

from domain.events import Source
from domain.identity import Decision, Evidence
from domain.people import Identity
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
