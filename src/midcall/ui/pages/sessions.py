"""The sessions of a workspace, newest first."""

from collections.abc import Sequence

from midcall.domain.errors import MidcallError
from midcall.domain.session import SessionStatus
from midcall.domain.workspace import Own, Scope
from midcall.service.runs.overview import SessionAtAGlance
from midcall.service.stores import Page as Part
from midcall.service.stores import SessionFilter
from midcall.ui.page import Page
from midcall.ui.parts.attributes import attributed
from midcall.ui.parts.buttons import link_button, quiet
from midcall.ui.parts.filters import Filters
from midcall.ui.parts.header import page_header
from midcall.ui.parts.search import search_box
from midcall.ui.parts.status import words
from midcall.ui.parts.table import Cell, Column, Empty, PagedTable, link_cell, status_cell, text_cell, time_cell
from midcall.ui.parts.times import duration
from midcall.ui.session.page import path_of, show
from midcall.ui.visit import Visit

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


async def build(visit: Visit, agent: str = "", status: str = "") -> None:
    """Show the list."""
    with page_header("Sessions", about="Each conversation: which functions ran, what was said, what came of it."):
        pass
    wanted = ""

    async def page(part: Part) -> Sequence[SessionAtAGlance]:
        where = SessionFilter(agent=filters["agent"], status=filters["status"], search=wanted or None)
        return await visit.call(Own(Scope.READ), lambda caller: visit.services.overview.sessions(caller, where, part))

    async def again() -> None:
        table.empty = _no_match(visit) if wanted or filters.any else _none_yet(visit)
        await table.reload()

    async def search(text: str) -> None:
        nonlocal wanted
        wanted = text
        await again()

    filters = Filters(visit, PATH, {"agent": agent, "status": status}, on_change=again)
    with ui.element("div").classes("mc-filters"):
        search_box("Search by the session's id", search)
        filters.choice("status", "Status", {each.value: words(each.value) for each in SessionStatus})
        filters.text("agent", "Agent", options=await _agents(visit))
    table = PagedTable(
        visit=visit,
        columns=COLUMNS,
        source=page,
        row=lambda found: _row(visit, found),
        cursor=lambda found: found.session.id,
        empty=_no_match(visit) if filters.any else _none_yet(visit),
        label="Sessions",
    )
    await table.open()


async def _agents(visit: Visit) -> list[str]:
    try:
        found = await visit.call(Own(Scope.READ), lambda caller: visit.services.agents.page(caller, Part(OFFERED)))
    except MidcallError:
        return []
    return [view.agent.name for view in found]


def _none_yet(visit: Visit) -> Empty:
    def actions() -> None:
        link_button("Agents", "/agents", icon="support_agent")
        outside = visit.prefix.removesuffix("/ui")
        link = ui.element("a").props("target=_blank rel=noopener").classes("mc-aside-link")
        with attributed(link, href=f"{outside}/docs"):
            ui.label("How a session is started over the API")

    return Empty(
        "No sessions yet",
        "A session is one conversation of an agent. It appears here as soon as your platform starts one: "
        "POST /v1/sessions with the agent's name.",
        actions,
        icon="forum",
    )


def _no_match(visit: Visit) -> Empty:
    return Empty(
        "No session fits",
        "The search looks at the ids that your platform gave; status and agent narrow the list down further.",
        lambda: _all(visit),
        icon="search",
    )


def _all(visit: Visit) -> None:
    quiet("Show all sessions", lambda: visit.go(PATH))


def _row(visit: Visit, found: SessionAtAGlance) -> dict[str, Cell]:
    session = found.session
    lasted = None if session.ended_at is None else text_cell(duration(session.ended_at - session.created_at))
    return {
        "session": link_cell(session.session_id, visit.href(path_of(session.session_id))),
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
