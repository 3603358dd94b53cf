"""How a function's return value is read in each phase: result, variables, the end of the session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """When a function runs in the life of a session."""

    PRE_SESSION = "pre_session"
    DURING_SESSION = "during_session"
    POST_SESSION = "post_session"


class BadReturn(ValueError):
    """The value cannot be used in this phase; the message says why."""


@dataclass(frozen=True, slots=True)
class HandlerResult:
    """A return value taken apart."""

    result: Any
    variables: Mapping[str, Any] = field(default_factory=dict)
    terminate: bool | None = None
    reason: str | None = None


def interpret(value: Any, phase: Phase) -> HandlerResult:
    """Take a return value apart; raises BadReturn where a reserved key has the wrong type."""
    if not isinstance(value, dict):
        return HandlerResult(result=value)
    variables = value.get("dynamicVariables", {})
    if not isinstance(variables, dict):
        raise BadReturn('"dynamicVariables" must be an object of name -> value')
    terminate, reason = _termination(value) if phase is Phase.PRE_SESSION else (None, None)
    return HandlerResult(result=_result(value, phase), variables=variables, terminate=terminate, reason=reason)


def _termination(value: dict[str, Any]) -> tuple[bool | None, str | None]:
    terminate = value.get("terminateAgent")
    if terminate is not None and not isinstance(terminate, bool):
        raise BadReturn('"terminateAgent" must be true or false, not ' + type(terminate).__name__)
    reason = value.get("reason")
    if reason is not None and not isinstance(reason, str):
        raise BadReturn('"reason" must be text')
    return terminate, reason


def _result(value: dict[str, Any], phase: Phase) -> Any:
    if phase is not Phase.PRE_SESSION and "result" in value:
        return value["result"]
    control = {"dynamicVariables"} | ({"terminateAgent", "reason"} if phase is Phase.PRE_SESSION else set())
    return {name: item for name, item in value.items() if name not in control}
