"""What came of a run: result, error with its line, logs, actions, request and response."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from midcall.domain.action import ActionRecord
from midcall.domain.invocation import Invocation
from midcall.domain.rereview import VersionFlag
from midcall.domain.run import RunError
from midcall.ui.parts.attributes import named
from midcall.ui.parts.code import code_view, json_view
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import duration

#: Lines of source around the one that failed.
AROUND = 3

FLAGS = {
    VersionFlag.OLDER_POLICY: "The version was approved under an older policy than the one in force.",
    VersionFlag.FAILS_CURRENT_POLICY: (
        "Reviewed again under the policy in force, the version was refused. Mend it, and publish a new one."
    ),
}


def section(title: str) -> ui.element:
    """Begin a section; its content is made inside."""
    box = named(ui.element("section").classes("mc-report-part"), title)
    with box:
        ui.label(title).classes("mc-report-title").props('role="heading" aria-level=2')
    return box


def result_of(invocation: Invocation) -> Any:
    """Return what the function returned: the report's, which is masked, before the outcome's."""
    if invocation.report is not None:
        return invocation.report.result
    return invocation.outcome.result if invocation.outcome else None


def show_result(invocation: Invocation) -> None:
    """Show the result, and what it did to the session."""
    outcome = invocation.outcome
    with section("Result"):
        if not invocation.final:
            ui.label("Not there yet; this page shows it as soon as it is.").classes("mc-quiet")
            return
        json_view(result_of(invocation), what="the result")
        if outcome is None:
            return
        if outcome.message:
            ui.label(f"“{outcome.message}”").classes("mc-said").props('title="What the agent was told to say"')
        if outcome.truncated:
            ui.label("The agent got it cut short; this is the whole.").classes("mc-quiet")
        if outcome.terminate:
            ui.label(f"It ended the session: {outcome.reason or 'no reason given'}").classes("mc-strong")
        if outcome.changed:
            ui.label(f"Variables it set: {', '.join(outcome.changed)}").classes("mc-quiet")
        for text in outcome.warnings:
            ui.label(text).classes("mc-entry-warning")


def show_error(error: RunError, source: str | None, *, final: bool) -> None:
    """Show why it failed, and the line of the code that did."""
    with section("Error" if final else "Error of the last attempt"):
        with ui.element("div").classes("mc-banner"):
            ui.icon("error").props("aria-hidden=true")
            with ui.element("div"):
                ui.label(error.type).classes("mc-code-word mc-strong")
                ui.label(error.message).classes("mc-error-text")
        if error.line is not None:
            if source is None:
                ui.label(f"In line {error.line} of its code.").classes("mc-quiet")
            else:
                _excerpt(source, error.line)
        if error.http_status is not None:
            ui.label(f"The target answered with HTTP status {error.http_status}.")
        if error.body:
            code_view(error.body, what="the answer's body")
        if error.traceback:
            with ui.expansion("Traceback").props("dense").classes("mc-report-traceback"):
                code_view(error.traceback, what="the traceback")


def _excerpt(source: str, failed: int) -> None:
    lines = source.splitlines()
    begin = max(1, failed - AROUND)
    box = ui.element("div").classes("mc-code mc-excerpt").props("role=img")
    with named(box, f"Line {failed} of the code"):
        for number in range(begin, min(len(lines), failed + AROUND) + 1):
            with ui.element("div").classes("mc-excerpt-line" + (" mc-excerpt-here" if number == failed else "")):
                ui.label(str(number)).classes("mc-excerpt-number")
                ui.label(lines[number - 1] or " ").classes("mc-code-text")


def show_logs(invocation: Invocation) -> None:
    """Show what it printed."""
    report = invocation.report
    if report is None or not report.logs:
        return
    with section("Logs"):
        code_view(report.logs, what="the logs")
        if report.logs_truncated:
            ui.label("It printed more; the rest was not kept.").classes("mc-quiet")


def show_actions(actions: Sequence[ActionRecord]) -> None:
    """Show the actions that it called, in order."""
    if not actions:
        return
    with section("Actions"), ui.element("div").classes("mc-scroll"), ui.element("table").classes("mc-plain-table"):
        with ui.element("thead"), ui.element("tr"):
            for title in ("Action", "Outcome", "Request", "Took", "After"):
                with ui.element("th").props("scope=col"):
                    ui.label(title)
        with ui.element("tbody"):
            for action in actions:
                _action(action)


def _action(action: ActionRecord) -> None:
    request = " ".join(str(each) for each in (action.method, action.host, action.status) if each is not None)
    if action.requests > 1:
        request += f" ({action.requests} requests)"
    with ui.element("tr"):
        with ui.element("td"):
            ui.label(action.action).classes("mc-code-word")
        with ui.element("td"), ui.element("div").classes("mc-row mc-tight"):
            badge(action.outcome, tone="good" if action.outcome == "ok" else "bad")
            if action.mocked:
                badge("mocked", tone="plain")
        for text in (request or "none", duration(action.ms), duration(action.at_ms)):
            with ui.element("td"):
                ui.label(text)


def show_exchange(invocation: Invocation) -> None:
    """Show what a webhook was sent, and what it answered."""
    report = invocation.report
    for title, document in (
        ("Request", report.request if report else None),
        ("Response", report.response if report else None),
    ):
        if document is not None:
            with section(title):
                _exchange(document)


def _exchange(document: Mapping[str, Any]) -> None:
    line = " ".join(str(document[name]) for name in ("method", "url", "status") if document.get(name) is not None)
    if line:
        ui.label(line).classes("mc-code-word mc-strong mc-wrap")
    left = {name: value for name, value in document.items() if name not in {"method", "url", "status"} and value}
    if left:
        json_view(left)


def show_flags(invocation: Invocation) -> None:
    """Show what whoever reads this should know of the version, and of what it was kept in."""
    notes = [FLAGS[flag] for flag in invocation.outcome.flags] if invocation.outcome else []
    if invocation.report and invocation.report.isolation_note:
        notes.append(f"It was not kept in a jail: {invocation.report.isolation_note}.")
    for note in notes:
        with ui.element("div").classes("mc-warning").props("role=note"):
            ui.icon("flag").props("aria-hidden=true")
            ui.label(note)


def same(one: Any, other: Any) -> bool:
    """Tell whether two results are the same JSON."""
    return json.dumps(one, sort_keys=True, default=str) == json.dumps(other, sort_keys=True, default=str)
