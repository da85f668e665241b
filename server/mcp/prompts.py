"""Prompts of ours as prompts of the SDK."""

from typing import Any

from mcp.server.mcpserver.prompts import Prompt as SdkPrompt
from mcp.server.mcpserver.prompts.base import PromptArgument

from prompts import Prompt


def as_sdk_prompt(prompt: Prompt) -> SdkPrompt:
    """The SDK's prompt around a file of ours."""

    def fill(**arguments: Any) -> str:  # noqa: ANN401 - the SDK passes what the client sent
        return prompt.fill(arguments)

    return SdkPrompt(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            PromptArgument(name=a.name, description=a.description, required=a.required) for a in prompt.arguments
        ],
        fn=fill,
    )
