"""`engintel call` and `engintel tools`: the MCP layer from a shell."""

import argparse
import json
import sys
from typing import Any

from mcp import Client
from mcp.client import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, ErrorData, TextContent, Tool

from domain.errors import InvalidInput
from server.cli.logs import log_to
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import load_settings


async def call(arguments: argparse.Namespace) -> int:
    """Call one tool and print what it answers."""
    settings = load_settings()
    log_to(settings)
    given = dict(_argument(value) for value in arguments.values)
    asking = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    async with (
        EngineHolder(settings).open() as holder,
        Client(build_server(holder), elicitation_callback=asking) as client,
    ):
        try:
            result = await client.call_tool(arguments.tool, given)
        except MCPError as error:  # the protocol has errors of its own, for what is no call of a tool at all
            raise InvalidInput(error.message) from error
    return _show(result, as_json=arguments.json)


def _argument(text: str) -> tuple[str, Any]:
    """`key=value`; a value that is a JSON list or object is taken as such, anything else as text."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InvalidInput(f"{text!r} is not an argument: expected key=value.")
    if value[:1] in {"[", "{"}:
        try:
            return key, json.loads(value)
        except ValueError:
            return key, value
    return key, value


def _show(result: CallToolResult, *, as_json: bool) -> int:
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.is_error:
        print(f"engintel: {text}", file=sys.stderr)
        return 1
    print(json.dumps(result.structured_content, ensure_ascii=False, indent=2) if as_json else text)
    return 0


async def _ask(
    context: ClientRequestContext,  # noqa: ARG001 - the SDK passes it by name
    params: ElicitRequestParams,
) -> ElicitResult | ErrorData:
    """Put a question to whoever sits at the terminal."""
    print(f"{params.message}\n[y/N] ", file=sys.stderr, end="", flush=True)
    yes = sys.stdin.readline().strip().lower() in {"y", "yes"}
    return ElicitResult(action="accept", content={"send": True}) if yes else ElicitResult(action="decline")


async def tools(arguments: argparse.Namespace) -> int:
    """List every tool with its size in bytes, as it goes over the wire."""
    settings = load_settings()
    log_to(settings)
    async with EngineHolder(settings).open() as holder, Client(build_server(holder)) as client:
        listed = (await client.list_tools()).tools
    sizes = {tool.name: size_of(tool) for tool in listed}
    if arguments.json:
        told = [{"name": t.name, "title": t.title, "bytes": sizes[t.name]} for t in listed]
        print(json.dumps({"tools": told, "bytes": sum(sizes.values())}, indent=2))
    else:
        for name, size in sizes.items():
            print(f"{size:6d}  {name}")
        print(f"{sum(sizes.values()):6d}  in all")
    return 0


def size_of(tool: Tool) -> int:
    """A tool's bytes in `tools/list`."""
    return len(tool.model_dump_json(by_alias=True, exclude_none=True).encode())
