"""Completions of the names of people, projects and teams, wherever an argument asks for one."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from domain.errors import EngintelError
from domain.lookup import Kind
from server.mcp.holder import EngineHolder

if TYPE_CHECKING:  # the engine brings drivers along, and listing tools must not wait for them
    from server.bootstrap import Engine

SHOWN: Final = 20
_KINDS: Final[dict[str, Kind]] = {"person": "person", "project": "project", "team": "team"}
Complete = Callable[
    [PromptReference | ResourceTemplateReference, CompletionArgument, CompletionContext | None],
    Awaitable[Completion | None],
]


def complete_with(holder: EngineHolder) -> Complete:
    """A handler that completes from the directory; without one it completes nothing."""

    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,  # noqa: ARG001 - the SDK passes it
    ) -> Completion | None:
        kind = _kind(ref, argument)
        if kind is None:
            return None
        try:
            values = await _values(await holder.engine(), kind, argument.value)
        except EngintelError:
            return None
        return Completion(values=values[:SHOWN], total=len(values), has_more=len(values) > SHOWN)

    return complete


def _kind(ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument) -> Kind | None:
    """What an argument names: by its own name, or by the template that its `id` belongs to."""
    if isinstance(ref, ResourceTemplateReference):
        place = str(ref.uri).removeprefix("engintel://").partition("/")[0]
        return _KINDS.get(place) if argument.name == "id" else None
    return _KINDS.get(argument.name)


async def _values(engine: "Engine", kind: Kind, typed: str) -> list[str]:
    """Ids that begin with what was typed, or whose names do; then those that are merely like it."""
    wanted = typed.strip().lower()
    named: list[tuple[str, str]]
    if kind == "person":
        named = [(p.id, p.name) for p in await engine.directory.people() if not p.bot]
    elif kind == "project":
        named = [(p.id, p.name) for p in await engine.directory.projects()]
    else:
        named = [(t.id, t.name) for t in await engine.directory.teams()]
    begin = [id_ for id_, name in named if id_.lower().startswith(wanted) or name.lower().startswith(wanted)]
    if not wanted:
        return begin
    alike = [found.id for found in await engine.directory.search(typed, [kind], SHOWN)]
    return list(dict.fromkeys([*begin, *alike]))
