"""Every command besides reading and asking: what it prints, on which stream, and how it exits."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.postgres.migrate import migrations
from domain.events import git_actor
from server.version import VERSION
from tests.acceptance.shell import ask, clone_at, developers, engintel, fail, held_home, inside, succeed
from tests.acceptance.standins import running, slack_that_works
from tests.events import commit

READING = {
    "find_developers", "get_developer", "get_project_health", "get_dependency_impact", "get_team_workload",
    "search_docs", "find_entity",
}  # fmt: skip
TOKEN = "token-that-must-not-leak"
POISON = commit("f" * 40, git_actor("NUL \x00", "nul@acme.example"))
"""A commit whose author no text column can hold, built past the door that cleans every text."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one repository of three people, two of whom have the same name and mailbox."""
    clone = clone_at(tmp_path_factory.mktemp("clones") / "api")
    clone.commit("1", author="Ada Lovelace <ada@acme.example>")
    clone.commit("2", author="Ada Lovelace <ada@home.example>")
    clone.commit("3", author="Ben Bitdiddle <ben@acme.example>")
    with held_home() as home:
        succeed(home, "ingest", "git", clone.path)
        yield home


@pytest.fixture
def held() -> Iterator[Path]:
    """A home of the test's own, whose database stays up between commands."""
    with held_home() as home:
        yield home


# Looking --------------------------------------------------------------------------------------------------------------


def test_the_version_is_said_without_a_home(tmp_path: Path) -> None:
    """The first thing anybody is asked for in a report."""
    assert succeed(tmp_path / "home", "--version") == f"engintel {VERSION}\n"
    assert not (tmp_path / "home").exists()


def test_tools_are_listed_with_their_sizes(kept: Path) -> None:
    """What a chat pays for them, row by row and in all, the same in JSON."""
    *rows, total = [row.split(maxsplit=1) for row in succeed(kept, "tools").splitlines()]
    told = json.loads(succeed(kept, "tools", "--json"))

    assert {name for _, name in rows} >= READING
    assert total == [str(sum(int(size) for size, _ in rows)), "in all"]
    assert [[str(tool["bytes"]), tool["name"]] for tool in told["tools"]] == rows
    assert told["bytes"] == int(total[0])


def test_doctor_says_what_is_in_use_and_that_it_is_well(kept: Path) -> None:
    """One line for each part, with its state first, and the same in JSON."""
    rows = succeed(kept, "doctor").splitlines()
    told = json.loads(succeed(kept, "doctor", "--json"))

    parts = {check["part"]: check for check in told["checks"]}
    assert told["well"] is True
    assert [row[7:].partition(":")[0] for row in rows] == list(parts)
    assert {name: check["state"] for name, check in parts.items()} == dict.fromkeys(
        ("engintel", "database", "log", "directory", "events", "vectors", "graph", "quarantine", "outbox"), "ok"
    ) | {"workers": "off", "rules": "off", "webhooks": "off", "writes": "off"}
    assert "PostgreSQL" in parts["database"]["engine"]
    newest = migrations()[-1][0]
    assert parts["database"]["schema"] == f"{newest} of {newest}"
    assert parts["log"]["entries"] == 4


def test_doctor_names_a_database_that_is_down_and_keeps_its_password(tmp_path: Path) -> None:
    """The exit code is for a monitor; what is wrong stands in the row of the part."""
    done = engintel(tmp_path / "home", "doctor", ENGINTEL_DATABASE_URL=f"postgresql://nobody:{TOKEN}@127.0.0.1:9/none")

    assert done.returncode == 1
    assert "down   database: why The PostgreSQL store is not available" in done.stdout
    assert done.stderr == "engintel: something in use is not well; see above\n"
    assert TOKEN not in done.stdout


def test_doctor_names_an_upstream_that_may_be_written_to_and_has_no_token(kept: Path) -> None:
    """Better told now than when somebody has confirmed a comment."""
    done = engintel(kept, "doctor", "--json", ENGINTEL_WRITES="jira:PAY-*")

    parts = {check["part"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert parts["jira"] == {"part": "jira", "state": "down", "why": "its address or token is not set"}
    assert parts["writes"]["allowed"] == "jira:PAY-*"


# Keeping --------------------------------------------------------------------------------------------------------------


def test_migrate_takes_the_steps_of_a_new_database_and_then_none(home: Path) -> None:
    """It may be run before every start."""
    steps = ", ".join(str(number) for number, *_ in migrations())
    assert succeed(home, "migrate") == f"took {len(migrations())} steps: {steps}\n"
    assert succeed(home, "migrate") == "nothing to do: the schema is current\n"


async def test_an_event_that_cannot_be_applied_is_held_shown_and_dropped(held: Path) -> None:
    """It stops nothing else, is told by doctor, and goes when a person says so; it stays in the log."""
    async with inside(held) as engine:
        await engine.log.append([commit("a" * 40), POISON, commit("b" * 40)])
    replayed = engintel(held, "replay")
    assert replayed.returncode == 0
    assert all(row.startswith("engintel: Event at ") and "quarantine" in row for row in replayed.stderr.splitlines()), (
        replayed.stderr
    )
    assert ask(held, "get_developer", person="ada@acme.dev")["activity"]["commits"] == 2

    unwell = engintel(held, "doctor")
    assert unwell.returncode == 1
    assert re.search(r"held   quarantine: events \d, deliveries 0, see engintel quarantine list", unwell.stdout)
    rows = [row.split("  ") for row in succeed(held, "quarantine", "list").splitlines()]
    assert {event for _, event, *_ in rows} == {POISON.id}
    first = rows[0][0]
    shown = json.loads(succeed(held, "quarantine", "show", first))
    assert f"{shown['store']}/{shown['lane']}/{shown['position']}" == first
    assert shown["event"]["body"]["sha"] == "f" * 40
    assert "cannot hold it" in fail(held, "quarantine", "retry", first)

    for place, *_ in rows:
        assert succeed(held, "quarantine", "drop", place) == f"{place} was dropped from quarantine\n"
    assert f"'{first}' is not in quarantine" in fail(held, "quarantine", "show", first)
    assert succeed(held, "quarantine", "list") == "nothing is in quarantine\n"
    assert json.loads(succeed(held, "doctor", "--json"))["checks"][2] == {"part": "log", "state": "ok", "entries": 3}


# Who is who -----------------------------------------------------------------------------------------------------------


def test_people_are_merged_and_split_by_a_person_s_word(kept: Path) -> None:
    """Suggested, never done by itself; either account may be named by its mail, and both decisions are kept."""
    [suggestion] = succeed(kept, "identity", "suggest").splitlines()
    assert "same full name; same mailbox name 'ada'" in suggestion
    pair = ("ada@acme.example", "ada@home.example")

    merged = succeed(kept, "identity", "merge", *pair, "--reason", "told me", ENGINTEL_NOW="2026-11-20T00:00:00Z")
    assert merged.count("\n") == 1
    assert all(mail in merged for mail in pair)
    assert {answer["activity"]["commits"] for answer in developers(kept, *pair)} == {2}
    assert "nobody shares" in succeed(kept, "identity", "suggest")

    split = succeed(kept, "identity", "split", *pair, "--reason", "another Ada")
    assert split.count("\n") == 2
    assert {answer["activity"]["commits"] for answer in developers(kept, *pair)} == {1}
    rows = succeed(kept, "audit").splitlines()
    assert [(row.split()[3], row.rpartition("  ")[2]) for row in rows[:2]] == [
        ("identity_split", "another Ada"),
        ("identity_merged", "told me"),
    ]


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        ("ada@acme.example", "nobody@acme.example", "No person goes by 'nobody@acme.example'"),
        ("Ada Lovelace", "ben@acme.example", "'Ada Lovelace' could be any of 2 person entries"),
        ("ben@acme.example", "Ben Bitdiddle", "are the same account. Name each by its own mail"),
    ],
)
def test_a_merge_of_who_is_not_two_people_is_refused(kept: Path, left: str, right: str, says: str) -> None:
    """Nobody is merged by a guess."""
    assert says in fail(kept, "identity", "merge", left, right)


# What was done in somebody's name -------------------------------------------------------------------------------------


def test_what_was_sent_is_in_outbox_and_audit(held: Path) -> None:
    """A preview by one command, the confirmation by the next; then both lists say what went where."""
    assert succeed(held, "outbox") == "the outbox is empty\n"
    assert succeed(held, "audit") == "nothing was done yet\n"
    assert succeed(held, "outbox", "--json") == "[]\n"

    with running(slack_that_works()) as slack:
        writes = {"ENGINTEL_WRITES": "slack:#payments", "ENGINTEL_SLACK_TOKEN": TOKEN, "ENGINTEL_SLACK_URL": slack.url}
        message = ("notify_slack", "channel=#payments", "text=Deploy is done.")
        handle = json.loads(succeed(held, "call", *message, "--json", **writes))["handle"]
        assert slack.received == []
        assert "status: done" in succeed(held, "call", *message, f"handle={handle}", **writes)
        assert len(slack.received) == 1
        refused = fail(held, "call", "notify_slack", "channel=#random", "text=Hello", **writes)
    assert "slack:#random is not among the allowed targets" in refused

    [sent] = succeed(held, "outbox").splitlines()
    assert "done       notify_slack  slack:#payments  local" in sent
    audited = json.loads(succeed(held, "audit", "--json"))
    assert ("done", "slack:#payments", "Deploy is done.") in [
        (row["outcome"], row["target"], row["details"].get("text")) for row in audited
    ]
    assert len(succeed(held, "audit", "--limit", "1").splitlines()) == 1
    assert TOKEN not in json.dumps(audited) + succeed(held, "outbox", "--json")


# Wrong usage and problems ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("frobnicate",), "invalid choice: 'frobnicate'"),
        (("ingest",), "the following arguments are required: SOURCE"),
        (("ingest", "git"), "the following arguments are required: PATH"),
        (("ingest", "deliveries"), "the following arguments are required: FILE.ndjson"),
        (("call",), "the following arguments are required: tool"),
        (("config", "emacs"), "invalid choice: 'emacs' (choose from"),
        (("replay", "--store", "attic"), "invalid choice: 'attic' (choose from"),
        (("replay", "--from", "start"), "'start' will not do: expected 0 to"),
        (("replay", "--from", "-5"), "'-5' will not do: expected 0 to"),
        (("quarantine",), "the following arguments are required: VERB"),
        (("quarantine", "show"), "the following arguments are required: ITEM"),
        (("identity", "merge", "ada"), "the following arguments are required: PERSON_OR_ACCOUNT"),
        (("audit", "--limit", "0"), "'0' will not do: expected 1 to 10000"),
        (("audit", "--limit", "many"), "'many' will not do: expected 1 to 10000"),
        (("serve", "--port", "70000"), "'70000' will not do: expected 0 to 65535"),
        (("doctor", "--loud"), "unrecognized arguments: --loud"),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, tuple) else "",
)
def test_wrong_usage_exits_with_2_and_says_what_was_expected(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    """A script tells a mistake in itself from trouble elsewhere, and no database is started for it."""
    done = engintel(tmp_path / "home", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr.splitlines()[-1]
    assert done.stderr.startswith("usage: engintel")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("words", "settings", "says"),
    [
        (("quarantine", "show", "attic"), {}, "'attic' names nothing: expected STORE/LANE/POSITION"),
        (("quarantine", "drop", "events/0/9"), {}, "'events/0/9' is not in quarantine: `engintel quarantine list`"),
        (("migrate",), {"ENGINTEL_DATABASE_URL": "mysql://x"}, "expected postgresql://"),
        (("doctor",), {"ENGINTEL_ORG": "A B"}, "'A B': expected a-z, 0-9"),
        (("call", "find_entity", "query=x"), {"ENGINTEL_NOW": "noon"}, "expected a time such as 2026-11-01T00:00:00Z"),
        (("outbox",), {"ENGINTEL_SLACK_TOKEN_FILE": "nowhere"}, "ENGINTEL_SLACK_TOKEN_FILE names 'nowhere'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_problem_exits_with_1_and_one_line(
    kept: Path, words: tuple[str, ...], settings: dict[str, str], says: str
) -> None:
    """Which thing, what was expected, what to do: on stderr, so that stdout stays what a script parses."""
    done = engintel(kept, *words, **settings)

    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert says in done.stdout + done.stderr
