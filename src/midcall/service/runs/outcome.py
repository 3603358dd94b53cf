"""From what a run came to, to the outcome that is recorded."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from midcall.domain.budget import Budget
from midcall.domain.errors import ParametersWanted
from midcall.domain.function_config import FunctionConfig, MessagesConfig
from midcall.domain.gates import Gate, what_to_do
from midcall.domain.invocation import Invocation, Outcome
from midcall.domain.phases import BadReturn, HandlerResult, Phase, interpret
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.content import DEFAULT_ERROR_MESSAGE, retry_of, told_content
from midcall.service.runs.response_variables import extract
from midcall.service.schemas.schemas import value_faults


def outcome_document(invocation: Invocation, outcome: Outcome) -> dict[str, Any]:
    """Write an outcome as the agent sees it, in answers and events alike: what to say, never a traceback."""
    error = outcome.error
    return {
        "invocation_id": invocation.id,
        "function": invocation.function,
        "version": invocation.version,
        "status": outcome.status.value,
        "result": outcome.result,
        "truncated": outcome.truncated,
        "content": told_content(outcome),
        "is_error": outcome.status.is_error,
        "retry": retry_of(outcome).value,
        "message": outcome.message,
        "dynamicVariables": dict(outcome.variables),
        "changed": list(outcome.changed),
        "error": None if error is None else error_document(error),
        "warnings": list(outcome.warnings),
    }


def error_document(error: RunError) -> dict[str, Any]:
    """Write an error as the agent sees it; of a webhook whose target answered, with its status and body."""
    document: dict[str, Any] = {"type": error.type, "message": error.message}
    if error.http_status is not None:
        document |= {"http_status": error.http_status, "body": error.body}
    return document


def outcome_of(
    report: RunReport,
    config: FunctionConfig,
    phase: Phase,
    variables: Mapping[str, Any],
    budget: Budget | None = None,
) -> Outcome:
    """Judge a report: the outcome of a run of `config`, with `variables` as they were before it.

    What its author wrote about the result is evaluated within `budget`; what goes beyond it is a warning.
    """
    if report.status.refused:
        error = report.error or RunError("refused", "")
        outcome = refused(error.message) if error.type == ParametersWanted.code else refused_by_code(error)
        return replace(outcome, variables=variables)
    if not report.status.ok:
        return _unsuccessful(report, config.messages, variables)
    try:
        returned = interpret(report.result, phase)
    except BadReturn as error:
        return replace(failed("bad_return", str(error), config.messages, variables), warnings=report.warnings)
    warnings = _output_warnings(config.output_schema, returned.result)
    if warnings and config.strict_output:
        return replace(
            failed("output_schema", "; ".join(warnings), config.messages, variables), warnings=report.warnings
        )
    said = (*report.warnings, *warnings, *_out_of_place(report.result, phase))
    outcome = _successful(returned, config, variables, said, budget)
    return replace(outcome, truncated=True, whole=_read_of(report)) if report.truncated else outcome


def _read_of(report: RunReport) -> str | None:
    """Say how long an answer was of which only the beginning was read."""
    size = (report.response or {}).get("bytes")
    return None if size is None else f"{size:,} bytes"


def failed(
    kind: str,
    message: str,
    messages: MessagesConfig,
    variables: Mapping[str, Any],
    status: InvocationStatus = InvocationStatus.FAILED,
) -> Outcome:
    """Make the outcome of a call that midcall itself gave up; the agent still gets something to say."""
    return Outcome(status=status, message=_error_message(messages), variables=variables, error=RunError(kind, message))


def refused(faults: str) -> Outcome:
    """Make the outcome of a call whose parameters do not fit; the text tells the LLM what to ask for."""
    text = f"The function was not called: {faults}. Ask for what is missing or wrong, then call it again."
    return Outcome(
        status=InvocationStatus.REFUSED,
        result=text,
        error=RunError("invalid_params", faults),
    )


def refused_by_code(error: RunError) -> Outcome:
    """Make the outcome of a call that the function's own code refused; its text is what the LLM is told."""
    text = error.message or "The function cannot do that."
    return Outcome(InvocationStatus.REFUSED, result=text, error=RunError("refused", text, line=error.line))


def refused_by_gate(gate: Gate) -> Outcome:
    """Make the outcome of a call whose gate is closed; the text tells the LLM what to do first."""
    error = RunError("gate_closed", f"{gate.function} has not set {gate.variable} as required")
    return Outcome(InvocationStatus.REFUSED, result=what_to_do(gate), error=error)


def _successful(
    returned: HandlerResult,
    config: FunctionConfig,
    variables: Mapping[str, Any],
    warnings: tuple[str, ...],
    budget: Budget | None,
) -> Outcome:
    result, whole = _capped(returned.result, config.max_result_chars)
    extracted, unset = extract(config.response_variables, returned.result, budget)
    # What the function sets by name wins over what is read from its result.
    set_now = {**extracted, **returned.variables}
    return Outcome(
        status=InvocationStatus.SUCCEEDED,
        result=result,
        truncated=whole is not None,
        whole=whole,
        variables={**variables, **set_now},
        changed=tuple(sorted(set_now)),
        terminate=returned.terminate,
        reason=returned.reason,
        warnings=(*warnings, *(f"response_variables.{name}: {why}" for name, why in unset.items())),
    )


def _unsuccessful(report: RunReport, messages: MessagesConfig, variables: Mapping[str, Any]) -> Outcome:
    error = report.error or RunError(report.status.value, f"the run ended with status {report.status}")
    return Outcome(
        status=report.status.comes_to,
        message=_error_message(messages, error.http_status),
        variables=variables,
        error=error,
    )


def _error_message(messages: MessagesConfig, http_status: int | None = None) -> str:
    own = _by_status(messages.error, http_status) if isinstance(messages.error, Mapping) else None
    return own or messages.failed or DEFAULT_ERROR_MESSAGE


def _by_status(messages: Mapping[str, str], http_status: int | None) -> str | None:
    """Find the text for a status: 404 before 40x before 4xx."""
    if http_status is None:
        return None
    digits = str(http_status)
    found = (messages.get(key) for key in (digits, f"{digits[:2]}x", f"{digits[0]}xx"))
    return next((text for text in found if text), None)


def _output_warnings(schema: Mapping[str, Any] | None, result: Any) -> tuple[str, ...]:
    if schema is None:
        return ()
    return tuple(f"{fault.loc}: {fault.msg}" for fault in value_faults(schema, result, "result"))


def _out_of_place(value: Any, phase: Phase) -> tuple[str, ...]:
    """Say of a word that ends a session that it was not heard."""
    if phase is Phase.PRE_SESSION or not isinstance(value, dict) or value.get("terminateAgent") is not True:
        return ()
    return ("terminateAgent ends a session before it begins and at no other time: attach the function to pre_session",)


def _capped(result: Any, limit: int) -> tuple[Any, str | None]:
    """Cut a result to `limit` characters of its string form, if it is longer; also says how long it was then."""
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    return (result, None) if len(text) <= limit else (text[:limit], f"{len(text):,} characters")
