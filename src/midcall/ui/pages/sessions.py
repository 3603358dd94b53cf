"""The sessions of a workspace, newest first."""

from collections.abc import Sequence

from midcall.domain.errors import MidcallError
from midcall.domain.session import SessionStatus
from midcall.domain.workspace import Own, Scope
from midcall.service.runs.overview import SessionAtAGlance
from midcall.storage.listings import PageRequest, SessionFilter
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import attributed
from midcall.ui.parts.buttons import link_button, quiet
from midcall.ui.parts.filters import Filters
from midcall.ui.parts.header import page_header
from midcall.ui.parts.search import search_box
from midcall.ui.parts.status import words
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell, status_cell, text_cell, time_cell
from midcall.ui.parts.times import duration
from midcall.ui.session.page import path_of, show

from nicegui import ui  # isort: skip

PATH = "/sessions"
#: Agents that the filter offers; any other may be typed.
OFFERED = 100

COLUMNS = (
    Column("session", "Session"),
    Column("status", "Status"),
    Column("agent", "Agent"),
    Column("calls", "Calls", numeric=True),
    Column("lasted", "Lasted", none="under way", numeric=True),
    Column("began", "Began"),
)


async def build(context: PageContext, agent: str = "", status: str = "") -> None:
    """Show the list of sessions."""
    with page_header("Sessions", about="Each conversation: which functions ran, what was said, what came of it."):
        pass
    wanted = ""

    async def page(part: PageRequest) -> Sequence[SessionAtAGlance]:
        where = SessionFilter(agent=filters["agent"], status=filters["status"], search=wanted or None)
        return await context.call(
            Own(Scope.READ), lambda caller: context.services.overview.sessions(caller, where, part)
        )

    async def again() -> None:
        table.empty = _no_match(context) if wanted or filters.any else _none_yet(context)
        await table.reload()

    async def search(text: str) -> None:
        nonlocal wanted
        wanted = text
        await again()

    filters = Filters(context, PATH, {"agent": agent, "status": status}, on_change=again)
    with ui.element("div").classes("mc-filters"):
        search_box("Search by the session's id", search)
        filters.choice("status", "Status", {each.value: words(each.value) for each in SessionStatus})
        filters.text("agent", "Agent", options=await _agents(context))
    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda found: _row(context, found),
        cursor=lambda found: found.session.id,
        empty=_no_match(context) if filters.any else _none_yet(context),
        label="Sessions",
    )
    await table.open()


async def _agents(context: PageContext) -> list[str]:
    try:
        found = await context.call(
            Own(Scope.READ), lambda caller: context.services.agents.page(caller, PageRequest(OFFERED))
        )
    except MidcallError:
        return []
    return [view.agent.name for view in found]


def _none_yet(context: PageContext) -> EmptyState:
    def actions() -> None:
        link_button("Agents", "/agents", icon="support_agent")
        outside = context.prefix.removesuffix("/ui")
        link = ui.element("a").props("target=_blank rel=noopener").classes("mc-aside-link")
        with attributed(link, href=f"{outside}/docs"):
            ui.label("How a session is started over the API")

    return EmptyState(
        "No sessions yet",
        "A session is one conversation of an agent. It appears here as soon as your platform starts one: "
        "POST /v1/sessions with the agent's name.",
        actions,
        icon="forum",
    )


def _no_match(context: PageContext) -> EmptyState:
    return EmptyState(
        "No session fits",
        "The search looks at the ids that your platform gave; status and agent narrow the list down further.",
        lambda: _all(context),
        icon="search",
    )


def _all(context: PageContext) -> None:
    quiet("Show all sessions", lambda: context.go(PATH))


def _row(context: PageContext, found: SessionAtAGlance) -> dict[str, Cell]:
    session = found.session
    lasted = None if session.ended_at is None else text_cell(duration(session.ended_at - session.created_at))
    return {
        "session": link_cell(session.session_id, context.href(path_of(session.session_id))),
        "status": status_cell(session.status.value, more=session.reason or ""),
        "agent": text_cell(session.agent, more="" if session.environment == "production" else session.environment),
        "calls": text_cell(str(found.invocations)),
        "lasted": lasted,
        "began": time_cell(session.created_at),
    }


PAGES = (
    Page(PATH, "Sessions", build, needs=(Own(Scope.READ),)),
    Page("/sessions/{session_id}", "Session", show, needs=(Own(Scope.READ),)),
)
