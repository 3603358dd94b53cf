"""Parameters that the server fills, and those that nobody may see."""

from typing import Any

import pytest

from midcall.domain.conversion import convert
from midcall.domain.parameters import MASK, hidden_names, masked, prepare, schema_of_fields, sensitive_names
from midcall.domain.places import places_of


def schema(**properties: Any) -> dict[str, Any]:
    """Return a schema of an object."""
    return {"type": "object", "properties": properties}


HIDDEN = schema(
    tenant={"type": "string", "x-midcall": {"constant": "acme"}},
    tier={"type": "string", "x-midcall": {"from_variable": "account_tier"}},
    customer_id={"type": "integer", "x-midcall": {"trusted_only": True}},
    order={"type": "integer"},
)


def test_what_the_server_fills_is_never_what_the_llm_sent() -> None:
    """Constant, from_variable and trusted_only: with and without a variable."""
    sent = {"tenant": "evil", "tier": "gold", "customer_id": 99999, "order": "5"}
    assert prepare(HIDDEN, sent)[0] == {"tenant": "acme", "order": 5}
    variables = {"account_tier": "silver", "customer_id": "12345"}
    assert prepare(HIDDEN, sent, variables)[0] == {"tenant": "acme", "tier": "silver", "customer_id": 12345, "order": 5}


def test_a_hidden_parameter_takes_its_default_where_the_variable_is_missing() -> None:
    """And not what was sent under its name."""
    declared = schema(tier={"default": "none", "x-midcall": {"from_variable": "account_tier"}})
    assert prepare(declared, {"tier": "gold"})[0] == {"tier": "none"}


def test_a_variable_that_is_null_or_false_is_still_a_value() -> None:
    """Only a missing one leaves room for a default."""
    declared = schema(a={"default": 1, "x-midcall": {"from_variable": "v"}})
    assert prepare(declared, {}, {"v": None})[0] == {"a": None}
    assert prepare(declared, {}, {"v": False})[0] == {"a": False}


@pytest.mark.parametrize(
    ("declared", "hidden"),
    [
        ({"x-midcall": {"constant": None}}, True),
        ({"x-midcall": {"from_variable": "v"}}, True),
        ({"x-midcall": {"trusted_only": True}}, True),
        ({"x-midcall": {"trusted_only": False}}, False),
        ({"x-midcall": {"sensitive": True}}, False),
        ({"x-midcall": "constant"}, False),
        ({}, False),
        (True, False),
    ],
)
def test_what_is_hidden_from_the_llm(declared: Any, hidden: bool) -> None:  # noqa: FBT001
    """All that the server fills, and nothing else."""
    assert hidden_names(schema(a=declared)) == ({"a"} if hidden else set())


def test_sensitive_values_are_masked_and_the_others_are_not() -> None:
    """Whatever their type; a name that was not sent does not appear."""
    declared = schema(pin={"x-midcall": {"sensitive": True}}, other={"x-midcall": {"sensitive": True}}, order={})
    assert sensitive_names(declared) == {"pin", "other"}
    assert masked(places_of(declared), {"pin": [1, 2], "order": 5}) == {"pin": MASK, "order": 5}


FIELDS = schema_of_fields(
    [
        {"name": "when", "type": "date"},
        {"name": "mail", "type": "email"},
        {"name": "call", "type": "phone"},
        {"name": "tags", "type": "string[]"},
        {"name": "sizes", "type": "number[]"},
        {"name": "own", "type": "custom", "jsonSchema": {"type": "integer", "maximum": 3}},
    ]
)["properties"]


@pytest.mark.parametrize(
    ("name", "sent", "got"),
    [
        ("when", "2026-04-28", "2026-04-28"),
        ("mail", "a@example.com", "a@example.com"),
        ("call", "+49301234567", "+49301234567"),
        ("tags", ["a"], ["a"]),
        ("sizes", [1, 2.5], [1, 2.5]),
        ("own", "3", 3),
        ("own", 3.0, 3),
        ("own", "three", "three"),
    ],
)
def test_each_type_converts_where_that_is_plain(name: str, sent: Any, got: Any) -> None:
    """The rest stays as it was sent, for the check to judge."""
    assert convert(FIELDS[name], sent) == got
