"""The conformance suite's fixtures that ask their caller something: once the old way, otherwise in several rounds."""

import json
from collections.abc import Callable
from typing import Any, Final, Literal

from mcp.server.mcpserver import AcceptedElicitation, Context
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel, Field

Call = Context[Any, Any]


def ask_for(field: str, message: str, kind: str = "string") -> ElicitRequest:
    """A form with one field."""
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def ask_model(prompt: str, max_tokens: int) -> CreateMessageRequest:
    """A question to the client's model."""
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[_said(prompt)], max_tokens=max_tokens))


def answered(ctx: Call, question: str, field: str) -> object:
    """What the user put into `field` in answer to `question`; None if that was not answered."""
    answer = (ctx.input_responses or {}).get(question)
    return answer.content.get(field) if isinstance(answer, ElicitResult) and answer.content else None


def _said(text: str) -> SamplingMessage:
    return SamplingMessage(role="user", content=TextContent(type="text", text=text))


# In several rounds: the protocol since 2026-07-28.


async def test_input_required_result_elicitation(ctx: Call) -> str | InputRequiredResult:
    """Ask for a name."""
    name = answered(ctx, "user_name", "name")
    if name is None:
        return InputRequiredResult(input_requests={"user_name": ask_for("name", "What is your name?")})
    return f"Hello, {name}!"


async def test_input_required_result_sampling(ctx: Call) -> str | InputRequiredResult:
    """Ask the client's model for a capital."""
    answer = (ctx.input_responses or {}).get("capital_question")
    if not isinstance(answer, CreateMessageResult):
        question = ask_model("What is the capital of France?", 100)
        return InputRequiredResult(input_requests={"capital_question": question})
    return f"The model said: {answer.content.text if isinstance(answer.content, TextContent) else 'nothing'}"


async def test_input_required_result_list_roots(ctx: Call) -> str | InputRequiredResult:
    """Ask for the client's roots."""
    answer = (ctx.input_responses or {}).get("client_roots")
    if not isinstance(answer, ListRootsResult):
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})
    return f"Roots: {', '.join(str(root.uri) for root in answer.roots)}"


async def test_input_required_result_request_state(ctx: Call) -> str | InputRequiredResult:
    """Ask, and know the question again."""
    if answered(ctx, "confirm", "ok") is None or ctx.request_state != "a nonce":
        confirm = ask_for("ok", "Please confirm", "boolean")
        return InputRequiredResult(input_requests={"confirm": confirm}, request_state="a nonce")
    return "state-ok"


async def test_input_required_result_multiple_inputs(ctx: Call) -> str | InputRequiredResult:
    """Ask the user, the model and the client at once."""
    questions: dict[str, InputRequest] = {
        "user_name": ask_for("name", "What is your name?"),
        "greeting": ask_model("Generate a greeting", 50),
        "client_roots": ListRootsRequest(),
    }
    if not questions.keys() <= (ctx.input_responses or {}).keys():
        return InputRequiredResult(input_requests=questions, request_state="all three")
    return "All answered"


async def test_input_required_result_multi_round(ctx: Call) -> str | InputRequiredResult:
    """Ask twice, one question after the other."""
    state = json.loads(ctx.request_state) if ctx.request_state else {}
    name = state.get("name") or answered(ctx, "step1", "name")
    if not state or name is None:
        first = ask_for("name", "Step 1: What is your name?")
        return InputRequiredResult(input_requests={"step1": first}, request_state=json.dumps({"round": 1}))
    color = answered(ctx, "step2", "color")
    if color is None:
        second = ask_for("color", "Step 2: What is your favorite color?")
        return InputRequiredResult(
            input_requests={"step2": second}, request_state=json.dumps({"round": 2, "name": name})
        )
    return f"{name} likes {color}."


async def test_input_required_result_tampered_state(ctx: Call) -> str | InputRequiredResult:
    """Ask, with a state that the server seals; one that was tampered with does not come this far."""
    if ctx.request_state is None:
        confirm = ask_for("ok", "Please confirm", "boolean")
        return InputRequiredResult(input_requests={"confirm": confirm}, request_state="sealed")
    return "state-ok"


async def test_input_required_result_capabilities(ctx: Call) -> InputRequiredResult:
    """Ask only what the client can answer."""
    able = ctx.client_capabilities
    questions: dict[str, InputRequest] = {}
    if able is not None and able.sampling is not None:
        questions["model"] = ask_model("Say hello", 50)
    if able is not None and able.elicitation is not None:
        questions["user"] = ask_for("name", "What is your name?")
    return InputRequiredResult(input_requests=questions, request_state="asked")


async def test_streaming_elicitation(ctx: Call) -> str | InputRequiredResult:
    """Ask after some progress was reported on the response's own stream."""
    await ctx.report_progress(progress=1, total=2)
    name = answered(ctx, "user_name", "name")
    if name is None:
        return InputRequiredResult(input_requests={"user_name": ask_for("name", "What is your name?")})
    return f"Hello, {name}!"


async def test_input_required_result_prompt(ctx: Call) -> str | InputRequiredResult:
    """Ask what to talk about before giving the prompt."""
    context = answered(ctx, "user_context", "context")
    if context is None:
        question = ask_for("context", "What context should the prompt use?")
        return InputRequiredResult(input_requests={"user_context": question})
    return f"Use the following context: {context}"


# While the call goes on: the protocol before that.


class Account(BaseModel):
    """A form with two fields."""

    username: str = Field(description="User's response")
    email: str = Field(description="User's email address")


class WithDefaults(BaseModel):
    """A form in which every kind of field is filled in already."""

    name: str = Field(default="John Doe", description="User name")
    age: int = Field(default=30, description="User age")
    score: float = Field(default=95.5, description="User score")
    status: Literal["active", "inactive", "pending"] = Field(default="active", description="User status")
    verified: bool = Field(default=True, description="Verification status")


def _choice(**schema: object) -> Any:
    return Field(json_schema_extra=dict(schema))  # type: ignore[arg-type]  # JSON values


class WithChoices(BaseModel):
    """A form with every way of offering a choice."""

    untitledSingle: str = _choice(enum=["active", "inactive", "pending"])  # noqa: N815 - the suite's names
    titledSingle: str = _choice(  # noqa: N815 - as above
        oneOf=[{"const": "low", "title": "Low Priority"}, {"const": "high", "title": "High Priority"}]
    )
    untitledMulti: list[str] = _choice(  # noqa: N815 - as above
        items={"type": "string", "enum": ["read", "write", "execute"]}
    )
    titledMulti: list[str] = _choice(  # noqa: N815 - as above
        items={"anyOf": [{"const": "feature", "title": "New Feature"}, {"const": "bug", "title": "Bug Fix"}]}
    )
    legacyEnum: str = _choice(  # noqa: N815 - as above
        enum=["small", "large"], enumNames=["Small Size", "Large Size"]
    )


async def test_sampling(prompt: str, ctx: Call) -> str:
    """Ask the client's model."""
    answer = await ctx.session.create_message(
        messages=[_said(prompt)], max_tokens=100, related_request_id=ctx.request_id
    )
    return f"LLM response: {answer.content.text if isinstance(answer.content, TextContent) else 'nothing'}"


async def test_elicitation(message: str, ctx: Call) -> str:
    """Ask the user."""
    return await _elicit(ctx, message, Account)


async def test_elicitation_sep1034_defaults(ctx: Call) -> str:
    """Ask the user with a form that is filled in."""
    return await _elicit(ctx, "Please provide user information", WithDefaults)


async def test_elicitation_sep1330_enums(ctx: Call) -> str:
    """Ask the user with a form of choices."""
    return await _elicit(ctx, "Please select values using different enum schema types", WithChoices)


async def _elicit(ctx: Call, message: str, form: type[BaseModel]) -> str:
    answer = await ctx.elicit(message=message, schema=form)
    content = answer.data.model_dump_json() if isinstance(answer, AcceptedElicitation) else "{}"
    return f"User response: action={answer.action}, content={content}"


ASKING_TOOLS: Final[tuple[Callable[..., Any], ...]] = (
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_tampered_state,
    test_input_required_result_capabilities,
    test_streaming_elicitation,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
)
ASKING_PROMPTS: Final[tuple[Callable[..., Any], ...]] = (test_input_required_result_prompt,)
