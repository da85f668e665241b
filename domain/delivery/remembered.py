"""A reading of the same events as a moment ago: whoever asks twice how a project is doing waits for it once."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Final

from domain.delivery.facts import Delivery
from domain.events import Event

_KEPT: Final = 16

Reader = Callable[[Sequence[Event], frozenset[str]], Delivery]
Key = tuple[frozenset[str], tuple[int, ...]]


class Remembered:
    """The last readings, by the very events that they are of: as long as one is kept, so are its events."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._readings: OrderedDict[Key, tuple[Sequence[Event], Delivery]] = OrderedDict()

    def of(self, events: Sequence[Event], bots: Collection[str], read: Reader) -> Delivery:
        """What `read` says of `events`, or said of them.

        Args:
            events: values, which never change; another object is another event, whatever it says.
            bots: the second argument of `read`.
            read: reads them.
        """
        key: Key = (frozenset(bots), tuple(map(id, events)))
        known = self._readings.pop(key, None) or (events, read(events, key[0]))
        self._readings[key] = known
        while len(self._readings) > _KEPT:
            self._readings.popitem(last=False)
        return known[1]
