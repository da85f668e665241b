"""The generated parts of the README: `python -m tests.docs.generate` (or `make docs`) writes them again.

Each part is computed from what the program really does, so that the README cannot say anything else for long.
"""

import argparse
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from inspect import Parameter, signature
from pathlib import Path
from typing import Final

from domain.routing import ROUTES, Store
from server.cli.config import snippet
from server.cli.main import build_parser
from server.settings import Settings
from tests.acceptance.program import NOW, ROOT, run
from tests.conftest import make_home, remove_home
from tests.snapshots.write import main as write_snapshots
from tools.catalog import TOOLS
from tools.spec import ToolSpec

README: Final = ROOT / "README.md"
TRANSCRIPT: Final = (
    "engintel call find_developers requirement='retry payouts that time out' paths=internal/retry limit=2",
    "engintel call get_dependency_impact project=payouts change=outage",
)
_PART: Final = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_INSTALLED: Final = "/home/you/engintel/.venv/bin/engintel"

Part = Callable[[], str]


def filled(text: str, parts: Mapping[str, Part]) -> str:
    """`text` with its generated parts as they should be.

    Args:
        text: the README.
        parts: what makes each part, by the name in its mark; parts without a maker stay as they are.
    """

    def replaced(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        return f"{begin}\n{parts[name]().strip()}\n\n{end}" if name in parts else found[0]

    return _PART.sub(replaced, text)


def transcript(home: Path) -> str:
    """Real calls on the sample organisation in `home`, with what they print."""

    def told() -> Iterator[str]:
        for command in TRANSCRIPT:
            done = run(home, *shlex.split(command)[1:], ENGINTEL_NOW=NOW)
            assert done.returncode == 0, done.stderr
            yield f"$ {command}\n{done.stdout.strip()}"

    return "```\n" + "\n\n".join(told()) + "\n```"


def client_snippet() -> str:
    """What `engintel config` prints for a client that takes the common form."""
    shown = snippet("claude-desktop", {})
    shown["mcpServers"]["engintel"] |= {"command": _INSTALLED, "args": ["serve", "--transport", "stdio"]}
    return f"```json\n{json.dumps(shown, indent=2)}\n```"


def tools() -> str:
    """Every tool, what it is for, and its arguments; optional ones with a question mark."""
    rows = ((f"`{tool.name}`", tool.description, ", ".join(_arguments(tool))) for tool in TOOLS)
    return _table(("tool", "what it does", "arguments"), rows)


def _arguments(tool: ToolSpec) -> Iterator[str]:
    _, *parameters = signature(tool.function).parameters.values()
    for parameter in parameters:
        yield f"`{parameter.name}`" if parameter.default is Parameter.empty else f"`{parameter.name}?`"
    if tool.acts:
        yield "`handle?`"


def commands() -> str:
    """Every command with its arguments."""
    return _table(("command", "what it does"), _commands(build_parser(), "engintel"))


def _commands(parser: argparse.ArgumentParser, words: str) -> Iterator[tuple[str, str]]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001 - argparse has no public way to look at a parser
    for action in below:
        says = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - as above
        for name, command in action.choices.items():
            deeper = list(_commands(command, f"{words} {name}"))
            arguments = " ".join(_usage(argument) for argument in command._actions if argument.dest != "help")  # noqa: SLF001 - as above
            yield from deeper or [(f"`{words} {name} {arguments}".strip() + "`", says[name])]


def _usage(argument: argparse.Action) -> str:
    value = argument.metavar or ("|".join(map(str, argument.choices)) if argument.choices else argument.dest.upper())
    if not argument.option_strings:
        return {"?": f"[{value}]", "*": f"[{value} ...]", "+": f"{value}..."}.get(str(argument.nargs), str(value))
    return f"[{argument.option_strings[-1]}]" if argument.nargs == 0 else f"[{argument.option_strings[-1]} {value}]"


def settings() -> str:
    """Every variable that is read."""
    rows = (
        (f"`{s.metadata['variable']}`", s.metadata["purpose"] + ("; secret" if s.metadata["secret"] else ""))
        for s in fields(Settings)
    )
    return _table(("variable", "what it sets"), rows) + (
        "\n\nA secret may also be given as `NAME_FILE`, the path of a file that holds it, or as `aws-sm://SECRET#KEY`, "
        "a value in AWS Secrets Manager."
    )


def routes() -> str:
    """The routing table."""
    rows = (
        (f"`{kind}`", *("x" if store in stores else "" for store in Store)) for kind, stores in sorted(ROUTES.items())
    )
    return (
        "<details><summary>Which event goes to which store</summary>\n\n"
        + _table(("event", *(store.value for store in Store)), rows)
        + "\n\n</details>"
    )


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


STATIC: Final[Mapping[str, Part]] = {
    "snippet": client_snippet,
    "tools": tools,
    "commands": commands,
    "settings": settings,
    "routes": routes,
}
"""The parts that need no running program."""


def main() -> None:
    """Write every generated part again."""
    home = make_home()
    try:
        done = run(home, "demo", "--no-serve", ENGINTEL_NOW=NOW)
        assert done.returncode == 0, done.stderr
        text = README.read_text(encoding="utf-8")
        README.write_text(filled(text, {**STATIC, "transcript": lambda: transcript(home)}), encoding="utf-8")
        write_snapshots()
    finally:
        remove_home(home)


if __name__ == "__main__":
    main()
