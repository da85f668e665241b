"""One task being played: the real tool calls that are made for it, and what they said."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent, Tool


class ToolFailed(Exception):
    """A tool answered with an error. The text is what it said, for whoever called it."""


class Call(Protocol):
    """A real tool call over MCP, as a reference plan makes it."""

    async def __call__(self, tool: str, /, **arguments: object) -> dict[str, Any]:
        """The structured content of the answer.

        Raises:
            ToolFailed: the tool answered with an error.
        """


@dataclass(frozen=True)
class Made:
    """One tool call that was made: what it said, and whether that was an error."""

    tool: str
    arguments: Mapping[str, Any]
    told: str = ""
    failed: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What an agent said in the end, and every call that it made on the way."""

    text: str
    calls: tuple[Made, ...] = ()


@dataclass
class Session:
    """The tools at work for one task. `messages` is what a model and we said to each other."""

    client: Client
    tools: Sequence[Tool]
    made: list[Made] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, tool: str, /, **arguments: object) -> dict[str, Any]:
        """The structured content of a call that worked; see `Call`."""
        result = await self._call(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise ToolFailed(f"{tool}: {self.made[-1].told}")
        return dict(result.structured_content)

    async def read(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """The text of a call, errors included: what a model reads."""
        await self._call(tool, arguments)
        return self.made[-1].told

    def refuse(self, tool: str, given: str, why: str) -> str:
        """Write down a call that could not be made; gives `why`."""
        self.made.append(Made(tool, {"": given}, told=why, failed=True))
        return why

    async def _call(self, tool: str, arguments: Mapping[str, object]) -> CallToolResult:
        began = time.monotonic()
        try:
            result = await self.client.call_tool(tool, dict(arguments))
        except MCPError as error:
            result = CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True)
        told = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        took = time.monotonic() - began
        self.made.append(Made(tool, dict(arguments), told, bool(result.is_error), took))
        return result
