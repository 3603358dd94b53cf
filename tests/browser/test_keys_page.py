"""Keys and settings in the browser: secrets shown once, what was revoked, what was changed."""

import httpx
from playwright.sync_api import expect
from tests.support.browser import Tab
from tests.support.serving import Client


def test_a_key_is_shown_once(tab: Tab, admin: Client) -> None:
    """It works, it can be copied, and neither the list nor the page loaded again has it."""
    tab.sign_in(admin, "/new-key")
    page = tab.page
    page.get_by_label("For whom or what").fill("voice-prod")
    page.get_by_role("checkbox", name="read").click()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy the key now")).to_be_visible()
    expect(page.get_by_role("button", name="Copy key")).to_be_visible()
    token = page.locator(".mc-once-secret").inner_text()
    assert admin.served.client(token).ok("GET", "/v1/workspace")["id"]

    page.get_by_role("button", name="I have stored it").click()
    page.wait_for_url("**/ui/keys")
    expect(page.get_by_role("link", name="voice-prod")).to_be_visible()
    secret = token.split("_", 2)[-1]
    assert secret not in page.content()
    page.goto(f"{tab.served.url}/ui/new-key")
    tab.connected()
    assert secret not in page.content()


def test_a_key_can_be_limited_to_agents(tab: Tab, admin: Client) -> None:
    """The agents there are can be chosen; more than run and read is refused at the boxes, and nothing is asked."""
    tab.confirms = False
    admin.ok("PUT", "/v1/agents/front_desk", {})
    tab.sign_in(admin, "/new-key")
    page = tab.page
    page.get_by_label("For whom or what").fill("voice-prod")
    page.get_by_role("checkbox", name="admin").click()
    page.get_by_label("Only for agents").click()
    page.get_by_role("option", name="front_desk").click()
    page.keyboard.press("Escape")  # the list stays open for more
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("alert").get_by_text("has run and read alone, not admin")).to_be_visible()
    expect(page.get_by_role("alertdialog")).to_have_count(0)


def test_a_key_without_a_scope_is_refused_at_the_boxes(tab: Tab, admin: Client) -> None:
    """Each fault stands where it is mended, before it is asked whether it is meant."""
    tab.confirms = False
    tab.sign_in(admin, "/new-key")
    tab.page.get_by_role("button", name="Create key").click()
    expect(tab.page.get_by_text("Choose at least one.")).to_be_visible()
    expect(tab.page.get_by_label("For whom or what")).to_have_attribute("aria-invalid", "true")


def test_revoking_asks_and_holds_at_once(tab: Tab, admin: Client) -> None:
    """Cancelled it stays good; then it is worth nothing."""
    other = admin.served.colleague(admin, "old-system", "read")
    tab.sign_in(admin, "/keys")
    page = tab.page
    page.get_by_role("link", name="old-system").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    other.ok("GET", "/v1/workspace")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    page.wait_for_url("**/ui/keys")
    expect(page.get_by_text("revoked", exact=True)).to_be_visible()
    assert other.send("GET", "/v1/workspace").status_code == httpx.codes.UNAUTHORIZED


def test_keys_are_for_admins(tab: Tab, admin: Client) -> None:
    """Others are told so, and find no entry in the navigation."""
    tab.sign_in(admin.served.colleague(admin, "rita", "read"), "/keys")
    expect(tab.page.get_by_text('It needs a key with the scope "admin"')).to_be_visible()
    expect(tab.page.get_by_label("Sections").get_by_role("link", name="Keys")).to_have_count(0)


def test_settings_are_changed_and_go_on_record(tab: Tab, admin: Client) -> None:
    """Only what was changed is sent; a fault stands at its field; the audit trail tells of it."""
    tab.sign_in(admin, "/workspace")
    page = tab.page
    days, idle = page.get_by_label("Delete sessions and runs after"), page.get_by_label("without a sign of life for")
    days.fill("0")
    page.get_by_role("button", name="Save").click()
    expect(days).to_have_attribute("aria-invalid", "true")
    days.fill("30")
    idle.fill("1800")
    page.get_by_text("Record what actions were answered").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved", exact=True).wait_for()
    found = admin.ok("GET", "/v1/workspace")
    assert (found["retention_days"], found["session_idle_s"], found["record_actions"]) == (30, 1800, False)
    tab.open("/audit")
    expect(page.get_by_text("session idle s")).to_be_visible()


def test_a_new_signing_secret_is_shown_once(tab: Tab, admin: Client) -> None:
    """After that the page has it no more."""
    tab.sign_in(admin, "/workspace")
    page = tab.page
    page.get_by_role("button", name="New signing secret").click()
    page.get_by_role("button", name="Make a new secret").click()
    secret = page.locator(".mc-once-secret").inner_text()
    assert secret.startswith("whsec_")
    page.get_by_role("button", name="I have stored it").click()
    expect(page.locator(".mc-once-secret")).to_have_count(0)
    assert secret not in page.content()
