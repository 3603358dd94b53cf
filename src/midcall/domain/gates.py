"""Gates (`requires`): a function may be called only after another one has vouched for it in this session.

What the LLM or the caller says never opens a gate: only variables that a run of the named function set count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.json_equality import same
from midcall.domain.variables import Variable, function_of

#: Steps of one call's gates, about a tenth of a second; a session may have had thousands of runs before.
MAX_STEPS = 200_000
MAX_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Gate:
    """`function` must have set `variable` to `equals`, in a run with the same values of `same_params`."""

    function: str
    variable: str
    equals: Any
    same_params: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastRun:
    """A succeeded run of this session: with which parameters, and which variables it set."""

    function: str
    params: Mapping[str, Any]
    set_variables: Mapping[str, Any]


def closed_gate(
    gates: Iterable[Gate], params: Mapping[str, Any], runs: Iterable[PastRun], variables: Mapping[str, Variable]
) -> Gate | None:
    """Return the first gate that is closed for a call with `params`; `runs` come oldest first.

    One that cannot be looked at within the budget of the call is closed: only what was seen opens it.
    """
    past = list(runs)
    budget = Budget(MAX_STEPS, seconds=MAX_SECONDS)
    return next((gate for gate in gates if not _seen_open(gate, params, past, variables, budget)), None)


def what_to_do(gate: Gate) -> str:
    """Say what the LLM must do to open a gate."""
    same = f" with the same {', '.join(gate.same_params)}" if gate.same_params else ""
    return (
        f"The function was not called: {gate.function} must succeed first{same}. "
        f"Collect what {gate.function} needs, call it, and call this function again once it has succeeded."
    )


def _seen_open(
    gate: Gate, params: Mapping[str, Any], runs: list[PastRun], variables: Mapping[str, Variable], budget: Budget
) -> bool:
    try:
        return _open(gate, params, runs, variables, budget)
    except BudgetSpent:
        return False


def _open(
    gate: Gate, params: Mapping[str, Any], runs: list[PastRun], variables: Mapping[str, Variable], budget: Budget
) -> bool:
    if any(name not in params for name in gate.same_params):
        return False
    # The latest run that spoke about the same thing decides: a later "not verified" closes the gate again.
    for run in reversed(runs):
        if run.function != gate.function or gate.variable not in run.set_variables:
            continue
        if all(name in run.params and same(run.params[name], params[name], budget) for name in gate.same_params):
            vouched = same(run.set_variables[gate.variable], gate.equals, budget)
            return vouched and _still_stands(gate, variables, budget)
    return False


def _still_stands(gate: Gate, variables: Mapping[str, Variable], budget: Budget) -> bool:
    """Tell whether no other function has taken the word back since; with `same_params` each value speaks for itself."""
    if gate.same_params:
        return True
    now = variables.get(gate.variable)
    taken_back = now is not None and function_of(now.source) not in {None, gate.function}
    return not taken_back or (now is not None and same(now.value, gate.equals, budget))
