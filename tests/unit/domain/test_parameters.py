"""Fields become JSON Schema, and what an LLM sends becomes the declared types."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.conversion import convert
from midcall.domain.parameters import FIELD_TYPES, field_faults, prepare, schema_of_fields


def test_fields_become_a_schema_of_an_object() -> None:
    """Type, description, example and default are kept; required ones are listed."""
    fields: list[dict[str, Any]] = [
        {"name": "order", "type": "integer", "description": "its number", "required": True, "example": 5},
        {"name": "mail", "type": "email", "default": "a@example.com"},
        {"name": "ids", "type": "number[]"},
        {"name": "own", "type": "custom", "jsonSchema": {"enum": [1, 2]}},
    ]
    assert field_faults(fields) == ()
    assert schema_of_fields(fields) == {
        "type": "object",
        "properties": {
            "order": {"type": "integer", "description": "its number", "examples": [5]},
            "mail": {"type": "string", "format": "email", "default": "a@example.com"},
            "ids": {"type": "array", "items": {"type": "number"}},
            "own": {"enum": [1, 2]},
        },
        "required": ["order"],
    }


def test_making_a_schema_leaves_the_table_of_types_alone() -> None:
    """What one field adds is not there in the next one of that type."""
    schema_of_fields([{"name": "a", "type": "string", "description": "x"}])
    assert FIELD_TYPES["string"] == {"type": "string"}


@pytest.mark.parametrize(
    ("field", "loc"),
    [
        ({"name": "a", "type": "text"}, "parameters.0.type"),
        ({"name": "a", "type": "String"}, "parameters.0.type"),
        ({"name": "a", "type": "custom"}, "parameters.0.jsonSchema"),
        ({"name": "a", "type": "custom", "jsonSchema": None}, "parameters.0.jsonSchema"),
    ],
)
def test_a_field_that_cannot_be_names_its_path(field: dict[str, Any], loc: str) -> None:
    """Unknown types, and custom ones without a schema."""
    assert [fault.loc for fault in field_faults([field])] == [loc]


def test_a_name_declared_twice_is_a_fault_of_the_second() -> None:
    """The message names the field."""
    faults = field_faults([{"name": "a", "type": "string"}, {"name": "a", "type": "string"}])
    assert [fault.loc for fault in faults] == ["parameters.1.name"]


@pytest.mark.parametrize(
    ("kind", "sent", "got"),
    [
        ("integer", "5", 5),
        ("integer", " 5 ", 5),
        ("integer", "-5", -5),
        ("integer", "+5", 5),
        ("integer", "5.0", 5),
        ("integer", 5.0, 5),
        ("integer", "1e3", 1000),
        ("integer", "5.5", "5.5"),
        ("integer", 5.5, 5.5),
        ("integer", "five", "five"),
        ("integer", "", ""),
        ("integer", "1_000", "1_000"),
        ("integer", "\u0663", "\u0663"),
        ("integer", "\u00b2", "\u00b2"),
        ("integer", "0x10", "0x10"),
        ("integer", "nan", "nan"),
        ("integer", "inf", "inf"),
        ("integer", "1e999", "1e999"),
        ("integer", "9" * 64, int("9" * 64)),
        ("integer", "9" * 65, "9" * 65),
        ("integer", "--5", "--5"),
        ("integer", "+-5", "+-5"),
        ("integer", True, True),
        ("integer", None, None),
        ("number", "5", 5.0),
        ("number", "5.25", 5.25),
        ("number", "1e-3", 0.001),
        ("number", "nan", "nan"),
        ("number", "-Infinity", "-Infinity"),
        ("number", "1e999", "1e999"),
        ("number", "1,5", "1,5"),
        ("number", 5, 5),
        ("boolean", "true", True),
        ("boolean", "No", False),
        ("boolean", "1", True),
        ("boolean", "maybe", "maybe"),
        ("boolean", 1, True),
        ("boolean", 2, 2),
        ("string", "5", "5"),
        ("string", 5, "5"),
        ("string", 12345.0, "12345"),
        ("string", True, True),
        ("string", 10**4_000, 10**4_000),
        (None, "5", "5"),
        (["integer", "null"], "5", "5"),
        ({"odd": 1}, "5", "5"),
    ],
)
def test_text_is_converted_where_that_is_plain(kind: Any, sent: Any, got: Any) -> None:
    """What does not convert stays as it was sent, for the check to refuse."""
    converted = convert({"type": kind}, sent)
    assert (converted, type(converted)) == (got, type(got))


@given(st.text(max_size=70), st.sampled_from(["integer", "number", "boolean"]))
def test_no_text_makes_the_conversion_fail(text: str, kind: str) -> None:
    """It converts or it stays."""
    convert({"type": kind}, text)


@pytest.mark.parametrize("declared", [True, None, "x", {}])
def test_a_property_without_a_type_converts_nothing(declared: Any) -> None:
    """`true` is a schema, too."""
    assert convert(declared, "5") == "5"


def test_defaults_are_added_and_constants_win() -> None:
    """A constant is set whatever was sent; what is not declared stays for the check to judge."""
    schema = {
        "type": "object",
        "properties": {
            "tenant": {"x-midcall": {"constant": "acme"}},
            "size": {"type": "integer", "default": 3},
            "flag": {"default": None},
            "any": True,
        },
    }
    sent = {"tenant": "evil", "other": 1}
    assert prepare(schema, sent)[0] == {"tenant": "acme", "size": 3, "flag": None, "other": 1}
    assert sent == {"tenant": "evil", "other": 1}
