"""Schemas as people and their libraries write them are taken, or refused with what to write instead."""

import time
from contextlib import suppress
from typing import Any

import pytest
from tests.support.computing import computed_since
from tests.support.tools import written

from midcall.domain.errors import InvalidInput
from midcall.domain.parameters import masked, prepare
from midcall.domain.places import places_of
from midcall.domain.visible import visible
from midcall.service.functions.form import parse_function
from midcall.service.schemas.refusals import faults_as_text
from midcall.service.schemas.schemas import fitting_params
from midcall.service.test_cases.form import parse_case
from midcall.vendors.tools.export import Format


def taken(parameters: Any) -> dict[str, Any]:
    """Return what is kept of the parameters of a function."""
    document = {
        "name": "f",
        "description": "Does something useful.",
        "kind": "code",
        "code": {"source": "def handler(session):\n    return 1\n"},
        "parameters": parameters,
    }
    kept: dict[str, Any] = parse_function(document).config().to_stored()["parameters"]
    return kept


def of(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


def refused(schema: dict[str, Any], **params: Any) -> str:
    """Say why parameters are refused."""
    return faults_as_text(fitting_params(schema, params, {})[1])


ADDRESS = of(street={"type": "string"}, zip={"type": "string"})
NODE = of(name={"type": "string"}, children={"type": "array", "items": {"$ref": "#/$defs/node"}})


@pytest.mark.parametrize(
    "dialect",
    [
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
    ],
)
def test_a_dialect_is_taken_and_dropped(dialect: str) -> None:
    """At the top and further down: generators write it wherever a schema begins."""
    assert taken({"$schema": dialect, **of(a={"$schema": dialect, "type": "string"})}) == of(a={"type": "string"})
    assert taken(of(**{"$schema": {"type": "string"}})) == of(**{"$schema": {"type": "string"}})


@pytest.mark.parametrize(
    "reference",
    [
        "#/properties/home",
        "#/properties/all/items",
        "#/properties/either/anyOf/1",
        "#/$defs/place/properties/address",
        "#/$defs/An%20address",
        "#/properties/a~1b",
    ],
)
def test_a_reference_may_lead_to_any_place(reference: str) -> None:
    """As zod and others write what stands twice."""
    schema = {
        **of(
            home=ADDRESS,
            all={"type": "array", "items": ADDRESS},
            either={"anyOf": [{"type": "null"}, ADDRESS]},
            work={"$ref": reference},
            **{"a/b": ADDRESS},
        ),
        "$defs": {"place": of(address=ADDRESS), "An address": ADDRESS},
    }
    kept = taken(schema)
    assert visible(kept)["properties"]["work"] == ADDRESS
    assert kept["properties"]["home"] == ADDRESS
    assert "p" not in refused(kept, work={"zip": 12345})
    assert "work.zip: give text" in refused(kept, work={"zip": True})


def test_a_reference_to_what_is_sensitive_or_filled_is_so_too() -> None:
    """Wherever it stands."""
    pin = {"type": "string", "x-midcall": {"sensitive": True}}
    schema = taken(
        of(pin=pin, again={"$ref": "#/properties/pin"}, t={"x-midcall": {"constant": 1}}, u={"$ref": "#/properties/t"})
    )
    params, _ = prepare(schema, {"again": "4711", "u": 2})
    assert params == {"again": "4711", "t": 1, "u": 1}
    assert masked(places_of(schema), params)["again"] == "********"


@pytest.mark.parametrize(
    "schema",
    [
        {**of(p={"$ref": "#/$defs/node"}), "$defs": {"node": NODE}},
        of(p=of(name={"type": "string"}, children={"type": "array", "items": {"$ref": "#/properties/p"}})),
        {
            **of(p={"$ref": "#/definitions/a"}),
            "definitions": {
                "a": of(name={"type": "string"}, children={"type": "array", "items": {"$ref": "#/definitions/b"}}),
                "b": {"anyOf": [{"$ref": "#/definitions/a"}, {"type": "null"}]},
            },
        },
    ],
)
def test_what_comes_back_to_itself_works_some_levels_deep(schema: dict[str, Any]) -> None:
    """Below them it is refused, and every vendor's format has it."""
    kept = taken(schema)
    assert refused(kept, p={"name": "a", "children": [{"name": "b", "children": [{"name": 5}]}]}) == ""
    assert "name: give text" in refused(kept, p={"children": [{"children": [{"name": True}]}]})
    deep: dict[str, Any] = {"name": "x"}
    for _ in range(9):
        deep = {"name": "x", "children": [deep]}
    assert refused(kept, p=deep)
    for form in Format:
        if form is not Format.OPENAI_STRICT:
            assert written(form, visible(kept))


def test_all_of_it_may_come_back_to_itself() -> None:
    """With what is sensitive in it, at each level."""
    pin = {"type": "string", "x-midcall": {"sensitive": True}}
    kept = taken(of(pin=pin, next={"$ref": "#"}))
    params = {"pin": "1", "next": {"pin": "2", "next": {"pin": "3"}}}
    assert refused(kept, **params) == ""
    assert masked(places_of(kept), params)["next"]["next"] == {"pin": "********"}
    deep: dict[str, Any] = {"pin": "s3cr3t"}
    for _ in range(9):
        deep = {"next": deep}
    assert "s3cr3t" not in refused(kept, **deep)


def test_the_schema_of_a_field_stands_alone() -> None:
    """Its references are to itself, as it was pasted."""
    own = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": {"$ref": "#/definitions/line"},
        "definitions": {
            "line": of(sku={"type": "string"}, parts={"type": "array", "items": {"$ref": "#/definitions/line"}})
        },
    }
    kept = taken([{"name": "lines", "type": "custom", "jsonSchema": own, "required": True}])
    assert refused(kept, lines=[{"sku": 5, "parts": [{"sku": "6"}]}]) == ""
    assert "lines.0.parts.0.sku: give text" in refused(kept, lines=[{"parts": [{"sku": True}]}])


def test_an_expectation_takes_the_same_schemas() -> None:
    """What a test case expects is a schema, too."""
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **of(a=ADDRESS, b={"$ref": "#/properties/a"})}
    assert parse_case({"expect": {"schema": schema}})


INSTEAD: dict[str, tuple[Any, str, str]] = {
    "int": ({"type": "int"}, "type", 'write "integer"'),
    "String": ({"type": "String"}, "type", 'write "string"'),
    "float": ({"type": "float"}, "type", 'write "number"'),
    "bool": ({"type": "bool"}, "type", 'write "boolean"'),
    "list": ({"type": "list"}, "type", '"array", with "items"'),
    "dict": ({"type": "dict"}, "type", '"object"'),
    "date": ({"type": "date"}, "type", '"format": "date"'),
    "datetime": ({"type": ["datetime", "null"]}, "type", '"format": "date-time"'),
    "phone": ({"type": "phone"}, "type", '"pattern"'),
    "any": ({"type": "any"}, "type", 'leave "type" out'),
    "another word": ({"type": "blob"}, "type", "write one of: string, integer"),
    "no word": ({"type": 5}, "type", "write one of: string, integer"),
    "null without quotes": ({"type": None}, "type", 'write "null" in quotes'),
    "a type twice": ({"type": ["string", "string"]}, "type", "twice"),
    "required: true": ({"type": "string", "required": True}, "required", 'add "p" to the list "required" beside'),
    "required: false": ({"type": "string", "required": False}, "required", "is optional"),
    "required: a name": ({"type": "object", "required": "a"}, "required", 'such as ["name"]'),
    "a word for a schema": ("string", "", 'such as {"type": "string"}'),
    "properties as a list": ({"type": "object", "properties": [{"name": "a"}]}, "properties", "an object of names"),
    "items as a list": ({"type": "array", "items": [{}, {}]}, "items", '"prefixItems"'),
    "choices in a text": ({"enum": "a, b"}, "enum", 'such as ["small", "large"]'),
    "no choices": ({"enum": []}, "enum", "write the choices as a list"),
    "a limit in quotes": ({"type": "integer", "minimum": "5"}, "minimum", "without quotes"),
    "a limit of draft 4": ({"minimum": 5, "exclusiveMinimum": True}, "exclusiveMinimum", "write the limit itself"),
    "a negative length": ({"minLength": -1}, "minLength", "0 or more"),
    "a flag in quotes": ({"uniqueItems": "true"}, "uniqueItems", "true or false"),
    "one example": ({"examples": "a"}, "examples", "write a list"),
    "no branches": ({"anyOf": []}, "anyOf", "a list of schemas"),
    "branches as an object": ({"oneOf": {"type": "string"}}, "oneOf", "a list of schemas"),
    "a word for a branch": ({"anyOf": ["string"]}, "anyOf.0", 'such as {"type": "string"}'),
    "false in quotes": ({"additionalProperties": "false"}, "additionalProperties", 'such as {"type": "string"}'),
    "a look-ahead": ({"pattern": r"^(?=.*[A-Z])(?=.*\d).{8,}$"}, "pattern", '"allOf": [{"pattern"'),
    "a negative look-ahead": ({"pattern": "^(?!root$).*$"}, "pattern", '"not": {"pattern"'),
    "a look-behind": ({"pattern": "(?<=a)b"}, "pattern", "ahead or behind"),
    "a reference back": ({"pattern": r"(a|b)\1"}, "pattern", "write the choices out"),
    "a look-ahead for a name": (
        {"patternProperties": {"^(?=a)": {}}},
        "patternProperties.^(?=a)",
        "ahead or behind",
    ),
    "further down": ({"type": "array", "items": of(n={"type": "int"})}, "items.properties.n.type", '"integer"'),
}


@pytest.mark.parametrize("name", INSTEAD)
def test_what_is_no_schema_is_told_what_to_write(name: str) -> None:
    """At its place, and without a validator's sentence."""
    declared, place, says = INSTEAD[name]
    with pytest.raises(InvalidInput) as caught:
        taken(of(p=declared))
    fault = caught.value.faults[0]
    assert fault.loc == f"parameters.properties.p.{place}".removesuffix(".")
    assert says in fault.msg
    assert "not valid JSON Schema" not in fault.msg


def test_every_such_place_is_told_at_once() -> None:
    """Nobody saves a form ten times to hear of ten words."""
    with pytest.raises(InvalidInput) as caught:
        taken(of(a={"type": "int"}, b={"type": "str", "required": True}))
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (of(a={"$ref": "#/properties/a"}), "comes back to itself"),
        ({**of(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"allOf": [{"$ref": "#/$defs/x"}]}}}, "comes back to itself"),
        (of(a={"$ref": "#/properties/b"}), "#/properties/b"),
        (of(a={"$ref": "https://example.com/schema.json"}), "https://example.com/schema.json"),
        (of(a={"$ref": "#anchor"}), "#anchor"),
        (of(a={"$ref": "#/properties/a/x-own"}), "x-own"),
        (of(a={"$ref": "#/properties/a/examples/0", "examples": [{}]}), "examples/0"),
    ],
)
def test_what_leads_nowhere_or_to_itself_alone_is_refused(schema: dict[str, Any], says: str) -> None:
    """With its name."""
    with pytest.raises(InvalidInput) as caught:
        taken(schema)
    assert says in caught.value.faults[0].msg


@pytest.mark.parametrize("keyword", ["minLength", "maxLength", "minItems", "maxItems", "minProperties"])
def test_a_count_of_any_length_is_taken_or_refused(keyword: str) -> None:
    """Whole numbers have no end; floats do."""
    for count in (10**400, 1e300, 2.0, 2.5, -1):
        with suppress(InvalidInput):
            taken(of(p={keyword: count}))


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ({"enum": [("a-_ b" * 63)[:310] + str(number) for number in range(190)]}, ["Q"] * 9_000),
        ({"enum": [10**57 + number for number in range(900)]}, ["Q"] * 9_000),
        (
            {"anyOf": [{"type": "string", "format": "phone", "minLength": 300 + n} for n in range(900)]},
            ["0171 1"] * 300,
        ),
    ],
    ids=["long choices", "long numbers", "phones"],
)
def test_many_values_and_many_choices_cost_no_more_than_their_steps(declared: dict[str, Any], sent: list[str]) -> None:
    """Each choice is spelt for each value: that is counted by their letters."""
    schema = {"type": "object", "properties": {"p": {"type": "array", "items": {"type": "string", **declared}}}}
    began = time.process_time()
    fitting_params(schema, {"p": sent}, {})
    assert computed_since(began) < 4  # 6 s and more before
