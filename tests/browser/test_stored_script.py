"""Text that somebody stored is text in the page, whoever opens it: no property, no markup, no script."""

from nicegui import Client as NiceGuiClient
from nicegui import core, ui
from playwright.sync_api import expect
from tests.support.browser import Tab
from tests.support.serving import Client

#: Closes a value of a property text, and adds a property that NiceGUI evaluates in the browser.
PLANTED = 'order" :x="canary(1)'


def test_what_an_author_planted_does_not_run_for_the_reviewer(tab: Tab, admin: Client) -> None:
    """A parameter's name holds script; who reviews the version opens the page, and it stands there as a name."""
    ran: list[object] = []
    tab.page.expose_binding("canary", lambda _source, said: ran.append(said))
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    author = admin.served.colleague(admin, "ann", "read", "write")
    author.create("lookup", parameters={"type": "object", "properties": {PLANTED: {"type": "string"}}})
    author.ok("POST", "/v1/functions/lookup/versions/1/submit")
    tab.sign_in(admin, "/functions/lookup")
    tab.page.get_by_role("tab", name="Parameters").click()
    expect(tab.page.get_by_role("textbox", name="Name").last).to_have_value(PLANTED)
    assert ran == []
    expect(tab.page.get_by_role("group", name=f"Parameter {PLANTED}")).to_be_visible()


def slip(client: NiceGuiClient) -> None:
    """Make what `make check` refuses, in every place that a browser evaluates."""
    with client:
        ui.element("div").props(f'aria-label="{PLANTED}"')
        ui.element("div").props('innerHTML="<img src=x onerror=canary(2)>"')
        ui.element("div").props('onclick="canary(3)"').on("vnodeMounted", js_handler="() => canary(4)")
        ui.element("div").props('.innerHTML="<img src=x onerror=canary(5)>"')
        ui.html("<img src=x onerror=canary(6)>", sanitize=False)
        ui.element("a").props('href="java\tscript:canary(7)"').mark("slipped")
        ui.table(rows=[{"a": 1}]).add_slot("body", "<td>{{ canary(8) || $root.$options }}</td>")
        client.run_javascript("canary(9)")
        client.run_javascript("mcShow(canary(10))")
        client.run_javascript("mcShow(1); canary(11)")
        ui.label("All of it is sent")


def test_what_slips_by_is_left_out_where_it_is_sent(tab: Tab, admin: Client) -> None:
    """Whatever a page's code says, nothing gets into a browser that it would evaluate."""
    ran: list[object] = []
    tab.page.expose_binding("canary", lambda _source, said: ran.append(said))
    tab.sign_in(admin)
    client = NiceGuiClient.instances[tab.page.evaluate("window.clientId")]
    assert core.loop is not None
    core.loop.call_soon_threadsafe(slip, client)
    expect(tab.page.get_by_text("All of it is sent")).to_be_visible()
    assert tab.page.locator("a[href*=script]").count() == 0
    assert tab.page.locator("main img, .nicegui-content img").count() == 0
    tab.page.reload()
    tab.connected()
    assert ran == []


def waiting_version(admin: Client) -> None:
    """Have a version wait for its reviewer."""
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    author = admin.served.colleague(admin, "ann", "read", "write")
    author.create("lookup")
    author.ok("POST", "/v1/functions/lookup/versions/1/submit")


def status(admin: Client) -> str:
    """Return the version's status."""
    return str(admin.ok("GET", "/v1/functions/lookup/versions/1")["status"])


#: What a script in the page tries with a window that it can open: to fetch, frame, read and press.
TRIES = """async address => {
  const tried = {fetched: (await fetch(address)).status};
  const frame = document.createElement("iframe");
  frame.src = address;
  document.body.append(frame);
  await new Promise(done => setTimeout(done, 500));
  try { tried.framed = frame.contentDocument?.forms.length ?? "blocked"; } catch { tried.framed = "blocked"; }
  const other = window.open(address);
  await new Promise(done => setTimeout(done, 1500));
  try { other.document.forms[0].submit(); tried.pressed = true; } catch { tried.pressed = "blocked"; }
  tried.posted = (await fetch(address, {method: "POST", body: "word="})).status;
  return tried;
}"""


def test_a_script_in_the_page_cannot_approve(tab: Tab, admin: Client) -> None:
    """It can press the button, and open the window that asks; it can neither read that nor press there."""
    waiting_version(admin)
    tab.sign_in(admin, "/functions/lookup")
    tab.confirms = False
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Approve").click()
    window = opened.value
    expect(window.get_by_text("Approve a version")).to_be_visible()
    expect(window.locator("dd").first).to_have_text("lookup")
    address = window.url
    tried = tab.page.evaluate(TRIES, address)
    assert tried.pop("framed") in {0, "blocked"}
    assert tried == {"fetched": 403, "pressed": "blocked", "posted": 404}
    assert status(admin) == "pending_approval"
    tab.complaints.clear()
    tab.confirm(window)
    expect(tab.page.locator(".mc-fn-state").get_by_text("approved")).to_be_visible()
    assert status(admin) == "approved"


def test_what_is_not_confirmed_is_not_done(tab: Tab, admin: Client) -> None:
    """Cancelled in the page, its window is worth nothing any more."""
    waiting_version(admin)
    tab.sign_in(admin, "/functions/lookup")
    tab.confirms = False
    with tab.page.expect_popup() as opened:
        tab.page.get_by_role("button", name="Approve").click()
    expect(opened.value.get_by_text("Approve a version")).to_be_visible()
    tab.page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    expect(tab.page.get_by_role("alertdialog")).to_have_count(0)
    assert status(admin) == "pending_approval"
