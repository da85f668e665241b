"""The words of the command line, and what happens when something goes wrong.

Every command's code is imported when it is run: `engintel doctor` must not wait for what `engintel serve` needs.
"""

import argparse
import asyncio
import gc
import importlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from domain.errors import EngintelError
from server.version import VERSION

FAILED: Final = 1
DEFAULT_PORT: Final = 8321
MOST_ROWS: Final = 10_000
MOST_WORKERS: Final = 64
STORES: Final = ("directory", "events", "vectors", "graph")
_NEW_OBJECTS: Final = 50_000
"""After how many a busy process looks for those that hold each other and nothing else does."""
_LASTING: Final = ("serve:serve", "work:work")
"""What goes on until it is told to stop."""
CLIENTS: Final = ("claude-desktop", "claude-code", "cursor", "vscode")


def run(words: Sequence[str]) -> int:
    """Carry out a command.

    Args:
        words: the arguments, without the program's name.

    Returns:
        0 done; 1 failed, with one line on stderr that says what, why and what to do; 2 wrong usage.
    """
    arguments = build_parser().parse_args(words)
    module, _, function = arguments.does.partition(":")
    command = getattr(importlib.import_module(f"server.cli.{module}"), function)
    try:
        done = command(arguments)
        if arguments.does in _LASTING:
            # Hundreds of requests are under way at any moment, or thousands of rows of one answer, and none of them is
            # garbage: looking for it among them at every 700 new objects, as is the custom, took an eighth of the time.
            gc.set_threshold(_NEW_OBJECTS, 20, 20)
        return _carried_out(done, quick=_is_busy(arguments)) if asyncio.iscoroutine(done) else int(done)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    except BrokenPipeError:
        # Whoever read our output has gone; point stdout elsewhere so that closing it does not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:  # noqa: BLE001 - a mistake of ours is told in one line, and kept whole in a file
        print(f"engintel: {_told(error)}", file=sys.stderr)
        return FAILED


def _is_busy(arguments: argparse.Namespace) -> bool:
    return getattr(arguments, "transport", "") == "http" or arguments.does == "work:work"


def _carried_out(work: Coroutine[Any, Any, int], *, quick: bool) -> int:
    """The exit code of `work`. A loop that answers twice as many requests is worth loading for a server of many."""
    with asyncio.Runner(loop_factory=_quick_loop if quick else None) as runner:
        return int(runner.run(_stoppable(work)))


def _quick_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # noqa: PLC0415 - stdio does without, and starts sooner
    except ImportError:  # Windows
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


async def _stoppable(work: Coroutine[Any, Any, int]) -> int:
    """Do `work`, and on SIGTERM let it clean up behind itself, as on Ctrl-C: a database may be held."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def _told(error: BaseException) -> str:
    """What went wrong, for whoever typed the command."""
    while isinstance(error, BaseExceptionGroup):  # several things were under way: the first to fail is the reason
        error = error.exceptions[0]
    if isinstance(error, EngintelError):
        return str(error)
    with tempfile.NamedTemporaryFile("w", prefix="engintel-", suffix=".log", delete=False, encoding="utf-8") as details:
        details.writelines(traceback.format_exception(error))
    return f"this should not have happened ({type(error).__name__}). Please report what is in {details.name}."


def build_parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    parser = argparse.ArgumentParser(
        prog="engintel",
        description="A true, current picture of an engineering organisation for AI assistants, over MCP.",
    )
    parser.add_argument("--version", action="version", version=f"engintel {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serving(commands)
    _add_ingesting(commands)
    _add_asking(commands)
    _add_keeping(commands)
    _add_automations(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no other name


def _command(commands: Commands, name: str, does: str, says: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.")
    parser.set_defaults(does=does)
    return parser


def _add_serving(commands: Commands) -> None:
    demo = _command(commands, "demo", "demo:demo", "load the sample organisation into a fresh home, and serve it")
    demo.add_argument("--no-serve", action="store_true", help="stop once it is loaded")
    demo.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port to serve on (%(default)s)")
    demo.add_argument("--truth", action="store_true", help="print what is planted in it, as JSON, and do nothing else")
    serve = _command(commands, "serve", "serve:serve", "serve assistants over MCP")
    serve.add_argument("--transport", choices=("stdio", "http"), default="stdio", help="how (%(default)s)")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on, with http (%(default)s)")
    serve.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port to listen on, with http (%(default)s)")
    serve.add_argument(
        "--workers", type=_workers, default=1, metavar="N", help="worker processes beside it, with http (%(default)s)"
    )
    serve.add_argument(
        "--insecure-webhooks", action="store_true", help="believe senders without a secret, on loopback only"
    )
    work = _command(commands, "work", "work:work", "fill the stores, and do what else is done in the background")
    work.add_argument("--until-eof", action="store_true", help="leave as well when standard input ends")
    config = _command(commands, "config", "config:config", "print what a client needs to start this server")
    config.add_argument("client", choices=CLIENTS)


def _add_ingesting(commands: Commands) -> None:
    ingest = commands.add_parser("ingest", help="read a source", description="Read a source.")
    sources = ingest.add_subparsers(title="sources", metavar="SOURCE", required=True)
    git = _command(sources, "git", "ingest:git", "read local clones")
    git.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    git.add_argument("--project", metavar="NAME", help="project id, for one path; the folder's name unless given")
    for kind, name, says in (
        ("github", "OWNER/NAME", "read repositories from GitHub; again: what is new"),
        ("jira", "PROJECT", "read projects from Jira; again: what is new"),
        ("notion", None, "read every page that is shared with us in Notion; again: what is new"),
        ("prometheus", None, "ask Prometheus what is configured; again: what is new"),
    ):
        source = _command(sources, kind, f"backfill:{kind}", says)
        if name:
            source.add_argument("names", nargs="+", metavar=name)
        source.add_argument("--days", type=_days, metavar="N", help="begin so many days ago, the first time")
    deliveries = _command(sources, "deliveries", "ingest:deliveries", "read recorded webhooks")
    deliveries.add_argument("file", type=Path, metavar="FILE.ndjson", help='one {"source","headers","body"} a line')


def _add_asking(commands: Commands) -> None:
    call = _command(commands, "call", "call:call", "call one tool, through the MCP layer")
    call.add_argument("tool")
    call.add_argument("values", nargs="*", metavar="key=value")
    call.add_argument("--json", action="store_true", help="print the structured content alone")
    tools = _command(commands, "tools", "call:tools", "list every tool with its size in bytes")
    tools.add_argument("--json", action="store_true")
    # The evals read their own arguments: with this prefix nothing that begins with a hyphen is taken for one of ours.
    evals = commands.add_parser(
        "eval", help="play agent tasks on the sample organisation", add_help=False, prefix_chars="\0"
    )
    evals.set_defaults(does="evals:evals")
    evals.add_argument("rest", nargs="*", metavar="SUITE", help="`tasks` or `speed`")


def _add_keeping(commands: Commands) -> None:
    doctor = _command(commands, "doctor", "doctor:doctor", "check every store, source, action and the log")
    doctor.add_argument("--json", action="store_true")
    doctor.add_argument(
        "--count", action="store_true", help="compare what stores hold with the log, all of which is read"
    )
    doctor.add_argument(
        "--notion-token", action="store_true", help="print what came as verification token of the Notion webhook"
    )
    _command(commands, "migrate", "keep:migrate", "bring the database and every engine to this version's schema")
    replay = _command(commands, "replay", "keep:replay", "fill stores again from the log")
    replay.add_argument("--store", choices=STORES, help="only this one")
    replay.add_argument(
        "--from", dest="position", type=_position, metavar="POSITION", help="keep what is there and go back only so far"
    )
    for name, says in (
        ("backup", "write what cannot be made again into a file: the log, cursors, and what was done"),
        ("restore", "put a backup back where nothing is, and fill the stores from it"),
    ):
        _command(commands, name, f"backup:{name}", says).add_argument("file", type=Path, metavar="FILE")
    quarantine = commands.add_parser(
        "quarantine", help="look at events that could not be applied", description="Events that could not be applied."
    )
    verbs = quarantine.add_subparsers(title="what to do", metavar="VERB", required=True)
    _command(verbs, "list", "quarantine:list_", "list what could not be read or applied")
    for verb, says in (("show", "show one with its event"), ("retry", "apply one again"), ("drop", "give one up")):
        item = _command(verbs, verb, f"quarantine:{verb}", says)
        item.add_argument("item", metavar="ITEM")
    letters = commands.add_parser(
        "deadletters",
        help="look at messages of a stream that are no events",
        description="Messages of a stream that could not become entries of the log.",
    )
    verbs = letters.add_subparsers(title="what to do", metavar="VERB", required=True)
    _command(verbs, "list", "letters:letters_list", "list messages of a stream that could not enter the log")
    for verb, says in (("show", "show one"), ("retry", "read one again"), ("drop", "forget one")):
        _command(verbs, verb, f"letters:letters_{verb}", says).add_argument("item", metavar="PART@POSITION")
    _add_records(commands)
    identity = commands.add_parser(
        "identity", help="say who is who", description="Say which accounts are one person's."
    )
    verbs = identity.add_subparsers(title="what to do", metavar="VERB", required=True)
    _command(verbs, "suggest", "identity:suggest", "list people who may be one, and why")
    for verb, says in (("merge", "say that two accounts are one person's"), ("split", "say that they are not")):
        pair = _command(verbs, verb, f"identity:{verb}", says)
        pair.add_argument("left", metavar="PERSON_OR_ACCOUNT")
        pair.add_argument("right", metavar="PERSON_OR_ACCOUNT")
        pair.add_argument("--reason", default="", help="kept with the decision")


def _add_automations(commands: Commands) -> None:
    automations = commands.add_parser("automations", help="look at the team's rules", description="The team's rules.")
    verbs = automations.add_subparsers(title="what to do", metavar="VERB", required=True)
    listing = _command(verbs, "list", "automations:list_rules", "check the rules and list them")
    listing.add_argument("--json", action="store_true")
    listing.add_argument("--shipped", action="store_true", help="print the file that is shipped, to begin with")
    test = _command(verbs, "test", "automations:test", "say what every rule would do about an event, and why")
    test.add_argument("event", metavar="EVENT", help="an event's id, FILE or FILE:LINE of recorded webhooks, or -")
    test.add_argument("--json", action="store_true")


def _add_records(commands: Commands) -> None:
    audit = _command(commands, "audit", "records:audit", "list what was done, declined or refused, the newest first")
    audit.add_argument("--json", action="store_true")
    audit.add_argument("--limit", type=_rows, default=50, metavar="N", help="rows at most (%(default)s)")
    outbox = _command(commands, "outbox", "records:outbox", "list actions and how they went, the oldest first")
    outbox.add_argument("--json", action="store_true")
    outbox.add_argument("--retry", metavar="KEY", help="carry one after all; what may be there is looked for first")
    outbox.add_argument("--drop", metavar="KEY", help="give one up")


def _rows(text: str) -> int:
    return _whole(text, 1, MOST_ROWS)


def _days(text: str) -> int:
    return _whole(text, 1, 36_500)


def _port(text: str) -> int:
    return _whole(text, 0, 65535)


def _workers(text: str) -> int:
    return _whole(text, 0, MOST_WORKERS)


def _position(text: str) -> int:
    return _whole(text, 0, 2**63 - 1)


def _whole(text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} will not do: expected {least} to {most}")
    return number
