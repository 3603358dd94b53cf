"""Dynamic variables of a session: a value, who set it, and when."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: More than an agent's prompt can use, and a bound on what strangers' code can pile up in a session.
MAX_VARIABLES = 200
MAX_VARIABLES_BYTES = 256 * 1024
MAX_NAME = 128

SYSTEM, CALLER, LLM = "system", "caller", "llm"
_FUNCTION = "function:"
#: The variable that every session starts with.
CURRENT_TIME = "currentTime"


class TooManyVariables(ValueError):
    """The session's variables would exceed their bounds; the message says which."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. `source` is `system`, `caller`, `llm` or `function:<name>`; `at` milliseconds since the epoch."""

    value: Any
    source: str
    at: int


def set_by(function: str) -> str:
    """Name the source of what a function sets."""
    return f"{_FUNCTION}{function}"


def function_of(source: str) -> str | None:
    """Return the function that is a variable's source; None: it is none."""
    return source.removeprefix(_FUNCTION) if source.startswith(_FUNCTION) else None


def merge(
    variables: Mapping[str, Variable], changed: Mapping[str, Any], *, source: str, at: int
) -> dict[str, Variable]:
    """Set the changed names, keep all others; raises TooManyVariables, changing nothing."""
    merged = {**variables, **{name: Variable(value, source, at) for name, value in changed.items()}}
    if any(len(name) > MAX_NAME for name in changed):
        raise TooManyVariables(f"the name of a dynamic variable has {MAX_NAME} characters at most")
    if len(merged) > MAX_VARIABLES:
        raise TooManyVariables(f"a session holds {MAX_VARIABLES} dynamic variables at most")
    size = len(json.dumps(values(merged)))
    if size > MAX_VARIABLES_BYTES:
        raise TooManyVariables(f"a session's dynamic variables may take {MAX_VARIABLES_BYTES // 1024} KiB in all")
    return merged


def values(variables: Mapping[str, Variable]) -> dict[str, Any]:
    """Return names and values, as functions and agents see them."""
    return {name: variable.value for name, variable in variables.items()}
