"""The agents of a workspace: which functions each has, and what to look after."""

from collections.abc import Sequence

from nicegui import ui

from midcall.domain.errors import MidcallError
from midcall.domain.phases import Phase
from midcall.domain.workspace import Own, Scope
from midcall.service.access.access import Caller
from midcall.service.agents.agents import NOT_YET, AgentView
from midcall.service.agents.form import agent_name
from midcall.storage.listings import PageRequest
from midcall.ui.agent.page import edit, path_of
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.header import page_header
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell, text_cell, time_cell

COLUMNS = (
    Column("name", "Agent"),
    Column("pre_session", "Before", numeric=True),
    Column("during_session", "During", numeric=True),
    Column("post_session", "After", numeric=True),
    Column("warnings", "To look after", none="nothing"),
    Column("changed", "Changed"),
)


async def build(context: PageContext) -> None:
    """Show the list of agents."""

    def new_button(label: str) -> None:
        if context.may(Scope.WRITE):
            primary(label, lambda: _new(context), icon="add")

    with page_header("Agents", about="Which functions each agent has, in which phase and order."):
        new_button("New agent")

    async def page(part: PageRequest) -> Sequence[AgentView]:
        return await context.call(Own(Scope.READ), lambda caller: context.services.agents.page(caller, part))

    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda view: _row(context, view),
        cursor=lambda view: view.agent.name,
        empty=EmptyState(
            "No agents yet",
            "An agent is a bot of yours on its platform. Give it a name here, then attach the functions it may call.",
            lambda: new_button("Add the first one"),
            icon="support_agent",
        ),
        label="Agents",
    )
    await table.open()


def _row(context: PageContext, view: AgentView) -> dict[str, Cell]:
    agent = view.agent
    counts = {phase: sum(each.phase is phase for each in agent.attachments) for phase in Phase}
    more = " · ".join(each for each in (agent.version, agent.number) if each)
    warnings: Cell = None
    if view.warnings:
        number = len(view.warnings)
        text = "1 warning" if number == 1 else f"{number} warnings"
        warnings = {"text": text, "tone": "warn", "more": view.warnings[0]}
    return {
        "name": link_cell(agent.name, context.href(path_of(agent.name)), more=more),
        **{phase.value: text_cell(str(number)) for phase, number in counts.items()},
        "warnings": warnings,
        "changed": time_cell(agent.updated_at),
    }


async def _new(context: PageContext) -> None:
    """Ask for a name, create the agent, and open it."""

    async def create() -> None:
        name.error = None
        wanted = (name.value or "").strip()

        def put(caller: Caller) -> AgentView | MidcallError:
            try:
                return context.services.agents.put(
                    caller, agent_name(wanted), version="", number="", attachments=(), seen=NOT_YET
                )
            except MidcallError as error:
                return error

        done = await context.run(Scope.WRITE, put, busy=button)
        if done is None:
            return
        if isinstance(done.value, MidcallError):
            name.error = "; ".join(fault.msg for fault in done.value.faults) or done.value.message
            return
        dialog.close()
        context.go(path_of(wanted))

    with ui.dialog() as dialog, ui.card().classes("mc-dialog"):
        ui.label("New agent").classes("mc-dialog-title").props('role="heading" aria-level=2')
        ui.label("Sessions start with this name, so take the one that your platform or your code will send.")
        name = ui.input("Name", placeholder="front-desk").props("outlined dense autofocus maxlength=200")
        name.classes("mc-wide").on("keydown.enter", create)
        with ui.element("div").classes("mc-dialog-actions"):
            quiet("Cancel", dialog.close)
            button = primary("Create", create)
    dialog.on("hide", dialog.delete)
    dialog.open()


PAGES = (
    Page("/agents", "Agents", build, needs=(Own(Scope.READ),)),
    Page("/agents/{name}", "Agent", edit, needs=(Own(Scope.READ),)),
)
