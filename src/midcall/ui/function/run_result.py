"""What came of a test run, for its author: status, result, error with its line, logs, actions, timings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from midcall.domain.action import ActionRecord
from midcall.domain.invocation import Invocation
from midcall.domain.mock import Recording
from midcall.domain.timings import Timings, timings_of
from midcall.ui.parts.attributes import named, sized
from midcall.ui.parts.buttons import quiet
from midcall.ui.parts.code import code_view, json_view
from midcall.ui.parts.isolation import KEPT_IN
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import duration

_MOCKED = "mocked"
#: Looks of the bar's parts, in their order.
_BARS = ("mc-w-bar-0", "mc-w-bar-1", "mc-w-bar-2")


@dataclass(frozen=True, slots=True)
class Handlers:
    """The acts that a result offers; None for one that it does not."""

    #: Go to a line of the source.
    show_line: Callable[[int], None] | None = None
    mock_with: Callable[[Sequence[Mapping[str, Any]]], None] | None = None


def show_result(invocation: Invocation, recording: Recording | None, handlers: Handlers) -> None:
    """Show a finished run."""
    status, timings = invocation.run_status, timings_of(invocation)
    with ui.element("div").classes("mc-w-part-head"):
        badge(status.value, tone=status.comes_to.tone).props("role=status").mark("run-status")
        ui.label(f"Version {invocation.version}, {duration(timings.total_ms)}").classes("mc-quiet")
        ui.element("div").classes("mc-grow")
        ui.link("On record", f"/invocations/{invocation.id}").classes("mc-w-small")
    if status.meaning:
        ui.label(status.meaning)
    _error(invocation, handlers)
    _returned(invocation)
    _logs(invocation)
    _actions(invocation, recording, handlers)
    _exchange(invocation)
    _timings(timings)
    if invocation.report is not None and invocation.report.isolation is not None:
        ui.label(f"Kept in: {KEPT_IN[invocation.report.isolation].lower()}").classes("mc-quiet")


def _error(invocation: Invocation, handlers: Handlers) -> None:
    outcome = invocation.outcome
    if outcome is None:
        return
    if (error := outcome.error) is not None:
        with ui.element("div").classes("mc-banner").props("role=alert"):
            ui.icon("error").props("aria-hidden=true")
            with ui.element("div").classes("mc-grow"):
                ui.label(f"{error.type}: {error.message}").classes("mc-strong mc-w-wrap")
                if error.http_status is not None:
                    ui.label(f"The target answered {error.http_status}.")
                if error.line is not None:
                    _line(error.line, handlers)
        if error.body:
            _more("What the target said", lambda: code_view(error.body or "", what="body"))
        if error.traceback:
            _more("Traceback", lambda: code_view(error.traceback or "", what="traceback"))
    notes = [*outcome.warnings, *(f"Flagged: {flag.value.replace('_', ' ')}" for flag in outcome.flags)]
    if invocation.report is not None and invocation.report.isolation_note:
        notes.append(f"It was not kept in a jail: {invocation.report.isolation_note}.")
    for note in notes:
        with ui.element("div").classes("mc-w-note"):
            ui.icon("warning").props("aria-hidden=true")
            ui.label(note).classes("mc-w-wrap")


def _line(line: int, handlers: Handlers) -> None:
    if handlers.show_line is None:
        ui.label(f"In line {line} of the code.")
        return
    go = handlers.show_line
    button = ui.button(f"Line {line}", icon="arrow_forward", on_click=lambda: go(line))
    named(button.props("no-caps dense flat size=sm"), f"Go to line {line} of the code")


def _returned(invocation: Invocation) -> None:
    outcome, report = invocation.outcome, invocation.report
    if outcome is None:
        return
    if report is not None and outcome.error is None:
        _title("Result")
        json_view(report.result, what="result")
        if outcome.truncated:
            ui.label("The agent gets it cut: it is longer than max_result_chars.").classes("mc-quiet")
    if outcome.message:
        _title("The agent says")
        ui.label(outcome.message).classes("mc-w-wrap")
    changed = outcome.set_variables
    if changed:
        _title("Variables it set")
        json_view(changed, what="variables")
    if outcome.terminate is not None:
        _title("terminateAgent")
        said = "true: the session ends before the agent speaks" if outcome.terminate else "false: the session goes on"
        ui.label(f"{said}. Reason: {outcome.reason}" if outcome.reason else f"{said}.").classes("mc-w-wrap")


def _logs(invocation: Invocation) -> None:
    report = invocation.report
    if report is not None and report.logs:
        _title("Logs")
        code_view(report.logs, what="logs")
        if report.logs_truncated:
            ui.label("There was more; a run keeps 64 KB.").classes("mc-quiet")


def _actions(invocation: Invocation, recording: Recording | None, handlers: Handlers) -> None:
    records = invocation.report.actions if invocation.report else ()
    if records:
        _title(f"Actions ({len(records)})")
        box = ui.element("div").classes("mc-w-scroll").props('tabindex=0 role="group" aria-label="Actions"')
        with box, ui.element("table").classes("mc-w-grid"):
            _row(("Action", "Outcome", "Where", "Took"), head=True)
            for record in records:
                _row(_cells(record))
    if recording is not None and recording.mocks:
        mocks = [mock.document() for mock in recording.mocks]
        with ui.element("div").classes("mc-w-part-head"):
            _title("Recorded answers")
            ui.element("div").classes("mc-grow")
            if handlers.mock_with is not None:
                use = handlers.mock_with
                quiet("Use as mocks", lambda: use(mocks), icon="replay").props('size=sm padding="3px 10px"')
        json_view(mocks, what="recording")


def _cells(record: ActionRecord) -> tuple[str, ...]:
    outcome = record.outcome.replace("_", " ")
    if record.status is not None:
        outcome += f" ({record.status})"
    where = _MOCKED if record.mocked else " ".join(filter(None, (record.method, record.host)))
    return record.action, outcome, where, duration(record.ms)


def _row(texts: Sequence[str], *, head: bool = False) -> None:
    with ui.element("tr"):
        for text in texts:
            with ui.element("th" if head else "td"):
                if text == _MOCKED:
                    badge(_MOCKED, tone="busy")
                else:
                    ui.label(text)


def _exchange(invocation: Invocation) -> None:
    report = invocation.report
    if report is None:
        return
    for title, exchanged in (("Request", report.request), ("Response", report.response)):
        if exchanged is not None:
            _title(title)
            json_view(exchanged, what=title.lower())


def _timings(timings: Timings) -> None:
    parts = {
        "Waiting": timings.queued_ms,
        "Running": timings.sandbox_ms,
        "Everything else": max(0.0, timings.total_ms - timings.queued_ms - timings.sandbox_ms),
    }
    _title("Time")
    told = ", ".join(f"{name} {duration(ms)}" for name, ms in parts.items())
    with named(ui.element("div").classes("mc-w-bar").props("role=img"), told):
        for place, ms in enumerate(parts.values()):
            if ms > 0:
                sized(ui.element("div").classes(_BARS[place]), "flex-grow", ms)
    with ui.element("div").classes("mc-w-legend"):
        for place, (name, ms) in enumerate(parts.items()):
            with ui.element("span"):
                ui.element("i").classes(_BARS[place]).props("aria-hidden=true")
                ui.label(f"{name} {duration(ms)}")


def _title(text: str) -> None:
    ui.label(text).classes("mc-w-part-title").props('role="heading" aria-level=4')


def _more(title: str, content: Callable[[], object]) -> None:
    with ui.expansion(title).classes("mc-w-expansion"):
        content()
