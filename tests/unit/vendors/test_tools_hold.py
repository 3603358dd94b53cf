"""What holds of every function in every format: nothing hidden shows; what strict mode sends, midcall takes."""

import json
from typing import Any

import jsonschema_rs
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.support.schemas import HIDDEN_NAMES, MARKS, hiding
from tests.support.tools import ADDRESS, TEXT, of, tool

from midcall.domain.nulls import without_nulls
from midcall.domain.visible import visible
from midcall.vendors.tool import Speech
from midcall.vendors.tools.export import Format, export

Json = dict[str, Any]


@given(schema=hiding())
@settings(max_examples=60, deadline=None)
def test_nothing_hidden_shows_in_any_format(schema: Json) -> None:
    """Nor in what is said about the tools that were left out."""
    speech = Speech(during=True, started=("One moment.",), failed="Sorry.", returned="Later.")
    given_tool = tool(visible(schema), speech=speech, response_variables={"found": "$.id"})
    for wanted in Format:
        found = export(wanted, [given_tool], ADDRESS)
        text = json.dumps([found.tools, [[each.loc, each.msg] for each in found.problems]])
        assert [mark for mark in MARKS if mark in text] == [], wanted


def test_the_test_above_sees_what_is_not_hidden() -> None:
    """With the schema as the author wrote it, the marks are everywhere."""
    schema = of(**{HIDDEN_NAMES[0]: {"type": "string", "const": "SECRET"}})
    for wanted in Format:
        assert HIDDEN_NAMES[0] in json.dumps(export(wanted, [tool(schema)], ADDRESS).tools)


leaves = st.sampled_from(
    [
        TEXT,
        {"type": "integer", "minimum": 1, "maximum": 3},
        {"type": ["string", "null"]},
        {"enum": ["x", "y", None]},
        {"type": "string", "enum": ["x", 5]},
        {"const": "x"},
        {"type": "boolean"},
        {"oneOf": [{"const": "x", "title": "X"}, {"const": "y"}]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"oneOf": [{"type": "integer"}, TEXT]},
        {"allOf": [{"type": ["string", "null"]}, TEXT]},
        {"type": "array", "items": TEXT, "maxItems": 2},
        {"$ref": "#/$defs/size"},
    ]
)
names = st.sampled_from(["a", "b", "c"])


def _objects(children: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    properties = st.dictionaries(names, children, min_size=1, max_size=3)
    objects = st.builds(
        lambda found, asked: {**of(**found), "required": [name for name in found if name in asked]},
        properties,
        st.sets(names),
    )
    mixed = st.builds(lambda one, other: {"type": "object", "allOf": [one, other]}, objects, objects)
    either = st.builds(lambda one, other: {"anyOf": [one, other, {"type": "null"}]}, objects, leaves)
    return objects | mixed | either | st.builds(lambda items: {"type": "array", "items": items}, children)


parameters = st.dictionaries(names, st.recursive(leaves, _objects, max_leaves=5), max_size=3).flatmap(
    lambda found: st.sets(names).map(
        lambda asked: {
            **of(**found),
            "required": [name for name in found if name in asked],
            "$defs": {"size": {"type": "integer", "enum": [1, 2]}},
        }
    )
)


def sent(schema: Json) -> st.SearchStrategy[Any]:
    """Make what an LLM in strict mode may send."""
    if "anyOf" in schema:
        return st.one_of(*map(sent, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of(*(_sent_of(schema, kind) for kind in kinds))


def _sent_of(schema: Json, kind: str) -> st.SearchStrategy[Any]:
    if kind == "object":
        return st.fixed_dictionaries({name: sent(child) for name, child in schema["properties"].items()})
    if kind == "array":
        return st.lists(sent(schema["items"]), max_size=schema.get("maxItems", 3))
    if kind == "integer":
        return st.integers(schema.get("minimum", -5), schema.get("maximum", 5))
    return {"string": st.text(max_size=3), "boolean": st.booleans(), "null": st.none()}[kind]


@given(schema=parameters, data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_strict_mode_sends_midcall_takes(schema: Json, data: st.DataObject) -> None:
    """With null for what the LLM had nothing to give."""
    found = export(Format.OPENAI_STRICT, [tool(visible(schema))], ADDRESS).tools
    assume(found)
    strict = found[0]["function"]["parameters"]
    value = data.draw(sent(strict))
    jsonschema_rs.Draft202012Validator(strict).validate(value)
    jsonschema_rs.Draft202012Validator(schema).validate(without_nulls(schema, value))
