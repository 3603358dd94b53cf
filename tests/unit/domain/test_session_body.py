"""The session body has the same shape in every run, whatever was sent or stored."""

import re
from typing import Any

import pytest

from midcall.domain.phases import Phase
from midcall.domain.session_body import FIELDS, KNOWN, OWN_FIELDS, FieldType, body_alone, body_faults, kept_shape

DETAILS = {"agentDetails": {"id", "name", "version", "number"}, "userDetails": {"id", "email", "number"}}


def alone(given: dict[str, Any], phase: Phase = Phase.DURING_SESSION) -> dict[str, Any]:
    """Return the body of a run without a session."""
    return body_alone(given, session_id="s1", phase=phase, environment="production", params={}, now=0, deadline_ms=1000)


@pytest.mark.parametrize("phase", Phase)
def test_every_field_is_there_in_every_phase_of_its_type_and_empty(phase: Phase) -> None:
    """Code that reads `session["userDetails"]["email"]` finds a text, in every phase."""
    body = alone({}, phase)
    assert body == {
        "sessionId": "s1",
        "direction": "inbound",
        "medium": "phone",
        "agentDetails": {"id": "", "name": "", "version": "", "number": ""},
        "userDetails": {"id": "", "email": "", "number": ""},
        "communicationChannelName": "",
        "communicationChannelId": "",
        "threadId": [],
        "recordingUrl": "",
        "dynamicVariables": {"currentTime": "1970-01-01T00:00:00.000Z"},
        "createdAt": "1970-01-01T00:00:00.000Z",
        "time": "1970-01-01T00:00:00.000Z",
        "params": {},
        "analysis": {},
        "llmResponse": "",
        "transcript": [],
        "contact": {},
        "phase": phase.value,
        "environment": "production",
        "deadlineMs": 1000,
    }
    assert [field.name for field in FIELDS] == list(body)


#: What was stored before types were checked, or what a vendor sent, and what comes of it.
ODD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"userDetails": "x"}, {"userDetails": {"id": "", "email": "", "number": ""}}),
    ({"userDetails": None}, {"userDetails": {"id": "", "email": "", "number": ""}}),
    (
        {"userDetails": {"id": 5, "plan": "gold"}},
        {"userDetails": {"id": "5", "email": "", "number": "", "plan": "gold"}},
    ),
    ({"userDetails": {"email": None, "number": ["x"]}}, {"userDetails": {"id": "", "email": "", "number": ""}}),
    ({"agentDetails": {"version": 9}}, {"agentDetails": {"id": "", "name": "", "version": "9", "number": ""}}),
    ({"threadId": "m1"}, {"threadId": ["m1"]}),
    ({"threadId": ["m1", 2]}, {"threadId": ["m1", "2"]}),
    ({"threadId": None}, {"threadId": []}),
    ({"transcript": "Agent: Hello."}, {"transcript": ["Agent: Hello."]}),
    ({"transcript": ""}, {"transcript": []}),
    ({"analysis": "good"}, {"analysis": {}}),
    ({"contact": [1]}, {"contact": {}}),
    ({"recordingUrl": None}, {"recordingUrl": ""}),
    ({"llmResponse": 7}, {"llmResponse": "7"}),
    ({"llmResponse": True}, {"llmResponse": ""}),
    ({"medium": "sms"}, {"medium": "sms"}),
    ({"direction": 1.5}, {"direction": "1.5"}),
    ({"direction": None}, {"direction": "inbound"}),
]


@pytest.mark.parametrize(("kept", "wanted"), ODD, ids=str)
def test_what_is_of_another_type_is_brought_to_shape(kept: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Numbers become text, what stands alone a list of one; what cannot be read that way is empty."""
    found = kept_shape(kept)
    assert {name: found[name] for name in wanted} == wanted
    assert {name: alone(kept)[name] for name in wanted} == wanted
    assert kept_shape(found) == found


def test_unknown_fields_pass_through_and_a_call_is_an_object_or_not_there() -> None:
    """Whatever they hold."""
    assert alone({"own": None, "metadata": [1], "call": {"call_id": "c"}}).items() >= {"own": None}.items()
    assert kept_shape({"call": "c1", "own": 5})["own"] == 5
    assert "call" not in kept_shape({"call": "c1"})
    assert OWN_FIELDS.isdisjoint(kept_shape({"phase": "evil", "params": {"a": 1}}))


#: Each known field with values of other types.
WRONG: dict[FieldType, list[Any]] = {
    FieldType.TEXT: [5, 1.5, True, [], {}, ["x"]],
    FieldType.NUMBER: ["5", 1.5, True, [], {}],
    FieldType.OBJECT: ["x", 5, False, [], [{}]],
    FieldType.LIST: ["x", 5, True, {}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in KNOWN for value in WRONG[KNOWN[name].kind]])
def test_a_known_field_of_another_type_is_a_fault_with_a_cure(name: str, value: Any) -> None:
    """It says what to write, with an example."""
    (fault,) = body_faults({name: value, "own": value})
    assert fault.loc == name
    assert re.match(r"must be (text|a whole number|an object|a list)( of texts)?, such as |must be \"", fault.msg)
    assert fault.msg.endswith("; leave it out where it is not known")


@pytest.mark.parametrize(("name", "part"), [(name, part) for name, parts in DETAILS.items() for part in sorted(parts)])
@pytest.mark.parametrize("value", WRONG[FieldType.TEXT])
def test_a_known_part_of_another_type_is_a_fault_with_its_path(name: str, part: str, value: Any) -> None:
    """As of `userDetails.email`."""
    (fault,) = body_faults({name: {part: value, "plan": value}})
    assert fault.loc == f"{name}.{part}"
    assert fault.msg.startswith("must be text, such as ")


@pytest.mark.parametrize(
    "given",
    [
        {"direction": "sideways"},
        {"medium": "sms"},
        {"phase": "before"},
        {"threadId": ["m1", 2]},
        {"threadId": [None]},
    ],
    ids=str,
)
def test_a_word_or_an_item_that_cannot_be_is_a_fault(given: dict[str, Any]) -> None:
    """Choices are named."""
    (fault,) = body_faults(given)
    assert fault.loc == next(iter(given))


def test_nothing_is_wrong_with_a_whole_body_or_with_nulls_or_with_examples() -> None:
    """What midcall hands out may be sent back; null says that nothing is known."""
    assert list(body_faults(alone({}))) == []
    assert list(body_faults({**dict.fromkeys(KNOWN), "userDetails": {"id": None}})) == []
    assert list(body_faults({field.name: field.example for field in KNOWN.values()})) == []


#: The fields of SubVerse's own document, with what it has there while nothing is known.
SUBVERSE = {
    **dict.fromkeys(("sessionId", "direction", "createdAt", "time", "recordingUrl", "llmResponse"), str),
    **dict.fromkeys(("agentDetails.name", "agentDetails.version"), str),
    **dict.fromkeys(("userDetails.id", "userDetails.email", "userDetails.number"), str),
    **dict.fromkeys(("communicationChannelName", "communicationChannelId"), str),
    **dict.fromkeys(("dynamicVariables", "params", "analysis"), dict),
    "threadId": list,
}


@pytest.mark.parametrize("phase", Phase)
def test_every_field_that_subverse_documents_is_there_of_its_type(phase: Phase) -> None:
    """Code that was written for it reads them without asking."""
    for path, kind in SUBVERSE.items():
        found: Any = alone({}, phase)
        for name in path.split("."):
            found = found[name]
        assert isinstance(found, kind), path
