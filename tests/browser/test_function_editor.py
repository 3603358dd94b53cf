"""The editor of a function, in a real browser."""

from playwright.sync_api import Page, expect
from tests.support.browser import Tab
from tests.support.serving import Client

FAULTY = 'import os\n\n\ndef handler(session):\n    return {"home": os.environ}\n'
MENDED = 'def handler(session):\n    return {"order": session["params"].get("order")}\n'


def code(page: Page) -> str:
    """Return what the code editor holds."""
    found: str = page.evaluate("document.querySelector('.cm-editor .cm-content').cmTile.view.state.doc.toString()")
    return found


def write_code(page: Page, text: str) -> None:
    """Put a text into the code editor as somebody who pastes it does."""
    page.get_by_role("textbox", name="Code", exact=True).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def test_a_newcomer_gets_a_function_from_faulty_code_to_production_and_back(tab: Tab, admin: Client) -> None:
    """Comments stand on the lines of faulty code; mended, it is approved, published, and an older one again."""
    tab.sign_in(admin, "/new-function")
    page = tab.page
    page.get_by_label("Display name").fill("Look up an order")
    page.get_by_role("textbox", name="Name", exact=True).fill("lookup_order")
    page.get_by_label("Description: when").fill("Looks an order up by its number.")
    write_code(page, FAULTY)
    page.get_by_role("button", name="Review").click()
    expect(page.locator(".mc-line-error")).to_have_count(1)
    expect(page.locator(".mc-line-error")).to_have_text("import os")
    review = page.get_by_role("region", name="Review")
    expect(review.get_by_text("may not be imported")).to_be_visible()
    page.locator(".mc-line-error").hover()
    expect(page.locator(".cm-tooltip-hover")).to_contain_text("may not be imported")
    review.get_by_role("button", name="Line 1").click()
    expect(page.get_by_role("textbox", name="Code", exact=True)).to_be_focused()

    write_code(page, MENDED)
    expect(review.get_by_text("Nothing to mend")).to_be_visible()
    expect(page.locator(".mc-line-error")).to_have_count(0)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/functions/lookup_order")
    tab.connected()
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".mc-fn-state").get_by_text("approved")).to_be_visible()
    publish(page, "Publish")

    write_code(page, MENDED.replace("get", "pop"))
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".mc-fn-state").get_by_text("Version 2", exact=True)).to_be_visible()
    publish(page, "Publish")
    expect(page.locator(".mc-fn-state").get_by_text("version 2 in production")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    page.get_by_role("button", name="Changes").click()
    expect(page.locator(".mc-fn-diff-new")).to_contain_text('.pop("order")')
    page.get_by_role("button", name="Roll back to it").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.locator(".mc-fn-state").get_by_text("version 1 in production")).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup_order")["published"] == {"production": 1}


def publish(page: Page, act: str) -> None:
    """Publish the open version."""
    page.locator("header").get_by_role("button", name=act).click()
    page.get_by_role("dialog").get_by_role("button", name=act).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
