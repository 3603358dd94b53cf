"""A real browser on a served UI: Debian's chromium, driven by Playwright, that reaches this machine alone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from tests.support.aftermath import looked_at
from tests.support.patience import PATIENCE_S
from tests.support.serving import Client, Served

WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
#: The first that is there. Chromium's shell draws the same pages, without an interface of its own around them: the
#: tests of the pages take three fifths of the processor time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: A test fails after this, with what the page shows.
PATIENCE_MS = round(PATIENCE_S * 1000)
#: Longer than `confirmations.LEAST_S`.
CONFIRM_MS = 500  # short: what a person takes to read
#: For leaving a page before its window is closed.
LEAVING_MS = 5_000  # short: one that hangs is closed as it is


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "these tests need a browser: install chromium (make setup does)"
    arguments = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """One tab of one person, and all that it asked for."""

    page: Page
    served: Served
    requests: list[str] = field(default_factory=list)
    #: What the page's scripts and policy complained about.
    complaints: list[str] = field(default_factory=list)
    #: Whether what asks for it in a window of its own is confirmed there.
    confirms: bool = True

    def __post_init__(self) -> None:
        """Listen."""
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("popup", lambda window: self.confirm(window) if self.confirms else None)
        self.page.on("request", self._note)
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on(
            "response", lambda got: self.complaints.append(f"{got.status} {got.url}") if got.status >= 500 else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)

    def _note(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def confirm(self, window: Page) -> None:
        """Confirm what was asked for in a window of its own, as who reads it first does."""
        button = window.get_by_role("button")
        button.wait_for()
        window.wait_for_timeout(CONFIRM_MS)
        button.click()

    def open(self, path: str) -> None:
        """Open a page of the UI (`/functions`)."""
        self.page.goto(f"{self.served.url}/ui{path}")

    def sign_in(self, who: Client, path: str = "/functions") -> None:
        """Sign in with a client's key, and end up on a page, connected."""
        assert who.token is not None
        self.open(path)
        self.page.get_by_label("API key").fill(who.token)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"**/ui{path}")
        self.connected()

    def connected(self) -> None:
        """Wait until the page can be used: built, and talking to the server."""
        self.page.wait_for_function("window.did_handshake === true")

    def foreign(self) -> list[str]:
        """Return the requests that went elsewhere than to the served app."""
        own = (self.served.url, self.served.url.replace("http:", "ws:"))
        return [url for url in self.requests if not url.startswith(tuple(f"{each}/" for each in own))]

    def assert_kept_to_itself(self) -> None:
        """Whatever was done in it, no request left the machine and nothing broke the page's policy."""
        assert self.foreign() == []
        assert [text for text in self.complaints if "the server responded with a status of 4" not in text] == []


def choose(select: Locator, option: str) -> None:
    """Choose from a list, and see it close: it gives the focus back then, which nobody is quick enough to notice."""
    select.click()
    wanted = select.page.get_by_role("option", name=option, exact=True)
    wanted.click()
    wanted.wait_for(state="detached")


@contextmanager
def tab_of(browser: Browser, served: Served, **options: Any) -> Iterator[Tab]:
    """Open a browser window of its own, with no cookies; `options` are Playwright's of a context."""
    context: BrowserContext = browser.new_context(**{"viewport": WIDE, "locale": "en-US", **options})
    try:
        yield Tab(context.new_page(), served)
    except Exception as error:  # such a window is closed before its test's report is written
        error.add_note(looked_at([context], os.environ.get("PYTEST_CURRENT_TEST", "no test")))
        raise
    finally:
        _close(context)


def _close(context: BrowserContext) -> None:
    """Close a window with all that it opened.

    It is left first: one that opens another at that moment is closed for ever (Playwright 1.65, Chromium 156).
    """
    for page in context.pages:
        with suppress(PlaywrightError):  # one that hangs
            page.goto("about:blank", timeout=LEAVING_MS)
    context.close()
