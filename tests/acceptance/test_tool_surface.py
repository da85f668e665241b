"""What clients see of the tools before they call one: names, schemas, hints and bytes; and that answers keep to it."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with mcp, without types
from mcp import Client
from mcp_types import TextContent

from domain.answers import Answer
from domain.events import Commit, ProjectDescribed, Source
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.mcp.render import structured
from server.settings import Settings
from tests.acceptance.program import NOW, start
from tests.events import START, event
from tests.snapshots import FOLDER, WRITE, listed_tools, snapshot
from tools.catalog import TOOLS
from tools.spec import ActionAnswer, ToolSpec

INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
}  # fmt: skip
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
MOST_BYTES_A_TOOL = 2_048
MOST_BYTES = 16_384
READS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
POSTS = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True}
"""A comment or a message adds and overwrites nothing; sent twice it is there twice; it leaves the organisation."""
MOVES = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": True, "openWorldHint": True}
"""A move replaces what was there, and what has the status has it; an automation may move, and acts once an event."""

CONTRACT = {
    "find_developers": (
        ("requirement", "skills?", "paths?", "team?", "min_availability?", "limit?"),
        {"developers": "id name score availability", "developers.reasons": "kind text at source"},
    ),
    "get_developer": (
        ("person", "days?"),
        {
            "": "id name identities teams projects skills activity availability",
            "identities": "source external_id username",
            "projects": "id name commits prs_merged reviews",
            "skills": "name level",
            "activity": "commits prs_merged reviews issues_completed",
        },
    ),
    "get_project_health": (
        ("project", "days?"),
        {
            "": "project metrics contributors dependents dependencies risks",
            "project": "id name",
            "metrics": "name value unit n window definition tier missing",
        },
    ),
    "get_dependency_impact": (
        ("project", "change", "depth?"),
        {
            "": "affected_projects people teams",
            "affected_projects": "id name distance path evidence",
            "people": "id name why",
        },
    ),
    "get_team_workload": (
        ("team", "days?"),
        {"members": "id name open_issues open_prs reviews_requested commits availability"},
    ),
    "search_docs": (("query", "project?", "limit?"), {"passages": "doc_id title text source url score"}),
    "find_entity": (("query", "kind?"), {"entities": "kind id name why"}),
    "post_jira_comment": (("issue", "body", "handle?"), {"": "status target text handle url key"}),
    "transition_jira_issue": (("issue", "to", "handle?"), {"": "status target text handle url key"}),
    "notify_slack": (("channel", "text", "handle?"), {"": "status target text handle url key"}),
    "run_automation": (("name", "event_id?", "entity?", "handle?"), {"": "status target text handle url key"}),
}
"""For each tool its arguments (a `?` marks what may be left out) and, by place, the fields that its answer has."""
CARRIED = ("as_of", "coverage", "notes")
PAGED = ("next_cursor", "truncated")

CALLS: dict[str, list[dict[str, Any]]] = {
    "find_developers": [
        {"requirement": "Work on the routing of couriers", "paths": ["src/main"], "detail": "full"},
        {"requirement": "xyzzy", "min_availability": 1},
    ],
    "get_developer": [{"person": "zoe.lefevre@brambleway.example", "detail": "full"}, {"person": "田中 美咲"}],
    "get_project_health": [{"project": "payouts", "detail": "full"}, {"project": "courier-app", "days": 7}],
    "get_dependency_impact": [
        {"project": "payouts", "change": "delay", "detail": "full"},
        {"project": "storefront", "change": "outage"},
    ],
    "get_team_workload": [{"team": "Payments", "detail": "full"}, {"team": "platform"}],
    "search_docs": [{"query": "runbook for late payouts", "detail": "full"}, {"query": "xyzzy"}],
    "find_entity": [{"query": "*", "limit": 3}, {"query": "xyzzy"}],
}
PREVIEWS: dict[str, dict[str, Any]] = {
    "post_jira_comment": {"issue": "PAY-12", "body": "Fixed."},
    "transition_jira_issue": {"issue": "PAY-12", "to": "In Review"},
    "notify_slack": {"channel": "#payments", "text": "Deploy is done."},
    "run_automation": {"name": "commit-mentions-issue", "event_id": "c0ffee"},
}
HAPPENED = (
    event("PAY", ProjectDescribed(name="Payouts"), project="jira:PAY", source=Source.JIRA),
    event("c0ffee", Commit(sha="c0ffee", title="PAY-12: retry payouts", authored_at=START)),
)
"""What the previews are about."""
Tools = list[dict[str, Any]]


@pytest.fixture(scope="module")
async def tools() -> Tools:
    """The tools as listed."""
    return await listed_tools()


@pytest.fixture(scope="module")
async def holder(sample_home: Path) -> AsyncIterator[EngineHolder]:
    """The program on the sample organisation."""
    async with EngineHolder(Settings(home=str(sample_home), now=NOW)).open() as opened:
        yield opened


def full_model(spec: ToolSpec) -> type[Answer]:
    """The answer of a tool with everything that its listed schema leaves unsaid."""
    if spec.acts:
        return ActionAnswer
    model: type[Answer] = get_type_hints(spec.function)["return"]
    assert issubclass(model, Answer)
    return model


def fields_of(schema: dict[str, Any], whole: dict[str, Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every field of a schema, those of rows and parts behind a dot."""
    whole = whole or schema
    if "$ref" in schema:
        yield from fields_of(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, prefix)
    for choice in schema.get("anyOf", ()):
        yield from fields_of(choice, whole, prefix)
    if "items" in schema:
        yield from fields_of(schema["items"], whole, prefix)
    for name, inner in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from fields_of(inner, whole, f"{prefix}{name}.")


def test_every_tool_is_listed_as_its_snapshot_says(tools: Tools) -> None:
    """A word changed in a docstring changes what models read: it must show in a review."""
    listed = {f"{tool['name']}.json": snapshot(tool) for tool in tools}
    kept = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}

    changed = sorted(name for name in listed.keys() | kept.keys() if listed.get(name) != kept.get(name))
    assert not changed, f"{', '.join(changed)} in tests/snapshots/tools are not what is listed. If so meant: {WRITE}"


def test_all_four_hints_are_there_and_right(tools: Tools) -> None:
    """Hosts ask their users, or do not, by these hints; one left out counts as dangerous."""
    hints = dict.fromkeys(("post_jira_comment", "notify_slack"), POSTS)
    hints |= dict.fromkeys(("transition_jira_issue", "run_automation"), MOVES)

    assert hints.keys() == {spec.name for spec in TOOLS if spec.acts}
    for tool in tools:
        assert tool["annotations"] == hints.get(tool["name"], READS), tool["name"]


def test_the_names_that_were_promised_are_there(tools: Tools) -> None:
    """Tools, arguments and fields that clients, prompts and evals were written for."""
    listed = {tool["name"]: tool for tool in tools}

    assert listed.keys() == CONTRACT.keys()
    for name, (arguments, _) in CONTRACT.items():
        schema = listed[name]["inputSchema"]
        assert {word.rstrip("?") for word in arguments} <= schema["properties"].keys(), name
        # One that may be left out must stay so; of the others a default may make it one that may.
        assert set(schema["required"]) <= {word for word in arguments if not word.endswith("?")}, name


@pytest.mark.parametrize("spec", TOOLS, ids=lambda spec: spec.name)
def test_the_fields_that_were_promised_are_in_the_answers(spec: ToolSpec) -> None:
    """With those that every answer carries, and those of a page where the answer is a list."""
    said = set(fields_of(full_model(spec).model_json_schema()))

    promised = {
        f"{place}.{field}".lstrip(".") for place, fields in CONTRACT[spec.name][1].items() for field in fields.split()
    }
    assert promised | set(CARRIED) <= said
    if spec.name in {"find_developers", "search_docs", "find_entity"}:
        assert set(PAGED) <= said


def test_no_tool_weighs_more_than_it_may(home: Path) -> None:
    """Every byte of the list is paid for in every chat. Counted on the line that the server writes."""
    process = start(home, "serve")
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for message in (INITIALIZE, INITIALIZED, LIST):
            process.stdin.write(f"{json.dumps(message)}\n")
        process.stdin.flush()
        process.stdout.readline()
        line = process.stdout.readline().rstrip("\n")
    finally:
        process.communicate(timeout=30)
    tools = json.loads(line)["result"]["tools"]

    sizes = {tool["name"]: len(compact(tool).encode()) for tool in tools}
    assert compact(json.loads(line)) == line, "the sizes counted here are not those on the wire"
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES_A_TOOL} == {}
    assert len(line.encode()) <= MOST_BYTES


def compact(value: Any) -> str:
    """JSON without a blank, as the server writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_order_is_the_catalogue_s_each_time(tools: Tools, mode: str) -> None:
    """A list that moves about empties the cache of whoever pays for the tokens."""
    listed, again = await listed_tools(mode), await listed_tools(mode)

    assert [tool["name"] for tool in listed] == [spec.name for spec in TOOLS]
    assert listed == tools
    assert compact(listed) == compact(again)


def test_schemas_stand_on_their_own(tools: Tools) -> None:
    """Some clients resolve no references and know no dialect but the plain one."""
    for tool in tools:
        for schema in (tool["inputSchema"], tool["outputSchema"]):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            assert "$ref" not in compact(schema)
            assert set(schema["required"]) <= schema["properties"].keys()
        assert tool["inputSchema"]["additionalProperties"] is False


@pytest.mark.parametrize("spec", [spec for spec in TOOLS if not spec.acts], ids=lambda spec: spec.name)
async def test_answers_keep_to_what_was_listed_and_to_the_full_shape(
    holder: EngineHolder, tools: Tools, spec: ToolSpec
) -> None:
    """Full ones and empty ones: nothing that the type does not know, and nothing that it knows lost on the way."""
    listed = {tool["name"]: tool["outputSchema"] for tool in tools}
    async with Client(build_server(holder)) as client:
        for arguments in CALLS[spec.name]:
            answer = await client.call_tool(spec.name, arguments)
            assert not answer.is_error, answer.content
            assert answer.structured_content is not None
            assert_shape(spec, listed[spec.name], answer.structured_content)


@pytest.mark.parametrize("spec", [spec for spec in TOOLS if spec.acts], ids=lambda spec: spec.name)
async def test_previews_keep_to_what_was_listed_and_to_the_full_shape(home: Path, tools: Tools, spec: ToolSpec) -> None:
    """An action's answer too; nothing is sent for it, so nobody has to be there."""
    listed = {tool["name"]: tool["outputSchema"] for tool in tools}
    settings = Settings(
        home=str(home), writes="on", jira_url="http://127.0.0.1:9", jira_token="t", slack_token="t",
        slack_url="http://127.0.0.1:9/",
    )  # fmt: skip
    async with EngineHolder(settings).open() as opened, Client(build_server(opened)) as client:
        engine = await opened.engine()
        await engine.log.append(HAPPENED)
        await engine.router.catch_up()
        answer = await client.call_tool(spec.name, PREVIEWS[spec.name])

    assert not answer.is_error, answer.content
    assert answer.structured_content is not None
    assert answer.structured_content["status"] == "preview"
    assert_shape(spec, listed[spec.name], answer.structured_content)


def assert_shape(spec: ToolSpec, listed: dict[str, Any], content: dict[str, Any]) -> None:
    """That `content` is as listed, and comes back from the full type as it was."""
    model = full_model(spec)
    for schema in (listed, model.model_json_schema()):
        assert [error.message for error in Draft202012Validator(schema).iter_errors(content)] == []
    assert structured(model.model_validate(content)) == content


async def test_an_argument_that_does_not_exist_is_told_with_those_that_do(holder: EngineHolder) -> None:
    """A misspelt filter that is silently ignored would give an answer to another question."""
    async with Client(build_server(holder)) as client:
        answer = await client.call_tool("find_entity", {"query": "payouts", "kinds": "project"})

    assert answer.is_error
    [told] = [block.text for block in answer.content if isinstance(block, TextContent)]
    assert told == "find_entity has no argument 'kinds'. It takes: query, kind, limit, cursor."
