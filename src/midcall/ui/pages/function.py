"""One function: write it, have it reviewed, publish it."""

from typing import Any

from nicegui import ui

from midcall.domain.function_config import Kind
from midcall.domain.workspace import Scope
from midcall.ui.function import assistant, cases, testing
from midcall.ui.function.actions import ActionsSection, Known, credentials_of
from midcall.ui.function.basics import BasicsSection
from midcall.ui.function.comments import Comments
from midcall.ui.function.decision_panel import DecisionPanel
from midcall.ui.function.editor import Editor
from midcall.ui.function.faults import Faults
from midcall.ui.function.form import SourceSection, document_of
from midcall.ui.function.function_header import FunctionHeader
from midcall.ui.function.inputs import InputFactory
from midcall.ui.function.messages import MessagesSection
from midcall.ui.function.parameters import ParametersSection
from midcall.ui.function.settings import IsolationSection, LimitsSection, TagsSection, allows_jail
from midcall.ui.function.source import SourceEditor
from midcall.ui.function.tabs import Tabs
from midcall.ui.function.template import beginning
from midcall.ui.function.versions import Versions
from midcall.ui.function.webhook import WebhookSection
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import danger
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.head import load
from midcall.ui.parts.header import page_header

_BACK = (("Functions", "/functions"),)
_KINDS = {Kind.CODE.value: "Code: Python that runs in a sandbox", Kind.WEBHOOK.value: "Webhook: a URL of yours"}


async def new(context: PageContext, kind: str = Kind.CODE.value) -> None:
    """Begin a new function."""
    chosen = Kind.WEBHOOK if kind == Kind.WEBHOOK.value else Kind.CODE
    with page_header("New function", back=_BACK) as actions:
        pass
    about = ui.select(_KINDS, value=chosen.value, label="What it is made of").props("outlined dense options-dense")
    about.classes("mc-kind").on_value_change(lambda: context.go(f"/new-function?kind={about.value}"))
    editor = Editor(context, chosen, None)
    await _build(editor, actions, beginning(chosen))


async def edit(context: PageContext, name: str) -> None:
    """Show a function, to be changed, tested and published."""
    saved = await context.call(Scope.READ, lambda caller: context.services.catalog.opened(caller, name))
    with page_header(saved.view.function.display_name, back=_BACK) as actions:
        pass
    editor = Editor(context, saved.open.version.config.kind, saved)
    await _build(editor, actions, document_of(saved))


async def _build(editor: Editor, actions: ui.element, document: dict[str, Any]) -> None:
    context = editor.context
    load(context, "editor.js")
    known = await credentials_of(context)
    jails = editor.kind is Kind.CODE and await allows_jail(context)
    editor.head = FunctionHeader(
        context,
        actions,
        review=editor.review,
        save=editor.save_only,
        submit=editor.submit,
        publish=editor.publish,
    )
    banner = ErrorBanner()
    editor.faults = Faults(banner, editor.reveal)
    if editor.kind is Kind.CODE:
        with ui.expansion("Assistant: have the code written", icon="auto_awesome").classes("mc-fn-expansion"):
            await assistant.build(context, editor.handle)
    editor.tabs = Tabs("Parts of this function")
    _tabs(editor, known, jails=jails)
    if editor.saved is not None:
        await _saved_tabs(editor)
    editor.write(document)
    editor.show_saved()


def _tabs(editor: Editor, known: Known, *, jails: bool) -> None:
    def inputs(tab: str) -> InputFactory:
        return InputFactory(editor.context, editor.faults, tab, editor.touched)

    is_code = editor.kind is Kind.CODE
    with editor.tabs.panel("main", "Code" if is_code else "Webhook"):
        editor.sections.append(BasicsSection(inputs("main"), new=editor.saved is None))
        with ui.element("div").classes("mc-fn-work"):
            if is_code:
                source = _source(editor)
                editor.sections.append(editor.source)  # type: ignore[arg-type]
            else:
                source = None
                editor.sections.append(WebhookSection(inputs("main"), known))
            with ui.element("div").classes("mc-fn-side"):
                editor.decision = DecisionPanel(editor.context, editor.reload)
                editor.comments = Comments(source, editor.put_source)
    with editor.tabs.panel("parameters", "Parameters"):
        editor.sections.append(ParametersSection(inputs("parameters")))
    if is_code:
        with editor.tabs.panel("actions", "Actions"):
            editor.sections.append(ActionsSection(inputs("actions"), known))
    with editor.tabs.panel("messages", "Messages"):
        editor.sections.append(MessagesSection(inputs("messages")))
    with editor.tabs.panel("settings", "Settings"):
        editor.sections.append(LimitsSection(inputs("settings"), editor.kind))
        if is_code:
            editor.sections.append(IsolationSection(inputs("settings"), allowed=jails))
        editor.sections.append(TagsSection(inputs("settings")))
        if editor.saved is not None and editor.context.may(Scope.WRITE):
            with ui.element("section").classes("mc-fn-form").props('aria-label="Archive"'):
                ui.label("Archive").classes("mc-section-title mc-fn-wide").props('role="heading" aria-level=2')
                ui.label("Takes the function out of use. What it did stays on record.").classes("mc-quiet mc-fn-wide")
                danger("Archive this function", editor.archive, icon="archive").classes("mc-fn-start")


def _source(editor: Editor) -> SourceEditor:
    with ui.element("div").classes("mc-fn-source"):
        source = SourceEditor(
            "",
            label="Code",
            language="Python",
            on_edit=editor.source_edited,
            keys={"Mod-s": editor.save_only, "Mod-Enter": editor.review},
        )
        ui.label("Ctrl-S saves, Ctrl-Enter reviews, Escape then Tab leaves the code.").classes("mc-quiet mc-fn-hint")
    editor.source = SourceSection(source)
    return source


async def _saved_tabs(editor: Editor) -> None:
    """Make what there is of a saved function alone."""
    with editor.tabs.panel("testing", "Test"):
        await testing.build(editor.context, editor.handle)
    with editor.tabs.panel("cases", "Test cases"):
        await cases.build(editor.context, editor.handle)
    with editor.tabs.panel("versions", "Versions"):
        editor.versions = Versions(editor.context, open_version=editor.open_version, publish=editor.publish)


PAGES = (
    # The names of functions are words of letters, digits and underscores: none of them has a dash.
    Page("/new-function", "New function", new, needs=(Scope.WRITE,)),
    Page("/functions/{name}", "Function", edit),
)
