"""The Code Assistant's panel, over a real endpoint that speaks chat completions."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from tests.support.browser import Tab
from tests.support.function_parts import add_part_pages
from tests.support.models import Endpoint, Raw, Silence, proposal
from tests.support.patience import wait_for
from tests.support.serving import Client, Served

GOOD = 'def handler(session):\n    return {"found": session["params"]}\n'
REFUSED = "import os\n\n\ndef handler(session):\n    return os.environ\n"
CALLING = 'def handler(session, actions):\n    return actions.http.get("https://api.example.com/orders/1")["data"]\n'


@pytest.fixture(autouse=True)
def pages() -> None:
    """Serve the panel on a page of its own."""
    add_part_pages()


def ask(tab: Tab, text: str) -> None:
    """Write a message, and send it with Enter."""
    box = tab.page.get_by_label("Message to the assistant")
    box.fill(text)
    box.press("Enter")


def test_what_it_writes_is_reviewed_and_taken_by_the_person_alone(tab: Tab, admin: Client, model: Endpoint) -> None:
    """Refused code is mended; the person sees the diff, takes it, and nothing is saved. A refinement knows of it."""
    admin.create()
    model.answers(proposal(REFUSED, "First try."), proposal(GOOD, "It hands the parameters back."))
    tab.sign_in(admin, "/try/assistant/lookup")
    page = tab.page
    ask(tab, "Hand the parameters back")
    expect(page.get_by_text("review passed")).to_be_visible()
    expect(page.get_by_text("It hands the parameters back.")).to_be_visible()
    expect(page.get_by_text("2 attempts")).to_be_visible()
    expect(page.get_by_text("Review of attempt 1")).to_be_visible()
    expect(page.get_by_text('+    return {"found": session["params"]}')).to_be_visible()
    assert "found" not in page.get_by_label("Source").input_value()
    page.get_by_role("button", name="Put into the editor").click()
    expect(page.get_by_label("Source")).to_have_value(GOOD)
    assert len(admin.ok("GET", "/v1/functions/lookup/versions")["items"]) == 1
    model.answers(proposal(GOOD.replace("found", "order"), "Renamed."))
    ask(tab, "Call it order")
    expect(page.get_by_text("Renamed.")).to_be_visible()
    told = [message["role"] for message in model.asked[0].json["messages"]]
    assert told[-3:] == ["user", "assistant", "user"]


def test_what_else_it_needs_is_agreed_to_apart(tab: Tab, admin: Client, model: Endpoint) -> None:
    """Actions and hosts come along only where the person has ticked them."""
    admin.create()
    model.answers(proposal(CALLING, "It asks the shop.", actions=["http"], egress=["api.example.com"]))
    tab.sign_in(admin, "/try/assistant/lookup")
    page = tab.page
    ask(tab, "Ask the shop")
    actions = page.get_by_role("checkbox", name="Let it call these actions")
    expect(actions).not_to_be_checked()
    expect(page.get_by_text("+ api.example.com")).to_be_visible()
    actions.click()
    page.get_by_role("button", name="Put into the editor").click()
    expect(page.get_by_text("without what you did not agree to (egress)")).to_be_visible()
    expect(page.get_by_test_id("held")).to_have_text('{"actions": ["http"], "egress": []}')


def test_the_case_that_it_suggests_is_kept_by_the_person(tab: Tab, admin: Client, model: Endpoint) -> None:
    """It is shown, and saved only under a name that the person gives."""
    admin.create()
    test = {"params": {"order": 12}, "expect": {"subset": {"found": {"order": 12}}}}
    model.answers(proposal(GOOD, "Done.", test=test))
    tab.sign_in(admin, "/try/assistant/lookup")
    page = tab.page
    ask(tab, "Write it with a test")
    page.get_by_text("A test case that it suggests").click()
    assert admin.ok("GET", "/v1/functions/lookup/tests")["items"] == []
    # By the keyboard: the conversation scrolls to its end a moment after it has grown, and a pointer may miss then.
    page.get_by_role("button", name="Keep it as a test case").press("Enter")
    page.get_by_role("dialog").get_by_label("Name").fill("twelve")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved “twelve”")).to_be_visible()
    [case] = admin.ok("GET", "/v1/functions/lookup/tests")["items"]
    assert (case["params"], case["expect"]) == (test["params"], test["expect"])


def test_it_can_be_stopped(tab: Tab, admin: Client, model: Endpoint) -> None:
    """Stop closes the model's connection, and the conversation goes on."""
    admin.create()
    model.answers(Silence())
    before = model.left
    tab.sign_in(admin, "/try/assistant/lookup")
    page = tab.page
    ask(tab, "Think for ever")
    assert wait_for(lambda: bool(model.asked))
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    assert wait_for(lambda: model.left > before)


def test_a_model_that_fails_is_told_in_words(tab: Tab, admin: Client, model: Endpoint) -> None:
    """The question stays in the box, to be sent again."""
    admin.create()
    model.answers(Raw(401, b'{"error": {"message": "bad key"}}', {"content-type": "application/json"}))
    tab.sign_in(admin, "/try/assistant/lookup")
    ask(tab, "Do it")
    expect(tab.page.get_by_text("model failed")).to_be_visible()
    expect(tab.page.get_by_label("Message to the assistant")).to_have_value("Do it")


@pytest.fixture
def unconfigured(served: Served) -> Iterator[None]:
    """Take the model away."""
    state = served.app.state
    before = state.services
    state.services = replace(before, assist=replace(before.assist, writer=None))
    yield
    state.services = before


@pytest.mark.usefixtures("unconfigured")
def test_without_a_model_it_says_how_to_set_one(tab: Tab, admin: Client) -> None:
    """The settings are named."""
    admin.create()
    tab.sign_in(admin, "/try/assistant/lookup")
    expect(tab.page.get_by_text("The assistant is not set up")).to_be_visible()
    expect(tab.page.get_by_text("MIDCALL_ASSISTANT_MODEL")).to_be_visible()
