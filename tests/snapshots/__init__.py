"""What the server tells of each tool, one file a tool, so that a change of the surface shows in a review."""

import json
from pathlib import Path
from typing import Any, Final

from mcp import Client

from server.mcp.app import build_server
from server.mcp.holder import EngineHolder
from server.settings import Settings

FOLDER: Final = Path(__file__).parent / "tools"
FIELDS: Final = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
WRITE: Final = "python -m tests.snapshots.write"
"""What writes them again."""


async def listed_tools(mode: str = "auto") -> list[dict[str, Any]]:
    """The tools as a client of ours gets them, in the server's order; no database is started for that."""
    async with EngineHolder(Settings()).open() as holder, Client(build_server(holder), mode=mode) as client:
        tools = (await client.list_tools()).tools
    return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools]


def snapshot(tool: dict[str, Any]) -> str:
    """The text of a tool's file."""
    return json.dumps({field: tool[field] for field in FIELDS}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
