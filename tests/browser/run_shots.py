"""Pictures of agents, sessions and invocations."""

from collections.abc import Callable, Sequence

from playwright.sync_api import Page


def settled(page: Page) -> None:
    """Let what moves come to rest."""
    page.wait_for_timeout(400)


def options_open(page: Page) -> None:
    """Open the options of an attachment, and change one."""
    page.get_by_role("button", name="Options of verify_customer").click()
    page.get_by_label("Timeout in seconds").fill("5")
    page.get_by_label("Timeout in seconds").blur()
    settled(page)


def chooser_open(page: Page) -> None:
    """Look for a function to attach."""
    page.get_by_role("button", name="Add function: after the session").click()
    page.get_by_role("listitem").first.wait_for()
    settled(page)


def tools_shown(page: Page) -> None:
    """Show the tools as another vendor takes them."""
    page.get_by_label("Format").click()
    page.get_by_role("option", name="ElevenLabs").click()
    page.get_by_text("Note").first.wait_for()
    page.get_by_role("heading", name="Tools").scroll_into_view_if_needed()
    page.mouse.wheel(0, 2000)
    settled(page)


def calls_shown(page: Page) -> None:
    """Show a session's calls."""
    page.get_by_role("tab", name="Calls").click()
    page.get_by_role("row").nth(1).wait_for()
    settled(page)


def first_failed(page: Page) -> None:
    """Open an invocation that failed."""
    page.get_by_role("row", name="charge_card").get_by_role("link").first.click()
    page.get_by_role("heading", name="Error").wait_for()
    settled(page)


def replayed(page: Page) -> None:
    """Replay one that went well."""
    page.get_by_role("row", name="book_slot").get_by_role("link").first.click()
    page.get_by_role("button", name="Replay dry").click()
    page.get_by_text("same outcome").wait_for()
    settled(page)


PAGES: Sequence[tuple[str, str, Callable[[Page], None]]] = (
    ("agents", "/agents", settled),
    ("agent", "/agents/front-desk", settled),
    ("agent-options", "/agents/front-desk", options_open),
    ("agent-chooser", "/agents/front-desk", chooser_open),
    ("agent-tools", "/agents/front-desk", tools_shown),
    ("sessions", "/sessions", settled),
    ("session", "/sessions/call-1042", settled),
    ("session-calls", "/sessions/call-1042", calls_shown),
    ("invocations", "/invocations", settled),
    ("invocation", "/invocations", first_failed),
    ("invocation-replay", "/invocations", replayed),
)
