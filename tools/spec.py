"""How a function becomes a tool: its docstring is what a model reads, its signature the arguments."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.actions import ActionStatus, Draft
from domain.answers import Answer

Read = TypeVar("Read", bound=Callable[..., Awaitable[Answer]])
Act = TypeVar("Act", bound=Callable[..., Awaitable[Draft]])


class ActionAnswer(Answer):
    """What became of an action.

    Shape:
        status: `preview` (nothing was sent: call again with `handle`), `done`, or `declined`.
        target: where it goes, as in the allowlist.
        text: exactly what is, or was, sent.
        handle: given with a preview; confirms it once, within ten minutes.
        url, key: where the result can be seen and what the upstream calls it, once done.
    """

    status: ActionStatus
    target: str
    text: str
    handle: str | None = None
    url: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class ToolSpec:
    """A tool.

    Shape:
        function: takes a `ToolContext` first; a reading tool returns its answer, an acting one the draft of what it
            would do.
        title: what a person sees.
        acts: whether it changes anything outside.
        destructive: whether it can change what is there, and not only add to it.
        idempotent: whether doing it twice is the same as doing it once.
        open_world: whether it reaches beyond the organisation's own stores.
    """

    function: Callable[..., Awaitable[Any]]
    title: str
    acts: bool
    destructive: bool
    idempotent: bool
    open_world: bool

    @property
    def name(self) -> str:
        """Its name, verb first."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """What a model is told of it: the docstring, as one paragraph."""
        return " ".join((self.function.__doc__ or "").split())


def reads(*, title: str) -> Callable[[Read], Read]:
    """Mark a function as a tool that only reads."""

    def mark(function: Read) -> Read:
        vars(function)["tool"] = ToolSpec(
            function, title, acts=False, destructive=False, idempotent=True, open_world=False
        )
        return function

    return mark


def acts(*, title: str, idempotent: bool, destructive: bool = False) -> Callable[[Act], Act]:
    """Mark a function as a tool that acts: it drafts, and the server asks, sends once and writes down."""

    def mark(function: Act) -> Act:
        vars(function)["tool"] = ToolSpec(
            function, title, acts=True, destructive=destructive, idempotent=idempotent, open_world=True
        )
        return function

    return mark


def spec_of(function: Callable[..., Any]) -> ToolSpec:
    """The tool that `reads` or `acts` made of a function."""
    spec = vars(function)["tool"]
    assert isinstance(spec, ToolSpec)
    return spec
