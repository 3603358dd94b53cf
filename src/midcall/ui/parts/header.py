"""A page's head: where it is, what it is called, what can be done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nicegui import ui


@contextmanager
def page_header(title: str, *, about: str = "", back: Sequence[tuple[str, str]] = ()) -> Iterator[ui.element]:
    """Show the title, a sentence about it, and links back (label, path); actions are made inside the block."""
    with ui.element("header").classes("mc-head"):
        with ui.element("div"):
            if back:
                with ui.element("nav").props('aria-label="Breadcrumb"').classes("mc-crumbs"):
                    for label, path in back:
                        ui.link(label, path)
                        ui.label("/").props("aria-hidden=true")
            ui.label(title).props('role="heading" aria-level=1').classes("mc-title")
            if about:
                ui.label(about).classes("mc-quiet")
        with ui.element("div").classes("mc-actions") as actions:
            yield actions
