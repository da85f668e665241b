"""What is known of OpenAI's embedding models (https://platform.openai.com/docs/guides/embeddings)."""

from typing import Final

DEFAULT_MODEL: Final = "text-embedding-3-small"
DIMENSIONS: Final = {"text-embedding-3-small": 1_536, "text-embedding-3-large": 3_072, "text-embedding-ada-002": 1_536}
"""The length of a model's vectors."""


def may_be_shorter(model: str) -> bool:
    """Whether vectors of `model` may be asked for at another length than its own."""
    return model.startswith("text-embedding-3")
