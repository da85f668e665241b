"""Small schemas that say the same: nothing that a caller needs may be lost with the bytes."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # comes with mcp, without types
from pydantic import BaseModel, Field, create_model

from server.mcp.schema import OUTPUT_DEPTH, compact_input, compact_output
from tools.catalog import TOOLS
from tools.spec import ToolSpec

READING = [spec for spec in TOOLS if not spec.acts]


class Leaf(BaseModel):
    """The innermost."""

    value: int
    unit: str | None = None


class Row(BaseModel):
    """A row; its fields have names that are also words of JSON Schema."""

    title: str
    required: bool
    default: float | None = None
    leaf: Leaf
    leaves: list[Leaf] = []


class Page(BaseModel):
    """An answer with everything in it that pydantic writes in a way of its own."""

    properties: tuple[Row, ...]
    kind: Literal["a", "b"]
    by_name: dict[str, Row] = {}
    first: Row | None = None
    either: int | str | None = None
    both: Leaf | str = ""
    note: Annotated[str, Field(description="what it means", max_length=9)] = ""


FULL = Page.model_json_schema()
TYPES: dict[str, Any] = {
    "text": str,
    "number": float,
    "choice": Literal["x", "y"],
    "flag": bool,
    "row": Row,
    "rows": list[Row],
    "map": dict[str, Leaf],
    "either": int | str,
}


@st.composite
def models(draw: st.DrawFn) -> type[BaseModel]:
    """Any flat model over these types: fields needed, optional, or with a default."""
    fields: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(["id", "title", "items", "enum", "format", "of"]), min_size=1)):
        type_ = TYPES[draw(st.sampled_from(sorted(TYPES)))]
        fields[name] = draw(st.sampled_from([(type_, ...), (type_ | None, None), (type_ | None, ...)]))
    return create_model("Any", **fields)


def words(value: Any) -> Iterator[str]:
    """Every key of every object below `value`."""
    if isinstance(value, Mapping):
        yield from value
        for inner in value.values():
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)


@settings(deadline=None, max_examples=40)
@given(models())
def test_no_property_and_nothing_required_is_lost_at_the_top(model: type[BaseModel]) -> None:
    """A field that a schema does not show is one that no client asks for."""
    schema = model.model_json_schema()
    for small in (compact_input(schema), compact_output(schema)):
        assert list(small["properties"]) == list(schema["properties"])
        assert small.get("required") == schema.get("required")
        assert small["type"] == "object"


@settings(deadline=None, max_examples=40)
@given(models())
def test_a_small_schema_stands_on_its_own_and_is_one(model: type[BaseModel]) -> None:
    """References are resolved, and no definitions are left behind to pay for."""
    schema = model.model_json_schema()
    for small in (compact_input(schema), compact_output(schema)):
        Draft202012Validator.check_schema(small)
        assert not {"$ref", "$defs"} & set(words(small))


def test_what_the_full_schema_accepts_the_small_one_accepts() -> None:
    """Nested rows, maps, choices and absent values; clients check answers against the small one."""
    leaf = {"value": 1, "unit": "h"}
    row = {"title": "t", "required": True, "leaf": leaf, "leaves": [leaf, {"value": 2}]}
    pages: list[dict[str, Any]] = [
        {"properties": [], "kind": "a"},
        {"properties": [row], "kind": "b", "by_name": {"x": row}, "first": row, "either": 3, "both": leaf, "note": "n"},
        {"properties": [row, row], "kind": "a", "either": "three", "both": "text"},
    ]
    for page in pages:
        for schema in (FULL, compact_output(FULL), compact_input(FULL)):
            Draft202012Validator(schema).validate(page)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "a"},
        {"properties": "none", "kind": "a"},
        {"properties": [{"title": 1}], "kind": "a"},
        {"properties": [], "kind": 1},
        {"properties": [], "kind": "a", "either": []},
    ],
)
def test_what_is_of_another_type_the_small_one_refuses_too(wrong: dict[str, Any]) -> None:
    """Small, but not empty."""
    for schema in (FULL, compact_output(FULL), compact_input(FULL)):
        assert not Draft202012Validator(schema).is_valid(wrong)


def test_optional_means_not_required_and_never_null() -> None:
    """`anyOf` with null doubles the size of every optional argument, and says no more."""
    small = compact_input(FULL)

    assert "null" not in json.dumps(small)
    assert "first" not in small["required"]
    assert small["properties"]["first"]["properties"]["title"] == {"type": "string"}
    assert small["properties"]["either"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def test_arguments_keep_descriptions_choices_and_bounds_and_take_nothing_else() -> None:
    """That is what a model goes by when it fills them in."""

    class Arguments(BaseModel):
        """Not for models."""

        project: Annotated[str, Field(min_length=1, max_length=200, description="id or name")]
        change: Annotated[Literal["delay", "outage"] | None, Field(description="what happens")] = None
        depth: Annotated[int, Field(ge=1, le=6)] = 3
        leaf: Annotated[Leaf | None, Field(description="one of them")] = None
        needed: Annotated[Leaf, Field(description="this one")]

    small = compact_input(Arguments.model_json_schema())

    assert small["additionalProperties"] is False
    assert small["properties"]["project"] == {"type": "string", "description": "id or name"}
    assert small["properties"]["change"] == {
        "type": "string",
        "enum": ["delay", "outage"],
        "description": "what happens",
    }
    assert small["properties"]["depth"] == {"type": "integer", "minimum": 1, "maximum": 6}
    assert small["properties"]["leaf"]["description"] == "one of them"
    assert small["properties"]["needed"]["description"] == "this one"
    assert "Not for models" not in json.dumps(small)


def test_answers_are_spelt_out_as_deep_as_rows_and_no_deeper() -> None:
    """What lies below speaks for itself when it is there; descriptions and choices are in the text of the tool."""
    small = compact_output(FULL)

    assert OUTPUT_DEPTH == 2
    row = small["properties"]["properties"]["items"]["properties"]
    assert set(row) == {"title", "required", "default", "leaf", "leaves"}
    assert row["leaf"] == {"type": "object"}
    assert row["leaves"] == {"type": "array"}
    assert small["properties"]["kind"] == {"type": "string"}
    assert not {"description", "enum", "default"} & set(words({k: v for k, v in small.items() if k != "properties"}))


def test_a_type_within_itself_comes_to_an_end() -> None:
    """A tree in an answer must not be unrolled for ever."""

    class Node(BaseModel):
        name: str
        children: "list[Node]" = []

    schema = Node.model_json_schema()
    wrapped = {"type": "object", "properties": {"root": schema["$defs"]["Node"]}, "$defs": schema["$defs"]}

    for small in (compact_input(wrapped), compact_output(wrapped)):
        assert not {"$ref", "$defs"} & set(words(small))
        Draft202012Validator(small).validate({"root": {"name": "a", "children": [{"name": "b", "children": []}]}})


@pytest.mark.parametrize("spec", READING, ids=lambda spec: spec.name)
def test_every_tool_s_answer_shows_every_field_at_the_top(spec: ToolSpec) -> None:
    """Not only in types made up for tests."""
    full = get_type_hints(spec.function)["return"].model_json_schema()
    small = compact_output(full)

    assert list(small["properties"]) == list(full["properties"])
    assert small["required"] == full["required"]
