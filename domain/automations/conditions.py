"""Conditions: read from a file, checked against what an event can hold at all, and held against an event."""

from typing import Final, get_args

from domain.automations.nodes import Node, Problem, expected, mapping, sequence, shown, text, texts
from domain.automations.rules import Changed, Condition, Operator
from domain.automations.schema import Field, field_of, fields_of, said, value_of
from domain.events import Event, FieldChange, Issue

OPERATORS: Final[tuple[str, ...]] = get_args(Operator)
_OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "text": ("is", "is_not", "one_of", "none_of", "contains", "starts_with", "present"),
    "texts": ("contains", "present"),
    "number": ("is", "is_not", "at_least", "at_most", "present"),
    "truth": ("is", "present"),
    "moment": ("present",),
}
_CHANGING: Final = ("issue_created", "issue_updated", "issue_deleted")


def read_conditions(node: Node, types: tuple[str, ...], what: str) -> tuple[tuple[Condition, ...], bool]:
    """The conditions under `where`, and whether any of them leaves some event out.

    Raises:
        Problem: a field is not there, or can never hold what is asked for.
    """
    conditions: list[Condition] = []
    narrow = False
    told = mapping(node, f"where of {what}", None)
    if not told:
        raise Problem(node.line, f"where of {what} is empty: add a condition or leave it out")
    for name, asked in told.items():
        line = node.keys[name]
        fields = []
        for kind in types:
            field = field_of(kind, name)
            if field is None:
                raise Problem(line, f"{kind} has no field {name!r}: {expected(name, tuple(fields_of(kind)))}")
            fields.append(field)
        for operator, value in _asked(asked, name, fields[0]):
            condition = _condition(name, operator, value, fields)
            conditions.append(condition)
            narrow |= not _always(condition, fields)
    return tuple(conditions), narrow


def read_changed(node: Node, types: tuple[str, ...], what: str) -> Changed:
    """What must have changed.

    Raises:
        Problem: events of these types tell of no changes.
    """
    told = mapping(node, f"changed of {what}", ("field", "from", "to"), ("field",))
    silent = [kind for kind in types if kind not in _CHANGING]
    if silent:
        raise Problem(node.line, f"changed of {what}: {silent[0]} tells of no changes; issue_updated does")
    return Changed(
        field=text(told["field"], "field"),
        to=texts(told["to"], "to") if "to" in told else (),
        before=texts(told["from"], "from") if "from" in told else (),
    )


def _asked(node: Node, name: str, field: Field) -> list[tuple[str, Node]]:
    """The operators and their values; a bare value means `is`, a bare list `one_of`, or `contains` for a list field."""
    if isinstance(node.value, dict):
        told = mapping(node, f"the condition on {name!r}", OPERATORS)
        if not told:
            raise Problem(node.line, f"the condition on {name!r} is empty: expected {', '.join(_OF_KIND[field.kind])}")
        return list(told.items())
    if isinstance(node.value, list):
        return [("one_of", node)]
    return [("contains" if field.kind == "texts" else "is", node)]


def _condition(name: str, operator: str, node: Node, fields: list[Field]) -> Condition:
    kind = fields[0].kind
    if operator not in _OF_KIND[kind] or any(field.kind != kind for field in fields):
        raise Problem(node.line, f"{operator} cannot be asked of {name!r}, a {kind}: use {', '.join(_OF_KIND[kind])}")
    wanted: tuple[str | float | bool, ...]
    if operator == "present" or kind == "truth":
        if not isinstance(node.value, bool):
            raise Problem(node.line, f"{operator} of {name!r}: expected true or false, not {shown(node)}")
        wanted = (node.value,)
    elif kind == "number":
        if isinstance(node.value, bool) or not isinstance(node.value, int | float):
            raise Problem(node.line, f"{operator} of {name!r}: expected a number, not {shown(node)}")
        wanted = (float(node.value),)
    elif operator in {"one_of", "none_of"}:
        wanted = tuple(text(item, f"{operator} of {name!r}") for item in sequence(node, f"{operator} of {name!r}"))
    else:
        wanted = (text(node, f"{operator} of {name!r}"),)
    _check_choices(name, operator, wanted, fields, node)
    return Condition(field=name, operator=operator, wanted=wanted)


def _check_choices(
    name: str, operator: str, wanted: tuple[str | float | bool, ...], fields: list[Field], node: Node
) -> None:
    """Refuse a text that the field can never hold: the rule would wait for ever."""
    choices = tuple(dict.fromkeys(choice for field in fields for choice in field.choices))
    if not choices or operator not in {"is", "is_not", "one_of", "none_of"}:
        return
    for word in wanted:
        if str(word).casefold() not in {choice.casefold() for choice in choices}:
            raise Problem(node.line, f"{name!r} is never {word!r}: {expected(str(word), choices)}")


def _always(condition: Condition, fields: list[Field]) -> bool:
    """Whether a condition holds for every event: it must then not count as one."""
    if condition.field in {"source", "type", "actor.source"}:
        return True
    if condition.operator == "present":
        return condition.wanted == (True,) and not any(field.optional for field in fields)
    choices = {choice.casefold() for field in fields for choice in field.choices}
    words = {str(word).casefold() for word in condition.wanted}
    return condition.operator in {"is", "one_of"} and bool(choices) and choices <= words


def holds(condition: Condition, event: Event) -> bool:  # noqa: PLR0911 - one a kind of field
    """Whether `event` is as `condition` wants it. What is absent is nothing, and is not anything in particular."""
    value = value_of(event, condition.field)
    if condition.operator == "present":
        return (value is not None) is condition.wanted[0]
    if value is None:
        return condition.operator in {"is_not", "none_of"}
    if isinstance(value, bool):
        return value is condition.wanted[0]
    if isinstance(value, int | float):
        [limit] = (float(wanted) for wanted in condition.wanted)
        return {"is": value == limit, "is_not": value != limit, "at_least": value >= limit, "at_most": value <= limit}[
            condition.operator
        ]
    wanted = [str(word).casefold() for word in condition.wanted]
    if isinstance(value, tuple):
        return wanted[0] in {str(item).casefold() for item in value}
    held = str(value).casefold()
    match condition.operator:
        case "is" | "one_of":
            return held in wanted
        case "is_not" | "none_of":
            return held not in wanted
        case "contains":
            return wanted[0] in held
        case _:
            return held.startswith(wanted[0])


def found(condition: Condition, event: Event) -> str:
    """A condition and what the event has there, for a reader."""
    value = value_of(event, condition.field)
    return f"{condition}: it is {said(value)}" if value is not None else f"{condition}: it is absent"


def change_of(changed: Changed, event: Event) -> FieldChange | None:
    """The change of `event` that `changed` asks for, or None."""
    if not isinstance(event.body, Issue):
        return None
    for change in event.body.changes:
        if (
            change.field.casefold() == changed.field.casefold()
            and _among(change.after, changed.to)
            and _among(change.before, changed.before)
        ):
            return change
    return None


def _among(value: str | None, wanted: tuple[str, ...]) -> bool:
    return not wanted or (value or "").casefold() in {word.casefold() for word in wanted}
