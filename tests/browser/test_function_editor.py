"""The editor of a function, in a real browser."""

import json
from typing import Any

from playwright.sync_api import Locator, Page, WebSocketRoute, expect
from tests.support.browser import Tab, choose
from tests.support.fakes import echo
from tests.support.serving import Client, Served
from tests.support.world import function

FAULTY = 'import os\n\n\ndef handler(session):\n    return {"home": os.environ}\n'
MENDED = 'def handler(session):\n    return {"hello": session["params"].get("name")}\n'


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
    page.locator(".mc-mark-error").hover()
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

    write_code(page, MENDED.replace(".get", ".pop"))
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".mc-fn-state").get_by_text("Version 2", exact=True)).to_be_visible()
    publish(page, "Publish")
    expect(page.locator(".mc-fn-state").get_by_text("version 2 in production")).to_be_visible()
    page.get_by_role("tab", name="Versions").click()
    page.get_by_role("button", name="Changes").click()
    expect(page.locator(".mc-fn-diff-new")).to_contain_text('.pop("name")')
    page.get_by_role("button", name="Roll back to it").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.locator(".mc-fn-state").get_by_text("version 1 in production")).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup_order")["published"] == {"production": 1}


def publish(page: Page, act: str) -> None:
    """Publish the open version."""
    page.locator("header").get_by_role("button", name=act).click()
    page.get_by_role("dialog").get_by_role("button", name=act).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_form_and_schema_stay_in_step(tab: Tab, admin: Client) -> None:
    """A change in either shows in the other; what the form cannot say stays, and is named; broken JSON is kept."""
    size = {"type": "string", "enum": ["s", "m"], "x-midcall": {"sensitive": True}}
    schema = {"type": "object", "properties": {"size": size}, "additionalProperties": False}
    admin.create("lookup", parameters=schema)
    tab.sign_in(admin, "/functions/lookup")
    page = tab.page
    page.get_by_role("tab", name="Parameters").click()
    expect(page.get_by_text("says more of it: enum, x-midcall")).to_be_visible()
    expect(page.get_by_text("more than this form can: additionalProperties")).to_be_visible()
    row = page.get_by_role("group", name="Parameter size")
    row.get_by_label("Description").fill("How large")
    page.get_by_role("button", name="Add a parameter").click()
    new = page.get_by_role("group", name="New parameter")
    new.get_by_label("Name").fill("count")
    choose(new.get_by_label("Type"), "Whole number")
    new.get_by_label("Example").fill("3")

    page.get_by_role("button", name="JSON Schema").click()
    editor = page.get_by_role("textbox", name="JSON Schema")
    expect(editor).to_contain_text("How large")
    expect(editor).to_contain_text("count")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text('{"type": "object", ')
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="not JSON").last).to_be_visible()
    count = {"type": "integer", "examples": [3]}
    wanted = {
        **schema,
        "properties": {"size": {**size, "description": "How big"}, "count": count},
        "required": ["count"],
    }
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(json.dumps(wanted))
    page.get_by_role("button", name="Form", exact=True).click()
    expect(row.get_by_label("Description")).to_have_value("How big")
    expect(page.get_by_role("group", name="Parameter count").get_by_label("Example")).to_have_value("3")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".mc-fn-state").get_by_text("Version 2", exact=True)).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup")["parameters"] == wanted


def test_secrets_of_a_webhook_go_in_and_never_come_out(tab: Tab, admin: Client) -> None:
    """After it is saved, a secret is nowhere in the page, nor sent to it; saving keeps it; faults stand beside."""
    tab.sign_in(admin, "/new-function")
    page, secret = tab.page, "s3cr3t-of-the-target"
    choose(page.get_by_role("combobox", name="What it is made of"), "Webhook: a URL of yours")
    page.wait_for_url("**/new-function?kind=webhook")
    tab.connected()
    received: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(str(data))))
    page.get_by_role("textbox", name="Name", exact=True).fill("notify")
    page.get_by_label("Description: when").fill("Tells our system of the call.")
    page.get_by_label("URL").fill("ftp://nowhere")
    page.get_by_role("button", name="Add a header").click()
    page.get_by_role("textbox", name="Header", exact=True).fill("X-Key")
    page.get_by_role("textbox", name="Value", exact=True).fill(secret)
    choose(page.get_by_role("combobox", name="Authentication"), "Bearer token")
    page.get_by_label("Token").fill(f"{secret}-2")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".mc-fn-url .q-field--error")).to_be_visible()
    page.get_by_label("URL").fill("https://api.example.com/calls")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/functions/notify")
    tab.connected()
    received.clear()
    page.reload()
    tab.connected()
    expect(page.get_by_role("textbox", name="Value", exact=True)).to_have_value("")
    expect(page.get_by_text("kept, for the host above alone")).to_have_count(2)
    page.get_by_label("URL").fill("https://api.example.com/calls/new")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".mc-fn-state").get_by_text("Version 2", exact=True)).to_be_visible()
    assert secret not in page.content()
    assert not any(secret in frame for frame in received)
    saved = admin.ok("GET", "/v1/functions/notify")["webhook"]
    assert saved["headers"] == {"X-Key": "********"}
    assert saved["auth"] == {"type": "bearer", "token": "********"}
    # For another host they are wanted again, and both fields say so.
    page.get_by_label("URL").fill("https://api.example.net/calls")
    page.get_by_role("button", name="Save").click()
    again = "send it again: it was given for https://api.example.com, and would now go to https://api.example.net"
    expect(page.locator(".q-field--error").get_by_text(again)).to_have_count(2)


def test_values_that_are_no_secrets_are_shown_edited_and_can_be_marked(tab: Tab, admin: Client) -> None:
    """A marked one is never shown again, and is readable again only with its value; what a name says stands fixed."""
    query = {"limit": "100", "partner": "partner-77"}
    webhook = {"url": "https://api.example.com/x", "headers": {"X-Api-Key": "k3y-of-ours"}, "query": query}
    document = {**function("hook", kind="webhook", webhook=webhook)}
    del document["code"]
    admin.ok("POST", "/v1/functions", document, status=201)
    tab.sign_in(admin, "/functions/hook")
    page = tab.page

    def row(name: str) -> Locator:
        return page.get_by_role("group", name=name, exact=True)

    def save(number: int) -> dict[str, Any]:
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".mc-fn-state").get_by_text(f"Version {number}", exact=True)).to_be_visible()
        saved: dict[str, Any] = admin.ok("GET", "/v1/functions/hook")["webhook"]
        return saved

    key = row("Header X-Api-Key").get_by_role("checkbox", name="Secret")
    expect(key).to_be_checked()
    expect(key).to_be_disabled()
    limit = row("Query parameter limit")
    expect(limit.get_by_label("Value")).to_have_value("100")
    limit.get_by_label("Value").fill("200")
    row("Query parameter partner").get_by_role("checkbox", name="Secret").click()
    assert save(2)["query"] == {"limit": "200", "partner": "********"}
    partner = row("Query parameter partner")
    expect(partner.get_by_label("Value")).to_have_value("")
    partner.get_by_role("checkbox", name="Secret").click()
    page.get_by_role("button", name="Save").click()
    expect(partner.get_by_text("send the value itself to make it readable")).to_be_visible()
    partner.get_by_label("Value").fill("for all to read")
    assert save(3)["query"] == {"limit": "200", "partner": "for all to read"}


def test_who_saves_onto_an_older_version_is_told_and_chooses(tab: Tab, admin: Client) -> None:
    """Nobody's work is overwritten unasked: the colleague is named, and mine is saved on top only if I say so."""
    admin.create("lookup")
    tab.sign_in(admin, "/functions/lookup")
    page = tab.page
    page.get_by_label("Description: when").fill("Looks an order up, and its parcel.")
    admin.ok("POST", "/v1/functions/lookup/versions", {"description": "Somebody else's words."}, status=201)
    page.get_by_role("button", name="Save").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_text("owner saved version 2 while you were changing version 1")).to_be_visible()
    dialog.get_by_role("button", name="Go on editing").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Description: when")).to_have_value("Looks an order up, and its parcel.")
    page.get_by_role("button", name="Save").click()
    dialog.get_by_role("button", name="Save mine").click()
    expect(page.locator(".mc-fn-state").get_by_text("Version 3", exact=True)).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup")["description"] == "Looks an order up, and its parcel."


def test_typing_waits_for_no_server(tab: Tab, admin: Client) -> None:
    """Two hundred typed characters send next to nothing, and stand there though the server answers nothing at all."""
    admin.create("lookup")
    sent: list[str] = []

    def listen(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def send(message: str | bytes) -> None:
            sent.append(str(message))
            if not cut:
                server.send(message)

        socket.on_message(send)
        server.on_message(lambda message: None if cut else socket.send(message))

    cut: list[bool] = []
    tab.page.route_web_socket("**/_nicegui_ws/**", listen)
    tab.sign_in(admin, "/functions/lookup")
    page, text = tab.page, "# " + "typing " * 28 + "ok"
    page.get_by_role("textbox", name="Code", exact=True).click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(300)
    sent.clear()
    cut.append(True)
    page.keyboard.type(text)
    typed = [frame for frame in sent if len(frame) > 3]
    assert len(text) == 200
    assert page.locator(".cm-line").first.inner_text() == text
    assert len(typed) <= 3, typed
    assert not any("typing" in frame for frame in sent)


def test_a_colleague_decides_and_the_author_cannot(tab: Tab, admin: Client) -> None:
    """Where people decide, the author is told to wait, and a colleague's key approves with a comment."""
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    author = admin.served.colleague(admin, "ann", "read", "write", "review")
    author.create("lookup")
    author.ok("POST", "/v1/functions/lookup/versions/1/submit")
    tab.sign_in(author, "/functions/lookup")
    page = tab.page
    expect(page.get_by_text("You wrote it, so somebody else has to approve it")).to_be_visible()
    page.context.clear_cookies()
    tab.sign_in(admin, "/functions/lookup")
    page.get_by_label("Comment, for its author").fill("Well done")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".mc-fn-state").get_by_text("approved")).to_be_visible()
    version = admin.ok("GET", "/v1/functions/lookup/versions/1")
    assert version["review"]["decision"] == {"by": "owner", "text": "Well done"}


def test_who_decides_sees_which_credential_goes_to_which_new_host(tab: Tab, admin: Client) -> None:
    """On the page, and in the window that asks apart from it; approving lets it go there."""
    admin.ok("PATCH", "/v1/workspace", {"approval": "human"})
    token = {"type": "bearer", "values": {"token": "x"}}
    admin.ok("PUT", "/v1/credentials/crm", token)
    author = admin.served.colleague(admin, "ann", "read", "write")
    webhook = {"url": "https://new.example.com/x", "auth": {"credential": "crm"}}
    document = {**function("hook", kind="webhook", webhook=webhook)}
    del document["code"]
    author.ok("POST", "/v1/functions", document, status=201)
    author.ok("POST", "/v1/functions/hook/versions/1/submit")
    tab.sign_in(admin, "/functions/hook")
    pair = "https://new.example.com gets crm"
    expect(tab.page.get_by_text(f"Approving sends a credential to a new host: {pair}")).to_be_visible()
    tab.confirms = False
    with tab.page.expect_popup() as asked:
        tab.page.get_by_role("button", name="Approve").click()
    expect(asked.value.get_by_text(pair)).to_be_visible()


def test_archiving_asks_for_the_name(tab: Tab, admin: Client) -> None:
    """A function goes out of use only once its name is typed."""
    admin.create("lookup")
    tab.sign_in(admin, "/functions/lookup")
    page = tab.page
    page.get_by_role("tab", name="Settings").click()
    page.get_by_role("button", name="Archive this function").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_role("button", name="Archive")).to_be_disabled()
    dialog.get_by_label("Type lookup to go on").fill("lookup")
    dialog.get_by_role("button", name="Archive").click()
    page.wait_for_url("**/ui/functions")
    admin.problem(404, "GET", "/v1/functions/lookup")


def test_a_failing_test_case_stands_against_publishing_until_a_reason_is_given(
    tab: Tab, admin: Client, served: Served
) -> None:
    """Which case failed is said in the dialog; it takes a reason to publish all the same, which goes on record."""
    served.sandbox.behave = echo
    admin.approved("lookup")
    expected = {"expect": {"exact": "something else"}}
    admin.ok("PUT", "/v1/functions/lookup/tests/greets", expected, status=201)
    tab.sign_in(admin, "/functions/lookup")
    page = tab.page
    page.locator("header").get_by_role("button", name="Publish").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Environment").fill("Not One")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(dialog.get_by_role("alert").get_by_text("environment", exact=True)).to_be_visible()
    dialog.get_by_label("Environment").fill("staging")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(dialog.get_by_role("alert").get_by_text("tests.greets")).to_be_visible()
    forced = dialog.get_by_role("button", name="Publish anyway")
    expect(forced).to_be_disabled()
    dialog.get_by_label("Reason").fill("The case is out of date")
    forced.click()
    expect(page.locator(".mc-fn-state").get_by_text("version 1 in staging")).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup")["published"] == {"staging": 1}


def test_a_suggestion_that_is_code_goes_in_at_a_click(tab: Tab, admin: Client) -> None:
    """`actions` is used and not taken: the signature that the review proposes replaces the one there is."""
    source = 'def handler(session):\n    return actions.http.get("https://api.example.com/")\n'
    admin.create("lookup", code={"source": source, "actions": ["http"], "egress": ["api.example.com"]})
    admin.ok("POST", "/v1/functions/lookup/versions/1/submit")
    tab.sign_in(admin, "/functions/lookup")
    page = tab.page
    page.get_by_role("button", name="Put it in").click()
    expect(page.locator(".cm-line").first).to_have_text("def handler(session, actions):")
    expect(page.get_by_role("button", name="Put it in")).to_have_count(0)
