"""Asking before acting: through the client where it can ask, with a preview and a handle where it cannot."""

import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import AcceptedElicitation, Context, Elicit, ElicitationResult, Resolve
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult
from pydantic import BaseModel, Field

from domain.actions import Draft
from domain.errors import UpstreamFailed
from domain.ports import Confirmations, OutboxEntry
from domain.ports.actions import STUCK, trouble
from server.mcp.bind import CONTEXT, arguments_of, finish, result_of, sign
from server.mcp.holder import EngineHolder
from tools.spec import ActionAnswer, ToolSpec

if TYPE_CHECKING:  # the engine brings drivers along, and listing tools must not wait for them
    from server.bootstrap import Engine

OPEN_FOR: Final = timedelta(minutes=10)
Request = Context[Any, Any]


class Confirm(BaseModel):
    """The answer to a question whether to send something."""

    send: bool = Field(default=True, description="Send exactly this?")


def can_ask(ctx: Request) -> bool:
    """Whether the client can put a form before its user. Some hosts declare nothing and would only report an error."""
    capabilities = ctx.client_capabilities
    asking = capabilities.elicitation if capabilities else None
    return asking is not None and (asking.form is not None or asking.url is None)


def principal() -> str:
    """Who is calling: the owner of the token, or whoever runs this process."""
    token = get_access_token()
    return f"token:{token.client_id}" if token else "local"


def bind_acting(spec: ToolSpec, holder: EngineHolder) -> Tool:
    """A tool that acts.

    Every round of a question drafts anew and reads the same, because the question's key stays until it is settled.
    Once it is settled the same confirmed request, sent a second time, meets a new question and sends nothing.
    """
    own = arguments_of(spec)
    names = [p.name for p in own]

    async def draft_with(engine: "Engine", arguments: dict[str, Any]) -> Draft:
        drafted = await spec.function(engine.context(), **{name: arguments[name] for name in names})
        assert isinstance(drafted, Draft)
        engine.courier.check(drafted)
        return drafted

    async def ask(**given: Any) -> Elicit[Confirm] | None:  # noqa: ANN401 - the signature given below says what
        ctx: Request = given.pop("ctx")
        if given["handle"] is not None or not can_ask(ctx):
            return None
        engine = await holder.engine()
        draft = await draft_with(engine, given)
        key = await _confirmations(engine).ask(draft, principal(), OPEN_FOR)
        return Elicit(f"{draft.question}\n\n(question {key[:6]})", Confirm)

    async def call(**given: Any) -> CallToolResult:  # noqa: ANN401 - the signature given below says what
        answer: object = given.pop("confirmed")
        ctx: Request = given.pop("ctx")
        engine = await holder.engine()
        draft = await draft_with(engine, given)
        who = principal()
        if given["handle"] is not None:
            key = await _confirmations(engine).spend(given["handle"], draft, who)
            return await _deliver(engine, key, draft, who)
        if not can_ask(ctx):
            handle = await _confirmations(engine).offer(draft, who, OPEN_FOR)
            return await _answer(engine, draft, status="preview", handle=handle)
        key = await _confirmations(engine).ask(draft, who, OPEN_FOR)
        if isinstance(answer, AcceptedElicitation) and isinstance(answer.data, Confirm) and answer.data.send:
            if await _confirmations(engine).settle(key):
                return await _deliver(engine, key, draft, who)
            return await _answer(engine, draft, status="declined")
        await _confirmations(engine).settle(key)
        await engine.courier.decline(draft, who)
        return await _answer(engine, draft, status="declined")

    handle = inspect.Parameter(
        "handle",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[str | None, Field(max_length=100, description="from the preview, to confirm it")],
    )
    parameters = {p.name: p for p in (*own, handle)}
    sign(ask, f"ask_{spec.name}", {p.name: p for p in (*own, handle, CONTEXT)}, Elicit[Confirm] | None)
    confirmed = inspect.Parameter(
        "confirmed",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[ElicitationResult[Confirm], Resolve(ask)],
    )
    sign(
        call,
        spec.name,
        {**parameters, "confirmed": confirmed, "ctx": CONTEXT},
        Annotated[CallToolResult, ActionAnswer],
    )
    return finish(spec, call)


def _confirmations(engine: "Engine") -> Confirmations:
    """Where questions are kept, for somebody who waits for an answer. What is lost on the way there sends nothing."""
    return engine.within(engine.settings.deadline_seconds).confirmations


async def _deliver(engine: "Engine", key: str, draft: Draft, who: str) -> CallToolResult:
    if draft.effects:
        return await _run(engine, draft, who)
    entry: OutboxEntry = await engine.courier.deliver(key, draft, who)
    return await _answer(engine, draft, status="done", url=entry.url, key=entry.receipt)


async def _run(engine: "Engine", draft: Draft, who: str) -> CallToolResult:
    """Carry out the effects of a rule. What did not arrive is the answer's first concern."""
    entries = await engine.courier.run_by_hand(draft, who)
    told = [f"{e.draft.target}: {e.state}" + (f" ({e.reason})" if e.reason else "") for e in entries]
    if any(entry.state != "done" for entry in entries):
        raise UpstreamFailed(f"Not all of it was done. {'; '.join(told)}. `engintel outbox` follows it.")
    return await _answer(engine, draft, *told, status="done", url=entries[0].url, key=entries[0].receipt)


async def _answer(engine: "Engine", draft: Draft, *told: str, **fields: Any) -> CallToolResult:  # noqa: ANN401 - checked by the model
    notes = {
        "preview": "Nothing was sent. Show the text and the target to the user; to send it, call again with the handle",
        "declined": "Nothing was sent: the user said no",
        "done": "",
    }
    stuck = trouble(await engine.outbox.entries(STUCK)) if draft.effects else ""
    about = await engine.context().about((), notes[fields["status"]], *told, stuck)
    return result_of(ActionAnswer(target=draft.target, text=draft.text, **fields, **about))
