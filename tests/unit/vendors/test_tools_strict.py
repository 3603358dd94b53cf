"""OpenAI's strict mode: every argument keeps the schema, or the function is left out."""

import json
from typing import Any

import pytest
from tests.support.tools import (
    CHOICE,
    TEXT,
    of,
    problems,
    property_of,
    written,
)

from midcall.vendors.tools.export import Format

# OpenAI, strict ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "required", "expected"),
    [
        (TEXT, True, {"type": "string"}),
        (TEXT, False, {"type": ["string", "null"]}),
        ({"enum": ["a", "b"]}, False, {"type": ["string", "null"], "enum": ["a", "b", None]}),
        ({"const": 5}, True, {"type": "integer", "enum": [5]}),
        ({"type": "string", "format": "email"}, True, {"type": "string", "format": "email"}),
        ({"type": "string", "format": "phone"}, True, {"type": "string", "description": '(format: "phone")'}),
        (
            {"type": "integer", "minimum": 1, "default": 3},
            True,
            {"type": "integer", "minimum": 1, "description": "(default: 3)"},
        ),
        (
            {"type": "string", "minLength": 2, "description": "A."},
            True,
            {"type": "string", "description": "A. (minLength: 2)"},
        ),
        ({"oneOf": [TEXT, {"type": "integer"}]}, True, {"anyOf": [TEXT, {"type": "integer"}]}),
        ({"anyOf": [TEXT, {"type": "null"}]}, True, {"type": ["string", "null"]}),
        ({"type": ["string", "integer"]}, False, {"anyOf": [TEXT, {"type": "integer"}, {"type": "null"}]}),
        ({"allOf": [TEXT, {"pattern": "x"}]}, True, {"type": "string", "pattern": "x"}),
        ({"type": "array", "items": TEXT, "minItems": 1}, True, {"type": "array", "minItems": 1, "items": TEXT}),
        (
            {**of(b=TEXT, c=TEXT), "required": ["c"]},
            True,
            {**of(b={"type": ["string", "null"]}, c=TEXT), "required": ["b", "c"], "additionalProperties": False},
        ),
        ({"type": "null"}, True, {"type": "null"}),
    ],
    ids=str,
)
def test_strict_asks_for_every_property_and_takes_null_for_optional_ones(
    declared: Any,
    required: bool,  # noqa: FBT001
    expected: Any,
) -> None:
    """And says in words what it has no keyword for."""
    assert property_of(Format.OPENAI_STRICT, declared, required=required) == expected


def test_strict_closes_the_top_as_well() -> None:
    """And says that it is strict."""
    document = written(Format.OPENAI_STRICT, of(a=TEXT))
    assert document["function"]["strict"] is True
    assert document["function"]["parameters"] == {
        **of(a={"type": ["string", "null"]}),
        "required": ["a"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("parameters", "loc"),
    [
        (CHOICE, "parameters.anyOf"),
        (of(a={"type": "string", "not": {"const": "x"}}), "parameters.properties.a.not"),
        (of(a={"allOf": [{"pattern": "a"}, {"pattern": "b"}]}), "parameters.properties.a.allOf"),
        ({**of(a=TEXT), "if": {"required": ["a"]}, "then": {}}, "parameters.if"),
        ({**of(a=TEXT), "dependentRequired": {"a": ["b"]}}, "parameters.dependentRequired"),
        ({**of(a=TEXT), "dependentSchemas": {"a": {}}}, "parameters.dependentSchemas"),
        ({**of(a=TEXT), "patternProperties": {"x": TEXT}}, "parameters.patternProperties"),
        ({**of(a=TEXT), "required": ["b"]}, "parameters.required"),
        (of(a={"type": "object", "additionalProperties": TEXT}), "parameters.properties.a.additionalProperties"),
        (of(a={"type": "object"}), "parameters.properties.a.properties"),
        (of(a={"type": "array"}), "parameters.properties.a.items"),
        (of(a={"type": "array", "prefixItems": [TEXT]}), "parameters.properties.a.prefixItems"),
        (of(a={"type": "array", "items": {}}), "parameters.properties.a.items"),
        (of(a={}), "parameters.properties.a"),
        (of(a={"anyOf": [TEXT, {}]}), "parameters.properties.a.anyOf.1"),
        (of(a={"enum": list(range(1_001))}), "parameters"),
        (of(a={"enum": [f"{n:0100}" for n in range(251)]}), "parameters"),
        (of(a=json.loads('{"type":"array","items":' * 10 + '{"type":"string"}' + "}" * 10)), "parameters"),
    ],
    ids=lambda case: str(case)[:60],
)
def test_strict_leaves_out_what_it_cannot_say_and_names_the_place(parameters: dict[str, Any], loc: str) -> None:
    """Arguments that are promised to fit must fit."""
    assert problems(Format.OPENAI_STRICT, parameters) == [(loc, False)]
