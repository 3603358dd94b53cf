"""A null says that nothing was sent, wherever the schema takes no null."""

import time
from typing import Any

import pytest
from tests.support.computing import computed_since

from midcall.domain.nulls import without_nulls
from midcall.domain.parameters import prepare


def of(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}

TAKES = [
    True,
    {},
    {"type": "null"},
    {"type": ["string", "null"]},
    {"anyOf": [TEXT, {"type": "null"}]},
    {"enum": ["a", None]},
    {"const": None},
    {"description": "anything"},
    {"$ref": "#/$defs/loose"},
]
TAKES_NONE = [
    False,
    TEXT,
    {"type": ["string", "integer"]},
    {"anyOf": [TEXT, {"type": "integer"}]},
    {"oneOf": [TEXT, {"type": "integer"}]},
    {"type": ["string", "null"], "enum": ["a"]},
    {"const": "a"},
    {"allOf": [{"type": ["string", "null"]}, TEXT]},
    {"$ref": "#/$defs/tight"},
]
DEFINITIONS = {"loose": {"type": ["string", "null"]}, "tight": TEXT}


@pytest.mark.parametrize("declared", TAKES, ids=str)
def test_null_is_a_value_where_the_schema_takes_it(declared: Any) -> None:
    """Nobody can tell it from one that was meant."""
    assert without_nulls({**of(a=declared), "$defs": DEFINITIONS}, {"a": None}) == {"a": None}


@pytest.mark.parametrize("declared", TAKES_NONE, ids=str)
def test_null_is_nothing_where_the_schema_takes_none(declared: Any) -> None:
    """Whichever way the schema says so."""
    assert without_nulls({**of(a=declared), "$defs": DEFINITIONS}, {"a": None, "b": None}) == {"b": None}


def test_nulls_are_left_out_at_every_depth() -> None:
    """Objects in objects, in lists, in branches; entries of lists stay, since their places count."""
    street = of(street=TEXT, unit=TEXT)
    schema = of(home=street, others={"type": "array", "items": street}, either={"anyOf": [street, of(box=TEXT)]})
    sent = {
        "home": {"street": "x", "unit": None},
        "others": [{"street": None}, None],
        "either": {"box": None, "unit": None, "more": None},
    }
    left: dict[str, Any] = {"home": {"street": "x"}, "others": [{}, None], "either": {"more": None}}
    assert without_nulls(schema, sent) == left


def test_a_null_has_to_fit_every_branch_that_holds_and_one_of_those_that_may() -> None:
    """As any other value."""
    loose = {"type": ["string", "null"]}
    assert without_nulls({"allOf": [of(a=loose), of(a=TEXT)]}, {"a": None}) == {}
    assert without_nulls({"anyOf": [of(a=loose), of(a=TEXT), of(b=TEXT)]}, {"a": None, "b": None}) == {"a": None}
    deep = {"allOf": [of(a=of(b=loose)), of(a=of(b=TEXT))]}
    assert without_nulls(deep, {"a": {"b": None}}) == {"a": {}}


def test_a_long_list_beside_a_large_schema_takes_no_time() -> None:
    """What a schema says of a name is looked for once."""
    branches = [of(**{f"p{n}_{m}": TEXT for m in range(20)}) for n in range(100)]
    schema = of(a={"type": "array", "items": {"anyOf": branches}})
    began = time.process_time()
    assert without_nulls(schema, {"a": [{"p99_19": None}] * 9_000}) == {"a": [{}] * 9_000}
    assert computed_since(began) < 1


def test_a_default_fills_a_parameter_that_came_as_null() -> None:
    """The same as if it had not been sent; a variable that is null stays one."""
    schema = of(size={"type": "integer", "default": 3}, tier={"type": "string", "x-midcall": {"from_variable": "v"}})
    assert prepare(schema, {"size": None}, {"v": None})[0] == {"size": 3, "tier": None}
