"""Parameters as rows of a form, over schemas that say more than a form can."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.parameter_fields import (
    CUSTOM,
    KINDS,
    ParameterRow,
    beyond_rows,
    read_as,
    rows_of,
    with_rows,
    written,
)
from midcall.domain.parameters import FIELD_TYPES

PROPERTIES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "boolean", "array", "object", ["string", "null"]]),
            "format": st.sampled_from(["date", "email", "uuid"]),
            "items": st.sampled_from([{"type": "string"}, {"type": "number"}, {}]),
            "description": st.sampled_from(["", "Words", 5]),
            "examples": st.sampled_from([[], ["a"], [None], [1, 2]]),
            "default": st.sampled_from([None, "", 0, False, {"a": None}]),
            "x-midcall": st.just({"sensitive": True}),
        },
    ),
)
SCHEMAS = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("abcd"), PROPERTIES)},
    optional={"required": st.lists(st.sampled_from("abcdz"), unique=True), "additionalProperties": st.booleans()},
)


@given(SCHEMAS)
def test_looking_at_a_schema_as_a_form_changes_nothing(schema: dict[str, Any]) -> None:
    """Whatever the schema says, rows that nobody touched give it back, to the order of its keys."""
    assert json.dumps(with_rows(schema, rows_of(schema))) == json.dumps(schema)


@pytest.mark.parametrize("kind", [kind for kind in FIELD_TYPES if kind != "float"])
def test_each_type_of_field_is_recognised(kind: str) -> None:
    """A parameter that was declared by its type is shown by it."""
    assert rows_of({"properties": {"a": dict(FIELD_TYPES[kind])}})[0].kind == kind
    assert kind in KINDS


def test_what_a_row_cannot_say_is_named_and_kept_through_a_change() -> None:
    """Another name, type and description leave enum-like keywords where they were."""
    schema = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}, "required": ["a"], "not": {}}
    (row,) = rows_of(schema)
    assert row.beyond == ("maxLength",)
    assert beyond_rows(schema) == ("not",)
    changed = dataclasses.replace(row, name="b", kind="integer", description="How many", example=3)
    assert with_rows(schema, [changed, ParameterRow("c", "boolean", required=True)]) == {
        "type": "object",
        "properties": {
            "b": {"type": "integer", "maxLength": 5, "description": "How many", "examples": [3]},
            "c": {"type": "boolean"},
        },
        "required": ["b", "c"],
        "not": {},
    }


def test_a_removed_parameter_is_required_no_more() -> None:
    """Its name leaves `required`, names that no property has stay there."""
    schema = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "z", "b"]}
    assert with_rows(schema, rows_of(schema)[1:])["required"] == ["z", "b"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "5", "5"),
        ("integer", "5", 5),
        ("number", "2.5", 2.5),
        ("boolean", "yes", True),
        ("string[]", "a, b", ["a", "b"]),
        ("number[]", "1, 2.5", [1.0, 2.5]),
        ("string[]", '["a, b"]', ["a, b"]),
        (CUSTOM, '{"a": 1}', {"a": 1}),
        ("integer", " ", None),
    ],
)
def test_a_line_of_text_is_read_as_the_type_says(kind: str, text: str, value: object) -> None:
    """What stands in an input becomes a value of the parameter's type, and is written back as a text."""
    assert read_as(text, kind) == value
    assert read_as(written(value), kind) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "five"), ("boolean", "perhaps"), (CUSTOM, "{"), ("number[]", "a")]
)
def test_a_text_that_is_no_such_value_is_refused_with_the_cure(kind: str, text: str) -> None:
    """The message says what to write."""
    with pytest.raises(ValueError, match="write"):
        read_as(text, kind)
