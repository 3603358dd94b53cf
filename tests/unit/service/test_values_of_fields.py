"""What is refused for each declared type, and that refusals quote nothing that is sensitive."""

from typing import Any

import pytest

from midcall.domain.parameters import prepare, schema_of_fields
from midcall.service.schemas.schemas import value_faults


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", "x", True),
        ("integer", "5", "5.5"),
        ("float", "5.5", "much"),
        ("number", 5, "five"),
        ("boolean", "yes", "maybe"),
        ("date", "2026-02-28", "2026-02-30"),
        ("date", "2026-02-28", "28.02.26"),
        ("email", "a@example.com", "a at example"),
        ("phone", "+49301234567", "030 1234567"),
        ("phone", "+49301234567", "+0301234567"),
        ("string[]", ["a"], {}),
        ("string[]", [], [True]),
        ("number[]", [1, 2.5], ["one"]),
    ],
)
def test_a_value_fits_its_type_or_is_a_fault_of_its_parameter(kind: str, good: Any, bad: Any) -> None:
    """The fault names the parameter, so that the LLM can ask for it."""
    schema = schema_of_fields([{"name": "a", "type": kind, "required": True}])
    assert value_faults(schema, prepare(schema, {"a": good})[0], "params") == ()
    faults = value_faults(schema, prepare(schema, {"a": bad})[0], "params")
    assert [fault.loc.split(".")[:2] for fault in faults] == [["params", "a"]]


def test_a_custom_type_is_held_against_its_own_schema() -> None:
    """Whatever JSON Schema can say."""
    own = {"type": "object", "properties": {"size": {"enum": ["S", "M"]}}, "required": ["size"]}
    schema = schema_of_fields([{"name": "a", "type": "custom", "jsonSchema": own}])
    assert value_faults(schema, {"a": {"size": "S"}}, "params") == ()
    assert [fault.loc for fault in value_faults(schema, {"a": {"size": "XL"}}, "params")] == ["params.a.size"]


@pytest.mark.parametrize("at_root", [False, True])
def test_a_fault_does_not_quote_a_sensitive_value(at_root: bool) -> None:  # noqa: FBT001
    """Refusals go on record, into events, and to the LLM: the PIN in none of them, nor the object it is in."""
    pin = {"type": "string", "pattern": "^[0-9]{4}$", "x-midcall": {"sensitive": True}}
    schema: dict[str, Any] = {"type": "object", "properties": {"pin": pin}}
    if at_root:
        schema["oneOf"] = [{"required": ["other"]}]
    faults = value_faults(schema, {"pin": "12345678"}, "params")
    assert faults
    assert "12345678" not in str(faults)
