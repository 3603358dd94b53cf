"""Values to try a function out with."""

from typing import Any

from midcall.domain.phases import Phase
from midcall.domain.samples import sample_params, sample_session
from midcall.service.schemas.schemas import value_faults

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order": {"type": "integer", "examples": [12], "default": 7},
        "language": {"type": "string", "enum": ["en", "de"]},
        "day": {"type": "string", "format": "date"},
        "note": {"type": "string"},
        "phone": {"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"minimum": 3, "type": "number"}}}},
        "pin": {"type": "string", "examples": ["1234"], "x-midcall": {"sensitive": True}},
        "tenant": {"type": "string", "x-midcall": {"constant": "acme"}},
        "customer": {"type": "string", "examples": ["c-1"], "x-midcall": {"from_variable": "customer_id"}},
        "verified": {"type": "boolean", "x-midcall": {"trusted_only": True}},
    },
    "required": ["order", "language", "day", "phone", "items", "tenant"],
}


def test_parameters_are_the_examples_and_what_is_required() -> None:
    """An example goes before a default; what is optional without one, hidden, or sensitive is left out."""
    made = sample_params(SCHEMA)
    assert made == {
        "order": 12,
        "language": "en",
        "day": "2025-01-31",
        "phone": "+15550123",
        "items": [{}],
    }


def test_parameters_fit_their_schema() -> None:
    """What is made can be sent."""
    assert not value_faults(SCHEMA, {**sample_params(SCHEMA), "tenant": "acme"}, "params")


def test_required_objects_are_made_to_a_depth() -> None:
    """A schema as deep as it may be makes a small value."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(50):
        schema = {"type": "object", "properties": {"in": schema}, "required": ["in"]}
    made: Any = sample_params(schema)
    depth = 0
    while made:
        made, depth = made["in"], depth + 1
    assert depth == 7


def test_the_body_has_the_variables_that_parameters_are_filled_from() -> None:
    """They come from the session, so a test has to bring them."""
    body = sample_session(SCHEMA, Phase.DURING_SESSION)
    assert body["dynamicVariables"] == {"customer_id": "c-1", "verified": True}


def test_each_phase_has_its_own_fields() -> None:
    """An analysis is there after the session alone, a transcript not before it."""
    bodies = {phase: sample_session({}, phase) for phase in Phase}
    assert [phase for phase, body in bodies.items() if "analysis" in body] == [Phase.POST_SESSION]
    assert [phase for phase, body in bodies.items() if "transcript" not in body] == [Phase.PRE_SESSION]
