"""Pictures of every page in light, dark and phone width, for people to look at: `make shots` writes build/shots/."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page
from tests.browser import run_shots
from tests.browser.run_shots import settled
from tests.support.browser import PHONE, WIDE, Tab, chromium, tab_of
from tests.support.conversation import agent, begin, converse, functions
from tests.support.crowd import past_runs
from tests.support.databases import Sqlite
from tests.support.logs import set_up_logs
from tests.support.servers import redis_server
from tests.support.serving import Client, serving

from midcall.domain.times import now_ms

OUT = Path("build/shots")
WAYS: dict[str, dict[str, Any]] = {
    "light": {"viewport": WIDE, "color_scheme": "light"},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "has_touch": True, "is_mobile": True},
}


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


def tried(page: Page) -> None:
    """Try a credential out with an address that nobody answers at."""
    page.get_by_label("Address to test it with").last.fill("http://127.0.0.1:8399/orders")
    page.get_by_role("button", name="Test").last.click()
    page.get_by_text("It got no answer").wait_for()
    settled(page)


def key_made(page: Page) -> None:
    """Make a key, and see it once."""
    page.get_by_label("For whom or what").fill("voice-prod")
    page.get_by_role("checkbox", name="run").click()
    page.get_by_role("button", name="Create key").click()
    page.get_by_text("Copy the key now").wait_for()
    settled(page)


def asked(page: Page) -> None:
    """Wait for the first answers."""
    page.get_by_text("Asked every 2 s").wait_for()
    page.get_by_text("runs ended:").wait_for()
    settled(page)


def part(name: str, then: Callable[[Page], None] = settled) -> Callable[[Page], None]:
    """Make what opens a tab of a function's page, and does something there."""

    def opened(page: Page) -> None:
        tab = page.get_by_role("tab", name=name, exact=True)
        if tab.count():
            tab.click()
            settled(page)
            then(page)

    return opened


def run_it(page: Page) -> None:
    """Run a test, and wait for its result."""
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("heading", name="Time").wait_for()
    settled(page)


def run_cases(page: Page) -> None:
    """Run all test cases."""
    page.get_by_role("button", name="Run all").click()
    page.get_by_text("1 passed, 1 failed").wait_for()
    settled(page)


def signing(page: Page) -> None:
    """Scroll to the signing secret."""
    page.get_by_role("button", name="New signing secret").scroll_into_view_if_needed()
    settled(page)


#: A picture's name, the page's path, and what to do on it first. A page more is a line more.
PAGES: Sequence[tuple[str, str, Callable[[Page], None]]] = (
    ("functions", "/functions", settled),
    ("functions-menu", "/functions", menu_open),
    ("functions-search", "/functions", search_for_nothing),
    ("new-function", "/new-function", settled),
    ("function", "/functions/cancel_subscription", settled),
    ("function-parameters", "/functions/lookup_order", part("Parameters")),
    ("function-actions", "/functions/lookup_order", part("Actions")),
    ("function-settings", "/functions/lookup_order", part("Settings")),
    ("function-versions", "/functions/lookup_order", part("Versions")),
    ("function-test", "/functions/lookup_order", part("Test", run_it)),
    ("function-cases", "/functions/lookup_order", part("Test cases", run_cases)),
    *run_shots.PAGES,
    ("credentials", "/credentials", settled),
    ("new-credential", "/new-credential", settled),
    ("credential", "/credentials/crm", settled),
    ("credential-test", "/credentials/crm", tried),
    ("keys", "/keys", settled),
    ("new-key", "/new-key", settled),
    ("key-once", "/new-key", key_made),
    ("workspace", "/workspace", settled),
    ("workspace-signing", "/workspace", signing),
    ("audit", "/audit", settled),
    ("health", "/health", asked),
)


def scene(admin: Client) -> None:
    """Make what the pages show."""
    for name, text in (
        ("lookup_order", "Looks an order up by its number and says when it arrives."),
        ("book_appointment", "Books a slot in the practice's calendar, once the caller has chosen one."),
    ):
        admin.published(name, description=text, display_name=name.replace("_", " ").capitalize())
    functions(admin)
    for name, number in (("an order that has shipped", 12), ("an order that is unknown", 404)):
        expected = {"subset": {"session": {"params": {"order": 12}}}}
        case = {"params": {"order": number}, "expect": expected}
        admin.ok("PUT", f"/v1/functions/lookup_order/tests/{name}", case, status=201)
    for number in range(3):
        admin.ok("POST", "/v1/functions/lookup_order/invoke", {"params": {"order": number}})
    admin.ok("POST", "/v1/functions/verify_customer/invoke", {"params": {"customer_id": "C-7"}})
    admin.create("send_invoice", description="Sends the last invoice again, to the address on record.")
    admin.create(
        "cancel_subscription", code={"source": "import os\n\n\ndef handler(session):\n    return os.environ\n"}
    )
    admin.ok("POST", "/v1/functions/cancel_subscription/versions/1/submit")
    agent(admin)
    converse(admin)
    begin(admin, "call-1043")
    token = {"type": "bearer", "values": {"token": "only-for-pictures"}}
    admin.ok("PUT", "/v1/credentials/crm", token)
    admin.ok("PUT", "/v1/credentials/crm", {**token, "environment": "staging"})
    base = {"type": "airtable", "values": {"token": "patOnlyForPictures"}}
    admin.ok("PUT", "/v1/credentials/bookings", base)
    webhook = {"url": "https://example.com/notes", "auth": CRM}
    admin.ok(
        "POST",
        "/v1/functions",
        {"name": "note_call", "description": "Notes a call.", "kind": "webhook", "webhook": webhook},
        status=201,
    )
    admin.served.colleague(admin, "voice-prod", "run", agents=("front_desk",))
    admin.served.colleague(admin, "dana", "read", "write", "review")
    past_hour(admin)


CRM = {"type": "credential", "credential": "crm"}


def past_hour(admin: Client) -> None:
    """Fill the last hour with runs, for the plots."""
    workspace = admin.ok("GET", "/v1/workspace")["id"]
    past_runs(admin.served.engine, workspace, "lookup_order", runs=700, now=now_ms())


def main(only: Sequence[str] = ()) -> None:
    """Take them all, or those that are named."""
    set_up_logs()
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
                for name, path, first in [page for page in PAGES if not only or page[0] in only]:
                    tab.open(path)
                    tab.connected()
                    first(tab.page)
                    _take(tab, f"{name}-{way}")
                if not only or "window" in only:
                    window_that_asks(tab, way)
            with tab_of(browser, served, **options) as tab:
                tab.sign_in(newcomer)
                settled(tab.page)
                _take(tab, f"functions-empty-{way}")


def window_that_asks(tab: Tab, way: str) -> None:
    """Take the page while it asks in a window of its own, and that window."""
    tab.open("/workspace")
    tab.connected()
    tab.confirms = False
    tab.page.get_by_role("button", name="New signing secret").click()
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Make a new secret").click()
    window = opened.value
    window.get_by_role("button").wait_for()
    window.screenshot(path=OUT / f"window-{way}.png")
    _take(tab, f"window-asked-for-{way}")


def _take(tab: Tab, name: str) -> None:
    tab.page.screenshot(path=OUT / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
