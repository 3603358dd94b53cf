"""What a model's answer makes of a function."""

from typing import Any

import pytest
from tests.support.world import function

from midcall.domain.assistant import ModelAnswer
from midcall.domain.errors import InvalidInput
from midcall.service.assistant.proposal import MAX_DIFF_LINES, case_of, diff, proposals, proposed
from midcall.service.functions.form import FunctionForm, parse_function

SOURCE = "def handler(session):\n    return 2\n"


def draft(**changes: Any) -> FunctionForm:
    """Make a function."""
    return parse_function(function(**changes))


def written(**changes: Any) -> ModelAnswer:
    """Make an answer."""
    return ModelAnswer(SOURCE, "x", changes)


def test_source_alone_changes_nothing_else() -> None:
    """The function is as before, but for its code."""
    before = draft(timeout=7, code={"source": "x = 1\n", "egress": ["api.example.com"]})
    after = proposed(before, written())
    stored = before.config().to_stored()
    assert after.config().to_stored() == {**stored, "code": {**stored["code"], "source": SOURCE}}
    assert proposals(before, after) == {}


def test_the_same_again_is_no_proposal() -> None:
    """A model that repeats what there is asks for nothing."""
    before = draft(code={"source": "x = 1\n", "actions": ["http.get"], "egress": ["api.example.com"]})
    after = proposed(before, written(actions=["http.get"], egress=["api.example.com"]))
    assert proposals(before, after) == {}


def test_how_midcall_treats_a_parameter_is_for_people_to_say() -> None:
    """Hidden ones stay, whatever the model writes under their names, and it makes none hidden or visible."""
    hidden = {"type": "string", "x-midcall": {"constant": "acme"}}
    sensitive = {"type": "string", "x-midcall": {"sensitive": True}}
    before = draft(
        parameters={"type": "object", "properties": {"tenant": hidden, "pin": sensitive}, "required": ["tenant"]}
    )
    wanted = {
        "properties": {
            "tenant": {"type": "string"},
            "pin": {"type": "string", "minLength": 4},
            "other": {"type": "string", "x-midcall": {"constant": "evil"}},
        },
        "required": ["pin", "tenant"],
    }
    assert proposed(before, written(parameters=wanted)).config().to_stored()["parameters"] == {
        "type": "object",
        "properties": {"tenant": hidden, "pin": {**sensitive, "minLength": 4}, "other": {"type": "string"}},
        "required": ["pin", "tenant"],
    }


def test_how_midcall_treats_what_is_further_down_is_for_people_too() -> None:
    """The model is not told what it would have to keep, so what holds such a thing stays as it is."""
    secret = {"type": "object", "properties": {"pin": {"x-midcall": {"sensitive": True}}}}
    known: dict[str, Any] = {"login": {"$ref": "#/$defs/login"}, "free": {"type": "string"}}
    before: dict[str, Any] = {
        "type": "object",
        "properties": known,
        "allOf": [{"properties": {"tenant": {"x-midcall": {"constant": "acme"}}}}],
        "$defs": {"login": secret},
    }
    wanted = {
        "properties": {"login": {"type": "object"}, "free": {"items": {"x-midcall": {"sensitive": True}}}},
        "allOf": [],
    }
    after = proposed(draft(parameters=before), written(parameters=wanted)).config().to_stored()["parameters"]
    assert after == {**before, "properties": {**known, "free": {"items": {}}}, "required": []}


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"egress": ["https://example.com/path"]}, "code.egress.0"),
        ({"egress": [{"host": "example.com"}]}, "code.egress.0"),
        ({"actions": ["http.teleport"]}, "code.actions.0"),
        ({"actions": [{"name": "http", "token": "x"}]}, "code.actions.0.token"),
        ({"parameters": {"type": "object", "properties": {"a": {"type": "strange"}}}}, "parameters"),
        ({"parameters": {"properties": ["a"]}}, "parameters"),
        ({"parameters": {"properties": {}, "required": 5}}, "parameters"),
    ],
)
def test_what_is_no_function_names_the_field(changes: dict[str, Any], loc: str) -> None:
    """So that the model can mend it."""
    with pytest.raises(InvalidInput) as caught:
        proposed(draft(), written(**changes))
    assert [fault.loc for fault in caught.value.faults if fault.loc.startswith(loc)]


def test_diff_is_against_the_source_that_was_sent() -> None:
    """Unified, as people and tools read it."""
    assert diff("a\nb\n", "a\nc\n") == "--- current\n+++ proposed\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    assert diff("a\n", "a\n") == ""
    assert diff("a\n" * MAX_DIFF_LINES, "b\n") == ""


def test_test_case_is_taken_in_known_parts() -> None:
    """Anything else, and what is too large, is left out."""
    case = {"params": {"a": 1}, "expect": {"x": 2}, "note": "no part", "mocks": None}
    assert case_of(ModelAnswer("", "", {}, case)) == {"params": {"a": 1}, "expect": {"x": 2}}
    assert case_of(ModelAnswer("", "", {}, {"note": "x"})) is None
    assert case_of(ModelAnswer("", "", {}, {"params": {"a": "x" * 40_000}})) is None
    assert case_of(ModelAnswer("", "")) is None
