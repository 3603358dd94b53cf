"""One session: its timeline, live while something can still happen; variables, calls and body."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from nicegui import ui

from midcall.domain.session import Session, SessionStatus
from midcall.domain.workspace import Own, Scope
from midcall.service.access.access import Caller
from midcall.service.sessions.timeline import Timeline, TimelineEntry, TimelinePage
from midcall.storage.listings import InvocationLine, PageRequest
from midcall.ui.agent.page import path_of as agent_path
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import danger, quiet
from midcall.ui.parts.cells import INVOCATION_COLUMNS, invocation_cells
from midcall.ui.parts.code import json_view
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.header import page_header
from midcall.ui.parts.status import badge
from midcall.ui.parts.table import EmptyState, PagedTable
from midcall.ui.parts.times import duration, exactly, time_label
from midcall.ui.session.timeline import TimelineView
from midcall.ui.session.variables import VariablesView

_BACK = (("Sessions", "/sessions"),)
#: Events that are shown at once.
PART = 60
#: Seconds between two looks at a session in which something can still happen.
LOOK_EVERY_S = 2.0
#: Fields of a body that belong to a run, not to its session.
_OF_A_RUN = ("params", "phase", "deadlineMs")


def path_of(session_id: str) -> str:
    """Return the path of a session's page."""
    return f"/sessions/{quote(session_id, safe='')}"


async def show(context: PageContext, session_id: str) -> None:
    """Show a session, and follow it while it is active."""
    await _SessionPage(context, session_id).build()


class _SessionPage:
    def __init__(self, context: PageContext, session_id: str) -> None:
        self._context = context
        self._id = session_id
        self._timeline = Timeline()
        self._more_stored = False

    async def build(self) -> None:
        """Make the elements, with the first events."""
        part = await self._read()
        session = part.session
        with page_header(session.session_id, back=_BACK):
            self._actions(session)
        self._facts = ui.element("div").classes("mc-run-facts")
        self._errors = ErrorBanner()
        with ui.tabs().props("no-caps inline-label align=left dense").classes("mc-tabs") as tabs:
            ui.tab("timeline", "Timeline")
            ui.tab("calls", "Calls")
            ui.tab("body", "Session body")
        with ui.tab_panels(tabs, value="timeline", animated=False).classes("mc-panels"):
            with ui.tab_panel("timeline"), ui.element("div").classes("mc-session"):
                with ui.element("div").classes("mc-grow"):
                    self._shown = TimelineView(self._context, session.created_at)
                    self._more = quiet("Show more", self._read_more)
                    self._live = ui.label("Live: what happens next appears here.").classes("mc-live mc-quiet")
                    self._live.props("role=status")
                self._variables = VariablesView()
            with ui.tab_panel("calls"):
                self._calls = self._table()
            with ui.tab_panel("body"):
                self._body = ui.element("div")
        tabs.on_value_change(lambda event: self._opened(event.value, tabs))
        self._show(part)
        if self._timeline.open_calls():
            self._show(await self._read())
        self._timer = ui.timer(LOOK_EVERY_S, self._look, active=not part.over)

    def _actions(self, session: Session) -> None:
        with ui.element("div").classes("mc-actions"):
            self._end_button = quiet("End session", self._end, icon="stop")
            self._end_button.set_visibility(
                self._context.may(Own(Scope.RUN)) and session.status is SessionStatus.ACTIVE
            )
            if self._context.may(Scope.WRITE):
                danger("Delete", self._delete, icon="delete")

    def _table(self) -> PagedTable[InvocationLine]:
        async def page(rows: PageRequest) -> Any:
            return await self._context.call(
                Own(Scope.READ), lambda caller: self._context.services.overview.invocations_of(caller, self._id, rows)
            )

        return PagedTable(
            context=self._context,
            columns=INVOCATION_COLUMNS,
            source=page,
            row=lambda line: invocation_cells(self._context, line),
            cursor=lambda line: line.id,
            empty=EmptyState("No calls", "No function has run in this session.", icon="bolt"),
            label="Calls of this session",
        )

    async def _read(self, *, passive: bool = False) -> TimelinePage:
        last, calls = self._timeline.last, self._timeline.open_calls()
        return await self._context.call(
            Own(Scope.READ),
            lambda caller: self._context.services.timelines.read_on(
                caller, self._id, last=last, limit=PART, calls=calls
            ),
            passive=passive,
        )

    def _show(self, part: TimelinePage) -> None:
        before = set(self._timeline.open_calls())
        told = self._timeline.tell(part.events)
        changed: dict[str | int, TimelineEntry] = {
            key: self._timeline.entries[key] for key in before & part.calls.keys()
        }
        changed |= {entry.key: entry for entry in told}
        self._shown.show(changed.values(), part.calls)
        self._more_stored = part.more
        self._more.set_visibility(part.more)
        self._live.set_visibility(not part.over and not part.more)
        self._variables.show(part.session.variables)
        self._show_facts(part.session)

    def _show_facts(self, session: Session) -> None:
        self._end_button.set_visibility(self._context.may(Own(Scope.RUN)) and session.status is SessionStatus.ACTIVE)
        self._facts.clear()
        with self._facts:
            badge(session.status.value)
            if session.reason:
                ui.label(session.reason)
            ui.link(session.agent, agent_path(session.agent))
            for text in _facts_of(session):
                ui.label(text).classes("mc-quiet")
            time_label(session.created_at)

    async def _read_more(self) -> None:
        done = await self._context.run(Own(Scope.READ), self._part, busy=self._more, errors=self._errors)
        if done is not None:
            self._show(done.value)

    def _part(self, caller: Caller) -> TimelinePage:
        return self._context.services.timelines.read_on(caller, self._id, last=self._timeline.last, limit=PART)

    async def _look(self) -> None:
        """See what is new; passive, so that an open page keeps nobody signed in."""
        if self._more_stored:
            return
        last, calls = self._timeline.last, self._timeline.open_calls()
        done = await self._context.run(
            Own(Scope.READ),
            lambda caller: self._context.services.timelines.read_on(
                caller, self._id, last=last, limit=PART, calls=calls
            ),
            errors=self._errors,
            passive=True,
        )
        if done is None:
            self._timer.deactivate()  # the banner says why; the page is as it was
            return
        if last == self._timeline.last:
            self._show(done.value)
        if done.value.over:
            self._timer.deactivate()

    async def _opened(self, name: str, tabs: ui.tabs) -> None:
        if name == "calls":
            await self._calls.reload()
        elif name == "body":
            done = await self._context.run(Own(Scope.READ), self._read_body, errors=self._errors)
            if done is not None and tabs.value == "body":
                self._body.clear()
                with self._body:
                    json_view(done.value, what="the session body")

    def _read_body(self, caller: Caller) -> dict[str, Any]:
        body = self._context.services.timelines.body(caller, self._id)
        return {name: value for name, value in body.items() if name not in _OF_A_RUN}

    async def _end(self) -> None:
        text = (
            "The agent can call no more functions in it. Those for after the session run once its analysis is there, "
            "or after the time that the workspace has set."
        )
        if not await confirmed("End this session?", text, act="End session"):
            return
        done = await self._context.run(
            Own(Scope.RUN),
            lambda caller: self._context.services.sessions.end(caller, self._id, {}),
            busy=self._end_button,
            errors=self._errors,
            said="Ended",
        )
        if done is not None:
            self._timer.activate()
            await self._look()

    async def _delete(self) -> None:
        text = "Its body, variables, events and invocations go with it, for good. Nothing brings them back."
        if not await confirmed("Delete this session?", text, act="Delete", typed=self._id):
            return
        self._timer.deactivate()
        done = await self._context.run(
            Scope.WRITE,
            lambda caller: self._context.services.sessions.delete(caller, self._id),
            errors=self._errors,
        )
        if done is not None:
            self._context.go("/sessions")


def _facts_of(session: Session) -> list[str]:
    body: Mapping[str, Any] = session.preview.get("whole", {})
    texts = [session.environment, str(body.get("medium", "")), str(body.get("direction", ""))]
    if session.ended_at is not None:
        texts.append(f"lasted {duration(session.ended_at - session.created_at)}")
    texts.append(exactly(session.created_at))
    return [text for text in texts if text]
