"""Pictures of every page in light, dark and phone width, for people to look at: `make shots` writes build/shots/."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page
from tests.support.browser import PHONE, WIDE, Tab, chromium, tab_of
from tests.support.databases import Sqlite
from tests.support.servers import redis_server
from tests.support.serving import Client, serving

OUT = Path("build/shots")
WAYS: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True, "is_mobile": True},
}


def settled(page: Page) -> None:
    """Let what moves come to rest."""
    page.wait_for_timeout(400)


def menu_open(page: Page) -> None:
    """Open the navigation of a phone, the account's menu of a wide window."""
    menu = page.get_by_role("button", name="Navigation")
    (menu if menu.is_visible() else page.get_by_role("button", name="Your key")).click()
    settled(page)


def search_for_nothing(page: Page) -> None:
    """Search for what is not there."""
    page.get_by_label("Search functions").fill("zebra")
    page.get_by_text("Nothing matches").wait_for()
    settled(page)


#: A picture's name, the page's path, and what to do on it first. A page more is a line more.
PAGES: Sequence[tuple[str, str, Callable[[Page], None]]] = (
    ("functions", "/functions", settled),
    ("functions-menu", "/functions", menu_open),
    ("functions-search", "/functions", search_for_nothing),
    ("new-function", "/new-function", settled),
    ("agents", "/agents", settled),
    ("sessions", "/sessions", settled),
    ("invocations", "/invocations", settled),
    ("credentials", "/credentials", settled),
    ("keys", "/keys", settled),
    ("health", "/health", settled),
)


def scene(admin: Client) -> None:
    """Make what the pages show."""
    for name, text in (
        ("lookup_order", "Looks an order up by its number and says when it arrives."),
        ("book_appointment", "Books a slot in the practice's calendar, once the caller has chosen one."),
        ("verify_customer", "Compares name and date of birth with the customer's record."),
    ):
        admin.published(name, description=text, display_name=name.replace("_", " ").capitalize())
    for number in range(3):
        admin.ok("POST", "/v1/functions/lookup_order/invoke", {"params": {"order": number}})
    admin.ok("POST", "/v1/functions/verify_customer/invoke", {"params": {"order": 1}})
    admin.create("send_invoice", description="Sends the last invoice again, to the address on record.")
    admin.create(
        "cancel_subscription", code={"source": "import os\n\n\ndef handler(session):\n    return os.environ\n"}
    )
    admin.ok("POST", "/v1/functions/cancel_subscription/versions/1/submit")


def main() -> None:
    """Take them all."""
    OUT.mkdir(parents=True, exist_ok=True)
    with ExitStack() as kept:
        folder = Path(kept.enter_context(TemporaryDirectory(prefix="mcs-")))
        database_url = kept.enter_context(Sqlite(folder).migrated())
        redis_url = kept.enter_context(redis_server())
        served = kept.enter_context(serving(folder, database_url=database_url, redis_url=redis_url, ui=True))
        admin = served.client(served.app.state.services.workspaces.create("Sunrise Dental", principal="ann").token)
        newcomer = served.client(served.app.state.services.workspaces.create("New here", principal="ben").token)
        scene(admin)
        browser = kept.enter_context(chromium())
        for way, options in WAYS.items():
            with tab_of(browser, served, **options) as tab:
                tab.open("/functions")
                _take(tab, f"sign-in-{way}")
                tab.sign_in(admin)
                for name, path, first in PAGES:
                    tab.open(path)
                    tab.connected()
                    first(tab.page)
                    _take(tab, f"{name}-{way}")
            with tab_of(browser, served, **options) as tab:
                tab.sign_in(newcomer)
                settled(tab.page)
                _take(tab, f"functions-empty-{way}")


def _take(tab: Tab, name: str) -> None:
    tab.page.screenshot(path=OUT / f"{name}.png")


if __name__ == "__main__":
    main()
