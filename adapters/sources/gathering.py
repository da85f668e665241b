"""Collecting the events of many things, where one that cannot be read or understood costs itself alone."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from adapters.sources.patience import Refused
from domain.errors import InvalidInput, SourceAway
from domain.events import Event
from domain.text import count, line

MANY = 3
"""So many things in a row, and not one that is understood: then it is not the things."""


class Gathering:
    """Events, and notes of what was left out."""

    def __init__(self, upstream: str) -> None:
        """Begin with nothing.

        Args:
            upstream: whose things these are, for messages.
        """
        self.events: list[Event] = []
        self.notes: list[str] = []
        self._upstream = upstream
        self._tried = 0

    def add(self, events: Iterable[Event]) -> None:
        """Take in events."""
        self.events += events

    @contextmanager
    def one(self, what: str) -> Iterator[None]:
        """Whatever in the block cannot be understood, or is not shown to us, is left out with a note.

        Args:
            what: the thing, as a person would know it.

        Raises:
            SourceAway: nothing at all is understood.
        """
        self._tried += 1
        try:
            yield
        except Refused as error:
            if not error.not_for_us:
                raise
            self.notes.append(f"{line(what, 100)} was left out: {error}")
        except (InvalidInput, KeyError, TypeError, ValueError, AttributeError) as error:
            why = (
                str(error) if isinstance(error, InvalidInput) else f"it is not of the documented shape ({error!r:.80})"
            )
            self.notes.append(f"{line(what, 100)} was left out: {line(why, 300)}")
            if self._tried > MANY and len(self.notes) == self._tried:
                raise SourceAway(
                    f"What {self._upstream} answered cannot be understood, none of {count(self._tried, 'thing')}: {why}"
                ) from error
