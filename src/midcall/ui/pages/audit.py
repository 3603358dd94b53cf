"""The audit trail: who did what, when."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from midcall.domain.workspace import Scope
from midcall.storage.listings import AuditLine, PageRequest
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.header import page_header
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell, text_cell, time_cell

COLUMNS = (
    Column("act", "What"),
    Column("at", "When"),
    Column("who", "Who"),
    Column("subject", "To what"),
    Column("detail", "Details", none=""),
)
#: The nouns that acts begin with, in words.
KINDS: Mapping[str, str] = {
    "": "Everything",
    "function": "Functions",
    "version": "Versions",
    "test_case": "Test cases",
    "agent": "Agents",
    "credential": "Credentials",
    "adapter": "Adapters",
    "key": "Keys",
    "workspace": "Workspace",
}
#: Those that keys without the scope admin are shown.
_OF_FUNCTIONS = ("", "function", "version", "test_case")
_MAX_DETAIL = 160
#: Letters of a digest that are enough to tell two apart.
_DIGEST = 12
#: Shown as what an act was done to.
_SUBJECTS = ("name", "principal")


async def build(context: PageContext) -> None:
    """Show the trail, newest first."""
    all_of_it = context.may(Scope.ADMIN)
    about = "Who did what, when; newest first. Nothing is ever taken away."
    if not all_of_it:
        about = "Who did what to functions, when. The rest is for admins."
    with page_header("Audit trail", about=about):
        pass
    kind = ""

    async def page(part: PageRequest) -> Sequence[AuditLine]:
        return await context.call(
            Scope.READ, lambda caller: context.services.trail.page(caller, part, function=None, kind=kind or None)
        )

    async def choose() -> None:
        nonlocal kind
        kind = chosen.value
        await table.reload()

    options = dict(KINDS) if all_of_it else {name: KINDS[name] for name in _OF_FUNCTIONS}
    chosen = ui.select(options, label="Show", value="").props("outlined dense").classes("mc-filter")
    chosen.on_value_change(choose)
    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda line: _row(context, line),
        cursor=lambda line: str(line.id),
        empty=EmptyState(
            "Nothing here yet", "Whatever people and programs change is written down here.", icon="history"
        ),
        label="Audit trail",
    )
    await table.open()


def _row(context: PageContext, line: AuditLine) -> dict[str, Cell]:
    noun, _, verb = line.act.partition(".")
    detail = _detail(line.detail)
    short = detail if len(detail) <= _MAX_DETAIL else f"{detail[:_MAX_DETAIL]} …"
    return {
        "act": text_cell(verb.replace("_", " "), more=noun.replace("_", " ")),
        "at": time_cell(line.at),
        "who": text_cell(line.principal, exact=line.key_id),
        "subject": _subject(context, line),
        "detail": text_cell(short, exact=detail[:2_000]) if detail else None,
    }


def _subject(context: PageContext, line: AuditLine) -> Cell:
    if line.function is not None:
        return link_cell(line.function, context.href(f"/functions/{line.function}"))
    called = line.detail.get("name") or line.detail.get("principal")
    return text_cell(called, more=line.subject) if isinstance(called, str) else text_cell(line.subject)


def _detail(detail: Mapping[str, Any]) -> str:
    """Write what an act was about, as name and value."""
    told = {name: value for name, value in detail.items() if value not in (None, [], {}, "", False)}
    return "; ".join(
        f"{name.replace('_', ' ')}: {_value(name, value)}" for name, value in told.items() if name not in _SUBJECTS
    )


def _value(name: str, value: Any) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, str):
        return value[:_DIGEST] if name == "sha256" else value
    return json.dumps(value, ensure_ascii=False)


PAGES = (Page("/audit", "Audit trail", build),)
