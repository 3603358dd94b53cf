"""What an LLM is shown of an agent, in the format of whoever shows it."""

from collections.abc import Mapping

from nicegui import ui

from midcall.domain.function import DEFAULT_ENVIRONMENT
from midcall.domain.workspace import Own, Scope
from midcall.service.agents.tools import ToolsView
from midcall.ui.page_context import PageContext
from midcall.ui.parts.code import json_view
from midcall.ui.parts.empty import empty
from midcall.ui.parts.errors import ErrorBanner
from midcall.vendors.tools.export import ExportProblem, Format

FORMATS: Mapping[Format, str] = {
    Format.OPENAI: "OpenAI, Chat Completions",
    Format.OPENAI_STRICT: "OpenAI, Chat Completions, strict mode",
    Format.OPENAI_RESPONSES: "OpenAI, Responses",
    Format.OPENAI_REALTIME: "OpenAI, Realtime",
    Format.ANTHROPIC: "Anthropic",
    Format.GEMINI: "Gemini",
    Format.MCP: "MCP",
    Format.RETELL: "Retell, UponAI",
    Format.VAPI: "Vapi",
    Format.ELEVENLABS: "ElevenLabs",
}


class ToolsPreview:
    """The tools of an agent as it is saved, with a choice of formats."""

    def __init__(self, context: PageContext, agent: str) -> None:
        self._context = context
        self._agent = agent
        self._turn = 0
        with ui.element("section").classes("mc-phase").props('aria-label="Tools"'):
            with ui.element("div").classes("mc-phase-head"):
                with ui.element("div"):
                    ui.label("Tools, as an LLM is shown them").classes("mc-phase-title").props(
                        'role="heading" aria-level=2'
                    )
                    ui.label(
                        "Of what is saved and published: copy them into your platform, or let it ask the API."
                    ).classes("mc-quiet")
                self._format = ui.select(dict(FORMATS), label="Format", value=Format.OPENAI, on_change=self.load)
                self._format.props("outlined dense options-dense").classes("mc-filter")
            self._errors = ErrorBanner()
            self._shown = ui.element("div")

    async def load(self) -> None:
        """Show what is saved now."""
        self._turn += 1
        turn, wanted = self._turn, Format(self._format.value)
        done = await self._context.run(
            (Own(Scope.RUN), Own(Scope.READ)),
            lambda caller: self._context.services.tools.export(
                caller, self._agent, wanted=wanted, environment=DEFAULT_ENVIRONMENT, adapter=None
            ),
            errors=self._errors,
        )
        if turn != self._turn or self._shown.is_deleted:
            return
        self._shown.clear()
        if done is not None:
            with self._shown:
                _show(done.value)


def _show(view: ToolsView) -> None:
    if view.export.problems:
        with ui.element("ul").classes("mc-notes").props('aria-label="Notes"'):
            for problem in view.export.problems:
                _note(problem)
    if view.export.tools:
        json_view(list(view.export.tools), what="the tools")
    else:
        empty("No tools", "Attach a function during the session, and publish it; then it is shown here.", icon="build")


def _note(problem: ExportProblem) -> None:
    with ui.element("li"):
        kind = ui.label("Note" if problem.exported else "Left out")
        kind.classes("mc-badge" if problem.exported else "mc-badge mc-warn")
        where = " ".join(each for each in (problem.function, problem.loc) if each)
        with ui.element("span"):
            ui.label(where).classes("mc-code-word mc-strong mc-inline")
            ui.label(problem.msg).classes("mc-inline")
