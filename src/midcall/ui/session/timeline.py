"""What happened in a session, from the top to the bottom; lines of calls change while these run."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nicegui import ui

from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.domain.variables import function_of
from midcall.service.sessions.timeline import CallEntry, StatusEntry, TimelineEntry, VariableEntry
from midcall.storage.listings import InvocationLine
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import attributed
from midcall.ui.parts.cells import PHASES, status_note
from midcall.ui.parts.status import badge, words
from midcall.ui.parts.times import duration, exactly

#: A value that is longer is cut: the variables beside it show all of it.
VALUE_CHARS = 120
#: Lines of a call's progress; the last ones.
PROGRESS_LINES = 5

_CHANGES = {"active": "The session began", "ended": "The session ended", "terminated": "The session was terminated"}
SOURCES = {"caller": "the caller", "llm": "the LLM", "system": "midcall"}


def short(value: Any) -> str:
    """Write a value on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]}…"


def source_words(source: str) -> str:
    """Say where a variable came from."""
    return function_of(source) or SOURCES.get(source, source)


class TimelineView:
    """The entries, each in an element of its own; `began` is when the session did, in milliseconds."""

    def __init__(self, context: PageContext, began: int) -> None:
        self._context = context
        self._began = began
        self._shown: dict[str | int, ui.element] = {}
        self._lines: Mapping[str, InvocationLine] = {}
        self._list = ui.element("ol").classes("mc-timeline").props('aria-label="What happened"')

    def show(self, entries: Iterable[TimelineEntry], calls: Mapping[str, InvocationLine] | None = None) -> None:
        """Show entries, new ones below the others; `calls` says how those without an outcome stand."""
        self._lines = calls or {}
        for entry in entries:
            element = self._shown.get(entry.key)
            if element is None:
                with self._list:
                    element = self._shown[entry.key] = ui.element("li").classes("mc-entry")
            element.clear()
            with element:
                self._entry(entry)

    def _entry(self, entry: TimelineEntry) -> None:
        time = attributed(ui.element("time").classes("mc-entry-time"), title=exactly(entry.at))
        with time:
            ui.label(_after(entry.at - self._began))
        if isinstance(entry, CallEntry):
            self._call(entry)
        elif isinstance(entry, VariableEntry):
            _setting(entry)
        else:
            _change(entry)

    def _call(self, call: CallEntry) -> None:
        line = self._lines.get(call.key)
        status = call.status.value if call.status else line.status.value if line else InvocationStatus.RUNNING.value
        with ui.element("div").classes("mc-entry-body mc-entry-call"):
            with ui.element("div").classes("mc-entry-head"):
                if self._context.caller.key.agents:
                    ui.label(call.function).classes("mc-strong")
                else:
                    ui.link(call.function, f"/invocations/{call.key}").classes("mc-cell-link")
                badge(status)
                ui.label(_about(call, line)).classes("mc-quiet")
            for said in (call.said_first, call.said):
                if said:
                    ui.label(f"“{said}”").classes("mc-said").props('title="What the agent was told to say"')
            for text in call.progress[-PROGRESS_LINES:]:
                ui.label(text).classes("mc-progress-line")
            if call.error:
                _error(call.error)
            for text in call.warnings:
                ui.label(text).classes("mc-entry-warning")
            if call.variables:
                with ui.element("div").classes("mc-chips"):
                    for name, value in call.variables.items():
                        _chip(name, value)


def _about(call: CallEntry, line: InvocationLine | None) -> str:
    phase = PHASES[Phase(call.phase)] if call.phase else ""
    took = duration(call.took_ms) if call.took_ms is not None else ""
    version = f"version {call.version}" if call.version else ""
    note = status_note(line) if line and call.status is None else ""
    return " · ".join(each for each in (phase, took, version, note) if each)


def _error(error: Mapping[str, Any]) -> None:
    with ui.element("div").classes("mc-entry-error"):
        ui.label(str(error.get("type", "error"))).classes("mc-code-word mc-strong mc-inline")
        ui.label(short(error.get("message", ""))).classes("mc-inline")


def _chip(name: str, value: Any) -> None:
    with ui.element("span").classes("mc-chip"):
        ui.label(name).classes("mc-strong mc-inline")
        ui.label(short(value)).classes("mc-inline")


def _setting(entry: VariableEntry) -> None:
    with ui.element("div").classes("mc-entry-body"):
        with ui.element("div").classes("mc-entry-head"):
            ui.label(f"Set by {source_words(entry.source)}").classes("mc-quiet")
        with ui.element("div").classes("mc-chips"):
            _chip(entry.name, entry.value)


def _change(entry: StatusEntry) -> None:
    with ui.element("div").classes("mc-entry-body"):
        ui.label(_CHANGES.get(entry.status.value, words(entry.status.value))).classes("mc-strong")
        if entry.reason:
            ui.label(entry.reason).classes("mc-quiet")


def _after(ms: int) -> str:
    """Write a time of the session as its clock shows it."""
    seconds = max(0, ms) // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{seconds % 60:02}"
