"""What a host offers its user beside tools: prompts to start from, things to attach, names to complete."""

import json
import re
import subprocess
import unicodedata
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import Completion, PromptReference, ResourceTemplateReference, TextContent, TextResourceContents
from mcp_types.jsonrpc import INVALID_PARAMS

from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import Settings
from tests.acceptance.program import NOW, run
from tools.catalog import TOOLS

MOST_COMPLETIONS = 100
"""What the protocol allows in one answer."""
PROMPTS = {
    "staff_a_piece_of_work": {"requirement": True, "team": False, "paths": False},
    "weekly_project_review": {"project": True, "days": False},
    "what_breaks_if": {"project": True, "change": False},
}
"""By prompt, its arguments and whether each is needed."""
PERSON = ResourceTemplateReference(uri="engintel://person/{id}")
PROJECT = ResourceTemplateReference(uri="engintel://project/{id}")
Reference = PromptReference | ResourceTemplateReference
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.fixture(scope="module")
async def holder(sample_home: Path) -> AsyncIterator[EngineHolder]:
    """The program on the sample organisation."""
    async with EngineHolder(Settings(home=str(sample_home), now=NOW)).open() as opened:
        yield opened


async def refusal(asked: Awaitable[object]) -> str:
    """How a request is refused that the one who asked can put right."""
    with pytest.raises(MCPError) as refused:
        await asked
    assert refused.value.error.code == INVALID_PARAMS
    assert "Traceback" not in refused.value.error.message
    return refused.value.error.message


async def prompt_text(holder: EngineHolder, name: str, arguments: dict[str, str]) -> str:
    """What a prompt puts into the conversation."""
    async with Client(build_server(holder)) as client:
        result = await client.get_prompt(name, arguments)
    [message] = result.messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    return message.content.text


async def told(holder: EngineHolder, tool: str, **arguments: Any) -> dict[str, Any]:
    """The facts that a tool gives."""
    async with Client(build_server(holder)) as client:
        answer = await client.call_tool(tool, arguments)
    facts: dict[str, Any] | None = answer.structured_content
    assert facts is not None, answer.content
    return facts


async def read(holder: EngineHolder, uri: str) -> dict[str, Any]:
    """The facts of a resource."""
    async with Client(build_server(holder)) as client:
        [content] = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    facts: dict[str, Any] = json.loads(content.text)
    return facts


async def complete(holder: EngineHolder, ref: Reference, argument: str, typed: str) -> Completion:
    """What is offered for `typed`, and of how many."""
    async with Client(build_server(holder)) as client:
        completion = (await client.complete(ref, {"name": argument, "value": typed})).completion
    assert len(completion.values) <= MOST_COMPLETIONS
    assert bool(completion.has_more) is (len(completion.values) < (completion.total or 0))
    return completion


async def completed(holder: EngineHolder, ref: Reference, argument: str, typed: str) -> list[str]:
    """What is offered for `typed`."""
    return (await complete(holder, ref, argument, typed)).values


@ERAS
async def test_the_prompts_are_listed_with_what_they_ask_for(holder: EngineHolder, mode: str) -> None:
    """A host makes a form of this."""
    async with Client(build_server(holder), mode=mode) as client:
        prompts = (await client.list_prompts()).prompts

    assert {p.name: {a.name: a.required for a in p.arguments or ()} for p in prompts} == PROMPTS
    for prompt in prompts:
        assert prompt.title
        assert prompt.description
        assert all(argument.description for argument in prompt.arguments or ())


@pytest.mark.parametrize("name", PROMPTS)
async def test_a_prompt_has_every_argument_in_its_text(holder: EngineHolder, name: str) -> None:
    """What the user typed into the form must reach the model, as typed."""
    given = {argument: f"<{argument}> {{{{ as }}}} \\1 typed" for argument in PROMPTS[name]}
    text = await prompt_text(holder, name, given)

    for typed in given.values():
        assert typed in text


@pytest.mark.parametrize("name", PROMPTS)
async def test_a_prompt_without_its_optional_arguments_still_reads_well(holder: EngineHolder, name: str) -> None:
    """No hole where a value would have been, and no half sentence around it."""
    needed = {argument: "payouts" for argument, required in PROMPTS[name].items() if required}
    text = await prompt_text(holder, name, needed)

    assert "{{" not in text
    assert "None" not in text
    assert not re.search(r"[a-z] +[.,]", text)
    assert text == await prompt_text(holder, name, needed | dict.fromkeys(PROMPTS[name].keys() - needed, ""))


@pytest.mark.parametrize("name", PROMPTS)
async def test_a_prompt_speaks_of_tools_that_there_are(holder: EngineHolder, name: str) -> None:
    """A renamed tool would leave the model looking for it."""
    text = await prompt_text(holder, name, dict.fromkeys(PROMPTS[name], "x"))

    named = set(re.findall(r"\b(?:find|get|search|post|notify|query|run)_[a-z_]+", text))
    assert named
    assert named <= {spec.name for spec in TOOLS}


@ERAS
async def test_a_prompt_that_is_not_there_is_told_with_those_that_are(holder: EngineHolder, mode: str) -> None:
    """The SDK alone answers this with an internal error on the modern wire."""
    async with Client(build_server(holder), mode=mode) as client:
        said = await refusal(client.get_prompt("weekly_review"))

    assert said == f"There is no prompt 'weekly_review'. There are: {', '.join(PROMPTS)}."


@ERAS
@pytest.mark.parametrize("given", [{}, {"project": ""}, {"days": "7"}])
async def test_a_missing_argument_is_told_by_its_name(holder: EngineHolder, mode: str, given: dict[str, str]) -> None:
    """Empty is missing: a review of no project would be made up."""
    async with Client(build_server(holder), mode=mode) as client:
        said = await refusal(client.get_prompt("weekly_project_review", given))

    assert said == "The prompt weekly_project_review needs: project."


async def test_people_and_projects_are_offered_as_templates(holder: EngineHolder) -> None:
    """That is where a host learns what it can attach."""
    async with Client(build_server(holder)) as client:
        templates = (await client.list_resource_templates()).resource_templates

    assert {template.uri_template for template in templates} == {PERSON.uri, PROJECT.uri}
    assert all(template.title and template.description for template in templates)


@pytest.mark.parametrize("project", ["payouts", "search", "courier-app"])
async def test_a_project_read_is_what_the_tool_tells(holder: EngineHolder, project: str) -> None:
    """Two figures for one thing would be worse than none."""
    assert await read(holder, f"engintel://project/{project}") == await told(
        holder, "get_project_health", project=project
    )


async def test_a_person_read_is_what_the_tool_tells(holder: EngineHolder) -> None:
    """By id, or by whatever the tool takes, escaped as addresses are."""
    zoe = await told(holder, "get_developer", person="Zoë Lefèvre")

    for wanted in (zoe["id"], "Zoë Lefèvre", "zoe.lefevre@brambleway.example"):
        assert await read(holder, f"engintel://person/{quote(wanted)}") == zoe
    misaki = "田中 美咲"
    assert await read(holder, f"engintel://person/{quote(misaki)}") == await told(
        holder, "get_developer", person=misaki
    )


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("engintel://project/storefrnt", ("'storefrnt'", "storefront", "find_entity")),
        ("engintel://person/nobody%20of%20this%20name", ("'nobody of this name'", "find_entity")),
        ("engintel://person/100%2525", ("'100%25'", "find_entity")),
        ("engintel://person/yusuf", ("'yusuf'", "yusuf-demir-", "one of these ids")),
        ("engintel://team/payments", ("'engintel://team/payments'", PERSON.uri, PROJECT.uri)),
        ("engintel://person/..%2F..%2Fetc", (PERSON.uri, PROJECT.uri)),
        ("https://example.com/person/1", (PERSON.uri, PROJECT.uri)),
    ],
)
@ERAS
async def test_an_address_of_nothing_is_told_with_what_to_do(
    holder: EngineHolder, mode: str, address: str, says: tuple[str, ...]
) -> None:
    """A host shows this to a person, who has to go on from there."""
    async with Client(build_server(holder), mode=mode) as client:
        said = await refusal(client.read_resource(address))

    for part in says:
        assert part in said


@pytest.mark.parametrize(
    ("ref", "argument", "typed", "first"),
    [
        (PromptReference(name="what_breaks_if"), "project", "pay", ["payouts"]),
        (PromptReference(name="what_breaks_if"), "project", "PAY", ["payouts"]),
        (PromptReference(name="weekly_project_review"), "project", "  data", ["data-warehouse"]),
        (PROJECT, "id", "courier app", ["courier-app"]),
        (PromptReference(name="staff_a_piece_of_work"), "team", "p", ["payments", "platform"]),
        (PromptReference(name="staff_a_piece_of_work"), "team", "Plat", ["platform"]),
        (PERSON, "id", "zo", ["zoe-lefevre"]),
        (PERSON, "id", "ZOË LEF", ["zoe-lefevre"]),
        (PERSON, "id", "Zoe Lefevre", ["zoe-lefevre"]),
        (PERSON, "id", unicodedata.normalize("NFD", "Zoë L"), ["zoe-lefevre"]),
        (PERSON, "id", "bjorn a", ["bjorn-akesson"]),
        (PERSON, "id", "BJÖRN Å", ["bjorn-akesson"]),
        (PERSON, "id", "mart", ["martin-schmidt"]),
        (PERSON, "id", "田中", ["vmas3e"]),
    ],
)
async def test_what_begins_as_typed_comes_first(
    holder: EngineHolder, ref: Reference, argument: str, typed: str, first: list[str]
) -> None:
    """In any case, and with or without accents: not every keyboard has them."""
    offered = await completed(holder, ref, argument, typed)

    assert len(offered) >= len(first)
    for value, begins in zip(offered, first, strict=False):
        assert value.startswith(begins)


async def test_what_was_misspelt_is_offered_all_the_same(holder: EngineHolder) -> None:
    """Two letters exchanged must not end in an empty list."""
    assert await completed(holder, PROJECT, "id", "storefrnt") == ["storefront"]


async def test_before_anything_is_typed_everything_is_offered(holder: EngineHolder, truth: dict[str, Any]) -> None:
    """All projects, all teams, and people without the bots."""
    projects = await completed(holder, PROJECT, "id", "")
    teams = await completed(holder, PromptReference(name="staff_a_piece_of_work"), "team", "")
    people = await complete(holder, PERSON, "id", "")
    bots = {person["name"].lower() for person in truth["people"] if person["bot"]}

    assert projects == sorted(project["name"] for project in truth["projects"])
    assert teams == sorted(team["name"].lower() for team in truth["teams"])
    assert people.total is not None
    assert people.total >= sum(not person["bot"] for person in truth["people"])
    assert bots
    assert not any(value.startswith(tuple(bots)) for value in people.values)


async def test_what_is_offered_can_be_asked_for(holder: EngineHolder) -> None:
    """A completed value goes into the address, and must be somebody there."""
    for value in await completed(holder, PERSON, "id", ""):
        assert (await read(holder, f"engintel://person/{quote(value)}"))["id"] == value


async def test_an_argument_that_names_nothing_of_ours_is_not_completed(holder: EngineHolder) -> None:
    """Plain words and numbers are the user's own."""
    assert await completed(holder, PromptReference(name="weekly_project_review"), "days", "1") == []


@ERAS
@pytest.mark.parametrize(
    ("ref", "argument", "says"),
    [
        (PromptReference(name="nope"), "project", ("'nope'", *PROMPTS)),
        (ResourceTemplateReference(uri="engintel://nope/{id}"), "id", ("'engintel://nope/{id}'", PERSON.uri)),
        (PromptReference(name="what_breaks_if"), "person", ("'person'", "project, change")),
        (PERSON, "name", ("'name'", "It takes: id")),
    ],
)
async def test_completing_what_is_not_there_is_refused(
    holder: EngineHolder,
    mode: str,
    ref: Reference,
    argument: str,
    says: tuple[str, ...],
) -> None:
    """An empty list would say that nobody has such a name."""
    async with Client(build_server(holder), mode=mode) as client:
        said = await refusal(client.complete(ref, {"name": argument, "value": "p"}))

    for part in says:
        assert part in said


async def test_a_large_organisation_is_offered_in_part(home: Path) -> None:
    """More than the protocol allows would be refused by the client, all of it."""
    home.mkdir(mode=0o711)
    many = 130
    clone = home.parent / "api"
    commits = (
        f"commit refs/heads/main\ncommitter Dev {n:03d} <dev{n}@acme.dev> {1_760_000_000 + n} +0000\ndata 1\nx\n"
        for n in range(many)
    )
    subprocess.run(["git", "init", "-q", "-b", "main", str(clone)], check=True)
    subprocess.run(["git", "-C", str(clone), "fast-import", "--quiet"], input="".join(commits).encode(), check=True)
    done = run(home, "ingest", "git", str(clone))
    assert done.returncode == 0, done.stderr

    async with EngineHolder(Settings(home=str(home))).open() as holder:
        for typed in ("", "dev"):
            completion = await complete(holder, PERSON, "id", typed)
            assert completion.values
            assert completion.total == many
            assert completion.has_more
        assert len(await completed(holder, PERSON, "id", "Dev 07")) >= 10


async def test_without_a_database_nothing_is_completed_and_reading_says_why(home: Path) -> None:
    """Typing goes on undisturbed; what was asked for outright is answered."""
    nowhere = Settings(home=str(home), database_url="postgresql://nobody:secret-word@127.0.0.1:9/none")
    async with EngineHolder(nowhere).open() as holder:
        assert await completed(holder, PERSON, "id", "a") == []
        async with Client(build_server(holder)) as client:
            with pytest.raises(MCPError) as refused:
                await client.read_resource("engintel://person/ada")

    said = refused.value.error.message
    assert "not available" in said
    assert "secret-word" not in said
    assert "Traceback" not in said
