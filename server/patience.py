"""Trying again while a store is away."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from domain.errors import StoreUnavailable

Result = TypeVar("Result")

ATTEMPTS: Final = 8
"""For somebody who waits for all of it."""
SOURCE_ATTEMPTS: Final = 6
"""For a source, which goes on later from where it was."""


async def patiently(step: Callable[[], Awaitable[Result]], attempts: int = ATTEMPTS) -> Result:
    """What `step` gives, once the store it needs is there. It must be harmless to repeat.

    Raises:
        StoreUnavailable: the store stayed away for so many attempts.
    """
    return await AsyncRetrying(
        retry=retry_if_exception_type(StoreUnavailable),
        stop=stop_after_attempt(attempts),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )(step)
