"""Completions of the names of people, projects and teams, wherever an argument asks for one."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference
from mcp_types.jsonrpc import INVALID_PARAMS

from domain.errors import EngintelError
from domain.lookup import Kind
from domain.text import line, slug
from server.mcp.holder import EngineHolder

if TYPE_CHECKING:  # the engine brings drivers along, and listing tools must not wait for them
    from server.bootstrap import Engine

SHOWN: Final = 20
_KINDS: Final[dict[str, Kind]] = {"person": "person", "project": "project", "team": "team"}
Complete = Callable[
    [PromptReference | ResourceTemplateReference, CompletionArgument, CompletionContext | None],
    Awaitable[Completion | None],
]


def complete_with(server: MCPServer[Any], holder: EngineHolder) -> Complete:
    """A handler that completes what `server` asks for from the directory; without one it completes nothing."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,  # noqa: ARG001 - the SDK passes it
    ) -> Completion | None:
        await _check(server, ref, argument.name)
        kind = _kind(ref, argument)
        if kind is None:
            return None
        try:
            engine = await holder.engine()
            values = await _values(engine.within(engine.settings.deadline_seconds), kind, argument.value)
        except EngintelError:
            return None
        return Completion(values=values[:SHOWN], total=len(values), has_more=len(values) > SHOWN)

    return complete


async def _check(server: MCPServer[Any], ref: PromptReference | ResourceTemplateReference, argument: str) -> None:
    """Refuse to complete what is not there: an empty answer would look as if nobody had such a name."""
    if isinstance(ref, PromptReference):
        what, wanted = "prompt", ref.name
        known = {p.name: [a.name for a in p.arguments or ()] for p in await server.list_prompts()}
    else:
        what, wanted = "resource template", ref.uri
        templates = await server.list_resource_templates()
        known = {t.uri_template: UriTemplate.parse(t.uri_template).variable_names for t in templates}
    if wanted not in known:
        raise MCPError(INVALID_PARAMS, f"There is no {what} {line(wanted, 80)!r}. There are: {', '.join(known)}.")
    if argument not in known[wanted]:
        takes = ", ".join(known[wanted])
        raise MCPError(INVALID_PARAMS, f"{wanted} has no argument {line(argument, 80)!r}. It takes: {takes}.")


def _kind(ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument) -> Kind | None:
    """What an argument names: by its own name, or by the template that its `id` belongs to."""
    if isinstance(ref, ResourceTemplateReference):
        place = str(ref.uri).removeprefix("engintel://").partition("/")[0]
        return _KINDS.get(place) if argument.name == "id" else None
    return _KINDS.get(argument.name)


async def _values(engine: "Engine", kind: Kind, typed: str) -> list[str]:
    """Ids that begin with what was typed, or whose names do, with or without accents; then what is merely like it."""
    wanted = typed.strip().lower()
    plain = slug(typed)
    named: list[tuple[str, str]]
    if kind == "person":
        named = [(p.id, p.name) for p in await engine.directory.people() if not p.bot]
    elif kind == "project":
        named = [(p.id, p.name) for p in await engine.directory.projects()]
    else:
        named = [(t.id, t.name) for t in await engine.directory.teams()]
    begin = [
        id_
        for id_, name in named
        if id_.lower().startswith(wanted) or name.lower().startswith(wanted) or (plain and slug(name).startswith(plain))
    ]
    if not wanted:
        return begin
    alike = [found.id for found in await engine.directory.search(typed, [kind], SHOWN)]
    return list(dict.fromkeys([*begin, *alike]))
