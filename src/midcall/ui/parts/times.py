"""Times: how long ago, and exactly when on hover; durations in the unit that reads best."""

from nicegui import ui

from midcall.domain.times import iso, now_ms
from midcall.ui.parts.attributes import attributed

_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"), (12, "month"))


def ago(at: int, *, now: int | None = None) -> str:
    """Say how long ago a time (milliseconds) was, or how far ahead it is."""
    seconds = ((now_ms() if now is None else now) - at) // 1000
    ahead, number = seconds < 0, abs(seconds)
    if number < 5:  # noqa: PLR2004 (nobody cares by then)
        # Clocks of hosts may differ by a second: what was is not to seem to come.
        return "in a moment" if seconds < -1 else "just now"
    unit = "year"
    for most, name in _STEPS:
        if number < most:
            unit = name
            break
        number //= most
    text = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"in {text}" if ahead else f"{text} ago"


def exactly(at: int) -> str:
    """Write a time to the second, in UTC."""
    return f"{iso(at)[:19].replace('T', ' ')} UTC"


def duration(ms: float | None) -> str:
    """Write a duration; nothing for none."""
    if ms is None:
        return ""
    if ms < 1_000:  # noqa: PLR2004 (a second)
        return f"{ms:.0f} ms"
    return f"{ms / 1_000:.1f} s" if ms < 60_000 else f"{ms / 60_000:.1f} min"  # noqa: PLR2004 (a minute)


def time_label(at: int | None, *, none: str = "never") -> ui.element:
    """Show a time as its distance from now, with the exact one beside it."""
    if at is None:
        return ui.label(none).classes("mc-quiet")
    time = ui.element("time").props("tabindex=0").classes("mc-time")
    with attributed(time, datetime=iso(at), title=exactly(at)) as shown:
        ui.label(ago(at))
    return shown
