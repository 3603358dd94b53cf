"""A check that would take long is not begun: the validator cannot be stopped."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.service.schemas.schemas import any_schema_faults, schema_faults, value_faults
from midcall.service.schemas.work import MAX_STATES, pattern_states

LONG = "ab" * 500_000

HOSTILE: dict[str, tuple[dict[str, Any], Any]] = {
    "many patterns": ({"allOf": [{"pattern": "(a|b)*c$"}] * 1_600}, LONG),
    "a pattern with many states": ({"pattern": "[ab]*a[ab]{4000}c"}, LONG),
    "many lengths": ({"allOf": [{"maxLength": 3}] * 1_600}, LONG),
    "patterns of names": ({"patternProperties": {f"(a|b)*{n}$": {} for n in range(900)}}, {LONG: 1}),
    "names": ({"propertyNames": {"pattern": "[ab]*a[ab]{4000}c"}}, {LONG: 1}),
    "in each item": ({"items": {"allOf": [{"pattern": "[ab]*a[ab]{40}c"}] * 500}}, ["ab" * 1_000] * 400),
    "a number divided": ({"allOf": [{"multipleOf": 0.001}] * 1_600}, 10**4_000),
    "through references": (
        {"allOf": [{"$ref": "#/$defs/x"}] * 900, "$defs": {"x": {"pattern": "[ab]*a[ab]{400}c"}}},
        "ab" * 50_000,
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_would_take_long_is_a_fault_at_once(name: str) -> None:
    """Of a call it is refused, of a result it is a warning; the schema itself is fine."""
    schema, value = HOSTILE[name]
    assert any_schema_faults(schema, "s") == ()
    began = time.process_time()
    faults = value_faults(schema, value, "v")
    assert computed_since(began) < 5
    assert [fault.msg[:8] for fault in faults] == ["too long"]


ORDINARY: dict[str, tuple[dict[str, Any], Any]] = {
    "a long text beside short ones with patterns": (
        {
            "type": "object",
            "properties": {
                **{f"p{n}": {"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"} for n in range(100)},
                "text": {"type": "string", "maxLength": 1_000_000},
            },
        },
        {**{f"p{n}": "+49301234567" for n in range(100)}, "text": "x" * 900_000},
    ),
    "a long list of ids": (
        {"type": "array", "items": {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}$"}},
        ["01234567-0123-0123"] * 9_000,
    ),
    "a text of so many characters": ({"type": "string", "pattern": "^[a-z]{1,5000}$"}, "x" * 5_000),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_work_is_done(name: str) -> None:
    """However large: what counts is which texts meet which patterns."""
    schema, value = ORDINARY[name]
    assert any_schema_faults(schema, "s") == ()
    assert value_faults(schema, value, "v") == ()


def test_patterns_that_take_long_to_be_made_are_refused_when_they_are_saved() -> None:
    """They are made anew for every check: 2,000 like this took ten seconds."""
    schema = {"type": "object", "properties": {f"p{n}": {"pattern": f".{{1000}}{n}"} for n in range(1_000)}}
    began = time.process_time()
    assert ["patterns" in fault.msg for fault in schema_faults(schema, "parameters")] == [True]
    assert len(value_faults(schema, {"p0": ""}, "v")) == 1
    assert computed_since(began) < 5


@pytest.mark.parametrize(
    ("pattern", "states"),
    [
        ("", 1),
        ("abc", 4),
        ("a{3}", 4),
        ("(a{10}){10}", 111),
        ("[a-z]{2,5}", 6),
        ("a{2,}", 4),
        (r"\d{4}", 5),
        ("[^a]", 11),
    ],
)
def test_states_are_about_what_is_repeated(pattern: str, states: int) -> None:
    """Counted from the text; what cannot be read is for the validator to refuse."""
    assert pattern_states(pattern) == states


@pytest.mark.parametrize(
    "pattern", ["[" * 60_000, "(" * 60_000, "a" + "{999999}" * 8_000, "((a{9999}){9999}){9999}", "\\" * 60_001]
)
def test_counting_states_takes_linear_time(pattern: str) -> None:
    """Whatever it is given."""
    began = time.process_time()
    assert pattern_states(pattern) >= 1
    assert computed_since(began) < 2


schemas = st.recursive(
    st.sampled_from(
        [
            {"pattern": "[ab]*a[ab]{900}c"},
            {"uniqueItems": True},
            {"maxLength": 2},
            {"enum": [["a"] * 50]},
            {"format": "email"},
        ]
    ),
    lambda inner: (
        st.sampled_from(["allOf", "anyOf", "oneOf"]).flatmap(
            lambda word: st.lists(inner, min_size=1, max_size=4).map(lambda parts: {word: parts * 8})
        )
        | st.sampled_from(
            ["items", "contains", "additionalProperties", "not", "unevaluatedItems", "propertyNames"]
        ).flatmap(lambda word: inner.map(lambda part: {word: part}))
    ),
    max_leaves=6,
)
hostile_values = st.sampled_from(
    [LONG, ["ab" * 200] * 2_000, {"ab" * 5_000: ["ab" * 5_000] * 50}, [[n] for n in range(4_000)]]
)


@given(schema=schemas, value=hostile_values)
@settings(max_examples=40, deadline=None)
def test_any_schema_that_was_taken_ends_in_bounded_time(schema: dict[str, Any], value: Any) -> None:
    """Hostile schema, hostile value."""
    if any_schema_faults(schema, "s") == ():
        began = time.process_time()
        value_faults(schema, value, "v")
        assert computed_since(began) < 8


def test_the_bound_on_states_is_met_exactly() -> None:
    """So many are taken."""
    assert any_schema_faults({"pattern": f"a{{{MAX_STATES // 40}}}"}, "s") == ()
