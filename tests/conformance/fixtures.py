"""engintel with what the conformance suite calls by name: `python -m tests.conformance.fixtures PORT`.

The server is the one that users get: same factory, same errors, same HTTP face. Only the things listed here are added.
Protocol logging and resource subscriptions, which engintel does not offer, are switched on for the older revision.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.prompts.base import Message, UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    ContentBlock,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import Field

from server.cli.logs import log_to
from server.http import serve_http
from server.mcp.app import EngintelServer, build_server
from server.mcp.holder import EngineHolder
from server.settings import load_settings
from tests.conformance.questions import ASKING_PROMPTS, ASKING_TOOLS

HOST: Final = "127.0.0.1"
PNG: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
"""A picture of one point."""
WAV: Final = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
"""A sound of one sample."""
RICH_SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
        "anything": {"type": "array", "items": True},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
"""Every keyword of JSON Schema 2020-12 that the suite looks for; for the Inspector, an item that may be anything."""

Call = Context[Any, Any]


def with_fixtures(server: EngintelServer) -> EngintelServer:
    """Add everything that the suite calls by name."""
    for tool in (*TOOLS, *ASKING_TOOLS):
        server.add_tool(tool)
    rich = server._tool_manager.get_tool("json_schema_2020_12_tool")  # noqa: SLF001 - the SDK takes no schema as given
    assert rich is not None
    rich.parameters = dict(RICH_SCHEMA)
    for uri, read in RESOURCES.items():
        server.resource(uri)(read)
    for prompt in (*PROMPTS, *ASKING_PROMPTS):
        server.add_prompt(Prompt.from_function(prompt))
    server.wire.add_request_handler("logging/setLevel", SetLevelRequestParams, _agree)
    server.wire.add_request_handler("resources/subscribe", SubscribeRequestParams, _agree)
    server.wire.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, _agree)
    return server


async def _agree(context: ServerRequestContext[Any, Any], params: object) -> EmptyResult:
    return EmptyResult()


def test_simple_text() -> str:
    """Return a text."""
    return "This is a simple text response for testing."


def greet(name: str) -> str:
    """Say hello, at once."""
    return f"Hello, {name}!"


def test_image_content() -> list[ImageContent]:
    """Return a picture."""
    return [ImageContent(type="image", data=PNG, mime_type="image/png")]


def test_audio_content() -> list[AudioContent]:
    """Return a sound."""
    return [AudioContent(type="audio", data=WAV, mime_type="audio/wav")]


def test_embedded_resource() -> list[EmbeddedResource]:
    """Return a resource within the result."""
    return [_embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]


def test_multiple_content_types() -> list[ContentBlock]:
    """Return a text, a picture and a resource."""
    return [
        TextContent(type="text", text="Multiple content types test:"),
        ImageContent(type="image", data=PNG, mime_type="image/png"),
        _embedded("test://mixed-content-resource", "application/json", '{"test": "data", "value": 123}'),
    ]


def test_error_handling() -> str:
    """Fail, as a tool with a mistake in it does."""
    raise RuntimeError("This tool intentionally returns an error for testing")


async def test_tool_with_logging(ctx: Call) -> str:
    """Log three times."""
    for step in ("started", "processing data", "completed"):
        await ctx.info(f"Tool execution {step}")
    return "Logged"


async def test_logging_tool(ctx: Call) -> str:
    """Log, for a caller who did not ask for it."""
    await ctx.info("Nobody asked for this")
    return "Logged"


async def test_tool_with_progress(ctx: Call) -> str:
    """Report progress three times."""
    for done in (0, 50, 100):
        await ctx.report_progress(progress=done, total=100, message=f"Completed step {done} of 100")
    return "Done"


async def test_reconnection(ctx: Call) -> str:
    """Close the stream of this very call; whoever wants the result has to come back for it."""
    await ctx.close_sse_stream()
    return "Reconnection test completed"


async def test_missing_capability(ctx: Call) -> str:
    """Refuse a client that cannot sample."""
    if ctx.client_capabilities is None or ctx.client_capabilities.sampling is None:
        raise MCPError(
            MISSING_REQUIRED_CLIENT_CAPABILITY,
            "This tool requires the client's 'sampling' capability",
            {"requiredCapabilities": {"sampling": {}}},
        )
    return "The client can sample"


def test_x_mcp_header(
    region: Annotated[str, Field(description="a region", json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    """Take an argument that a client repeats in a header."""
    return f"region={region}"


def json_schema_2020_12_tool() -> str:
    """Show that every keyword of an input schema arrives."""
    return "json_schema_2020_12_tool"


async def test_trigger_tool_change(ctx: Call) -> str:
    """Add a tool, take it away, and say so to whoever listens."""
    ctx.mcp_server.add_tool(_short_lived, name="test_dynamic_tool")
    ctx.mcp_server.remove_tool("test_dynamic_tool")
    await ctx.notify_tools_changed()
    return "Tool list changed"


async def test_trigger_prompt_change(ctx: Call) -> str:
    """Add a prompt, take it away, and say so to whoever listens."""
    ctx.mcp_server.add_prompt(Prompt.from_function(_short_lived, name="test_dynamic_prompt"))
    ctx.mcp_server.remove_prompt("test_dynamic_prompt")
    await ctx.notify_prompts_changed()
    return "Prompt list changed"


def _short_lived() -> str:
    """Be there for a moment."""
    return "dynamic"


def test_simple_prompt() -> str:
    """Say something, asking for nothing."""
    return "This is a simple prompt for testing."


def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
    """Repeat two arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803 - the suite's name for it
    """Carry a resource."""
    return [
        UserMessage(_embedded(resourceUri, "text/plain", "Embedded resource content for testing.")),
        UserMessage("Please process the embedded resource above."),
    ]


def test_prompt_with_image() -> list[Message]:
    """Carry a picture."""
    return [
        UserMessage(ImageContent(type="image", data=PNG, mime_type="image/png")),
        UserMessage("Please analyze the image above."),
    ]


def static_text() -> str:
    """A text."""
    return "This is the content of the static text resource."


def static_binary() -> bytes:
    """A picture."""
    return base64.b64decode(PNG)


def watched() -> str:
    """Something that may be subscribed to."""
    return "Watched resource content"


def template(id: str) -> str:  # noqa: A002 - the name in the template
    """Whatever was asked for."""
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


TOOLS: Final[tuple[Callable[..., Any], ...]] = (
    test_simple_text,
    greet,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_error_handling,
    test_tool_with_logging,
    test_logging_tool,
    test_tool_with_progress,
    test_reconnection,
    test_missing_capability,
    test_x_mcp_header,
    json_schema_2020_12_tool,
    test_trigger_tool_change,
    test_trigger_prompt_change,
)
PROMPTS: Final[tuple[Callable[..., Any], ...]] = (
    test_simple_prompt,
    test_prompt_with_arguments,
    test_prompt_with_embedded_resource,
    test_prompt_with_image,
)
RESOURCES: Final[Mapping[str, Callable[..., Any]]] = {
    "test://static-text": static_text,
    "test://static-binary": static_binary,
    "test://watched-resource": watched,
    "test://template/{id}/data": template,
}


async def main(port: int) -> None:
    """Serve on loopback until told to stop, as `engintel serve --transport http` does."""
    settings = load_settings()
    log_to(settings)
    async with EngineHolder(settings, warm_after=0).open() as holder:
        await serve_http(with_fixtures(build_server(holder)), holder, HOST, port)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
