"""A tool of ours as a tool of the SDK: same arguments, small schemas, one copy of the content."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, get_type_hints

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, TextContent, ToolAnnotations

from domain.answers import Answer
from server.mcp.holder import EngineHolder
from server.mcp.render import structured, text
from server.mcp.schema import compact_input, compact_output
from tools.spec import ToolSpec

Call = Callable[..., Awaitable[CallToolResult]]


def result_of(answer: Answer) -> CallToolResult:
    """An answer on its way out: structured for programs, the same as compact text for models."""
    content = structured(answer)
    return CallToolResult(content=[TextContent(type="text", text=text(content))], structured_content=content)


def arguments_of(spec: ToolSpec) -> list[inspect.Parameter]:
    """What a caller may pass: the function's parameters, but for the context that comes first."""
    hints = get_type_hints(spec.function, include_extras=True)
    parameters = list(inspect.signature(spec.function).parameters.values())[1:]
    return [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]


def sign(call: Callable[..., Any], name: str, parameters: Mapping[str, inspect.Parameter], returns: object) -> None:
    """Give `call`, which takes anything, the signature that the SDK reads its arguments from."""
    call.__name__ = name
    call.__qualname__ = name
    vars(call)["__signature__"] = inspect.Signature(list(parameters.values()), return_annotation=returns)
    call.__annotations__ = {p.name: p.annotation for p in parameters.values()} | {"return": returns}


def bind_reading(spec: ToolSpec, holder: EngineHolder) -> Tool:
    """A tool that reads."""

    async def call(**arguments: Any) -> CallToolResult:  # noqa: ANN401 - the signature given below says what
        engine = await holder.engine()
        return result_of(await spec.function(engine.context(), **arguments))

    returns = get_type_hints(spec.function)["return"]
    parameters = {p.name: p for p in arguments_of(spec)}
    sign(call, spec.name, parameters, Annotated[CallToolResult, returns])
    return finish(spec, call)


def finish(spec: ToolSpec, call: Call) -> Tool:
    """The SDK's tool around `call`, with its hints explicit and its schemas small."""
    tool = Tool.from_function(
        call,
        name=spec.name,
        title=spec.title,
        description=spec.description,
        annotations=ToolAnnotations(
            read_only_hint=not spec.acts,
            destructive_hint=spec.destructive,
            idempotent_hint=spec.idempotent,
            open_world_hint=spec.open_world,
        ),
    )
    tool.parameters = compact_input(tool.parameters)
    assert tool.fn_metadata.output_schema is not None
    tool.fn_metadata.output_schema = compact_output(tool.fn_metadata.output_schema)
    return tool


CONTEXT = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=Context)
"""How a bound function asks the SDK for the request that it serves."""
