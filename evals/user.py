"""The person whom the program asks before it acts: says what the task lays down, and remembers the questions."""

from dataclasses import dataclass, field
from typing import Literal

from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

Reply = Literal["accept", "decline"]


@dataclass
class User:
    """Somebody who is asked. `reply` is changed from task to task; the questions pile up in `asked`."""

    reply: Reply = "decline"
    asked: list[str] = field(default_factory=list)

    async def answer_question(
        self,
        context: ClientRequestContext,  # noqa: ARG002 - the SDK passes it by name
        params: ElicitRequestParams,
    ) -> ElicitResult:
        """What the client does with an elicitation."""
        self.asked.append(params.message)
        return (
            ElicitResult(action="accept", content={"send": True})
            if self.reply == "accept"
            else ElicitResult(action="decline")
        )
