"""What every answer carries beside its content: when it is true, what it rests on, what it left out."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

from domain.errors import BadCursor
from domain.frozen import Frozen, Utc

Item = TypeVar("Item")

Detail = Literal["concise", "full"]


class Coverage(Frozen):
    """How far one store can be believed: `stale` means that events wait to be applied, `down` that it gave nothing."""

    state: Literal["ok", "stale", "down"]
    lag_seconds: float = 0.0


class Evidence(Frozen):
    """One thing that a statement rests on.

    Shape:
        kind: what sort of thing it is (`path`, `skill`, `work`, `review`, `manifest`, `declared`, ...).
        text: what it says, for a reader.
        at: when it was so.
        source: where it can be looked up: a path, a key, a commit, a URL.
    """

    kind: str
    text: str
    at: Utc | None = None
    source: str | None = None


class Named(Frozen):
    """Something that can be asked about further, by its id."""

    id: str
    name: str


class Answer(Frozen):
    """The part that all answers share.

    Shape:
        as_of: the moment the question was asked.
        coverage: for each store that was needed, how far it can be believed.
        notes: what was left out and why, definitions that matter, and anything that would mislead if unsaid.
    """

    as_of: Utc
    coverage: Mapping[str, Coverage] = {}
    notes: tuple[str, ...] = ()


class Listing(Answer):
    """An answer that is a list, given a page at a time. `truncated` is said before the rows are."""

    truncated: bool = False
    next_cursor: str | None = None


class Page(Frozen):
    """Where a page of a list begins and how to ask for the one after it."""

    offset: int
    limit: int
    question: str

    @classmethod
    def of(cls, cursor: str | None, limit: int, question: Sequence[Any]) -> "Page":
        """The page that `cursor` names in the answers to `question`, or the first one.

        Raises:
            BadCursor: it was not given out for this question.
        """
        digest = hashlib.sha256(json.dumps(question, default=str).encode()).hexdigest()[:12]
        if cursor is None:
            return cls(offset=0, limit=limit, question=digest)
        try:
            offset, asked = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=="))
        except (ValueError, TypeError, RecursionError, binascii.Error):
            raise BadCursor from None
        if asked != digest or not isinstance(offset, int) or not 0 < offset <= _FURTHEST:
            raise BadCursor
        return cls(offset=offset, limit=limit, question=digest)

    @property
    def end(self) -> int:
        """The index after the last row of this page."""
        return self.offset + self.limit

    def cut(self, rows: Sequence[Item]) -> tuple[tuple[Item, ...], str | None]:
        """The rows of this page out of all rows, and the cursor of the next page if there is one."""
        if self.end >= len(rows):
            return tuple(rows[self.offset :]), None
        token = json.dumps([self.end, self.question]).encode()
        return tuple(rows[self.offset : self.end]), base64.urlsafe_b64encode(token).decode().rstrip("=")


_FURTHEST: Final = 100_000
"""No list is read further than this; a larger offset was not given out by anybody."""
