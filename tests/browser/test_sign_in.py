"""Who gets into the UI, and who does not any more."""

import re
from typing import Any

import httpx
import pytest
from nicegui import Client as NiceGuiClient
from playwright.sync_api import Browser, expect
from tests.support.browser import PHONE, Tab, tab_of
from tests.support.serving import Client, Served

from midcall.domain.workspace import Scope
from midcall.ui.sign_ins import IDLE_S
from midcall.ui.site import COOKIE, the_site
from midcall.web.intake import MAX_FORM_BYTES

FORM = {"content-type": "application/x-www-form-urlencoded"}
#: A key of the right form that is nobody's.
NOBODYS = f"mc_{'0' * 32}_{'a' * 43}"


@pytest.fixture(autouse=True)
def _unhurried(served: Served) -> None:
    """Give each test all of its tries: they come from one address."""
    the_site().tries._left.clear()


def post(served: Served, path: str, **more: object) -> httpx.Response:
    """Send a form as a program does."""
    return served.http.post(f"/ui{path}", headers={**FORM, **more.pop("headers", {})}, **more)  # type: ignore[arg-type, dict-item]


def cookie_of(served: Served, client: Client) -> str:
    """Sign in as a program does; returns the session's id."""
    assert client.token is not None
    response = post(served, "/sign-in", content=f"key={client.token}")
    assert response.status_code == 303
    served.http.cookies.clear()
    return response.cookies[COOKIE]


def test_a_key_gets_in_and_the_first_page_is_usable(tab: Tab, admin: Client) -> None:
    """From the address to a page that answers; the key is in no cookie and in no storage."""
    tab.open("/functions")
    assert admin.token is not None
    tab.page.get_by_label("API key").fill(admin.token)
    tab.page.get_by_label("API key").press("Enter")
    tab.page.wait_for_url("**/ui/functions")
    tab.connected()
    expect(tab.page.get_by_text("No functions yet")).to_be_visible()
    [cookie] = [each for each in tab.page.context.cookies() if each["name"] == COOKIE]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/ui")
    kept = tab.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert admin.token[-20:] not in kept + cookie["value"]
    assert cookie["value"] not in kept


def test_a_wrong_key_is_told_in_words(tab: Tab) -> None:
    """Malformed and unknown alike; the form is there to try again, and the key is not written back into it."""
    tab.open("/functions")
    for wrong in ("hello", NOBODYS):
        tab.page.get_by_label("API key").fill(wrong)
        tab.page.get_by_role("button", name="Sign in").click()
        expect(tab.page.get_by_role("alert")).to_contain_text("does not know this key")
        assert wrong not in tab.page.content()


def test_signing_out_ends_the_session_for_every_tab(tab: Tab, admin: Client) -> None:
    """The cookie is worthless afterwards, and a page left open leads to the sign-in page."""
    tab.sign_in(admin)
    other = tab.page.context.new_page()
    other.goto(f"{tab.served.url}/ui/functions")
    other.wait_for_function("window.did_handshake === true")
    [cookie] = [each["value"] for each in tab.page.context.cookies() if each["name"] == COOKIE]
    tab.page.get_by_role("button", name="Your key").click()
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page.get_by_role("status")).to_have_text("You are signed out.")
    again = tab.served.http.get("/ui/functions", headers={"cookie": f"{COOKIE}={cookie}"})
    assert (again.status_code, again.headers["location"]) == (303, "./sign-in?next=functions")
    other.get_by_label("Search functions").fill("x")
    other.wait_for_url("**/ui/sign-in?why=over")


def test_a_revoked_key_loses_access_at_once(tab: Tab, admin: Client) -> None:
    """At the next thing done on a page that is open, without a reload."""
    reader = tab.served.colleague(admin, "reader", "read")
    tab.sign_in(reader)
    [key] = [each for each in admin.ok("GET", "/v1/keys")["items"] if each["principal"] == "reader"]
    admin.ok("DELETE", f"/v1/keys/{key['id']}")
    tab.page.get_by_label("Search functions").fill("x")
    tab.page.wait_for_url("**/ui/sign-in?why=over")
    expect(tab.page.get_by_role("status")).to_contain_text("Your session is over")


def test_an_idle_session_is_over(served: Served, admin: Client) -> None:
    """After an hour without a sign of life."""
    cookie = cookie_of(served, admin)
    session = the_site().sign_ins.find(cookie)
    assert session is not None
    session.seen -= IDLE_S + 1
    gone = served.http.get("/ui/functions", headers={"cookie": f"{COOKIE}={cookie}"})
    assert gone.status_code == 303


def test_tries_are_throttled(served: Served) -> None:
    """A few at once from one address, then no more for a moment."""
    statuses = [post(served, "/sign-in", content=f"key={NOBODYS}").status_code for _ in range(7)]
    assert statuses[:5] == [401] * 5
    assert 429 in statuses[5:]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_other_origins_can_send_no_form_and_open_no_socket(served: Served, admin: Client, origin: str) -> None:
    """Not even with the cookie of somebody who is signed in."""
    assert post(served, "/sign-in", content=f"key={NOBODYS}", headers={"origin": origin}).status_code == 403
    cookie = cookie_of(served, admin)
    own = served.url
    assert upgrade(served, origin=own, cookie=cookie) == 101
    assert upgrade(served, origin=origin, cookie=cookie) == 403
    assert upgrade(served, origin=None, cookie=cookie) == 403
    assert upgrade(served, origin=own, cookie="somebody") == 403


def upgrade(served: Served, *, origin: str | None, cookie: str) -> int:
    """Ask for a WebSocket; returns the answer's status."""
    headers = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "cookie": f"{COOKIE}={cookie}",
        **({} if origin is None else {"origin": origin}),
    }
    path = "/ui/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with served.http.stream("GET", path, headers=headers) as response:
        return response.status_code


def test_sockets_are_the_only_way_to_a_page(served: Served, admin: Client) -> None:
    """Polling, which needs no Origin, is closed; and uploads, resources and pages need a session."""
    cookie = {"cookie": f"{COOKIE}={cookie_of(served, admin)}"}
    path = "/ui/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert served.http.get(path, headers=cookie).status_code == 404
    assert served.http.get("/ui/functions/x/y").status_code == 303
    assert post(served, "/_nicegui/client/1/upload/2", content=b"").status_code == 401


@pytest.mark.parametrize(
    "form", ["&".join(f"key={number}" for number in range(5)), "key=" + "x" * 20_000, "&&&&&&&&", "key=%ff%00"]
)
def test_a_form_that_is_not_ours_is_a_wrong_key(served: Served, form: str) -> None:
    """Too many fields, too much text, or no text at all: said in words, never an error of the server."""
    # Far too much is refused where bodies are counted, before the form is looked at.
    assert post(served, "/sign-in", content=form).status_code == (413 if len(form) > MAX_FORM_BYTES else 401)


@pytest.mark.parametrize(
    "path", ["/sign-inX", "/sign-in/functions", "/favicon.icox", "/static/none", "/sign-out", "/nothing"]
)
def test_no_page_is_built_without_a_session(served: Served, path: str) -> None:
    """Not even to say that there is none: whoever asks would fill the memory."""
    before = set(NiceGuiClient.instances)
    statuses = [served.http.request(method, f"/ui{path}").status_code for method in ("GET", "HEAD", "PUT", "OPTIONS")]
    assert all(status in {303, 401, 404, 405} for status in statuses), statuses
    assert set(NiceGuiClient.instances) <= before


def test_a_socket_takes_no_page_of_another_session(tab: Tab, admin: Client) -> None:
    """Not even one that nobody took yet, by who is signed in too and knows its id."""
    cookie = {"cookie": f"{COOKIE}={cookie_of(tab.served, admin)}"}
    page = tab.served.http.get("/ui/functions", headers=cookie).text
    [theirs] = set(re.findall(r"'client_id': '([0-9a-f-]{36})'", page))
    tab.sign_in(tab.served.tenant())
    assert tab.page.evaluate(TAKE, theirs) == "refused"
    assert not NiceGuiClient.instances[theirs].has_socket_connection
    tab.complaints.clear()


#: Opens a socket for a page, as NiceGUI does.
TAKE = """client => new Promise(done => {
  const query = {client_id: client, tab_id: "t", document_id: "d", next_message_id: 0, implicit_handshake: true};
  const socket = io(location.origin, {path: "/ui/_nicegui_ws/socket.io", query, transports: ["websocket"],
    forceNew: true, reconnection: false});
  socket.on("connect", () => done("taken"));
  socket.on("connect_error", () => done("refused"));
})"""


def test_nobody_clicks_on_a_page_of_another_session(tab: Tab, browser: Browser, admin: Client) -> None:
    """An event that names a page, an element and its listener is heard on that page's own socket alone."""
    with tab_of(browser, tab.served) as theirs:
        theirs.sign_in(admin)
        event = theirs.page.evaluate(TYPED)
        tab.sign_in(tab.served.tenant())
        tab.page.evaluate("event => window.socket.emit('event', event)", event)
        tab.page.wait_for_timeout(500)
        assert "zebra" not in search_of(event)
        theirs.page.evaluate("event => window.socket.emit('event', event)", event)
        tab.page.wait_for_timeout(500)
        assert "zebra" in search_of(event)


#: Writes down what a browser would send if somebody typed into the search box.
TYPED = """() => {
  const [id, box] = Object.entries(mounted_app.elements).find(([_, each]) => each.props?.["data-search"]);
  const listener = box.events.find(each => each.type === "update:value" || each.type === "update:model-value");
  return {id: Number(id), client_id: window.clientId, listener_id: listener.listener_id, args: ['"zebra"']};
}"""


def search_of(event: dict[str, Any]) -> str:
    """Return what stands in a search box, as the server knows it."""
    box: Any = NiceGuiClient.instances[event["client_id"]].elements[event["id"]]
    return str(box.value)


def test_a_page_runs_its_own_scripts_alone(served: Served, admin: Client) -> None:
    """The policy names a nonce that is new for each page, and allows no other inline script."""
    headers = {"cookie": f"{COOKIE}={cookie_of(served, admin)}"}
    pages = [served.http.get("/ui/functions", headers=headers) for _ in range(2)]
    policies = [page.headers["content-security-policy"] for page in pages]
    assert policies[0] != policies[1]
    script = policies[0].partition("script-src ")[2].partition(";")[0]
    nonce = script.partition("'nonce-")[2].partition("'")[0]
    assert "'unsafe-inline'" not in script
    assert pages[0].text.count("<script") == pages[0].text.count(f'<script nonce="{nonce}"') > 0
    assert served.http.get("/healthz").headers["content-security-policy"].startswith("default-src 'none'; base-uri")


def test_where_to_go_after_signing_in_is_a_page_of_ours(served: Served, admin: Client) -> None:
    """Whatever an address that somebody was sent says."""
    # Fewer than the tries that an address has at once.
    for wanted in ("//evil.example", "https://evil.example", "/\\evil.example", "a/../../x"):
        response = post(served, "/sign-in", data={"key": admin.token, "next": wanted})
        assert (response.status_code, response.headers["location"]) == (303, "functions"), wanted
    response = post(served, "/sign-in", data={"key": admin.token, "next": "functions/abc"})
    assert response.headers["location"] == "functions/abc"
    served.http.cookies.clear()


def test_what_a_key_may_not_do_is_not_offered_and_not_done(tab: Tab, admin: Client) -> None:
    """A reader sees no button, and a page that needs more says so in words."""
    reader = tab.served.colleague(admin, "reader", Scope.READ)
    tab.sign_in(reader)
    expect(tab.page.get_by_text("No functions yet")).to_be_visible()
    expect(tab.page.get_by_text("New function")).to_have_count(0)
    expect(tab.page.get_by_role("link", name="Keys")).to_have_count(0)
    for path in ("/keys", "/new-function"):
        tab.open(path)
        expect(tab.page.get_by_text("needs a key with the scope")).to_be_visible()


def test_a_key_of_some_agents_is_told_what_it_is_for(tab: Tab, admin: Client) -> None:
    """Pages about the whole workspace say so."""
    limited = tab.served.colleague(admin, "partner", "read", agents=("front_desk",))
    tab.sign_in(limited)
    tab.open("/credentials")
    expect(tab.page.get_by_text("limited to agents: front_desk")).to_be_visible()


def test_it_works_on_a_phone(browser: Browser, served: Served, admin: Client) -> None:
    """Nothing is wider than the screen, and the navigation is behind its button."""
    with tab_of(browser, served, viewport=PHONE, has_touch=True, is_mobile=True) as tab:
        tab.sign_in(admin)
        expect(tab.page.get_by_role("link", name="Agents")).not_to_be_in_viewport()
        tab.page.get_by_role("button", name="Navigation").click()
        tab.page.get_by_role("link", name="Agents").click()
        tab.page.wait_for_url("**/ui/agents")
        wide = tab.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"]
        assert tab.foreign() == []


def test_the_theme_is_kept(tab: Tab, admin: Client) -> None:
    """Dark stays dark on the next page, and is there before its scripts run."""
    tab.sign_in(admin)
    tab.page.get_by_role("button", name="Light or dark").click()
    tab.page.get_by_text("Dark", exact=True).click()
    expect(tab.page.locator("html.dark")).to_have_count(1)
    tab.open("/agents")
    tab.connected()
    expect(tab.page.locator("html.dark body.body--dark")).to_have_count(1)
