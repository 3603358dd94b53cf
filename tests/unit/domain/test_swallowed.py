"""Which names of parameters frameworks swallow."""

from typing import Any

import pytest

from midcall.domain.swallowed import SWALLOWED, swallowed

TEXT = {"type": "string"}


def of(*names: str) -> dict[str, Any]:
    """Return a schema of an object with some properties."""
    return {"type": "object", "properties": dict.fromkeys(names, TEXT)}


@pytest.mark.parametrize("name", ["self", "ctx", "config", "run_manager", "callbacks", "runtime", "tool_call_id"])
def test_a_name_that_a_framework_keeps_for_itself_is_told(name: str) -> None:
    """With what becomes of it, and another name that none of them keeps."""
    [(found, why, other)] = swallowed(of("order_id", name))
    assert found == name
    assert why
    assert other not in SWALLOWED


@pytest.mark.parametrize(
    "name", ["context", "state", "store", "input", "name", "args", "kwargs", "Config", "config_id"]
)
def test_a_name_that_arrives_is_not(name: str) -> None:
    """However odd it looks."""
    assert swallowed(of(name)) == ()


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_a_name_is_found_wherever_the_parameters_declare_it(keyword: str) -> None:
    """Behind references and in branches, once."""
    schema = {**of("self"), keyword: [{"$ref": "#/$defs/more"}], "$defs": {"more": of("config", "self")}}
    assert [name for name, _, _ in swallowed(schema)] == ["self", "config"]
    assert [name for name, _, _ in swallowed({**of(), "if": {"required": ["a"]}, "then": of("ctx")})] == ["ctx"]
    assert [name for name, _, _ in swallowed({**of(), "dependentSchemas": {"a": of("ctx")}})] == ["ctx"]


def test_a_name_below_a_parameter_or_filled_by_midcall_arrives() -> None:
    """Frameworks look at the top alone, and see nothing that is hidden."""
    assert swallowed({"type": "object", "properties": {"order": of("self", "config")}}) == ()
    hidden = {"type": "object", "properties": {"config": {"type": "string", "x-midcall": {"constant": "x"}}}}
    assert swallowed(hidden) == ()
