"""Texts with places in them.

`{event.title}` is what the event says, `{event.url|no link}` has a word for when it is silent. Which places there are
is known beforehand, so a template that names another one is refused when it is read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from domain.frozen import Frozen

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_EVENT: Final = "event."

CONTEXT: Final[Mapping[str, str]] = {
    "actor": "who did it: their name, or `somebody`",
    "project": "the name of the project",
    "channel": "the Slack channel of the project, as `channels` says",
    "link": "where it can be seen: its address, or `no link`",
    "rule": "the name of the rule",
    "issue": "the issue that is mentioned; with `mentions: issue`",
    "summary": "what a sprint completed; for sprints",
}
"""The places that are no fields of the event."""


class BadTemplate(ValueError):
    """A text that is no template; says why."""


class Place(Frozen):
    """A place in a template: what it names, and what to say where that is absent."""

    name: str
    otherwise: str

    @property
    def field(self) -> str | None:
        """The field of the event that it names, if it names one."""
        return self.name.removeprefix(_EVENT) if self.name.startswith(_EVENT) else None


class Template(Frozen):
    """A text with places, in order."""

    pieces: tuple[str | Place, ...]

    @classmethod
    def parse(cls, text: str) -> "Template":
        """The template that `text` writes down. `{{` and `}}` stand for braces.

        Raises:
            BadTemplate: a brace has no partner, or a place has no name.
        """
        return cls(pieces=tuple(_pieces(text)))

    @property
    def places(self) -> tuple[Place, ...]:
        """Its places."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Place))

    @property
    def fixed(self) -> str | None:
        """The whole text, if it is the same for every event."""
        return None if self.places else "".join(piece for piece in self.pieces if isinstance(piece, str))

    def fill(self, says: Callable[[Place], str | None]) -> str:
        """The text, each place with what `says` gives for it; where that is None, with what stands for absence."""
        return "".join(
            piece if isinstance(piece, str) else piece.otherwise if (told := says(piece)) is None else told
            for piece in self.pieces
        )

    def __str__(self) -> str:
        return self.fill(lambda place: f"{{{place.name}}}")


def _pieces(text: str) -> Iterator[str | Place]:
    for found in _PIECE.finditer(text):
        piece = found[0]
        if piece in {"{{", "}}"}:
            yield piece[0]
        elif piece in {"{", "}"}:
            raise BadTemplate(f"{piece!r} at character {found.start() + 1} has no partner; write it twice for a brace")
        elif found[1] is None:
            yield piece
        else:
            name, bar, otherwise = found[1].partition("|")
            if not name.strip():
                raise BadTemplate(f"the place at character {found.start() + 1} has no name")
            name = name.strip()
            yield Place(name=name, otherwise=otherwise.strip() if bar else f"(no {name.rpartition('.')[2]})")
