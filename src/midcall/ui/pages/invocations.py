"""The invocations of a workspace, newest first: the trail of what ran."""

from collections.abc import Sequence

from nicegui import ui

from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.domain.workspace import Scope
from midcall.storage.listings import InvocationFilter, InvocationLine, PageRequest
from midcall.ui.invocation.page import show
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import link_button, quiet
from midcall.ui.parts.cells import INVOCATION_COLUMNS, PHASES, invocation_cells
from midcall.ui.parts.filters import Filters
from midcall.ui.parts.header import page_header
from midcall.ui.parts.search import search_box
from midcall.ui.parts.status import words
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell
from midcall.ui.session.page import path_of

PATH = "/invocations"
#: Functions that the filter offers; any other may be typed.
OFFERED = 200

COLUMNS = (*INVOCATION_COLUMNS, Column("session", "Session", none="none"))


async def build(context: PageContext, function: str = "", phase: str = "", status: str = "", session: str = "") -> None:
    """Show the list of invocations."""
    with page_header("Invocations", about="Each run of a function: what went in, what came out, how long it took."):
        pass

    async def page(part: PageRequest) -> Sequence[InvocationLine]:
        where = InvocationFilter(
            function=filters["function"],
            phase=filters["phase"],
            status=filters["status"],
            session=filters["session"],
        )
        return await context.call(Scope.READ, lambda caller: context.services.overview.invocations(caller, where, part))

    async def again() -> None:
        table.empty = _no_match(context) if filters.any else _none_yet()
        await table.reload()

    values = {"function": function, "phase": phase, "status": status, "session": session}
    filters = Filters(context, PATH, values, on_change=again)
    names = await context.call(
        Scope.READ, lambda caller: context.services.overview.function_names(caller, PageRequest(OFFERED))
    )
    with ui.element("div").classes("mc-filters"):
        filters.text("function", "Function", options=names)
        filters.choice("status", "Status", {each.value: words(each.value) for each in InvocationStatus})
        filters.choice("phase", "Phase", {each.value: PHASES[each] for each in Phase})
        box = search_box("Id of its session", lambda text: filters.set("session", text))
        box.set_value(session)
    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda line: _row(context, line),
        cursor=lambda line: line.id,
        empty=_no_match(context) if filters.any else _none_yet(),
        label="Invocations",
    )
    await table.open()


def _row(context: PageContext, line: InvocationLine) -> dict[str, Cell]:
    session: Cell = None
    if line.session_id is not None:
        session = link_cell(line.session_id, context.href(path_of(line.session_id)))
    return {**invocation_cells(context, line), "session": session}


def _none_yet() -> EmptyState:
    def actions() -> None:
        link_button("Functions", "/functions", icon="code")

    return EmptyState(
        "No invocations yet",
        "An invocation is one run of a function. Publish a function and call it, or try one out on its page.",
        actions,
        icon="bolt",
    )


def _no_match(context: PageContext) -> EmptyState:
    def actions() -> None:
        quiet("Show all invocations", lambda: context.go(PATH))

    return EmptyState("No invocation fits", "Take back one of the choices above.", actions, icon="search")


PAGES = (
    Page(PATH, "Invocations", build, needs=(Scope.READ,)),
    Page("/invocations/{invocation_id}", "Invocation", show, needs=(Scope.READ,)),
)
