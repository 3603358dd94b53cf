"""The whole path of somebody who has never seen midcall: from the first sign-in to a call in the timeline."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.test_function_editor import FAULTY, publish, write_code
from tests.integration.sandbox.pools import pool_apart
from tests.support.browser import Tab
from tests.support.fakes import echo
from tests.support.serving import Client, Served

MENDED = 'def handler(session):\n    return {"result": "It arrives tomorrow."}\n'


@pytest.fixture
def _contained(served: Served) -> Iterator[None]:
    """Run code in real sandboxes."""
    with pool_apart("browser", size=2) as pool:
        served.sandbox.behave = pool.client.run
        yield
        served.sandbox.behave = echo


@pytest.mark.usefixtures("_contained")
def test_from_the_first_sign_in_to_a_call_in_the_timeline(tab: Tab, admin: Client) -> None:
    """Written, reviewed on its lines, mended, approved, tried, kept as a case, published, attached, called, found."""
    tab.sign_in(admin, "/functions")
    page = tab.page
    page.get_by_role("link", name="New function").first.click()
    page.wait_for_url("**/new-function")
    tab.connected()
    page.get_by_role("textbox", name="Name", exact=True).fill("lookup_order")
    page.get_by_label("Description: when").fill("Looks an order up by its number.")
    write_code(page, FAULTY)
    page.get_by_role("button", name="Review").click()
    expect(page.locator(".mc-line-error")).to_have_count(1)
    write_code(page, MENDED)
    expect(page.get_by_role("region", name="Review").get_by_text("Nothing to mend")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/functions/lookup_order")
    tab.connected()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".mc-fn-state").get_by_text("approved")).to_be_visible()

    page.get_by_role("tab", name="Test", exact=True).click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Time")).to_be_visible()
    page.get_by_role("button", name="Save as test case").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("an order that is under way")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("tab", name="Test cases").click()
    page.get_by_role("button", name="Run all").click()
    expect(page.get_by_text("passed", exact=True).first).to_be_visible()
    publish(page, "Publish")
    expect(page.locator(".mc-fn-state").get_by_text("version 1 in production")).to_be_visible()

    tab.open("/agents")
    tab.connected()
    page.get_by_role("button", name="New agent").click()
    page.get_by_label("Name").fill("front-desk")
    page.get_by_label("Name").press("Enter")
    page.wait_for_url("**/agents/front-desk")
    tab.connected()
    page.get_by_role("button", name="Add function: during the session").click()
    page.get_by_role("listitem").get_by_role("button").first.click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()

    admin.ok("POST", "/v1/sessions", {"agent": "front-desk", "sessionId": "call-1"}, status=201)
    admin.ok("POST", "/v1/sessions/call-1/functions/lookup_order", {"params": {}})
    tab.open("/sessions")
    tab.connected()
    page.get_by_role("link", name="call-1").click()
    page.wait_for_url("**/sessions/call-1")
    entries = page.get_by_role("list", name="What happened").locator("> li")
    expect(entries.filter(has_text="lookup_order")).to_contain_text("succeeded")
