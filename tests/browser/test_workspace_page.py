"""Settings of the workspace, the signing secret, and the audit trail that tells of both."""

from playwright.sync_api import expect
from tests.support.browser import Tab
from tests.support.serving import Client


def test_settings_are_changed_one_by_one_and_faults_stand_beside_them(tab: Tab, admin: Client) -> None:
    """Only what was changed is sent; what cannot be is told at its field, and nothing of it is saved."""
    before = admin.ok("GET", "/v1/workspace")
    tab.sign_in(admin, "/workspace")
    page = tab.page
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing was changed")).to_be_visible()
    page.get_by_label("Delete sessions and runs after").fill("30")
    page.get_by_label("Callback URL").fill("ftp://example.com")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Callback URL")).to_have_attribute("aria-invalid", "true")
    assert admin.ok("GET", "/v1/workspace") == before
    page.get_by_label("Callback URL").fill("")
    page.get_by_role("switch", name="Record what actions were answered").click()
    page.get_by_label("Calls of code at once").fill("50")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    after = admin.ok("GET", "/v1/workspace")
    limits = {**before["limits"], "max_in_flight": 50}
    assert after == {**before, "retention_days": 30, "record_actions": False, "limits": limits}


def test_allowing_jails_says_what_is_weaker_and_opens_the_choice_in_the_editor(tab: Tab, admin: Client) -> None:
    """Until then the editor says who can; a jail is saved as the next version, and can be taken back afterwards."""
    admin.create("lookup")
    tab.sign_in(admin, "/functions/lookup")
    page = tab.page
    page.get_by_role("tab", name="Settings").click()
    kept_in = page.get_by_role("combobox", name="Each run is kept in")
    expect(page.get_by_text("This workspace allows no jails")).to_be_visible()
    expect(kept_in).to_have_count(0)
    tab.open("/workspace")
    tab.connected()
    expect(page.get_by_text("share a container's kernel address layout")).to_be_visible()
    page.get_by_role("switch", name="Allow jails").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert admin.ok("GET", "/v1/workspace")["allow_jail"] is True
    tab.open("/functions/lookup")
    tab.connected()
    page.get_by_role("tab", name="Settings").click()
    kept_in.click()
    page.get_by_role("option", name="A jail in a container of the workspace").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 2")).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup")["isolation"] == "jail"
    admin.ok("PATCH", "/v1/workspace", {"allow_jail": False})
    tab.open("/functions/lookup")
    tab.connected()
    page.get_by_role("tab", name="Settings").click()
    kept_in.click()
    page.get_by_role("option", name="A container of its own").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as version 3")).to_be_visible()
    assert "isolation" not in admin.ok("GET", "/v1/functions/lookup")


def test_a_new_signing_secret_is_shown_once(tab: Tab, admin: Client) -> None:
    """It asks first; the audit trail tells who did it."""
    tab.sign_in(admin, "/workspace")
    page = tab.page
    page.get_by_role("button", name="New signing secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_text("whsec_")).to_be_visible()
    tab.open("/workspace")
    tab.connected()
    expect(page.get_by_text("whsec_")).to_have_count(0)
    tab.open("/audit")
    tab.connected()
    expect(page.locator("tbody tr").first).to_contain_text("owner")
