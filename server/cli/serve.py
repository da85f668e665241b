"""`engintel serve`: assistants over MCP."""

import argparse
import gc

from domain.errors import Misconfigured
from server.cli.logs import log_to
from server.mcp.app import build_server
from server.mcp.holder import EngineHolder, patience
from server.settings import load_settings

WARM_AFTER = 1.0
"""Seconds after which the database is started without being asked for: late enough not to slow the first listing."""


async def serve(arguments: argparse.Namespace) -> int:
    """Serve until the client leaves (stdio) or the process is told to stop (http)."""
    settings = load_settings()
    log_to(settings)
    if arguments.transport == "http":
        from server.http import serve_with_workers  # noqa: PLC0415 - stdio does not need an HTTP server

        insecure = arguments.insecure_webhooks
        await serve_with_workers(
            settings, arguments.host, arguments.port, arguments.workers, insecure_webhooks=insecure
        )
    elif arguments.insecure_webhooks:
        raise Misconfigured("--insecure-webhooks is about HTTP: add --transport http, or leave it out.")
    else:
        from server.mcp.stdio import serve_stdio  # noqa: PLC0415 - http does not need stdio

        # What the program itself is made of is no garbage: to look through it took 50 ms of an answer now and then.
        holder = EngineHolder(settings, warm_after=WARM_AFTER, waits=patience(settings), started=gc.freeze)
        async with holder.open():
            await serve_stdio(build_server(holder))
    return 0
