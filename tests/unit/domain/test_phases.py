"""What a return value means in each phase."""

from typing import Any

import pytest

from midcall.domain.phases import BadReturn, HandlerResult, Phase, interpret

PRE, DURING, POST = Phase.PRE_SESSION, Phase.DURING_SESSION, Phase.POST_SESSION


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("value", [None, 5, "text", [], [{"dynamicVariables": 1}], True])
def test_a_value_that_is_no_object_is_the_result(phase: Phase, value: Any) -> None:
    """In every phase."""
    assert interpret(value, phase) == HandlerResult(result=value)


@pytest.mark.parametrize(
    ("phase", "value", "expected"),
    [
        (DURING, {"a": 1}, HandlerResult({"a": 1})),
        (DURING, {"result": 1, "a": 2}, HandlerResult(1)),
        (DURING, {"result": None}, HandlerResult(None)),
        (DURING, {"a": 1, "dynamicVariables": {"b": 2}}, HandlerResult({"a": 1}, {"b": 2})),
        (DURING, {"terminateAgent": True, "reason": "x"}, HandlerResult({"terminateAgent": True, "reason": "x"})),
        (POST, {"result": 1, "dynamicVariables": {}}, HandlerResult(1)),
        (PRE, {"result": 1}, HandlerResult({"result": 1})),
        (PRE, {"terminateAgent": False}, HandlerResult({}, terminate=False)),
        (PRE, {"terminateAgent": None}, HandlerResult({})),
        (
            PRE,
            {"terminateAgent": True, "reason": "closed", "a": 1},
            HandlerResult({"a": 1}, {}, terminate=True, reason="closed"),
        ),
    ],
)
def test_an_object_is_taken_apart(phase: Phase, value: Any, expected: HandlerResult) -> None:
    """Variables, result, and before the session whether it takes place at all."""
    assert interpret(value, phase) == expected


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("variables", [None, [], "x", 5])
def test_variables_that_are_no_object_are_a_bad_return(phase: Phase, variables: Any) -> None:
    """Nothing is merged by half."""
    with pytest.raises(BadReturn, match="dynamicVariables"):
        interpret({"dynamicVariables": variables}, phase)


@pytest.mark.parametrize("terminate", ["true", 1, 0, [], {}])
def test_terminating_takes_a_boolean(terminate: Any) -> None:
    """Whoever ends a call must mean it."""
    with pytest.raises(BadReturn, match="terminateAgent"):
        interpret({"terminateAgent": terminate}, PRE)


def test_a_reason_is_text() -> None:
    """It is said to a person."""
    with pytest.raises(BadReturn, match="reason"):
        interpret({"terminateAgent": True, "reason": {"a": 1}}, PRE)
