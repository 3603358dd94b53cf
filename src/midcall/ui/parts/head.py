"""What a page loads before it is drawn: our own files by name, and the ground that it is drawn on."""

import html
from collections.abc import Mapping

from nicegui import ui

from midcall.ui.assets import asset
from midcall.ui.page_context import PageContext

_TAGS: Mapping[str, str] = {
    "midcall.css": '<link rel="stylesheet" href="{}">',
    "icon.svg": '<link rel="icon" href="{}">',
    "midcall.js": '<script defer src="{}"></script>',
    # Its functions are called as soon as the page is there.
    "editor.js": '<script src="{}"></script>',
}
#: By theme: no flash of white in a dark room.
_FIRST_PAINT: Mapping[str | None, str] = {
    theme: f'<script>document.documentElement.className = "{theme}";</script>' for theme in ("light", "dark")
}


def load(context: PageContext, *names: str) -> None:
    """Load files of `static/`."""
    for name in names:
        address = html.escape(context.href(f"/{asset(name)}"), quote=True)
        ui.add_head_html(_TAGS[name].format(address))


def first_paint(theme: str | None) -> None:
    """Give the page its ground before any other script has run."""
    ui.add_head_html(_FIRST_PAINT.get(theme, ""))
