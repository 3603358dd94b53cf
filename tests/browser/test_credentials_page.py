"""Credentials in the browser: secrets go in and never come back; testing and deleting them in words."""

import pytest
from playwright.sync_api import Page, expect
from tests.support.browser import Tab, choose
from tests.support.serving import Client

SECRET = "patN0bodyMaySeeThis77"  # noqa: S105 (of nothing)
MASK = "********"


@pytest.fixture
def received(tab: Tab) -> list[str]:
    """Collect all that the server tells the page: over its WebSocket, and as HTML."""
    found: list[str] = []

    def hear(payload: str | bytes) -> None:
        found.append(payload if isinstance(payload, str) else payload.decode("utf-8", "replace"))

    tab.page.on("websocket", lambda socket: socket.on("framereceived", hear))
    return found


def _new(page: Page, kind: str, name: str) -> None:
    choose(page.get_by_label("What is it for?"), kind)
    page.get_by_label("Name", exact=True).fill(name)


def test_a_secret_goes_in_and_never_comes_back(tab: Tab, admin: Client, received: list[str]) -> None:
    """Neither HTML nor frames hold it once it is saved, nor when it is saved again; it is stored all the same."""
    tab.sign_in(admin, "/new-credential")
    page = tab.page
    _new(page, "Shopify", "shop")
    page.get_by_label("Shop's domain").fill("my-shop.myshopify.com")
    page.get_by_label("Admin API access token").fill(SECRET)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/credentials/shop")
    tab.connected()
    token = page.get_by_label("Admin API access token")
    expect(token).to_have_value("")
    expect(token).to_have_attribute("placeholder", MASK)
    expect(page.get_by_label("Shop's domain")).to_have_value("my-shop.myshopify.com")

    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved", exact=True).wait_for()
    kept = admin.ok("GET", "/v1/credentials/shop")["values"]
    assert kept == {"shop_domain": "my-shop.myshopify.com", "access_token": MASK}

    # Refused, then saved: not even the browser that it was typed into is told it again.
    token.fill(f"{SECRET} with a blank")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("holds a blank, a line break")).to_be_visible()
    token.fill(f"{SECRET}-new")
    page.get_by_role("button", name="Save").click()
    expect(token).to_have_value("")
    assert SECRET not in page.content()
    page.reload()
    tab.connected()
    assert SECRET not in page.content()
    assert [frame for frame in received if "my-shop.myshopify.com" in frame]
    assert not [frame for frame in received if SECRET in frame]


def test_with_another_address_the_secret_must_be_sent_anew(tab: Tab, admin: Client) -> None:
    """The fault stands at the field of the secret."""
    values = {"shop_domain": "my-shop.myshopify.com", "access_token": SECRET}
    admin.ok("PUT", "/v1/credentials/shop", {"type": "shopify", "values": values})
    tab.sign_in(admin, "/credentials/shop")
    tab.page.get_by_label("Shop's domain").fill("other.myshopify.com")
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_text("send it again: with another shop_domain")).to_be_visible()


def test_faults_stand_at_their_fields(tab: Tab, admin: Client) -> None:
    """A name that is none, before it is asked whether it is meant; and a token that is empty."""
    tab.confirms = False
    tab.sign_in(admin, "/new-credential")
    _new(tab.page, "Slack", "my-bot")
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    tab.confirms = True
    tab.page.get_by_label("Name", exact=True).fill("bot")
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_text("required; add it")).to_be_visible()


def test_a_test_says_in_words_what_came_of_it(tab: Tab, admin: Client) -> None:
    """Nobody listens at the address; the page says so, and not the secret."""
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": SECRET}})
    tab.sign_in(admin, "/credentials/crm")
    tab.page.get_by_label("Address to test it with").fill("http://127.0.0.1:9/x")
    tab.page.get_by_role("button", name="Test").click()
    expect(tab.page.get_by_text("It got no answer.")).to_be_visible()
    assert SECRET not in tab.page.content()


def test_only_admins_choose_an_address(tab: Tab, admin: Client) -> None:
    """Who may write, and no more, is told why there is no field."""
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": SECRET}})
    tab.sign_in(admin.served.colleague(admin, "wes", "read", "write"), "/credentials/crm")
    expect(tab.page.get_by_text("a key with the scope admin")).to_be_visible()
    expect(tab.page.get_by_label("Address to test it with")).to_have_count(0)


def test_what_runs_is_deleted_by_force_alone(tab: Tab, admin: Client) -> None:
    """The page names the function, and takes the name, typed, for an answer."""
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": SECRET}})
    webhook = {"url": "https://example.com/notes", "auth": {"type": "credential", "credential": "crm"}}
    form = {"name": "note_call", "description": "Notes a call.", "kind": "webhook", "webhook": webhook}
    admin.ok("POST", "/v1/functions", form, status=201)
    admin.ok("POST", "/v1/functions/note_call/versions/1/submit")
    admin.ok("POST", "/v1/functions/note_call/publish", {"version": 1})
    tab.sign_in(admin, "/credentials/crm")
    page = tab.page
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Named by: note_call")).to_be_visible()
    button = page.get_by_role("button", name="Delete it all the same")
    expect(button).to_be_disabled()
    page.get_by_label("Type crm to go on").fill("crm")
    button.click()
    page.wait_for_url("**/ui/credentials")
    admin.problem(404, "GET", "/v1/credentials/crm")


def test_values_of_one_environment_stand_apart(tab: Tab, admin: Client) -> None:
    """A second environment is added with values of its own."""
    admin.ok("PUT", "/v1/credentials/crm", {"type": "bearer", "values": {"token": SECRET}})
    tab.sign_in(admin, "/credentials/crm")
    tab.page.get_by_role("button", name="Values for another environment").click()
    card = tab.page.get_by_label("Another environment")
    card.get_by_label("Environment", exact=True).fill("staging")
    card.get_by_label("Token").fill("for-staging")
    card.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_text("Only staging")).to_be_visible()
    assert admin.ok("GET", "/v1/credentials/crm")["environments"] == {"staging": {"token": MASK}}


def test_a_secret_is_bound_to_hosts_in_plain_words(tab: Tab, admin: Client) -> None:
    """Who makes it says where it may be sent; somebody else with `write` has to send it again for another host."""
    tab.sign_in(admin, "/new-credential")
    page = tab.page
    _new(page, "Bearer token", "crm")
    page.get_by_label("Token").fill(SECRET)
    page.get_by_label("May be sent to").fill("api.example.com nowhere/at-all")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("'nowhere/at-all' is no host; write https://api.example.com")).to_be_visible()
    page.get_by_label("May be sent to").fill("api.example.com, *.example.org")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/credentials/crm")
    assert admin.ok("GET", "/v1/credentials/crm")["hosts"] == ["https://api.example.com", "https://*.example.org"]
    other = admin.served.colleague(admin, "other", "read", "write")
    page.context.clear_cookies()
    tab.sign_in(other, "/credentials/crm")
    expect(page.get_by_label("May be sent to")).to_have_value("https://api.example.com https://*.example.org")
    page.get_by_label("May be sent to").fill("https://evil.example.net")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("send it again: it was not given for https://evil.example.net")).to_be_visible()
    assert admin.ok("GET", "/v1/credentials/crm")["hosts"] == ["https://api.example.com", "https://*.example.org"]
