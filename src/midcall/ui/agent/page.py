"""One agent: what is attached in which order, its platform's words for it, and its tools."""

from urllib.parse import quote

from nicegui import ui

from midcall.domain.agent import Agent
from midcall.domain.errors import Conflict, InvalidInput, MidcallError
from midcall.domain.jsonvalue import Json
from midcall.domain.workspace import Own, Scope
from midcall.service.access.access import Caller
from midcall.service.agents.agents import AgentView
from midcall.service.agents.form import parse_agent
from midcall.ui.agent.attached import Attached
from midcall.ui.agent.draft import AgentDraft
from midcall.ui.agent.tools import ToolsPreview
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.header import page_header

_BACK = (("Agents", "/agents"),)


def path_of(agent: str) -> str:
    """Return the path of an agent's page."""
    return f"/agents/{quote(agent, safe='')}"


async def edit(context: PageContext, name: str) -> None:
    """Show an agent, to be changed."""
    view = await context.call(Own(Scope.READ), lambda caller: context.services.agents.get(caller, name))
    page = _AgentPage(context, view)
    await page.build()


class _AgentPage:
    """The page; `_view` is what is saved, `_draft` what is shown."""

    def __init__(self, context: PageContext, view: AgentView) -> None:
        self._context = context
        self._view = view
        self._draft = AgentDraft.of(view.agent)
        self._saved: Json = self._draft.document()
        self._may_write = context.may(Scope.WRITE)

    @property
    def _agent(self) -> Agent:
        return self._view.agent

    async def build(self) -> None:
        sessions = f"/sessions?agent={quote(self._agent.name, safe='')}"
        with page_header(
            self._agent.name, about="Which functions it has, when they run, and in which order.", back=_BACK
        ):
            quiet("Its sessions", lambda: self._context.go(sessions), icon="forum").props("role=link")
        self._warnings = ui.element("div").classes("mc-warnings")
        self._errors = ErrorBanner()
        self._attached_box = ui.element("div").classes("mc-phases")
        self._fields()
        tools = self._tools = ToolsPreview(self._context, self._agent.name)
        # The last on the page: it stays in sight at the bottom.
        self._bar()
        self._show()
        await tools.load()

    def _fields(self) -> None:
        with ui.element("section").classes("mc-phase").props('aria-label="On its platform"'):
            ui.label("On its platform").classes("mc-phase-title").props('role="heading" aria-level=2')
            ui.label("What functions are told of this agent, in the session's agentDetails.").classes("mc-quiet")
            with ui.element("div").classes("mc-options"):
                self._version = ui.input(label="Version", value=self._draft.version, placeholder="v9")
                self._number = ui.input(label="Phone number", value=self._draft.number, placeholder="+14155550123")
                for field, name in ((self._version, "version"), (self._number, "number")):
                    field.props("outlined dense maxlength=200")
                    field.set_enabled(self._may_write)
                    field.on_value_change(lambda event, name=name: self._typed(name, event.value))

    def _typed(self, name: str, value: str | None) -> None:
        setattr(self._draft, name, value or "")
        self._changed()

    def _bar(self) -> None:
        with ui.element("div").classes("mc-save").props("role=region aria-label=Changes") as self._unsaved:
            ui.label("Not saved yet").classes("mc-strong")
            ui.label("Sessions under way keep what they started with.").classes("mc-quiet mc-grow mc-wide-only")
            quiet("Discard", self._discard)
            self._save_button = primary("Save", self._save, icon="check")
        self._unsaved.set_visibility(False)

    def _show(self) -> None:
        """Show what the draft holds, and the warnings of what is saved."""
        self._warnings.clear()
        with self._warnings:
            for text in self._view.warnings:
                with ui.element("div").classes("mc-warning").props("role=note"):
                    ui.icon("warning").props("aria-hidden=true")
                    ui.label(text)
        self._attached_box.clear()
        with self._attached_box:
            self._attached = Attached(self._context, self._draft, changed=self._changed, may_write=self._may_write)

    def _changed(self) -> None:
        try:
            differs = self._draft.document() != self._saved
        except InvalidInput:
            differs = True
        if differs == self._unsaved.visible:
            return
        self._unsaved.set_visibility(differs)
        # The browser asks before it leaves a page with changes.
        scripts.run(self._context.client, "mcUnsaved", differs)

    async def _discard(self) -> None:
        if await confirmed("Discard what you changed?", "The agent stays as it was saved.", act="Discard"):
            self._take(self._view)

    def _take(self, view: AgentView) -> None:
        self._view = view
        self._draft = AgentDraft.of(view.agent)
        self._saved = self._draft.document()
        self._version.set_value(self._draft.version)
        self._number.set_value(self._draft.number)
        self._errors.clear()
        self._show()
        self._changed()

    async def _save(self) -> None:
        self._attached.clear_faults()

        def put(caller: Caller) -> AgentView | MidcallError:
            try:
                wanted = parse_agent(self._draft.document())
                return self._context.services.agents.put(
                    caller,
                    self._agent.name,
                    version=wanted.version,
                    number=wanted.number,
                    attachments=wanted.attachments(),
                    seen=self._agent.updated_at,
                )
            except (InvalidInput, Conflict) as error:
                return error

        done = await self._context.run(Scope.WRITE, put, busy=self._save_button, errors=self._errors)
        if done is None:
            return
        if isinstance(done.value, MidcallError):
            await self._refused(done.value)
            return
        self._take(done.value)
        self._context.say("Saved")
        await self._tools.load()

    async def _refused(self, error: MidcallError) -> None:
        left = await self._attached.show_faults({fault.loc: fault.msg for fault in error.faults})
        for name, field in (("version", self._version), ("number", self._number)):
            field.error = left.pop(name, None)
        if left or not error.faults:
            texts = "; ".join(f"{where}: {text}" for where, text in left.items())
            self._errors.show(MidcallError(texts or error.message))
