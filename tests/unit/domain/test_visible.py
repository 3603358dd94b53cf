"""What an LLM may see of parameters: nothing that is hidden, and nothing that would turn a good call away."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.schemas import HIDDEN_NAMES, MARKS, hiding, sendable

from midcall.domain.expanded import MAX_CHARS, MAX_DEPTH, MAX_NODES, Unexpandable, expanded
from midcall.domain.visible import plain, visible

CONSTANT = {"type": "string", "x-midcall": {"constant": "acme"}}
TEXT = {"type": "string"}


def of(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


@given(schema=hiding())
@settings(max_examples=150, deadline=None)
def test_nothing_hidden_stands_anywhere(schema: dict[str, Any]) -> None:
    """No hidden name, no constant, no option, wherever the schema names them."""
    text = json.dumps(visible(schema))
    assert [mark for mark in MARKS if mark in text] == []
    assert "$" not in text


def without_hidden(value: Any) -> Any:
    """Return what an LLM would send of a value."""
    if isinstance(value, dict):
        return {name: without_hidden(child) for name, child in value.items() if name not in HIDDEN_NAMES}
    return value


@given(schema=hiding(), sent=st.lists(sendable(), min_size=10, max_size=10))
@settings(max_examples=150, deadline=None)
def test_whatever_midcall_takes_may_be_sent(schema: dict[str, Any], sent: list[Any]) -> None:
    """The visible schema is never stricter than the whole one: hiding turns no good call away."""
    whole, seen = (jsonschema_rs.Draft202012Validator(each) for each in (schema, visible(schema)))
    for value in sent:
        if whole.is_valid(value):
            seen.validate(without_hidden(value))


def test_the_test_above_has_values_to_hold_against_it() -> None:
    """Some of them fit some schemas, with hidden parameters in both."""
    schema = {**of(a=TEXT, hidden_k=CONSTANT), "oneOf": [{"required": ["hidden_k"]}, {"required": ["a", "hidden_k"]}]}
    whole = jsonschema_rs.Draft202012Validator(schema)
    assert whole.is_valid({"hidden_k": "SECRET"})
    assert not whole.is_valid({"a": "x", "hidden_k": "SECRET"})


def needs(*names: str) -> dict[str, Any]:
    """Return a schema that asks for properties."""
    return {"required": list(names)}


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (needs("a", "k"), needs("a")),
        (needs("k"), {}),
        ({"anyOf": [needs("a"), needs("k")]}, {}),
        ({"anyOf": [needs("a", "k"), needs("b")]}, {"anyOf": [needs("a"), needs("b")]}),
        ({"oneOf": [needs("a", "k"), needs("b")]}, {"anyOf": [needs("a"), needs("b")]}),
        ({"oneOf": [needs("a"), needs("b")]}, {"oneOf": [needs("a"), needs("b")]}),
        ({"allOf": [needs("k")]}, {}),
        ({"not": needs("k")}, {}),
        ({"if": {"properties": {"k": {"const": "acme"}}}, "then": needs("a")}, {}),
        ({"if": needs("a"), "then": needs("k", "b")}, {"if": needs("a"), "then": needs("b")}),
        ({"dependentRequired": {"a": ["k"], "k": ["a"], "b": ["a", "k"]}}, {"dependentRequired": {"b": ["a"]}}),
        ({"dependentSchemas": {"k": needs("a")}}, {}),
        ({"propertyNames": {"enum": ["a", "b", "k"]}, "minProperties": 2, "maxProperties": 3}, {}),
        ({"patternProperties": {"^k$": {}}, "additionalProperties": False}, {}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"unevaluatedProperties": False}, {"unevaluatedProperties": False}),
        ({"if": needs("k"), "then": of(e=TEXT), "unevaluatedProperties": False}, {}),
        ({"anyOf": [needs("k"), of(e=TEXT)], "unevaluatedProperties": False}, {}),
        ({"examples": [{"a": "x", "k": "acme"}, {"a": "y"}]}, {"examples": [{"a": "y"}]}),
        ({"default": {"k": "acme"}, "$comment": "acme", "x-own": "acme"}, {}),
        ({"description": "Look it up."}, {"description": "Look it up."}),
    ],
    ids=lambda case: json.dumps(case)[:60],
)
def test_each_place_that_names_a_hidden_parameter_is_cleared(given: dict[str, Any], seen: dict[str, Any]) -> None:
    """And a condition that would mean something else without it is left out whole."""
    expected = {**of(a=TEXT, b=TEXT), **seen}
    assert visible({**of(a=TEXT, b=TEXT, k=CONSTANT), **given}) == expected


def test_references_are_written_out_and_their_definitions_dropped() -> None:
    """What stands beside a reference wins if it only describes, and is asked as well if it asks for something."""
    schema = {
        **of(
            a={"$ref": "#/$defs/size", "description": "Own words."},
            b={"$ref": "#/$defs/size", "maximum": 9},
            k={"$ref": "#/$defs/only_hidden", "x-midcall": {"constant": 5}},
        ),
        "$defs": {"size": {"type": "integer", "description": "A size."}, "only_hidden": {"description": "acme"}},
    }
    size = {"type": "integer", "description": "A size."}
    assert visible(schema) == of(a={**size, "description": "Own words."}, b={"maximum": 9, "allOf": [size]})


def test_a_name_may_be_hidden_here_and_seen_there() -> None:
    """Only the object that hides it goes without it."""
    inner = {**of(id=TEXT), "required": ["id"]}
    schema = {**of(id=CONSTANT, order=inner), "required": ["id", "order"]}
    assert visible(schema) == {**of(order=inner), "required": ["order"]}


def test_a_property_may_be_called_like_a_keyword() -> None:
    """Names are no keywords."""
    odd = of(**{"$ref": TEXT, "required": TEXT, "x-own": TEXT, "properties": of(not_=TEXT)})
    assert visible(odd) == odd


def test_parameters_that_are_all_hidden_leave_an_object_without_any() -> None:
    """The LLM sends nothing, and is told so."""
    assert visible({**of(k=CONSTANT), "required": ["k"]}) == of()
    assert visible({"type": "object"}) == of()


def test_a_result_hides_nothing_but_its_notes() -> None:
    """An output schema is a promise about the whole result."""
    schema = {**of(k={**CONSTANT, "$ref": "#/$defs/x"}), "required": ["k"], "$defs": {"x": {"maxLength": 3}}}
    assert plain(schema) == {**of(k={"type": "string", "allOf": [{"maxLength": 3}]}), "required": ["k"]}


def fan(width: int, text: int) -> dict[str, Any]:
    """Return a schema that uses one long definition often."""
    properties = {f"p{n}": {"$ref": "#/$defs/long"} for n in range(width)}
    return {**of(**properties), "$defs": {"long": {"type": "string", "description": "x" * text}}}


@pytest.mark.parametrize(
    "schema",
    [
        fan(MAX_CHARS // 10_000 + 1, 10_000),
        fan(MAX_NODES // 2 + 1, 1),
        of(a=json.loads('{"items":' * MAX_DEPTH + "{}" + "}" * MAX_DEPTH)),
        of(a={"$ref": "#/$defs/none"}),
    ],
    ids=["text", "parts", "depth", "nowhere"],
)
def test_what_would_grow_too_large_is_refused(schema: dict[str, Any]) -> None:
    """Before it is written out."""
    with pytest.raises(Unexpandable):
        visible(schema)
    assert expanded(fan(20, 10_000))["properties"]["p19"]["description"] == "x" * 10_000


def test_hidden_names_in_conditions_in_conditions_take_no_time() -> None:
    """A schema as deep as may be is read once, not twice at each level."""
    schema: dict[str, Any] = {"required": ["k", "a"]}
    for _ in range(MAX_DEPTH - 3):
        schema = {"anyOf": [schema]}
    assert "k" not in json.dumps(visible({**of(a=TEXT, k=CONSTANT), "allOf": [schema]}))
