"""What models really send (`tests/corpus/parameters.jsonl`): converted, left out, or refused in plain words."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.support.world import World

from midcall.domain.conversion import ANYWHERE, Locale
from midcall.domain.errors import InvalidInput
from midcall.domain.parameters import FIELD_TYPES
from midcall.domain.phases import Phase
from midcall.service.admin.forms import WorkspaceChange
from midcall.service.schemas.refusals import faults_as_text
from midcall.service.schemas.schemas import fitting_params

CORPUS = Path(__file__).parents[2] / "corpus" / "parameters.jsonl"
CASES: dict[str, dict[str, Any]] = {
    case["id"]: case for case in map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())
}
#: What a pattern or the validator would say.
NOT_PLAIN = ("^", "$", "\\", "[0-9]", "is not of type", "valid under", "was expected", "does not match", "********")


def asked(declared: Any, sent: Any, locale: Locale = ANYWHERE, *, required: bool = False) -> tuple[dict[str, Any], str]:
    """Send one parameter; returns what the function gets, and the text of a refusal."""
    if "field_type" in declared:
        declared = FIELD_TYPES[declared["field_type"]]
    schema = {"type": "object", "properties": {"p": declared}, **({"required": ["p"]} if required else {})}
    params, faults = fitting_params(schema, {"p": sent}, {}, locale)
    return params, faults_as_text(faults)


@pytest.mark.parametrize("name", CASES)
def test_what_a_model_sends_becomes_what_was_meant(name: str) -> None:
    """Or a text that says what to give instead."""
    case = CASES[name]
    params, refusal = asked(case["schema"], case["sent"])
    if "refused_says" in case:
        assert [said for said in case["refused_says"] if said not in refusal] == []
        assert [sign for sign in NOT_PLAIN if sign in refusal] == []
        return
    assert refusal == ""
    if "left_out" in case:
        assert params == {}
    else:
        assert json.dumps(params) == json.dumps({"p": case["value"]})


ORDERS = {"type": "object", "properties": {"id": {"type": "integer"}, "when": {"type": "string", "format": "date"}}}
ORDER = {"id": 1, "when": "2026-03-05"}
MORE: dict[str, tuple[Any, Any, Any]] = {
    "a list of objects as text": ({"type": "array", "items": ORDERS}, '[{"id": "1", "when": "5 Mar 2026"}]', [ORDER]),
    "an object for a list of objects": ({"type": "array", "items": ORDERS}, {"id": "1", "when": "2026/3/5"}, [ORDER]),
    "a number for a list of numbers": ({"type": "array", "items": {"type": "number"}}, 5, [5]),
    "numbers between commas": ({"type": "array", "items": {"type": "integer"}}, "1, 2, 3", [1, 2, 3]),
    "text between commas": ({"type": "array", "items": {"type": "string"}}, "milk, eggs", ["milk, eggs"]),
    "a list in a list": ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, "[[1]]", [[1]]),
    "a type of two": ({"type": ["integer", "null"]}, "7", 7),
    "a type of two without a value": ({"type": ["integer", "null"]}, "", None),
    "null in words for a text or null": ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "null", None),
    "a text or a number": ({"type": ["string", "integer"]}, "7", "7"),
    "one of two objects": (
        {"oneOf": [{**ORDERS, "required": ["id"]}, {"type": "object", "required": ["n"]}]},
        '{"id": "4"}',
        {"id": 4},
    ),
    "an object or null": ({"anyOf": [ORDERS, {"type": "null"}]}, {"id": "4"}, {"id": 4}),
    "behind a reference": ({"allOf": [{"type": "integer"}]}, "4", 4),
    "further properties": ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": "1"}, {"a": 1}),
    "first entries": ({"type": "array", "prefixItems": [{"type": "integer"}]}, ["1", "1"], [1, "1"]),
    "a nested blank": (ORDERS, {"id": "", "when": "null"}, {}),
    "a nested null in a text": (ORDERS, '{"id": null}', {}),
    "a number among choices": ({"enum": [1, 2]}, "2", 2),
    "a choice among numbers in words": ({"type": "string", "enum": ["1", "2"]}, 2, "2"),
    "a constant": ({"const": "Yes"}, " yes ", "Yes"),
    "two choices alike": ({"enum": ["a", "A"]}, "a", "a"),
    "a whole number as a text": ({"type": "string"}, 12345.0, "12345"),
    "on": ({"type": "boolean"}, "on", True),
    "zero": ({"type": "boolean"}, 0.0, False),
    "a date in one order alone": ({"type": "string", "format": "date"}, "25/03/2026", "2026-03-25"),
    "a date that is the same in both": ({"type": "string", "format": "date"}, "05/05/2026", "2026-05-05"),
    "a date without signs": ({"type": "string", "format": "date"}, 20260305, "2026-03-05"),
    "a date with its day": ({"type": "string", "format": "date"}, "Thursday, March 5th, 2026", "2026-03-05"),
    "a date as a midnight": ({"type": "string", "format": "date"}, "2026-03-05T00:00:00Z", "2026-03-05"),
    "a moment in words": ({"type": "string", "format": "date-time"}, "March 5, 2026 at 3pm", "2026-03-05T15:00:00Z"),
    "a moment with a blank": ({"type": "string", "format": "date-time"}, "2026-03-05 10:00", "2026-03-05T10:00:00Z"),
    "a moment with its offset": (
        {"type": "string", "format": "date-time"},
        "2026-03-05 10:00 +0100",
        "2026-03-05T10:00:00+01:00",
    ),
    "a time": ({"type": "string", "format": "time"}, "3:30 PM", "15:30:00Z"),
    "a time of four digits": ({"type": "string", "format": "time"}, "15:30", "15:30:00Z"),
    "a phone number with a trunk zero": ({"field_type": "phone"}, "+44 (0)20 7946 0018", "+442079460018"),
    "a phone number dialled from abroad": ({"field_type": "phone"}, "0044 20 7946 0018", "+442079460018"),
    "a phone number in the author's pattern": (
        {"type": "string", "pattern": r"^\+[1-9]\d{6,14}$"},
        "+1 555-010-0199",
        "+15550100199",
    ),
    "an address with its scheme": ({"field_type": "email"}, "mailto:a@EXAMPLE.com", "a@example.com"),
    "a number in groups of thousands": ({"type": "number"}, "1,200.50", 1200.5),
    "a whole number in groups": ({"type": "integer"}, "1,200,000", 1200000),
    "a list as Python writes it": ({"type": "array", "items": {"type": "string"}}, "['a', 'b']", ["a", "b"]),
    "an object as Python writes it": ({"type": "object"}, "{'n': None, 'is': True}", {"n": None, "is": True}),
    "an address with its name": ({"field_type": "email"}, "Ada <ada@Example.com>", "ada@example.com"),
    "a choice with blanks": ({"enum": ["not_set", "set_up"]}, "Set up", "set_up"),
    "a time before its day": (
        {"type": "string", "format": "date-time"},
        "3pm on March 5, 2026",
        "2026-03-05T15:00:00Z",
    ),
    "a number dialled as from Europe": ({"field_type": "phone"}, "001 555 010 0199", "+15550100199"),
    "a text that says null": ({"type": "string"}, "null", None),
    "an empty text": ({"type": "string"}, "", ""),
}


@pytest.mark.parametrize("name", MORE)
def test_other_spellings_are_read_alike(name: str) -> None:
    """At any depth; what is left out has no value."""
    declared, sent, got = MORE[name]
    params, refusal = asked(declared, sent)
    assert refusal == ""
    assert json.dumps(params.get("p")) == json.dumps(got)


REFUSED: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "a day of the week that it is not": ({"field_type": "date"}, "Monday, March 5, 2026", ("YYYY-MM-DD",)),
    "a year of two digits": ({"field_type": "date"}, "5.3.26", ("YYYY-MM-DD",)),
    "a day that is none": ({"field_type": "date"}, "2026-02-30", ("YYYY-MM-DD",)),
    "a hour of one digit": ({"type": "string", "format": "time"}, "3:30", ("HH:MM",)),
    "a day without its time": ({"type": "string", "format": "date-time"}, "2026-03-05", ("HH:MM",)),
    "a phone number with an extension": ({"field_type": "phone"}, "+44 20 7946 0018 ext 5", ("+44",)),
    "a phone number of ten digits": ({"field_type": "phone"}, 5550100199, ("country",)),
    "letters for digits": ({"field_type": "phone"}, "+1 800 FLOWERS", ("country",)),
    "a moment on one of two days": (
        {"type": "string", "format": "date-time"},
        "03/05/2026 10:00",
        ("2026-03-05 or 2026-05-03", "ask"),
    ),
    "two for a boolean": ({"type": "boolean"}, 2, ("true or false",)),
    "an object for a text": ({"type": "string"}, {"a": 1}, ("text",)),
    "two choices alike": ({"enum": ["a", "A"]}, " a ", ("one of: a, A",)),
    "an underscore in a number": ({"type": "integer"}, "1_000", ("whole number",)),
    "a word for a list of numbers": ({"type": "array", "items": {"type": "integer"}}, "milk", ("list", "whole number")),
    "a pattern without an example": (
        {"type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$"},
        "x",
        ("AA1234", "in the form"),
    ),
    "a pattern that nothing shows": (
        {"type": "string", "pattern": "^[^a]+$", "description": "Anything without an a."},
        "a",
        ("Anything without an a.",),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_mean_several_things_or_nothing_is_asked_for(name: str) -> None:
    """In plain words."""
    declared, sent, says = REFUSED[name]
    _, refusal = asked(declared, sent)
    assert [said for said in says if said not in refusal] == []
    assert [sign for sign in NOT_PLAIN if sign in refusal] == []


def test_a_blank_for_what_is_needed_is_refused() -> None:
    """Nothing can be left out there."""
    for sent in ("", "null", "none"):
        _, refusal = asked({"type": "integer"}, sent, required=True)
        assert "whole number" in refusal


def test_the_workspace_says_where_callers_are() -> None:
    """The country of numbers that name none, and the time zone of times that have none."""
    germany = Locale("DE", "Europe/Berlin")
    assert asked({"field_type": "phone"}, "030 123456", germany)[0] == {"p": "+4930123456"}
    assert asked({"field_type": "phone"}, "(555) 010-0199", Locale("US"))[0] == {"p": "+15550100199"}
    moment = {"type": "string", "format": "date-time"}
    assert asked(moment, "2026-03-05T10:00:00", germany)[0] == {"p": "2026-03-05T10:00:00+01:00"}
    assert asked(moment, "2026-07-05T10:00:00", germany)[0] == {"p": "2026-07-05T10:00:00+02:00"}
    # That hour comes twice, and one in spring never.
    assert asked(moment, "2026-10-25T02:30:00", germany)[1]
    assert asked(moment, "2026-03-29T02:30:00", germany)[1]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "refused_says" not in case])
def test_a_strict_parameter_is_taken_as_it_was_sent(name: str) -> None:
    """Whatever says so: `x-midcall`, the property, or its field."""
    case = CASES[name]
    declared = case["schema"]
    if "field_type" in declared:
        declared = FIELD_TYPES[declared["field_type"]]
    for strict in ({"x-midcall": {"strict": True}}, {"strict": True}):
        params, _ = asked({**declared, **strict}, case["sent"])
        assert json.dumps(params) == json.dumps({"p": case["sent"]})


def test_each_way_in_reads_numbers_and_times_as_the_workspace_says(world: World) -> None:
    """A call without a session, and one of a session."""
    properties = {"phone": FIELD_TYPES["phone"], "at": {"type": "string", "format": "date-time"}}
    world.published("book", parameters={"type": "object", "properties": properties})
    world.agent(("book", Phase.DURING_SESSION))
    world.started()
    sent = {"phone": "030 123456", "at": "2026-03-05 10:00"}
    assert world.called("book", params=sent).status == "refused"
    change = WorkspaceChange.model_validate({"default_region": "DE", "time_zone": "Europe/Berlin"})
    world.workspaces.change(world.caller, change.changes())
    read = {"phone": "+4930123456", "at": "2026-03-05T10:00:00+01:00"}
    assert world.called("book", params=sent).params == read
    assert world.admitted("book", params=sent).params == read
    for given in ({"default_region": "Germany"}, {"time_zone": "Berlin"}, {"time_zone": None}):
        with pytest.raises((ValidationError, InvalidInput)):
            WorkspaceChange.model_validate(given)
