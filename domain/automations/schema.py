"""What an event of each type has to say: the fields that conditions and templates may name, read off the types."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from domain.events import Actor, Body, Event
from domain.frozen import Frozen

FieldKind = Literal["text", "number", "truth", "moment", "texts"]


class Field(Frozen):
    """A field of an event.

    Shape:
        kind: what it holds; `texts` is a list of texts.
        optional: whether it can be absent.
        choices: the only texts it can hold, where they are known.
    """

    kind: FieldKind
    optional: bool = False
    choices: tuple[str, ...] = ()


_ENVELOPE: Final = ("id", "source", "occurred_at", "entity", "project", "actor")
_LABELS: Final = "labels."


@cache
def fields_of(event_type: str) -> Mapping[str, Field]:
    """The fields of an event type, by name: those of its body and of its envelope, `actor.name` and the like."""
    body = next(body for body in get_args(Body) if event_type in get_args(body.model_fields["type"].annotation))
    own = {name: field for name, field in Event.model_fields.items() if name in _ENVELOPE}
    told = dict(_named({**own, **body.model_fields}))
    return {**told, "type": Field(kind="text", choices=(event_type,))}


def field_of(event_type: str, name: str) -> Field | None:
    """The field `name` of an event type, or None if it has no such field."""
    if name.startswith(_LABELS) and event_type == "metric_sample":
        return Field(kind="text", optional=True)
    return fields_of(event_type).get(name)


def value_of(event: Event, name: str) -> Any:  # noqa: ANN401 - whatever kind the field has
    """What `event` has in the field `name`; None if it is absent or empty."""
    if name == "type":
        return event.type
    first, _, rest = name.partition(".")
    held: Any = getattr(event, first) if first in _ENVELOPE else getattr(event.body, first, None)
    if rest and held is not None:
        held = held.get(rest) if isinstance(held, Mapping) else getattr(held, rest, None)
    return None if held is None or held in ("", ()) else held


def said(value: object) -> str:
    """A field's value as a reader would write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _named(fields: Mapping[str, Any], before: str = "", *, absent: bool = False) -> Iterable[tuple[str, Field]]:
    for name, field in fields.items():
        types, optional = _plain(field.annotation)
        optional = optional or absent
        if len(types) == 1 and isinstance(types[0], type) and issubclass(types[0], BaseModel):
            if types[0] is Actor and not before:
                yield from _named(Actor.model_fields, f"{name}.", absent=optional)
            continue
        known = _field(types, optional=optional, empty=not field.is_required())
        if known is not None:
            yield before + name, known


def _plain(annotation: Any) -> tuple[tuple[Any, ...], bool]:  # noqa: ANN401 - any annotation
    """The types that an annotation allows, without None; and whether None is one."""
    choices = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    bare = (get_args(choice)[0] if get_origin(choice) is Annotated else choice for choice in choices)
    return tuple(choice for choice in bare if choice is not NoneType), NoneType in choices


def _field(types: tuple[Any, ...], *, optional: bool, empty: bool) -> Field | None:  # noqa: PLR0911 - one a kind
    [kind, *others] = types
    if others:
        return None
    if get_origin(kind) is Literal:
        return Field(kind="text", optional=optional, choices=tuple(map(str, get_args(kind))))
    if get_origin(kind) is tuple:
        return Field(kind="texts", optional=True) if get_args(kind)[0] is str else None
    if not isinstance(kind, type):
        return None
    if issubclass(kind, str):
        choices = tuple(str(choice) for choice in kind) if issubclass(kind, StrEnum) else ()
        return Field(kind="text", optional=optional or empty, choices=choices)
    if kind is bool:
        return Field(kind="truth", optional=optional)
    if issubclass(kind, int | float):
        return Field(kind="number", optional=optional)
    return Field(kind="moment", optional=optional) if issubclass(kind, datetime) else None
