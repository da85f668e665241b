"""Questions that cannot be answered as they are put: each is told what it was, what was expected and what to do.

Every one is asked twice, over `engintel call` and over MCP by a client that started the server.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent

from tests.acceptance.program import NOW, served
from tests.acceptance.shell import ask, clone_at, developers, fail, held_home, succeed


class Bad(NamedTuple):
    """A question, and pieces of what must be said of it."""

    sentence: str
    tool: str
    arguments: Mapping[str, Any]
    says: tuple[str, ...]


BAD = (
    Bad(
        "an unknown person is named",
        "get_developer",
        {"person": "xanthippe@nowhere.example"},
        ("No person goes by 'xanthippe@nowhere.example'", "Use find_entity"),
    ),
    Bad(
        "a misspelt person is told who comes closest",
        "get_developer",
        {"person": "Ben Bitdidle"},
        ("No person goes by 'Ben Bitdidle'", "Closest: Ben Bitdiddle (ben-bitdiddle-"),
    ),
    Bad(
        "an ambiguous person is told everybody it could be",
        "get_developer",
        {"person": "Ada Lovelace"},
        ("'Ada Lovelace' could be any of 2", "Ada Lovelace (ada-lovelace-", "Ask again with one of these ids"),
    ),
    Bad(
        "an unknown project is named", "get_project_health", {"project": "zeppelin"}, ("No project goes by 'zeppelin'",)
    ),
    Bad(
        "an unknown team is told that there are no teams yet",
        "get_team_workload",
        {"team": "core"},
        ("No team goes by 'core", "no source has told of any team yet"),
    ),
    Bad(
        "a limit of nothing is refused",
        "find_entity",
        {"query": "ada", "limit": 0},
        ("find_entity", "limit", "greater than or equal to 1", "0"),
    ),
    Bad(
        "a limit that is too large is refused",
        "find_entity",
        {"query": "ada", "limit": 51},
        ("limit", "less than or equal to 50", "51"),
    ),
    Bad(
        "a cursor that nobody gave out is refused",
        "find_entity",
        {"query": "ada", "cursor": "made-up"},
        ("cursor does not belong to this question", "Leave `cursor` out"),
    ),
    Bad(
        "more days than there are is refused with how many there may be",
        "get_developer",
        {"person": "ben@acme.example", "days": 1_000_000},
        ("get_developer", "days", "less than or equal to 3650", "1000000"),
    ),
    Bad(
        "days before today are refused",
        "get_project_health",
        {"project": "api", "days": -1},
        ("days", "greater than or equal to 1", "-1"),
    ),
    Bad(
        "days that are no number are refused",
        "get_project_health",
        {"project": "api", "days": "soon"},
        ("days", "valid integer", "'soon'"),
    ),
    Bad(
        "a change that nobody knows is told which there are",
        "get_dependency_impact",
        {"project": "api", "change": "earthquake"},
        ("change", "'delay', 'outage' or 'breaking_change'", "'earthquake'"),
    ),
    Bad(
        "an unknown tool is told which there are",
        "get_weather",
        {},
        ("There is no tool 'get_weather'", "find_developers, get_developer"),
    ),
    Bad(
        "an unknown argument is told which there are",
        "find_entity",
        {"query": "ada", "colour": "red"},
        ("find_entity has no argument 'colour'", "It takes: query, kind, limit, cursor"),
    ),
    Bad("a missing argument is named", "get_developer", {}, ("get_developer", "person", "required")),
    Bad("an empty question is refused", "find_entity", {"query": ""}, ("query", "at least 1 character")),
)
SENTENCES = [bad.sentence for bad in BAD]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with one repository of three people, two of whom have the same name."""
    clone = clone_at(tmp_path_factory.mktemp("clones") / "api")
    clone.commit("1", author="Ada Lovelace <ada@acme.example>")
    clone.commit("2", author="Ada Lovelace <countess@home.example>")
    clone.commit("3", author="Ben Bitdiddle <ben@acme.example>")
    with held_home() as home:
        succeed(home, "ingest", "git", clone.path)
        yield home


@pytest.fixture(scope="module")
async def over_mcp(kept: Path) -> dict[str, str]:
    """What a client is told of each, in one conversation, which none of them ends."""
    told = {}
    async with served(kept, settings={"ENGINTEL_NOW": NOW}) as client:
        for bad in BAD:
            try:
                result = await client.call_tool(bad.tool, dict(bad.arguments))
            except MCPError as error:
                told[bad.sentence] = error.message
                continue
            assert result.is_error, bad.sentence
            told[bad.sentence] = "".join(block.text for block in result.content if isinstance(block, TextContent))
        good = await client.call_tool("find_entity", {"query": "ben"})
    assert not good.is_error
    return told


@pytest.fixture(scope="module")
def over_call(kept: Path) -> dict[str, str]:
    """What a shell is told of each, two at a time."""

    def told(bad: Bad) -> str:
        return fail(kept, "call", bad.tool, *(f"{name}={value}" for name, value in bad.arguments.items()))

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SENTENCES, pool.map(told, BAD), strict=True))


@pytest.mark.parametrize("bad", BAD, ids=SENTENCES)
def test_over_mcp(over_mcp: dict[str, str], bad: Bad) -> None:
    """A model that reads it can put the question right by itself."""
    told = over_mcp[bad.sentence]
    assert [piece for piece in bad.says if piece not in told] == [], told
    assert "Traceback" not in told
    assert "incident" not in told


@pytest.mark.parametrize("bad", BAD, ids=SENTENCES)
def test_over_call(over_call: dict[str, str], bad: Bad) -> None:
    """One line on stderr and exit code 1, in the words that a model gets."""
    told = over_call[bad.sentence]
    assert [piece for piece in bad.says if piece not in told] == [], told


def test_the_ids_of_an_ambiguous_answer_are_good_for_the_next_question(over_mcp: dict[str, str], kept: Path) -> None:
    """The way out that the error names is one."""
    told = over_mcp["an ambiguous person is told everybody it could be"]
    ids = [part.partition(")")[0] for part in told.split("(")[1:]]
    mails = {answer["email"] for answer in developers(kept, *ids)}
    assert mails == {"ada@acme.example", "countess@home.example"}


def test_a_cursor_of_another_question_is_refused(kept: Path) -> None:
    """It would silently skip rows of this one; with its own question it goes on where the page before ended."""
    first = ask(kept, "find_entity", query="*", kind="person", limit=2)
    assert first["truncated"] is True
    cursor = first["next_cursor"]

    rest = ask(kept, "find_entity", query="*", kind="person", limit=2, cursor=cursor)
    assert "next_cursor" not in rest
    assert len({entity["id"] for entity in first["entities"] + rest["entities"]}) == 3
    told = fail(kept, "call", "find_entity", "query=*", "kind=project", "limit=2", f"cursor={cursor}")
    assert "cursor does not belong to this question" in told


def test_a_word_without_an_equals_sign_is_no_argument(kept: Path) -> None:
    """A forgotten `key=` is told as such and nothing is guessed."""
    assert fail(kept, "call", "find_entity", "ada") == "'ada' is not an argument: expected key=value."
