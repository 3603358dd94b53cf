"""Every page and dialog over hostile text in every stored field: it stands there as text, and does nothing."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.browser.run_shots import settled
from tests.browser.shots import menu_open
from tests.support import hostile
from tests.support.browser import PHONE, Tab, tab_of
from tests.support.serving import Client, Served

RAN: list[object] = []


@pytest.fixture(scope="module")
def planted(served: Served) -> Client:
    """Fill a workspace, whose own name is hostile too."""
    admin = served.client(served.app.state.services.workspaces.create(hostile.MEAN, principal=hostile.MEAN).token)
    hostile.plant(admin)
    return admin


@pytest.fixture(scope="module")
def signed_in(browser: Browser, served: Served, planted: Client) -> Iterator[BrowserContext]:
    """Sign in once for all pages: a window that has loaded the scripts before opens them in half the time."""
    with tab_of(browser, served) as tab:
        tab.sign_in(planted)
        yield tab.page.context


@pytest.fixture
def watched(signed_in: BrowserContext, served: Served) -> Iterator[Tab]:
    """Open a tab, and hear of each script that runs."""
    RAN.clear()
    tab = Tab(signed_in.new_page(), served)
    tab.page.expose_binding("canary", lambda _source, said: RAN.append(said))
    yield tab
    tab.page.close()
    assert RAN == []
    tab.assert_kept_to_itself()


def click(name: str) -> Callable[[Page], None]:
    """Make what clicks on a button."""

    def clicked(page: Page) -> None:
        page.get_by_role("button", name=name).locator("visible=true").first.click()
        settled(page)

    return clicked


def part(name: str, *then: Callable[[Page], None]) -> Callable[[Page], None]:
    """Make what opens a tab of a page, and does things there."""

    def opened(page: Page) -> None:
        page.get_by_role("tab", name=name, exact=True).click()
        settled(page)
        for each in then:
            each(page)

    return opened


def first_row(page: Page) -> None:
    """Open what the first row links to."""
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    settled(page)


FUNCTION = "/functions/planted"
#: A page's path, and what to do on it one after the other; after each step the page is looked at.
PAGES: tuple[tuple[str, tuple[Callable[[Page], None], ...]], ...] = (
    ("/functions", (menu_open,)),
    (FUNCTION, (part("Parameters", click("JSON Schema")), part("Settings"), part("Actions"))),
    (FUNCTION, (part("Versions", click("Changes"), click("Open")),)),
    (FUNCTION, (part("Test", click("Run")), click("Save as test case"))),
    (FUNCTION, (part("Test cases", click("Run all"), click("Change")),)),
    (FUNCTION, (part("Versions", click("Publish")),)),
    ("/functions/fails", (part("Test", click("Run")),)),
    ("/functions/waits", (click("Approve"),)),
    ("/functions/refused", (part("Versions"),)),
    ("/functions/hooked", (part("Parameters"), part("Settings"))),
    ("/functions/stranger", (part("Parameters"),)),
    ("/new-function?kind=webhook", ()),
    ("/agents", ()),
    ("/agents/front-desk", (click("Options of planted"), click("Add function"))),
    ("/sessions", ()),
    ("/sessions/call-1", (part("Calls"),)),
    ("/invocations", (first_row, click("Replay dry"))),
    ("/invocations?function=fails", (first_row, click("Traceback"))),
    ("/credentials", ()),
    ("/credentials/crm", ()),
    ("/credentials/oauth", ()),
    ("/credentials/query", ()),
    ("/keys", (first_row, click("New secret"))),
    ("/keys", (first_row, click("Revoke"))),
    ("/new-key", ()),
    ("/new-credential", ()),
    ("/audit", ()),
    ("/health", ()),
    ("/workspace", ()),
)


@pytest.mark.parametrize(("path", "steps"), PAGES, ids=[f"{number}-{path}" for number, (path, _) in enumerate(PAGES)])
def test_hostile_text_does_nothing(watched: Tab, path: str, steps: tuple[Callable[[Page], None], ...]) -> None:
    """No script runs, no request leaves, nothing is wider than the window, and the page still works."""
    watched.open(path)
    watched.connected()
    settled(watched.page)
    look(watched)
    for step in steps:
        step(watched.page)
        look(watched)


def look(tab: Tab) -> None:
    """Look at a page as it stands."""
    assert RAN == []
    assert tab.page.evaluate(WIDER) <= 0, "wider than the window"
    # Markup in a text would make elements of these.
    assert tab.page.locator("img[src*=evil], script:not([src]):not([nonce]), [onclick]").count() == 0


WIDER = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.mark.parametrize("path", ["/functions", FUNCTION, "/agents/front-desk", "/sessions/call-1", "/keys", "/audit"])
def test_nothing_is_wider_than_a_phone(served: Served, planted: Client, browser: Browser, path: str) -> None:
    """Whatever somebody stored."""
    with tab_of(browser, served, viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        tab.sign_in(planted)
        tab.open(path)
        tab.connected()
        settled(tab.page)
        assert tab.page.evaluate(WIDER) <= 0
