"""Refusals say in plain words what to give: each keyword of JSON Schema, and nothing of what is sensitive or filled."""

from typing import Any

import jsonschema_rs
import pytest

from midcall.domain.subschemas import KEYWORDS
from midcall.service.schemas.refusals import faults_as_text
from midcall.service.schemas.schemas import fitting_params, schema_faults, value_faults

#: Keywords that ask nothing of a value, and those that only another keyword gives a meaning to.
ASK_NOTHING = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"} | {
    *("contentEncoding", "contentMediaType", "contentSchema"),
}
INTEGER = {"type": "integer"}
#: A schema of one parameter with the keyword, what does not fit it, and what the refusal says.
CASES: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "type": (INTEGER, "soon", ("give a whole number", '"soon"')),
    "enum": ({"enum": ["Gold", 2]}, "bronze", ("one of: Gold, 2",)),
    "const": ({"const": "yes"}, "no", ("exactly yes",)),
    "minimum": ({"type": "integer", "minimum": 3}, 1, ("a whole number of at least 3", "not 1")),
    "maximum": ({"type": "number", "minimum": 1, "maximum": 3}, 4, ("a number from 1 to 3",)),
    "exclusiveMinimum": ({"type": "number", "exclusiveMinimum": 3}, 3, ("greater than 3",)),
    "exclusiveMaximum": ({"exclusiveMaximum": 3}, 3, ("a number less than 3",)),
    "multipleOf": ({"type": "integer", "multipleOf": 5}, 7, ("a multiple of 5",)),
    "minLength": ({"type": "string", "minLength": 3}, "a", ("text of at least 3 characters",)),
    "maxLength": ({"maxLength": 1}, "abc", ("at most 1 character",)),
    "pattern": ({"type": "string", "pattern": "^[0-9]{4}$"}, "a", ("such as 1234",)),
    "format": ({"type": "string", "format": "uuid"}, "a", ("a UUID, such as 3f2b",)),
    "minItems": ({"type": "array", "minItems": 2}, [1], ("a list with at least 2 entries",)),
    "maxItems": ({"type": "array", "maxItems": 1}, [1, 2], ("at most 1 entry",)),
    "uniqueItems": ({"type": "array", "uniqueItems": True}, [1, 1], ("all of them different",)),
    "contains": ({"type": "array", "contains": INTEGER}, ["a"], ("at least 1 of the entries is a whole number",)),
    "minContains": ({"contains": INTEGER, "minContains": 2}, [1], ("at least 2 of the entries",)),
    "maxContains": ({"contains": INTEGER, "maxContains": 1}, [1, 2], ("1 of the entries",)),
    "items": ({"type": "array", "items": INTEGER}, ["a"], ("p.0: give a whole number",)),
    "prefixItems": ({"prefixItems": [INTEGER]}, ["a"], ("p.0: give a whole number",)),
    "unevaluatedItems": ({"prefixItems": [{}], "unevaluatedItems": False}, [1, 2], ("leave out the entries",)),
    "minProperties": ({"minProperties": 2}, {"a": 1}, ("an object with at least 2 values",)),
    "maxProperties": ({"maxProperties": 1}, {"a": 1, "b": 1}, ("at most 1 value",)),
    "required": (
        {"required": ["a"], "properties": {"a": {"type": "string", "format": "date"}}},
        {},
        ("p.a: is missing; give a date as YYYY-MM-DD, such as",),
    ),
    "properties": ({"properties": {"a": INTEGER}}, {"a": "x"}, ("p.a: give a whole number",)),
    "patternProperties": ({"patternProperties": {"^a": INTEGER}}, {"ab": "x"}, ("p.ab: give a whole number",)),
    "additionalProperties": (
        {"properties": {"a": {}}, "additionalProperties": False},
        {"b": 1},
        ("leave out b; there is only a",),
    ),
    "unevaluatedProperties": (
        {"properties": {"a": {}}, "unevaluatedProperties": False},
        {"b": 1},
        ("leave out b; there is only a",),
    ),
    "propertyNames": ({"propertyNames": {"pattern": "^x"}}, {"a": 1}, ("each name is text", "such as x")),
    "dependentRequired": (
        {"dependentRequired": {"a": ["b"]}},
        {"a": 1},
        ("p.b: is missing, and needed where there is a",),
    ),
    "dependentSchemas": ({"dependentSchemas": {"a": {"required": ["b"]}}}, {"a": 1}, ("p.b: is missing",)),
    "dependencies": ({"dependencies": {"a": ["b"]}}, {"a": 1}, ("p.b: is missing, and needed where there is a",)),
    "allOf": ({"allOf": [INTEGER, {"minimum": 5}]}, 1, ("a whole number of at least 5",)),
    "anyOf": (
        {"anyOf": [INTEGER, {"type": "array", "items": INTEGER}]},
        "x",
        ("a whole number or a list, each of them a whole number",),
    ),
    "oneOf": ({"oneOf": [{"const": 1}, {"const": 2}]}, 3, ("exactly 1 or exactly 2",)),
    "not": ({"type": "string", "not": {"const": "root"}}, "root", ("text, but not exactly root",)),
    "if": ({"if": {"type": "string"}, "then": {"minLength": 3}}, "a", ("at least 3 characters",)),
    "then": ({"if": INTEGER, "then": {"minimum": 5}}, 3, ("of at least 5",)),
    "else": ({"if": INTEGER, "else": {"maxLength": 1}}, "abc", ("at most 1 character",)),
}
MORE: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "several of one": ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, ("fits several",)),
    "a branch that it is meant for": (
        {"anyOf": [{"type": "object", "properties": {"n": INTEGER}}, {"type": "null"}]},
        {"n": "x"},
        ("p.n: give a whole number",),
    ),
    "nothing at all": (False, 1, ("leave it out",)),
    "no further entries": ({"prefixItems": [{}], "items": False}, [1, 2], ("p.1: leave it out",)),
    "nothing in it": ({"additionalProperties": False}, {"b": 1}, ("leave out b",)),
    "two types": ({"type": ["integer", "null"]}, "x", ("a whole number or null",)),
    "an author's example": ({"type": "string", "minLength": 9, "examples": ["ORD-12345"]}, "a", ("such as ORD-12345",)),
    "an example that is no date": (
        {"type": "string", "format": "date", "examples": ["tomorrow", "1990-04-23"]},
        "soon",
        ("a date as YYYY-MM-DD, such as 1990-04-23",),
    ),
    "an example out of bounds": ({**INTEGER, "minimum": 5, "examples": [3]}, 1, ("of at least 5 (not 1)",)),
    "a flag for a number": ({**INTEGER, "examples": [True]}, "x", ("such as 5",)),
    "an example as people write it": (
        {"type": "string", "pattern": "^\\+[1-9][0-9]{1,14}$", "examples": ["030 123456"]},
        "x",
        ("such as +1555",),
    ),
    "an example beside a reference": ({"$ref": "#/$defs/d", "examples": [7]}, "x", ("whole number", "such as 7")),
    "what a reference means": ({"$ref": "#/$defs/d"}, 50, ("a whole number of at most 9",)),
    "many choices": ({"enum": [f"c{n}" for n in range(99)]}, "x", ("c19, and 79 more",)),
}
SIGNS = (
    "^",
    "\\",
    "[0-9]",
    "{4}",
    "is not of type",
    "valid under",
    "was expected",
    "None of",
    "False schema",
    "nequal",
)


def refusal(declared: Any, value: Any) -> str:
    """Say why one parameter is refused."""
    schema = {"type": "object", "properties": {"p": declared}, "$defs": {"d": {"type": "integer", "maximum": 9}}}
    assert schema_faults(schema, "parameters") == ()
    return faults_as_text(fitting_params(schema, {"p": value}, {})[1])


def test_each_keyword_has_its_words() -> None:
    """A keyword that is new to us has a case before it has users."""
    assert CASES.keys() == KEYWORDS - ASK_NOTHING


@pytest.mark.parametrize("name", [*CASES, *MORE])
def test_a_refusal_says_what_to_give(name: str) -> None:
    """Never a pattern, never a validator's sentence."""
    declared, value, says = {**CASES, **MORE}[name]
    told = refusal(declared, value)
    assert told.startswith("p")
    assert [said for said in says if said not in told] == []
    assert [sign for sign in SIGNS if sign in told] == []
    validator = jsonschema_rs.Draft202012Validator(
        {"properties": {"p": declared}, "$defs": {"d": {"type": "integer", "maximum": 9}}}, validate_formats=True
    )
    assert [error.message for error in validator.iter_errors({"p": value}) if error.message in told] == []


def test_one_sensitive_parameter_masks_itself_alone() -> None:
    """The others' values are told, since they are what is to be mended."""
    properties = {
        "pin": {"type": "string", "pattern": "^[0-9]{4}$", "x-midcall": {"sensitive": True}},
        "party_size": {"type": "integer", "maximum": 12},
    }
    schema = {"type": "object", "properties": properties}
    told = faults_as_text(fitting_params(schema, {"pin": "s3cr3t", "party_size": 40}, {})[1])
    assert "party_size: give a whole number of at most 12 (not 40)" in told
    assert "pin: give text in the form that is asked for, such as 1234" in told
    assert "s3cr3t" not in told
    assert "***" not in told


SECRET: dict[str, Any] = {"x-midcall": {"sensitive": True}}
SENSITIVE: dict[str, tuple[Any, Any]] = {
    "a text": ({"type": "integer", **SECRET}, "s3cr3t"),
    "a choice": ({"enum": ["s3cr3t-1", "s3cr3t-2"], **SECRET}, "s3cr3t"),
    "a constant": ({"const": "s3cr3t-1", **SECRET}, "s3cr3t"),
    "an example": ({"type": "integer", "examples": ["s3cr3t"], **SECRET}, "s3cr3t-4"),
    "a default": ({"type": "string", "maxLength": 6, "default": "s3cr3t", **SECRET}, "s3cr3t-4"),
    "a date": ({"type": "string", "format": "date", **SECRET}, "s3cr3t 03/05/2026"),
    "names in it": ({"type": "object", "additionalProperties": INTEGER, **SECRET}, {"s3cr3t": "s3cr3t"}),
    "a name too many": ({"type": "object", "additionalProperties": False, **SECRET}, {"s3cr3t": 1}),
    "a name that is not so": ({"type": "object", "propertyNames": {"maxLength": 1}, **SECRET}, {"s3cr3t": 1}),
    "a name that is missing": ({"type": "object", "required": ["s3cr3t"], **SECRET}, {}),
    "entries": ({"type": "array", "items": INTEGER, **SECRET}, ["s3cr3t"]),
    "a text in place of an object": ({"type": "object", "properties": {"pin": SECRET}}, "s3cr3t"),
    "further down": ({"properties": {"pin": {"type": "integer", **SECRET}}}, {"pin": "s3cr3t"}),
    "entries further down": ({"items": {"type": "integer", **SECRET}}, ["s3cr3t"]),
    "of several": ({"anyOf": [INTEGER, {"const": "s3cr3t-1"}], **SECRET}, "s3cr3t"),
    "not": ({"not": {"const": "s3cr3t"}, **SECRET}, "s3cr3t"),
}


@pytest.mark.parametrize("name", [name for name in SENSITIVE if name != "a name that is missing"])
def test_nothing_sensitive_is_in_a_refusal(name: str) -> None:
    """Neither what was sent nor what would be right, nor names in what is sensitive as a whole."""
    declared, value = SENSITIVE[name]
    told = refusal(declared, value)
    assert told
    assert "s3cr3t" not in told


def test_what_midcall_fills_is_not_the_callers_to_mend() -> None:
    """No value and no name of it is told among what may be given; what is missing is said to be the server's."""
    schema = {
        "type": "object",
        "properties": {
            "tenant": {"type": "integer", "x-midcall": {"constant": "acme-corp"}},
            "customer": {"type": "string", "x-midcall": {"from_variable": "customer_id"}},
            "size": INTEGER,
        },
        "required": ["customer"],
        "additionalProperties": False,
    }
    told = faults_as_text(fitting_params(schema, {"size": 1, "other": 2}, {})[1])
    assert "acme-corp" not in told
    assert "leave out other; there is only size" in told
    assert "customer: the server fills this in" in told
    assert "whole number" not in told


def test_a_result_is_told_what_it_must_be() -> None:
    """Its author reads that, nobody on a line."""
    schema = {"type": "object", "properties": {"n": INTEGER}}
    assert [fault.msg for fault in value_faults(schema, {"n": "x"}, "result")] == [
        'must be a whole number, such as 5 (not "x")'
    ]


def test_a_long_value_is_told_in_part() -> None:
    """And letters that say nothing to a reader not at all."""
    assert len(refusal(INTEGER, "x" * 10_000)) < 200
    assert "\u202e" not in refusal(INTEGER, "abc\u202e")
