"""The list of functions, as people use it."""

from playwright.sync_api import Browser, expect
from tests.support.browser import PHONE, Tab, tab_of
from tests.support.crowd import SLOWER, crowd, soonest
from tests.support.serving import Client, Served

from midcall.domain.times import now_ms
from midcall.ui.site import COOKIE, the_site


def test_each_function_tells_how_it_stands(tab: Tab, admin: Client) -> None:
    """Status of the latest version, what is published, the last run, and how long runs take."""
    admin.published("lookup_order", display_name="Look up an order")
    admin.ok("POST", "/v1/functions/lookup_order/invoke", {"params": {"order": 1}})
    admin.create("draft_only")
    tab.sign_in(admin)
    row = tab.page.get_by_role("row", name="Look up an order")
    for text in ("lookup_order", "approved", "version 1", "succeeded", "just now"):
        expect(row).to_contain_text(text)
    other = tab.page.get_by_role("row", name="draft_only")
    for text in ("draft", "not published", "never"):
        expect(other).to_contain_text(text)
    row.get_by_role("link").click()
    tab.page.wait_for_url("**/ui/functions/lookup_order")


def test_a_search_finds_by_name_and_by_display_name(tab: Tab, admin: Client) -> None:
    """The key "/" goes to the box; what matches nothing is told, and an empty box shows all again."""
    admin.create("lookup_order", display_name="Order status")
    admin.create("book_slot")
    tab.sign_in(admin)
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("STATUS")
    expect(tab.page.get_by_text("book_slot")).to_have_count(0)
    expect(tab.page.get_by_text("Order status")).to_be_visible()
    tab.page.get_by_label("Search functions").fill("100%")
    expect(tab.page.get_by_text("Nothing matches")).to_be_visible()
    tab.page.get_by_label("Search functions").fill("")
    expect(tab.page.get_by_text("book_slot")).to_be_visible()


def test_what_a_function_is_called_is_text(tab: Tab, admin: Client) -> None:
    """Markup in a name or a description does nothing."""
    smuggled = '<img src=x onerror="document.title=1"></script><script>document.title=2</script>{{1+1}}'
    admin.create("odd", display_name=smuggled, description=smuggled)
    tab.sign_in(admin)
    expect(tab.page.get_by_role("link", name=smuggled)).to_be_visible()
    assert tab.page.title() == "Functions · midcall"


def test_a_thousand_functions_and_a_hundred_thousand_runs_are_read_page_by_page(tab: Tab, admin: Client) -> None:
    """The first page takes not many times as long as one that lists nothing; each function is there once."""
    admin.create("zz_last")
    with tab.served.engine.connect() as connection:
        workspace = connection.exec_driver_sql("SELECT workspace_id FROM functions ORDER BY id DESC LIMIT 1").scalar()
    crowd(tab.served.engine, str(workspace), count=1_000, runs=100_000, now=now_ms())
    tab.sign_in(admin)
    [cookie] = [each["value"] for each in tab.page.context.cookies() if each["name"] == COOKIE]
    headers = {"cookie": f"{COOKIE}={cookie}"}
    _, plain = soonest(lambda: tab.served.http.get("/ui/new-function", headers=headers))
    page, took = soonest(lambda: tab.served.http.get("/ui/functions", headers=headers))
    assert "function_0049" in page.text
    assert took < SLOWER * plain, took / plain
    expect(tab.page.get_by_role("row")).to_have_count(51)
    tab.page.get_by_role("button", name="Show more").click()
    expect(tab.page.get_by_role("row")).to_have_count(101)
    names = tab.page.locator("tbody tr a").all_inner_texts()
    assert names == [f"function_{number:04}" for number in range(100)]


def test_an_error_of_the_database_is_told_on_the_page(tab: Tab, admin: Client) -> None:
    """In words, with nothing of what went wrong inside; the page goes on."""
    admin.create("lookup_order")
    tab.sign_in(admin)
    services = the_site().app.state.services
    broken = _Broken()
    object.__setattr__(services, "overview", broken)
    try:
        tab.page.get_by_label("Search functions").fill("look")
        expect(tab.page.get_by_role("alert").filter(has_text="Something went wrong")).to_be_visible()
    finally:
        object.__setattr__(services, "overview", broken.kept)
    tab.page.get_by_label("Search functions").fill("lookup")
    expect(tab.page.get_by_text("lookup_order")).to_be_visible()


class _Broken:
    """A use case that fails as a lost database does."""

    def __init__(self) -> None:
        self.kept = the_site().services.overview

    def functions(self, *_given: object, **_more: object) -> None:
        """Fail."""
        raise OSError("secret detail")


def test_rows_are_cards_on_a_phone(browser: Browser, served: Served, admin: Client) -> None:
    """Each cell says what it is; nothing is cut off at the side."""
    admin.published("lookup_order", description="Looks an order up by its number, and says when it will arrive. " * 3)
    with tab_of(browser, served, viewport=PHONE, is_mobile=True, has_touch=True) as tab:
        tab.sign_in(admin)
        expect(tab.page.get_by_text("lookup_order")).to_be_visible()
        wide = tab.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
        labels = tab.page.evaluate(
            "[...document.querySelectorAll('tbody td')].map(td => getComputedStyle(td, '::before').content)"
        )
        assert '"Latest version"' in labels
