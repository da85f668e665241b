"""How the consumers of the log are doing, told by whoever runs them to whoever asks."""

from collections.abc import Mapping
from typing import Protocol

from domain.breaker import BreakerState
from domain.frozen import Frozen, Utc
from domain.routing import Store


class ConsumerState(Frozen):
    """What the consumer of one store last said of itself. `why` is empty where nothing is wrong."""

    holder: str
    breaker: BreakerState
    why: str = ""
    since: Utc


class Consumers(Protocol):
    """The consumers of one organisation, in whatever process they run."""

    async def tell(self, store: Store, holder: str, breaker: BreakerState, why: str) -> None:
        """Write down how the consumer of `store` is doing."""

    async def states(self) -> Mapping[Store, ConsumerState]:
        """What each consumer last said; stores that nobody ever filled are absent."""
