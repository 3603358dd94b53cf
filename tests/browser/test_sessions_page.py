"""Sessions, as people look into them."""

from playwright.sync_api import expect
from tests.support.browser import Tab, choose
from tests.support.conversation import AGENT, PIN, SESSION, agent, begin, call, converse, functions
from tests.support.serving import Client, Served

HOME = f"/sessions/{SESSION}"


def test_the_list_is_narrowed_down_by_status_agent_and_id(tab: Tab, admin: Client) -> None:
    """Empty, it says how sessions come to be; what is chosen stands in the address."""
    tab.sign_in(admin, "/sessions")
    expect(tab.page.get_by_text("No sessions yet")).to_be_visible()
    functions(admin)
    agent(admin)
    for number in range(3):
        begin(admin, f"call-{number}")
    admin.ok("POST", "/v1/sessions/call-1/end", status=202)
    tab.open("/sessions")
    tab.connected()
    rows = tab.page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("call-2")
    choose(tab.page.get_by_label("Status"), "ended")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("call-1")
    assert tab.page.url.endswith("/sessions?status=ended")
    tab.page.get_by_label("Search by the session's id").fill("ALL-2")
    expect(tab.page.get_by_text("No session fits")).to_be_visible()
    tab.open(f"/sessions?agent={AGENT}&status=active")
    expect(rows).to_have_count(2)


def test_a_timeline_tells_what_happened(tab: Tab, admin: Client) -> None:
    """Each call with phase, status, what was said and set; a PIN is masked; variables say where they came from."""
    functions(admin)
    agent(admin)
    converse(admin)
    tab.sign_in(admin, HOME)
    entries = tab.page.get_by_role("list", name="What happened").locator("> li")
    told = entries.all_inner_texts()
    for text, wanted in zip(
        told,
        (
            ["began"],
            ["greet_caller", "succeeded", "before the session", "caller_name", "Ada Berg"],
            ["verify_customer", "refused", "invalid_params"],
            ["verify_customer", "succeeded", "One moment, please.", "verified"],
            ["Set by the caller", "mood"],
            ["book_slot", "succeeded"],
            ["charge_card", "failed", "I could not charge your card.", "KeyError"],
            ["ended"],
            # On a slow machine its next attempt is due, or over, by now.
            ["send_summary", "after the session"],
        ),
        strict=True,
    ):
        assert all(word in text for word in wanted), text
    variables = tab.page.get_by_role("region", name="Variables")
    for name, source in (("verified", "verify_customer"), ("locale", "the caller"), ("currentTime", "midcall")):
        expect(variables.locator(".mc-variable", has_text=name)).to_contain_text(source)
    tab.page.get_by_role("tab", name="Calls").click()
    expect(tab.page.locator("tbody tr")).to_have_count(6)
    tab.page.get_by_role("tab", name="Session body").click()
    expect(tab.page.locator("pre", has_text='"summary": "Booked a slot."')).to_be_visible()
    assert PIN not in tab.page.content()
    tab.page.get_by_role("tab", name="Timeline").click()
    tab.page.get_by_role("link", name="charge_card").click()
    expect(tab.page.get_by_role("heading", name="Error")).to_be_visible()


def test_an_active_session_is_followed_ended_and_deleted(tab: Tab, admin: Client, served: Served) -> None:
    """What happens appears by itself; ending asks; deleting wants the id typed, and leaves nothing."""
    functions(admin)
    agent(admin)
    begin(admin)
    tab.sign_in(admin, HOME)
    expect(tab.page.get_by_text("Live: what happens next appears here.")).to_be_visible()
    call(admin, "book_slot", day="Tuesday")
    expect(tab.page.get_by_role("link", name="book_slot")).to_be_visible()
    tab.page.get_by_role("button", name="End session").click()
    tab.page.get_by_role("alertdialog").get_by_role("button", name="End session").click()
    expect(tab.page.get_by_text("The session ended")).to_be_visible()
    expect(tab.page.get_by_role("button", name="End session")).to_have_count(0)
    tab.page.get_by_role("button", name="Delete").click()
    dialog = tab.page.get_by_role("alertdialog")
    expect(dialog.get_by_role("button", name="Delete")).to_be_disabled()
    dialog.get_by_label("Type").fill(SESSION)
    dialog.get_by_role("button", name="Delete").click()
    tab.page.wait_for_url("**/ui/sessions")
    admin.problem(404, "GET", f"/v1/sessions/{SESSION}")


def test_a_key_that_is_limited_to_an_agent_sees_its_sessions_alone(tab: Tab, admin: Client) -> None:
    """The list, and a session; another agent's session is not shown."""
    functions(admin)
    agent(admin)
    begin(admin)
    admin.ok("PUT", "/v1/agents/other", {"functions": []})
    admin.ok("POST", "/v1/sessions", {"agent": "other", "sessionId": "call-other"}, status=201)
    tab.sign_in(admin.served.colleague(admin, "limited", "read", agents=(AGENT,)), "/sessions")
    expect(tab.page.locator("tbody tr")).to_have_count(1)
    tab.open(HOME)
    expect(tab.page.get_by_text("greet_caller").first).to_be_visible()
    expect(tab.page.get_by_role("button", name="Delete")).to_have_count(0)
    tab.open("/sessions/call-other")
    expect(tab.page.get_by_text("This page cannot be shown")).to_be_visible()
