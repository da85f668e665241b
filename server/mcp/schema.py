"""JSON schemas as small as they can be while still being of use: every byte of a tool list is paid for in every chat.

Absent and null mean the same in every argument and answer here, so an optional value is one that is not required.
Lengths are checked by the server and left out; a model does not count characters.
"""

from collections.abc import Mapping
from typing import Any, Final

JsonSchema = dict[str, Any]
_NOISE: Final = frozenset({"title", "default", "$defs", "minLength", "maxLength", "maxItems", "format", "pattern"})
_ANYTHING: Final = {"type": "object"}
OUTPUT_DEPTH: Final = 2
"""Levels of objects that an output schema spells out: the answer and its rows. What lies below speaks for itself."""


def compact_input(schema: Mapping[str, Any]) -> JsonSchema:
    """The schema of a tool's arguments, with the descriptions of arguments, and open to nothing else."""
    return {**_Compactor(schema, depth=10, describe=True).of(schema, 0), "additionalProperties": False}


def compact_output(schema: Mapping[str, Any]) -> JsonSchema:
    """The schema of a tool's answer: names and types; what is required is said at the top only, and no choices."""
    return _Compactor(schema, depth=OUTPUT_DEPTH, describe=False).of(schema, 0)


class _Compactor:
    def __init__(self, schema: Mapping[str, Any], *, depth: int, describe: bool) -> None:
        self._definitions: Mapping[str, Any] = schema.get("$defs", {})
        self._depth = depth
        self._describe = describe

    def of(self, schema: Mapping[str, Any], level: int, *, described: bool = False) -> JsonSchema:
        """`schema` made small; `level` is how many objects it lies within."""
        told = {"description": schema["description"]} if described and "description" in schema else {}
        if "$ref" in schema:
            return {**self.of(self._definitions[schema["$ref"].rpartition("/")[2]], level), **told}
        real = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
        if len(real) == 1:
            return {**self.of(real[0], level, described=described), **told}
        if schema.get("type") == "object" and level >= self._depth:
            return dict(_ANYTHING)
        return dict(self._parts(schema, level, described=described))

    def _parts(self, schema: Mapping[str, Any], level: int, *, described: bool) -> list[tuple[str, Any]]:
        parts: list[tuple[str, Any]] = []
        for name, value in schema.items():
            if name in _NOISE or (name == "description" and not described):
                continue
            if name == "properties":
                inner = {k: self.of(v, level + 1, described=self._describe) for k, v in value.items()}
                parts.append((name, inner))
            elif name == "items":
                rows = self.of(value, level)
                if rows != _ANYTHING:  # below the depth, "a list" says all there is
                    parts.append((name, rows))
            elif name == "anyOf":
                parts.append((name, [self.of(choice, level) for choice in value if choice.get("type") != "null"]))
            elif name == "additionalProperties" and isinstance(value, Mapping):
                parts.append((name, self.of(value, level + 1)))
            elif (name == "required" and level > 0) or (name == "enum" and not self._describe):
                continue
            else:
                parts.append((name, value))
        return parts
