"""Health in the browser: parts, an hour of runs, and what is new appears by itself."""

from playwright.sync_api import expect
from tests.support.browser import Tab
from tests.support.crowd import past_runs
from tests.support.serving import Client

from midcall.domain.times import now_ms


def test_parts_say_whether_they_answer(tab: Tab, admin: Client) -> None:
    """Database and Redis do here, and nobody started a pool."""
    tab.sign_in(admin, "/health")
    for name, state in (("Database", "answers"), ("Redis", "answers"), ("Pool", "no answer")):
        card = tab.page.get_by_label(name, exact=True)
        expect(card.get_by_text(state, exact=True)).to_be_visible()
    expect(tab.page.get_by_label("Redis", exact=True).get_by_text("background", exact=True)).to_be_visible()


def test_plots_say_in_words_what_they_show_and_go_on(tab: Tab, admin: Client) -> None:
    """Other workspaces' runs are not among them; a call made meanwhile is there soon."""
    stranger = admin.served.tenant()
    stranger.published("other")
    stranger.ok("POST", "/v1/functions/other/invoke", {"params": {"order": 1}})
    admin.published("lookup")
    tab.sign_in(admin, "/health")
    expect(tab.page.get_by_text("No runs ended in this time.")).to_be_visible()
    workspace = admin.ok("GET", "/v1/workspace")["id"]
    past_runs(admin.served.engine, workspace, "lookup", runs=700, now=now_ms())
    tab.page.reload()
    expect(tab.page.get_by_text("runs ended: ")).to_be_visible()
    bars = tab.page.locator(".mc-bar-good")
    before = tab.page.get_by_text("runs ended: ").inner_text()
    assert bars.count() >= 55
    admin.ok("POST", "/v1/functions/lookup/invoke", {"params": {"order": 1}})
    expect(tab.page.get_by_text("runs ended: ")).not_to_have_text(before)


def test_it_asks_no_more_while_nobody_looks(tab: Tab, admin: Client) -> None:
    """A hidden page says so to the server, and rests until it is seen again."""
    tab.sign_in(admin, "/health")
    asked = tab.page.get_by_text("Asked every 2 s")
    asked.wait_for()
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange'))"
    tab.page.evaluate(hide % "true")
    tab.page.wait_for_timeout(1_000)
    before = asked.inner_text()
    tab.page.wait_for_timeout(2_800)
    assert asked.inner_text() == before
    tab.page.evaluate(hide % "false")
    expect(asked).not_to_have_text(before)
