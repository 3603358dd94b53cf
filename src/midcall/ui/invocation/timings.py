"""How long an invocation took, as a bar."""

from collections.abc import Mapping
from dataclasses import dataclass

from nicegui import ui

from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation
from midcall.domain.timings import timings_of
from midcall.ui.parts.attributes import named, sized
from midcall.ui.parts.times import duration

#: Percent of the bar that a part takes at least: it can be seen.
LEAST = 0.5

_LOOKS: Mapping[str, str] = {"wait": "mc-bar-wait", "run": "mc-bar-run", "rest": "mc-bar-rest"}


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    ms: float
    tone: str


def timings_bar(invocation: Invocation) -> None:
    """Show the parts in proportion, and each with its time."""
    parts = _parts(invocation)
    total = sum(part.ms for part in parts)
    whole = duration(timings_of(invocation).total_ms)
    text = ", ".join(f"{part.name} {duration(part.ms)}" for part in parts)
    with ui.element("div").classes("mc-timings"):
        with named(ui.element("div").classes("mc-bar").props("role=img"), f"{text}; {whole} in all"):
            for part in parts:
                width = max(LEAST, 100 * part.ms / total) if total else 0
                sized(ui.element("div").classes("mc-bar-part").classes(_LOOKS[part.tone]), "flex-basis", width, "%")
        with ui.element("div").classes("mc-bar-legend"):
            for part in parts:
                with ui.element("span").classes("mc-row mc-tight"):
                    ui.element("span").classes("mc-dot").classes(_LOOKS[part.tone])
                    ui.label(part.name).classes("mc-quiet")
                    ui.label(duration(part.ms)).classes("mc-strong")
            with ui.element("span").classes("mc-row mc-tight"):
                ui.label("In all").classes("mc-quiet")
                ui.label(whole).classes("mc-strong")


def _parts(invocation: Invocation) -> list[_Part]:
    timings = timings_of(invocation)
    ran = "In the sandbox" if invocation.kind is Kind.CODE else "The target's answer"
    waited = "Waiting" if invocation.attempt <= 1 else "Waiting, and earlier attempts"
    rest = max(0.0, timings.total_ms - timings.queued_ms - timings.sandbox_ms)
    return [
        _Part(waited, timings.queued_ms, "wait"),
        _Part(ran, timings.sandbox_ms, "run"),
        _Part("Recording it, and the rest", rest, "rest"),
    ]
