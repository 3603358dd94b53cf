"""What stands around every page: skip link, top bar, navigation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui

from midcall.domain.workspace import Own, Scope
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.attributes import attributed
from midcall.ui.parts.head import first_paint, load
from midcall.ui.site import PATH, THEME_COOKIE


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One entry of the navigation."""

    path: str
    label: str
    icon: str
    needs: Scope | Own = Scope.READ


NAVIGATION = (
    NavigationItem("/functions", "Functions", "code"),
    NavigationItem("/agents", "Agents", "support_agent", needs=Own(Scope.READ)),
    NavigationItem("/sessions", "Sessions", "forum", needs=Own(Scope.READ)),
    NavigationItem("/invocations", "Invocations", "bolt"),
    NavigationItem("/credentials", "Credentials", "key"),
    NavigationItem("/keys", "Keys", "vpn_key", needs=Scope.ADMIN),
    NavigationItem("/health", "Health", "monitor_heart"),
    NavigationItem("/audit", "Audit trail", "history"),
    NavigationItem("/workspace", "Workspace", "settings", needs=Scope.ADMIN),
)

#: Name, icon, and what Quasar takes for it.
THEMES = (("Light", "light_mode", False), ("Dark", "dark_mode", True), ("As the system", "contrast", None))
_THEME_AGE_S = 365 * 24 * 3_600


@contextmanager
def frame(context: PageContext, path: str) -> Iterator[None]:
    """Put what is made inside into the frame, as the page's content."""
    with context.client:
        load(context, "midcall.css", "icon.svg", "midcall.js")
        first_paint(context.theme)
        ui.colors(primary="var(--mc-accent)", negative="var(--mc-bad)", positive="var(--mc-good)")
        dark = ui.dark_mode({"light": False, "dark": True}.get(context.theme or ""))
        ui.link("Skip to content", f"#{context.client.content.html_id}").classes("mc-skip")
        drawer = _navigation(context, path)
        _top_bar(context, drawer, dark)
    with context.client.content.classes("mc-page").props("tabindex=-1"):
        yield


def _navigation(context: PageContext, path: str) -> ui.left_drawer:
    # Wide windows open it by themselves; asked for nothing, NiceGUI would wait for each of them to tell.
    made = ui.left_drawer(value=False).props("show-if-above bordered").classes("mc-drawer")
    with attributed(made, breakpoint=900, width=216) as drawer:
        with ui.element("nav").props('aria-label="Sections"').classes("mc-nav"):
            for section in NAVIGATION:
                if not context.may(section.needs):
                    continue
                here = path == section.path or path.startswith(f"{section.path}/")
                with ui.link(target=section.path).classes("mc-nav-link") as link:
                    ui.icon(section.icon).props("aria-hidden=true")
                    ui.label(section.label)
                if here:
                    link.props('aria-current="page"')
        with ui.element("div").classes("mc-nav-foot"):
            outside = context.prefix.removesuffix(PATH)
            with attributed(ui.element("a").props("target=_blank rel=noopener"), href=f"{outside}/docs"):
                ui.label("API reference")
    return drawer


def _top_bar(context: PageContext, drawer: ui.left_drawer, dark: ui.dark_mode) -> None:
    with ui.header().classes("mc-top").props("bordered"):
        ui.button(icon="menu", on_click=drawer.toggle).props('flat round dense aria-label="Navigation"').classes(
            "mc-menu"
        )
        ui.link("midcall", "/functions").classes("mc-brand")
        ui.label(context.workspace).classes("mc-workspace").props('title="Workspace"')
        ui.element("div").classes("mc-grow")
        _themes(context, dark)
        account = ui.button(icon="account_circle").props('flat round dense aria-label="Your key"')
        with account, ui.menu().props("anchor='bottom right' self='top right'").classes("mc-menu-card"):
            ui.label(context.caller.principal).classes("mc-strong mc-principal")
            key = context.caller.key
            ui.label(f"May: {', '.join(sorted(key.held))}").classes("mc-quiet")
            if key.agents:
                ui.label(f"For agents: {', '.join(key.agents)}").classes("mc-quiet")
            with attributed(ui.element("form").props("method=post"), action=context.href("/sign-out")):
                ui.button("Sign out", icon="logout").props("type=submit flat dense no-caps align=left")


def _themes(context: PageContext, dark: ui.dark_mode) -> None:
    button = ui.button(icon="contrast").props('flat round dense aria-label="Light or dark"')
    with button, ui.menu().props("anchor='bottom right' self='top right'"):
        for label, icon, value in THEMES:

            def choose(value: bool | None = value) -> None:  # noqa: FBT001 (what Quasar takes)
                dark.value = value
                word = {False: "light", True: "dark"}.get(value, "") if value is not None else ""
                age = _THEME_AGE_S if word else 0
                scripts.run(context.client, "mcTheme", THEME_COOKIE, word, context.prefix, age)

            with ui.menu_item(on_click=choose), ui.row().classes("mc-row"):
                ui.icon(icon).props("aria-hidden=true size=xs")
                ui.label(label)
