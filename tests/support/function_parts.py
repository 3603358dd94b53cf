"""A page of its own for each part of a function's page, with an editor that is a plain text field."""

import json
from collections.abc import Mapping
from typing import Any

from nicegui import ui

from midcall.domain.jsonvalue import merge_patch
from midcall.domain.workspace import Scope
from midcall.service.credentials.inline_secrets import shown
from midcall.service.functions.catalog import SavedFunction
from midcall.ui.function import assistant, cases, testing
from midcall.ui.function.opened import OpenFunction
from midcall.ui.page import Page, add_page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.header import page_header

PARTS = {"testing": testing.build, "cases": cases.build, "assistant": assistant.build}
_ADDED: list[str] = []


def add_part_pages() -> None:
    """Have `/try/{part}/{name}` served; once in a process, as NiceGUI has one app."""
    if not _ADDED:
        _ADDED.append("/try/{part}/{name}")
        add_page(Page(_ADDED[0], "Part", _build))


async def _read(context: PageContext, name: str) -> SavedFunction:
    return await context.call(Scope.READ, lambda caller: context.services.catalog.opened(caller, name))


async def _build(context: PageContext, part: str, name: str) -> None:
    known = [await _read(context, name)]
    config = dict(shown(known[0].open.version.stored))
    with page_header(name):
        pass
    source = ui.textarea("Source", value=config.get("code", {}).get("source", "")).props("outlined autogrow")
    source.set_visibility(part == "assistant")
    line, code = ui.label(""), ui.label("").props("data-testid=held")
    held: dict[str, Any] = dict(config)

    async def draft() -> dict[str, Any]:
        return {**held, "code": {**held.get("code", {}), "source": source.value}}

    async def apply(patch: Mapping[str, Any]) -> None:
        changed = merge_patch(await draft(), patch)
        held.update(changed)
        source.value = changed["code"]["source"]
        code.text = json.dumps({name: changed["code"].get(name) for name in ("actions", "egress")})

    async def save() -> int | None:
        return known[0].open.version.number

    async def reload() -> None:
        known[0] = await _read(context, name)
        await opened.tell()

    def show_line(number: int) -> None:
        line.set_text(f"Editor shows line {number}")

    opened = OpenFunction(
        name=name,
        kind=known[0].open.version.config.kind,
        saved=lambda: known[0],
        is_changed=lambda: source.value != config.get("code", {}).get("source", ""),
        draft=draft,
        apply=apply,
        save=save,
        reload=reload,
        show_line=show_line,
    )
    await PARTS[part](context, opened)
