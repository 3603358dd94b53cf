"""Whatever way a schema says a thing, vendors are told it in one."""

from typing import Any

import pytest

from midcall.vendors.merging import joined, merged
from midcall.vendors.shape import Shape, shape_of
from midcall.vendors.tool import Unfit

TEXT = {"type": "string"}


def of(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("branches", "whole"),
    [
        ([of(a=TEXT), of(b=TEXT)], of(a=TEXT, b=TEXT)),
        ([{**of(a=TEXT), "required": ["a"]}, {"required": ["a", "b"]}], {**of(a=TEXT), "required": ["a", "b"]}),
        ([of(a={"minLength": 1}), of(a={"maxLength": 9})], of(a={"minLength": 1, "maxLength": 9})),
        ([{"minimum": 1, "maximum": 9}, {"minimum": 3, "maximum": 5}], {"minimum": 3, "maximum": 5}),
        ([{"type": ["string", "null"]}, TEXT], TEXT),
        ([{"type": "number"}, {"type": "integer"}], {"type": "integer"}),
        ([{"type": ["integer", "null"]}, {"type": ["number", "null"]}], {"type": ["integer", "null"]}),
        ([{"enum": ["a", "b"]}, {"enum": ["b", "c"]}], {"enum": ["b"]}),
        ([{"enum": ["a", "b"]}, {"const": "b"}], {"enum": ["b"]}),
        ([{"description": "One."}, {"description": "Two."}], {"description": "One."}),
        ([{"items": {"minimum": 1}}, {"items": {"maximum": 2}}], {"items": {"minimum": 1, "maximum": 2}}),
        ([{"allOf": [{"minLength": 1}]}, True], {"minLength": 1}),
        ([{"anyOf": [TEXT]}, {"minLength": 1}], {"anyOf": [TEXT], "minLength": 1}),
        ([{**of(a=TEXT), "additionalProperties": False}, of(a=TEXT)], {**of(a=TEXT), "additionalProperties": False}),
        ([{"if": TEXT, "then": TEXT}, {"not": TEXT}], {"if": TEXT, "then": TEXT, "not": TEXT}),
    ],
    ids=str,
)
def test_branches_that_all_hold_become_one(branches: list[Any], whole: dict[str, Any]) -> None:
    """With the stricter of two limits, and every property of both."""
    assert merged({"allOf": branches}) == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (TEXT, {"type": "integer"}),
        ({"pattern": "a"}, {"pattern": "b"}),
        ({"enum": ["a"]}, {"enum": ["b"]}),
        ({"const": "a"}, {"const": "b"}),
        ({"enum": ["a"]}, {"const": "b"}),
        ({"anyOf": [TEXT]}, {"anyOf": [{}]}),
        ({"not": TEXT}, {"not": {}}),
        ({"if": TEXT, "then": {}}, {"else": {}}),
        ({"contains": TEXT}, {"minContains": 2}),
        ({"prefixItems": [TEXT]}, {"items": TEXT}),
        ({**of(a=TEXT), "additionalProperties": False}, of(b=TEXT)),
        (of(a=TEXT), {**of(b=TEXT), "unevaluatedProperties": False}),
        (TEXT, False),
    ],
    ids=str,
)
def test_branches_that_would_lose_something_stay_apart(one: dict[str, Any], other: Any) -> None:
    """Nothing is guessed."""
    assert joined(one, other) is None
    assert merged({"allOf": [one, other]}) == {**one, "allOf": [other]}


def test_what_ends_a_list_of_properties_may_stand_around_the_branches() -> None:
    """That is what `unevaluatedProperties` is for."""
    assert merged({"unevaluatedProperties": False, "allOf": [of(a=TEXT), of(b=TEXT)]}) == {
        **of(a=TEXT, b=TEXT),
        "unevaluatedProperties": False,
    }


def brief(shape: Shape) -> Any:
    """Write a shape so that it can be compared at a glance."""
    kind = "|".join(map(str, map(brief, shape.variants))) if shape.variants else shape.type or "any"
    values = f"={','.join(map(str, shape.enum))}" if shape.enum else ""
    inner = {name: brief(child) for name, child in shape.properties.items()}
    items = f"[{brief(shape.items)}]" if shape.items else ""
    more = "".join(f" {word}" for word in (*shape.limits, *shape.relations))
    return f"{kind}{values}{items}{'?' if shape.nullable else ''}{inner or ''}{more}"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (TEXT, "string"),
        ({"type": ["string", "null"]}, "string?"),
        ({"type": ["string", "integer"], "minLength": 1, "minimum": 2}, "string minLength|integer minimum"),
        ({"type": ["integer", "number"]}, "number"),
        ({"type": "null"}, "null"),
        ({"anyOf": [TEXT, {"type": "null"}]}, "string?"),
        ({"oneOf": [TEXT, {"type": "integer"}, {"type": "null"}]}, "string|integer?"),
        ({"type": "string", "anyOf": [{"minLength": 3}, {"pattern": "x"}]}, "string minLength|string pattern"),
        ({"anyOf": [{"anyOf": [TEXT, {"type": "null"}]}, {"type": "integer"}]}, "string|integer?"),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, "string=a,b"),
        ({"oneOf": [{"const": "a", "title": "A"}, {"const": "b"}]}, "string=a,b meanings"),
        ({"anyOf": [{"const": "a"}, {"const": 1}]}, "string=a|integer=1"),
        ({"const": 5}, "integer=5"),
        ({"const": None}, "null"),
        ({"enum": ["a", None]}, "string=a?"),
        ({"enum": ["a", 1, True]}, "string=a|integer=1|boolean=True"),
        ({"type": "number", "enum": [1, 2.5]}, "number=1,2.5"),
        ({"type": "integer", "enum": [1.0]}, "integer=1.0"),
        ({"type": "string", "enum": ["a", 1, None]}, "string=a"),
        ({"properties": {"a": TEXT}}, "object{'a': 'string'}"),
        ({"items": TEXT}, "array[string]"),
        ({"minimum": 1}, "number minimum"),
        ({"pattern": "x"}, "string pattern"),
        ({}, "any"),
        (True, "any"),
        ({"type": "string", "minimum": 1}, "string"),
        ({"type": "string", "default": "x", "not": {"const": "y"}}, "string default not"),
        ({**of(a=TEXT), "anyOf": [{"required": ["a"]}]}, "object{'a': 'string'} anyOf"),
        ({**of(a=TEXT, b=False), "required": ["a", "c"]}, "object{'a': 'string'} required"),
        ({**of(a=TEXT), "additionalProperties": False}, "object{'a': 'string'}"),
        ({**of(), "additionalProperties": TEXT}, "object additionalProperties"),
        ({"type": "array", "items": TEXT, "contains": {"const": "x"}}, "array[string] contains"),
        ({"type": "string", "if": {"minLength": 1}}, "string"),
        ({"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "b"}]}, "string pattern allOf"),
    ],
    ids=str,
)
def test_a_schema_is_read_in_the_terms_that_vendors_share(schema: Any, said: str) -> None:
    """Types, values, branches; what no place of its own can say comes apart."""
    assert brief(shape_of(schema, "a")) == said


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "enum": [1]},
        {"enum": ["a"], "const": "b"},
        of(a={"items": {"type": "array", "const": 1}}),
    ],
)
def test_a_schema_that_no_value_fits_is_refused_with_its_path(schema: Any) -> None:
    """Rather than shown as one that takes anything."""
    with pytest.raises(Unfit) as caught:
        shape_of(schema, "parameters")
    assert caught.value.loc.startswith("parameters")


def test_a_description_beside_branches_goes_before_theirs() -> None:
    """And theirs stays where there is no other."""
    branches = [{"type": "string", "description": "inner"}, {"type": "null"}]
    assert shape_of({"anyOf": branches}, "a").description == "inner"
    assert shape_of({"anyOf": branches, "description": "outer"}, "a").description == "outer"
