"""Agents, as people set them up."""

from playwright.sync_api import Locator, expect
from tests.support.browser import Tab, choose
from tests.support.conversation import AGENT, agent, functions
from tests.support.serving import Client

HOME = f"/agents/{AGENT}"


def order(admin: Client) -> list[tuple[str, str]]:
    """Read what is saved: phase and function, in order."""
    found = admin.ok("GET", f"/v1/agents/{AGENT}")["functions"]
    return [(each["phase"], each["function"]) for each in found]


def phase(tab: Tab, name: str) -> Locator:
    """Return a phase's section."""
    return tab.page.get_by_role("region", name=name)


def save(tab: Tab) -> None:
    """Save, and wait until it is."""
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(tab.page.get_by_text("Not saved yet")).to_be_hidden()


def test_a_newcomer_makes_an_agent_and_attaches_a_function(tab: Tab, admin: Client) -> None:
    """A wrong name is told beside its field, a taken one too; then a function is chosen and saved."""
    functions(admin, ["book_slot", "verify_customer"])
    admin.ok("PUT", "/v1/agents/taken", {"functions": []})
    tab.sign_in(admin, "/agents")
    tab.page.get_by_role("button", name="New agent").click()
    name = tab.page.get_by_label("Name")
    for wrong, cure in (("no/slash", "letters, digits"), ("taken", "already")):
        name.fill(wrong)
        name.press("Enter")
        expect(tab.page.get_by_role("dialog")).to_contain_text(cure)
    name.fill(AGENT)
    name.press("Enter")
    tab.page.wait_for_url(f"**/ui{HOME}")
    tab.connected()
    tab.page.get_by_role("button", name="Add function: during the session").click()
    tab.page.get_by_label("Search functions to attach").fill("book")
    expect(tab.page.get_by_role("listitem")).to_have_count(1)
    tab.page.get_by_role("listitem").get_by_role("button").click()
    save(tab)
    assert order(admin) == [("during_session", "book_slot")]
    expect(phase(tab, "Tools")).to_contain_text('"name": "book_slot"')


def test_functions_are_ordered_by_keys_and_by_dragging(tab: Tab, admin: Client) -> None:
    """The button keeps the focus, an end leads into the next phase; all of it is saved at once."""
    functions(admin)
    agent(admin)
    before = order(admin)
    tab.sign_in(admin, HOME)
    down = tab.page.get_by_role("button", name="Move verify_customer down")
    down.focus()
    tab.page.keyboard.press("Enter")
    expect(phase(tab, "During the session").get_by_role("link").first).to_have_text("book_slot")
    expect(down).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(phase(tab, "During the session").get_by_role("link").last).to_have_text("verify_customer")
    assert order(admin) == before
    source = tab.page.locator(".mc-attached", has_text="charge_card").locator(".mc-drag")
    target = tab.page.locator(".mc-attached", has_text="book_slot")
    source.drag_to(target, target_position={"x": 20, "y": 4})
    expect(phase(tab, "During the session").get_by_role("link").first).to_have_text("charge_card")
    tab.page.get_by_role("button", name="Move verify_customer down").click()
    expect(phase(tab, "After the session").get_by_role("link").first).to_have_text("verify_customer")
    save(tab)
    assert order(admin) == [
        ("pre_session", "greet_caller"),
        ("during_session", "charge_card"),
        ("during_session", "book_slot"),
        ("post_session", "verify_customer"),
        ("post_session", "send_summary"),
    ]


def test_options_are_saved_and_what_is_wrong_stands_beside_its_field(tab: Tab, admin: Client) -> None:
    """A guard, a pinned version, a timeout, messages; then a timeout too long and JSON that cannot be read."""
    functions(admin)
    agent(admin)
    tab.sign_in(admin, HOME)
    tab.page.get_by_role("button", name="Options of greet_caller").click()
    choose(tab.page.get_by_label("If it fails", exact=True), "The session ends: this function guards it")
    choose(tab.page.get_by_label("Version", exact=True).first, "Always version 1")
    tab.page.get_by_label("Say at once").fill("Hello.\nOne moment.")
    tab.page.get_by_label("Timeout in seconds").fill("900")
    tab.page.get_by_label("Say if it fails").fill('{"404": ')
    card = tab.page.locator(".mc-attached", has_text="greet_caller")
    tab.page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("cannot be read as JSON")
    tab.page.get_by_label("Say if it fails").fill('{"404": "Not found.", "default": "Sorry."}')
    tab.page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("less than or equal to 600")
    tab.page.get_by_label("Timeout in seconds").fill("4")
    save(tab)
    first = admin.ok("GET", f"/v1/agents/{AGENT}")["functions"][0]
    assert first == {
        "function": "greet_caller",
        "phase": "pre_session",
        "order": 0,
        "version": 1,
        "on_failure": "terminate",
        "timeout": 4,
        "messages": {"started": ["Hello.", "One moment."], "error": {"404": "Not found.", "default": "Sorry."}},
    }


def test_what_surprises_where_it_is_attached_is_shown_once_it_is_saved(tab: Tab, admin: Client) -> None:
    """As the API answers it: what ends sessions before they begin, attached to where they have begun."""
    admin.published("guard", code={"source": "def handler(session):\n    return {'terminateAgent': True}\n"})
    admin.ok("PUT", f"/v1/agents/{AGENT}", {"functions": [{"function": "guard", "phase": "pre_session"}]})
    tab.sign_in(admin, HOME)
    warnings = tab.page.get_by_role("note")
    expect(warnings).to_contain_text('set "on_failure": "terminate" if it guards the session')
    tab.page.get_by_role("button", name="Move guard down").click()
    save(tab)
    expect(warnings).to_contain_text("in during_session nothing comes of it")


def test_nobody_undoes_what_somebody_else_did(tab: Tab, admin: Client) -> None:
    """A page that was opened before is told to load again, and changes nothing."""
    functions(admin)
    agent(admin)
    tab.sign_in(admin, HOME)
    tab.page.get_by_role("button", name="Remove book_slot").click()
    admin.ok("PUT", f"/v1/agents/{AGENT}", {"version": "v10", "functions": []})
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.get_by_role("alert").filter(has_text="somebody else has changed this agent")).to_be_visible()
    assert admin.ok("GET", f"/v1/agents/{AGENT}")["version"] == "v10"


def test_tools_are_shown_in_each_format_with_their_notes(tab: Tab, admin: Client) -> None:
    """And what a function lacks to be one is told; a reader sees all of it and changes nothing."""
    functions(admin)
    agent(admin)
    admin.create("draft_only")
    body = admin.ok("GET", f"/v1/agents/{AGENT}")
    attached = [*body["functions"], {"function": "draft_only", "phase": "during_session"}]
    admin.ok("PUT", f"/v1/agents/{AGENT}", {"functions": attached})
    tab.sign_in(admin.served.colleague(admin, "reader", "read"), HOME)
    tools = phase(tab, "Tools")
    expect(tools).to_contain_text("draft_only")
    expect(tab.page.get_by_text("draft_only is not published in production")).to_be_visible()
    for label, word in (("Anthropic", "input_schema"), ("Gemini", "functionDeclarations"), ("ElevenLabs", "webhook")):
        choose(tools.get_by_label("Format"), label)
        expect(tools.locator("pre")).to_contain_text(word)
    expect(tools.get_by_role("button", name="Copy the tools")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Remove book_slot")).to_have_count(0)
    expect(tab.page.get_by_role("button", name="Add function: after the session")).to_have_count(0)
