"""Plots of an hour, as SVG: lines of how long calls took, bars of how they ended.

The drawing is stretched to its place, so words and numbers stand beside it as text.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from midcall.domain.activity import HOUR, Activity, Minute, percentile
from midcall.domain.run_status import Group, InvocationStatus
from midcall.domain.times import iso
from midcall.ui.parts.attributes import attributed
from midcall.ui.parts.times import duration

_HEIGHT = 100.0
#: Steps that an axis may end with, times a power of ten.
_STEPS = (1, 2, 5, 10)

#: What is drawn as one colour, from the ground up.
_BARS: Mapping[Group, str] = {
    Group.SUCCEEDED: "mc-bar-good",
    Group.FAILED: "mc-bar-bad",
    Group.TIMED_OUT: "mc-bar-warn",
}
_LINES: Mapping[int, str] = {50: "mc-line mc-p50", 95: "mc-line mc-p95"}


def count(statuses: Mapping[InvocationStatus, int], group: Group) -> int:
    """Count the runs of a group."""
    return sum(number for status, number in statuses.items() if status.group is group)


def draw_latency(activity: Activity) -> None:
    """Draw p50 and p95 of each minute; minutes without calls leave a gap."""
    lines = {percent: [percentile(each.took_ms, percent) for each in activity.minutes] for percent in (50, 95)}
    top = _top(max((value or 0 for value in lines[95]), default=0))
    with _plot([duration(top), duration(top / 2), "0"]):
        for percent, values in lines.items():
            attributed(ui.element("path"), d=_path(values, top, HOUR - len(values))).classes(_LINES[percent])
        _titles(activity, _latency_title)


def draw_status(activity: Activity) -> None:
    """Draw how many runs ended how in each minute, as bars upon each other."""
    top = _top(max((each.runs for each in activity.minutes), default=0))
    half = top / 2
    with _plot([f"{top:.0f}", f"{half:.0f}" if half >= 1 else "", "0"]):
        for x, each in _placed(activity):
            _bars(x, each, top)
        _titles(activity, _status_title)


def latency_text(activity: Activity) -> str:
    """Say what the plot shows."""
    took = activity.took_ms
    if not took:
        return "No live calls ended in this time."
    p50, p95 = duration(percentile(took, 50)), duration(percentile(took, 95))
    calls = f"{len(took)} live call{'' if len(took) == 1 else 's'}"
    return f"{calls}: half took at most {p50}, 95 in 100 at most {p95}, the longest {duration(took[-1])}."


def status_text(activity: Activity) -> str:
    """Say what the plot shows."""
    total = sum(activity.statuses.values())
    if not total:
        return "No runs ended in this time."
    told = [f"{number} {group}" for group in Group if (number := count(activity.statuses, group))]
    return f"{total} run{'' if total == 1 else 's'} ended: {', '.join(told)}."


def _placed(activity: Activity) -> Iterable[tuple[int, Minute]]:
    """Give each minute its place: the last one stands at the right."""
    return enumerate(activity.minutes, start=HOUR - len(activity.minutes))


def _path(values: Sequence[int | None], top: float, first: int) -> str:
    parts, drawing = [], False
    for x, value in enumerate(values, start=first):
        if value is None:
            drawing = False
            continue
        # A minute that stands alone is a dot: a line of no length with round ends.
        parts.append(f"{'L' if drawing else 'M'}{x + 0.5} {_HEIGHT * (1 - value / top):.1f}{'' if drawing else 'h.01'}")
        drawing = True
    return "".join(parts)


def _bars(x: int, minute: Minute, top: float) -> None:
    below = 0.0
    for group in Group:
        height = _HEIGHT * count(minute.statuses, group) / top
        if height:
            below += height
            bar = attributed(
                ui.element("rect"), x=x + 0.1, y=round(_HEIGHT - below, 2), width=0.8, height=round(height, 2)
            )
            bar.classes(_BARS.get(group, "mc-bar-plain"))


def _titles(activity: Activity, title: Callable[[Minute], str]) -> None:
    for x, each in _placed(activity):
        if each.runs:
            with attributed(ui.element("rect").classes("mc-hover"), x=x, y=0, width=1, height=_HEIGHT):
                TextElement(tag="title", text=title(each))


def _latency_title(minute: Minute) -> str:
    p50, p95 = (duration(percentile(minute.took_ms, percent)) for percent in (50, 95))
    told = f"{len(minute.took_ms)} live calls, p50 {p50}, p95 {p95}" if minute.took_ms else "no live calls"
    return f"{iso(minute.at)[11:16]} UTC: {told}"


def _status_title(minute: Minute) -> str:
    told = ", ".join(f"{number} {group}" for group in Group if (number := count(minute.statuses, group)))
    return f"{iso(minute.at)[11:16]} UTC: {told}"


@contextmanager
def _plot(marks: Sequence[str]) -> Iterator[None]:
    """Draw axes, and inside of them what is made in the block."""
    with ui.element("div").classes("mc-plot").props("aria-hidden=true"):
        with ui.element("div").classes("mc-plot-y"):
            _words(marks)
        with attributed(ui.element("svg"), viewBox=f"0 0 {HOUR} {_HEIGHT:.0f}", preserveAspectRatio="none"):
            for y in (0, 50, 100):
                attributed(ui.element("path"), d=f"M0 {y}H{HOUR}").classes("mc-grid")
            yield
        with ui.element("div").classes("mc-plot-x"):
            _words((f"{HOUR} min ago", f"{HOUR // 2} min ago", "now"))


def _words(texts: Iterable[str]) -> None:
    for text in texts:
        ui.label(text)


def _top(most: float) -> float:
    """Return a round number that is no less, for the top of an axis."""
    power = 1.0
    while power * _STEPS[-1] < most:
        power *= 10
    return next(step * power for step in _STEPS if step * power >= most)
