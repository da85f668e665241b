"""Who plays a task: the reference plan, or a model behind any OpenAI-compatible API. Both use the same real tools."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from evals.session import Session
from evals.task import Task

if TYPE_CHECKING:  # the client takes most of a second to import, and the scripted agent has no use for it
    from openai import AsyncOpenAI

ROUNDS: Final = 12
"""How often a model is asked before a task is given up."""
RESULT_LIMIT: Final = 16_000
"""Characters of one tool result that a model is shown; the server's own limit is half of it."""
_PATIENCE: Final = 120.0
_SYSTEM: Final = (
    "You assist an engineering lead. Answer from what the tools say and from nothing else; say what you could not "
    "find out. When you have what you need, answer in a few plain sentences."
)


class NoAnswer(Exception):
    """A model never came to an end. The text says what it did instead."""


class NotConfigured(Exception):
    """A setting of the model agent is missing. The text says which."""


class Agent(Protocol):
    """Plays tasks."""

    async def answer(self, task: Task, session: Session) -> str:
        """The final answer to what `task` asks, found with the tools of `session`."""


class ScriptedAgent:
    """Plays the reference plan of each task: no model, no key, the same every time."""

    async def answer(self, task: Task, session: Session) -> str:
        """Whatever the plan makes of what the tools say."""
        return await task.play(session)


class ModelAgent:
    """Lets a model choose the calls, as a host would: the task, the tools as listed, results as they come."""

    def __init__(self, model: str, client: "AsyncOpenAI") -> None:
        """Name the model.

        Args:
            model: its name, as the API knows it.
            client: of the API.
        """
        self._model = model
        self._client = client

    async def answer(self, task: Task, session: Session) -> str:
        """What the model says once it makes no more calls.

        Raises:
            NoAnswer: it was still calling tools after the last round, or said nothing.
        """
        functions = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
            }
            for tool in session.tools
        ]
        system = "\n\n".join(filter(None, (_SYSTEM, session.client.instructions)))
        session.messages += [{"role": "system", "content": system}, {"role": "user", "content": task.asked}]
        for _ in range(ROUNDS):
            completion = await self._client.chat.completions.create(
                model=self._model,
                messages=session.messages,  # type: ignore[arg-type]  # the plain form of the SDK's typed dicts
                tools=functions,  # type: ignore[arg-type]  # as above
            )
            if not completion.choices:
                raise NoAnswer("The API answered without a choice.")
            message = completion.choices[0].message
            said, calls = message.content or "", [c for c in message.tool_calls or () if c.type == "function"]
            # Put together anew: what an API adds to its own messages, another one refuses to be sent.
            kept = [call.model_dump(mode="json", include={"id", "type", "function"}) for call in calls]
            session.messages.append({"role": "assistant", "content": said} | ({"tool_calls": kept} if kept else {}))
            if not calls:
                if not said.strip():
                    raise NoAnswer("The model neither called a tool nor said anything.")
                return said
            for call in calls:
                told = await _carry_out(session, call.function.name, call.function.arguments)
                session.messages.append({"role": "tool", "tool_call_id": call.id, "content": _cut(told)})
        raise NoAnswer(f"The model was still calling tools after {ROUNDS} rounds.")


async def _carry_out(session: Session, tool: str, given: str) -> str:
    try:
        arguments = json.loads(given or "{}")
    except ValueError as error:
        return session.refuse(tool, given, f"The arguments of {tool} are not JSON: {error}. Nothing was called.")
    if not isinstance(arguments, dict):
        return session.refuse(tool, given, f"The arguments of {tool} must be one JSON object. Nothing was called.")
    return await session.read(tool, arguments)


def _cut(told: str) -> str:
    if len(told) <= RESULT_LIMIT:
        return told
    return f"{told[:RESULT_LIMIT]}\n(cut here: {len(told) - RESULT_LIMIT} characters more)"


def model_agent() -> ModelAgent:
    """The model that the environment names: ENGINTEL_EVAL_MODEL, OPENAI_API_KEY, OPENAI_BASE_URL.

    Raises:
        NotConfigured: one of them is missing or will not do.
    """
    from openai import AsyncOpenAI, OpenAIError  # noqa: PLC0415 - see above

    model = os.environ.get("ENGINTEL_EVAL_MODEL", "").strip()
    if not model:
        raise NotConfigured("ENGINTEL_EVAL_MODEL is not set: the name of the model that is to play.")
    settings: dict[str, Any] = {"timeout": _PATIENCE, "max_retries": 2}
    if file := os.environ.get("OPENAI_API_KEY_FILE"):
        settings["api_key"] = _secret(Path(file))
    try:
        return ModelAgent(model, AsyncOpenAI(**settings))
    except OpenAIError as error:
        raise NotConfigured(f"OPENAI_API_KEY is not set: {error}") from error


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotConfigured(f"OPENAI_API_KEY_FILE names {str(file)!r}, which cannot be read as text.") from error
