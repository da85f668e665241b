"""`engintel config`: what a client needs to start this server. Clients start servers with a minimal PATH."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

_CARRIED: Final = (
    "ENGINTEL_HOME",
    "ENGINTEL_ORG",
    "ENGINTEL_WRITES",
    "ENGINTEL_JIRA_URL",
    "ENGINTEL_JIRA_USER",
    "ENGINTEL_NOW",
)
"""Settings that go into the snippet when they are set. Secrets never do: a client's configuration is read by many."""

_WHERE: Final = {
    "claude-desktop": "Settings > Developer > Edit Config (claude_desktop_config.json)",
    "claude-code": ".mcp.json in the project's folder",
    "cursor": "~/.cursor/mcp.json, or .cursor/mcp.json in the project's folder",
    "vscode": ".vscode/mcp.json in the project's folder",
}


def config(arguments: argparse.Namespace) -> int:
    """Print the snippet on stdout, and where it goes on stderr."""
    checkout = None if _script().exists() else Path(__file__).resolve().parents[2]
    print(json.dumps(snippet(arguments.client, dict(os.environ), checkout), indent=2))
    print(f"Goes into {_WHERE[arguments.client]}", file=sys.stderr)
    return 0


def snippet(client: str, environment: dict[str, str], checkout: Path | None = None) -> dict[str, Any]:
    """The configuration of one client.

    Args:
        client: which one.
        environment: of this process; settings in it that are no secrets are carried over.
        checkout: the folder to run from, if the program is not installed; a client could not find it by itself.
    """
    command, *before = program()
    server: dict[str, Any] = {"command": command, "args": [*before, "serve", "--transport", "stdio"]}
    carried = {name: environment[name] for name in _CARRIED if environment.get(name)}
    if "ENGINTEL_HOME" in carried:
        carried["ENGINTEL_HOME"] = str(Path(carried["ENGINTEL_HOME"]).expanduser().resolve())
    if checkout is not None:
        carried["PYTHONPATH"] = str(checkout)
    if carried:
        server["env"] = carried
    if client == "vscode":
        return {"servers": {"engintel": {"type": "stdio", **server}}}
    return {"mcpServers": {"engintel": server}}


def program() -> list[str]:
    """The program by its full path: the script beside this interpreter, or the interpreter itself."""
    return [str(_script())] if _script().exists() else [sys.executable, "-m", "engintel"]


def _script() -> Path:
    return Path(sys.executable).parent / "engintel"
