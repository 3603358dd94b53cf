"""A schema that is taken can be served: in bounded time, without a network, whatever is held against it."""

import json
import resource
import time
from typing import Any

import pytest
from tests.support.computing import computed_since

from midcall.service.schemas.schemas import (
    MAX_FAULTS,
    MAX_REFERENCES,
    MAX_SCHEMA_DEPTH,
    MAX_SCHEMA_NODES,
    MAX_VALUES,
    result_schema_faults,
    schema_faults,
    value_faults,
)


def of(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


FINE: dict[str, dict[str, Any]] = {
    "empty": {"type": "object"},
    "dialect named": {**of(), "$schema": "https://json-schema.org/draft/2020-12/schema"},
    "definition used twice": {
        **of(a={"$ref": "#/$defs/x"}, b={"$ref": "#/$defs/x"}),
        "$defs": {"x": {"type": "string"}},
    },
    "definitions of the old name": {**of(a={"$ref": "#/definitions/x"}), "definitions": {"x": {}}},
    "definition of a definition": {**of(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {}}},
    "as many levels as may be": of(
        a=json.loads('{"items":' * (MAX_SCHEMA_DEPTH - 2) + "{}" + "}" * (MAX_SCHEMA_DEPTH - 2))
    ),
    "property called $ref": of(**{"$ref": {"type": "string"}}),
    "property called $id": of(**{"$id": {"type": "string"}, "$schema": {}, "$anchor": {}}),
    "property called $defs": of(**{"$defs": {"type": "string"}}),
    "enum that looks like a reference": of(a={"enum": [{"$ref": "http://x.invalid"}]}),
    "const and default that look like one": of(a={"const": {"$id": "x"}}, b={"default": {"$ref": "#"}}),
    "boolean schemas": of(a=True, b=False),
    "constant": of(a={"x-midcall": {"constant": 5}}),
    "unknown keyword": of(a={"x-own": {"$ref": "#"}}),
    "pattern that would backtrack": of(a={"pattern": "^(a+)+$"}),
    "as many references as may be": {
        **of(a={"$ref": "#/$defs/d1"}),
        "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(1, MAX_REFERENCES)}
        | {f"d{MAX_REFERENCES}": {}},
    },
    "as many parts as may be": of(a={"enum": list(range(MAX_SCHEMA_NODES - 5))}),
}


@pytest.mark.parametrize("name", FINE)
def test_an_ordinary_schema_is_taken_and_served(name: str) -> None:
    """Also where a property has the name of a keyword."""
    assert schema_faults(FINE[name], "parameters") == ()
    value_faults(FINE[name], {"a": 1}, "params")


def nested(depth: int, key: str = "a") -> dict[str, Any]:
    """Return an object in an object in an object."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {key: value}
    return value


def steps(count: int, depth: int) -> dict[str, Any]:
    """Return a schema of some definitions, each deep, that lead from one to the next."""
    definitions = {f"d{n}": nested(depth, "items") for n in range(count)}
    for n in range(count - 1):
        deepest = definitions[f"d{n}"]
        while deepest["items"]:
            deepest = deepest["items"]
        deepest["items"] = {"$ref": f"#/$defs/d{n + 1}"}
    return {**of(a={"$ref": "#/$defs/d0"}), "$defs": definitions}


HOSTILE: dict[str, dict[str, Any]] = {
    "deeper than Python recurses once written out": steps(30, 40),
    "a level too deep": of(a=nested(MAX_SCHEMA_DEPTH - 1, "items")),
    "root": of(a={"$ref": "#"}),
    "property called $defs": of(**{"$defs": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}),
    "definition inside a resource of its own": {
        **of(a={"$ref": "#/$defs/own"}),
        "$defs": {"own": {"$id": "http://x.invalid/", "$defs": {"x": {}}, "items": {"$ref": "#/$defs/x"}}, "x": {}},
    },
    "resource that nothing uses": {**of(), "$defs": {"own": {"$id": "http://x.invalid/"}}},
    "anchor deep down": of(a={"anyOf": [{"not": {"$anchor": "x"}}]}),
    "dynamic anchor": {**of(), "$dynamicAnchor": "x"},
    "part of a definition": {**of(a={"$ref": "#/$defs/x/items"}), "$defs": {"x": {"items": {}}}},
    "part of the schema": of(a={}, b={"$ref": "#/properties/a"}),
    "unknown keyword": {**of(a={"$ref": "#/x-own"}), "x-own": {}},
    "encoded": {**of(a={"$ref": "#/%24defs/x"}), "$defs": {"x": {}}},
    "one reference too many": {
        **of(a={"$ref": "#/$defs/d0"}),
        "$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(MAX_REFERENCES)} | {f"d{MAX_REFERENCES}": {}},
    },
    "ten to the twentieth": {
        **of(a={"$ref": "#/$defs/d0"}),
        "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 10} for n in range(20)} | {"d20": {}},
    },
    "definitions in each other": {
        **of(a={"$ref": "#/$defs/x"}),
        "$defs": {"x": {"items": {"$ref": "#/$defs/y"}}, "y": {"items": {"$ref": "#/$defs/x"}}},
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_schema_with_another_reading_or_without_end_is_refused_at_once(name: str) -> None:
    """One fault, in a moment, without asking anybody."""
    began = time.process_time()
    faults = schema_faults(HOSTILE[name], "parameters")
    assert [fault.loc for fault in faults] == ["parameters"]
    assert computed_since(began) < 0.5


def test_a_pattern_that_would_backtrack_takes_linear_time() -> None:
    """A caller's words are held against it while somebody waits."""
    began = time.process_time()
    assert value_faults(of(a={"pattern": "^(a+)+$"}), {"a": "a" * 100_000 + "!"}, "params")
    assert computed_since(began) < 0.5


def test_a_fault_of_a_value_names_its_path() -> None:
    """Down to the entry of a list."""
    schema = of(orders={"type": "array", "items": {"type": "object", "required": ["id"]}})
    faults = value_faults(schema, {"orders": [{"id": 1}, {}]}, "params")
    assert [fault.loc for fault in faults] == ["params.orders.1.id"]


def test_no_more_faults_are_told_than_help() -> None:
    """And each in a bounded text."""
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    faults = value_faults(schema, {f"n{n}": "x" * 10_000 for n in range(99)}, "params")
    assert len(faults) == MAX_FAULTS
    assert all(len(fault.msg) <= 300 for fault in faults)


LONG = {"type": "array", "items": {"enum": [[n] for n in range(2_400)]}}
MANY = {"type": "array", "items": {"allOf": [{"type": "integer", "minimum": -n} for n in range(1_600)]}}


@pytest.mark.parametrize("declared", [LONG, MANY])
def test_the_largest_value_and_the_largest_schema_take_bounded_time_and_memory(declared: dict[str, Any]) -> None:
    """A long list of wrong entries gets one fault, and not a copy of the schema for each of them."""
    assert schema_faults(of(a=declared), "parameters") == ()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    faults = value_faults(of(a=declared), {"a": [-1_601] * (MAX_VALUES - 2)}, "params")
    assert [fault.loc for fault in faults] == ["params.a.0"]
    value_faults(of(a=declared), {"a": list(range(MAX_VALUES - 2))}, "params")
    assert computed_since(began) < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_many_branches_that_many_entries_do_not_fit_take_bounded_time() -> None:
    """What does not fit any of them is not written down for each."""
    branch = {"type": "array", "items": {"type": "object", "required": ["b"]}}
    schema = {**of(a={"$ref": "#/$defs/a"}), "$defs": {"a": {"anyOf": [branch] * 300}}}
    began = time.process_time()
    assert [fault.loc for fault in value_faults(schema, {"a": [{"c": 1}] * 4_000}, "params")] == ["params"]
    assert value_faults(schema, {"a": [{"b": 1}] * 4_000}, "params") == ()
    assert computed_since(began) < 3


def test_a_value_of_more_parts_than_can_be_checked_is_refused() -> None:
    """Before anything is held against it."""
    faults = value_faults({"type": "object"}, {"a": [0] * 100_000}, "params")
    assert [(fault.loc, "10,000" in fault.msg) for fault in faults] == [("params", True)]


@pytest.mark.parametrize(
    ("declared", "value", "fits"),
    [
        ({"type": "string", "format": "date"}, "2026-02-29", False),
        ({"type": "string", "format": "date"}, "2028-02-29", True),
        ({"type": "string", "format": "email"}, "a@example.com", True),
        ({"type": "string", "format": "email"}, "nobody", False),
        ({"pattern": r"^\+[1-9][0-9]{1,14}$"}, "+4930123456", True),
        ({"pattern": r"^\+[1-9][0-9]{1,14}$"}, "+4930123456\n", False),
        ({"type": "integer"}, 5.0, True),
        ({"type": "integer"}, 10**4_000, True),
        ({"type": "integer", "maximum": 5}, 10**4_000, False),
        ({"type": "string", "maxLength": 1}, "\U0001f600", True),
        ({"type": "string", "maxLength": 1}, "\ud800", True),
        ({"type": "string", "maxLength": 1}, "\ud800x", False),
        ({"type": "integer"}, "\ud800", False),
        ({"type": "object"}, {"\x00\ud800": 1}, True),
        ({"type": "string"}, "\x00", True),
    ],
)
def test_formats_and_odd_values_are_checked(declared: Any, value: Any, fits: bool) -> None:  # noqa: FBT001
    """Dates are real days, patterns end at the end, large numbers and half pairs are no accidents."""
    assert (value_faults(of(a=declared), {"a": value}, "params") == ()) is fits


def test_a_schema_of_results_says_nothing_to_midcall() -> None:
    """What is filled or masked is said of parameters; in a result it would promise what nothing keeps."""
    pin = of(pin={"type": "string", "x-midcall": {"sensitive": True}})
    assert schema_faults(pin, "parameters") == ()
    assert [fault.loc for fault in result_schema_faults(pin, "output_schema")] == ["output_schema"]
    assert result_schema_faults(of(pin={"type": "string"}), "output_schema") == ()


@pytest.mark.parametrize(
    ("declared", "default", "fits"),
    [
        ({"type": "integer"}, 3, True),
        ({"type": "integer"}, "3", False),
        ({"type": "integer"}, None, False),
        ({"type": ["integer", "null"]}, None, True),
        ({"type": "string", "enum": ["a", "b"]}, "c", False),
        ({"type": "string", "format": "date"}, "soon", False),
        ({"type": "array", "items": {"type": "integer"}}, [1, "x"], False),
        ({"$ref": "#/$defs/size"}, 3, True),
        ({"$ref": "#/$defs/size"}, 30, False),
        ({}, {"anything": 1}, True),
    ],
)
def test_a_default_that_does_not_fit_its_parameter_is_refused_when_it_is_saved(
    declared: dict[str, Any], default: Any, *, fits: bool
) -> None:
    """Else every call without it would be."""
    schema = {
        "type": "object",
        "$defs": {"size": {"type": "integer", "maximum": 10}},
        "properties": {"a.b": {**declared, "default": default}, "other": {"type": "string", "default": "x"}},
    }
    faults = schema_faults(schema, "parameters")
    assert [fault.loc for fault in faults] == ([] if fits else ["parameters.properties.a.b.default"])
    assert all("the default does not fit" in fault.msg for fault in faults)
