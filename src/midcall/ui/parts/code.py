"""Code and JSON to read: what came from code or callers is shown as text, never as markup."""

import json
from typing import Any

from nicegui import ui

from midcall.ui.parts.buttons import copy_button

#: What is longer is cut: a browser has to lay it out.
MAX_CHARS = 200_000


def code_view(text: str, *, what: str = "code") -> ui.element:
    """Show a text in the fixed font, with a button that copies it whole."""
    cut = f"{text[:MAX_CHARS]}\n… ({len(text) - MAX_CHARS} more characters)" if len(text) > MAX_CHARS else text
    with ui.element("div").classes("mc-code") as box:
        copy_button(text, what=what)
        with ui.element("pre").props("tabindex=0"):
            ui.label(cut).classes("mc-code-text")
    return box


def json_view(value: Any, *, what: str = "JSON") -> ui.element:
    """Show a JSON value, indented."""
    return code_view(json.dumps(value, indent=2, ensure_ascii=False, default=str), what=what)
