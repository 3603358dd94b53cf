"""What is kept of a run to be read: what came of it, with the values of sensitive parameters masked.

The agent's own answer and the session's variables are no record but what the next step works with: they stay exact.
"""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from midcall.domain.invocation import Invocation, Outcome
from midcall.domain.redaction import Redaction
from midcall.domain.run import RunError, RunReport
from midcall.service.runs.outcome import outcome_document

#: Characters of JSON up to which all variables of a session are told with each outcome.
MOST_TOLD = 4_096

#: Fields of a report that midcall itself writes, and the error, whose parts are masked one by one. All others are
#: masked whole, those that are added later among them. A recording is masked where it is made.
_OURS = frozenset(
    {
        *("status", "error", "logs_truncated", "waited_ms", "sandbox_ms", "sandbox_id", "actions", "recording"),
        *("isolation", "isolation_note", "warnings", "truncated"),
    }
)
#: Fields of a report whose keys and numbers are midcall's own: an HTTP status is no PIN.
_DOCUMENTS = ("request", "response")


def report_on_record(report: RunReport, redaction: Redaction) -> RunReport:
    """Mask a report: result, logs, and what is said of an error."""
    said = [field.name for field in fields(report) if field.name not in _OURS]
    masked = {name: redaction.value(getattr(report, name)) for name in said}
    for name in _DOCUMENTS:
        document = getattr(report, name)
        masked[name] = None if document is None else redaction.texts(document)
    return replace(
        report,
        **masked,
        error=None if report.error is None else _masked(report.error, redaction),
        warnings=tuple(map(redaction.text, report.warnings)),
    )


def explained(outcome: Outcome, redaction: Redaction) -> Outcome:
    """Mask what an outcome says about the run. What the run itself returned and set is the agent's, and exact."""
    return replace(
        outcome,
        error=None if outcome.error is None else _masked(outcome.error, redaction),
        reason=None if outcome.reason is None else redaction.text(outcome.reason),
        warnings=tuple(map(redaction.text, outcome.warnings)),
    )


def told_of(invocation: Invocation, outcome: Outcome, redaction: Redaction) -> dict[str, Any]:
    """Write an outcome for events and callbacks: masked, and where the variables are many, those alone that it set."""
    return on_record(outcome_document(invocation, replace(outcome, variables=told_variables(outcome))), redaction)


def told_variables(outcome: Outcome) -> Mapping[str, Any]:
    """Return the variables that an outcome is told with: each is told of once as it is set, and need not come again."""
    if len(json.dumps(outcome.variables)) <= MOST_TOLD:
        return outcome.variables
    return outcome.set_variables


def on_record(document: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    """Mask an outcome's document for events and callbacks."""
    shown = {name: redaction.value(document[name]) for name in ("result", "content", "dynamicVariables", "warnings")}
    if document["error"] is not None:
        shown["error"] = redaction.texts(document["error"])
    return {**document, **shown}


def _masked(error: RunError, redaction: Redaction) -> RunError:
    traceback = None if error.traceback is None else redaction.text(error.traceback)
    body = None if error.body is None else redaction.text(error.body)
    return replace(error, message=redaction.text(error.message), traceback=traceback, body=body)
