"""Cells of invocations: the same in every list that has them."""

from midcall.domain.phases import Phase
from midcall.domain.times import now_ms
from midcall.storage.listings import InvocationLine
from midcall.ui.page_context import PageContext
from midcall.ui.parts.table import Cell, Column, link_cell, status_cell, text_cell, time_cell
from midcall.ui.parts.times import ago, duration

PHASES = {
    Phase.PRE_SESSION: "before the session",
    Phase.DURING_SESSION: "during the session",
    Phase.POST_SESSION: "after the session",
}

_SHORT = {Phase.PRE_SESSION: "before", Phase.DURING_SESSION: "during", Phase.POST_SESSION: "after"}

INVOCATION_COLUMNS = (
    Column("function", "Function"),
    Column("status", "Status"),
    Column("phase", "Phase"),
    Column("took", "Took", none="not yet", numeric=True),
    Column("at", "When"),
)


def invocation_cells(context: PageContext, line: InvocationLine) -> dict[str, Cell]:
    """Make the cells of INVOCATION_COLUMNS."""
    # Keys that are limited to agents may not read invocations by themselves.
    name, version = line.function, f"version {line.version}"
    function = (
        text_cell(name, more=version)
        if context.caller.key.agents
        else link_cell(name, context.href(f"/invocations/{line.id}"), more=version)
    )
    return {
        "function": function,
        "status": status_cell(line.status.value, more=status_note(line)),
        "phase": text_cell(_SHORT[line.phase], more="" if line.purpose.value == "live" else line.purpose.value),
        "took": None if line.ended_at is None else text_cell(duration(line.ended_at - line.created_at)),
        "at": time_cell(line.created_at),
    }


def status_note(line: InvocationLine) -> str:
    """Say what the status alone does not: which attempt, and when the next one is."""
    if line.status.queued and line.due_at is not None and line.due_at > now_ms():
        return f"attempt {line.attempt} failed, again {ago(line.due_at)}"
    return f"attempt {line.attempt}" if line.attempt > 1 else ""
