"""The Test panel: what it runs, and what it shows of it."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from tests.support.browser import Tab
from tests.support.fakes import echo
from tests.support.function_parts import add_part_pages
from tests.support.serving import Client, Served
from tests.support.target import replying, target
from tests.support.world import SOURCE

from midcall.domain.action import ActionCall
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import RunStatus

PARAMETERS = {
    "type": "object",
    "properties": {
        "order": {"type": "integer", "description": "The order's number.", "examples": [12]},
        "language": {"type": "string", "enum": ["en", "de"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "customer": {"type": "string", "x-midcall": {"from_variable": "customer_id"}},
    },
    "required": ["order"],
}

Behave = Callable[..., None]


@pytest.fixture(autouse=True)
def pages() -> None:
    """Serve the panel on a page of its own."""
    add_part_pages()


@pytest.fixture
def behave(served: Served) -> Iterator[Behave]:
    """Say how the sandbox answers."""

    def change(how: Callable[[RunRequest], RunReport], *calls: ActionCall) -> None:
        served.sandbox.behave, served.sandbox.calls = how, calls

    yield change
    change(echo)


def open_panel(tab: Tab, admin: Client) -> None:
    """Sign in, and open the panel of `lookup`."""
    tab.sign_in(admin, "/try/testing/lookup")


def run(tab: Tab) -> None:
    """Press the button, and wait for the result."""
    tab.page.get_by_role("button", name="Run", exact=True).click()
    expect(tab.page.get_by_role("heading", name="Time")).to_be_visible()


def test_the_examples_run_as_they_stand(tab: Tab, admin: Client, served: Served) -> None:
    """A newcomer presses Run and sees what came back; what was changed is what is sent, as its declared type."""
    admin.approved(parameters=PARAMETERS)
    open_panel(tab, admin)
    page = tab.page
    expect(page.get_by_label("order")).to_have_value("12")
    expect(page.get_by_text("Filled by midcall itself: customer.")).to_be_visible()
    body = page.get_by_label("Session body")
    assert "customer_id" in body.input_value()
    page.get_by_label("order").fill("77")
    page.get_by_label("tags (optional), as JSON").fill('["new"]')
    page.get_by_label("order").press("Control+Enter")
    expect(page.get_by_role("heading", name="Time")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("ok")
    expect(page.get_by_text("echoed")).to_be_visible()
    asked = served.sandbox.requests[-1].session
    assert asked["params"] == {"order": 77, "tags": ["new"], "customer": ""}
    assert asked["phase"] == "during_session"
    assert asked["contact"]["name"] == "Ada Lovelace"


def test_an_error_leads_to_its_line(tab: Tab, admin: Client, behave: Behave) -> None:
    """A click on the line shows it in the editor."""
    admin.approved()
    error = RunError("KeyError", "'status'", line=2, traceback="Traceback …")
    behave(lambda _: RunReport(RunStatus.ERROR, error=error, logs="looked it up\n"))
    open_panel(tab, admin)
    run(tab)
    page = tab.page
    expect(page.get_by_role("status")).to_have_text("error")
    expect(page.get_by_text("KeyError: 'status'")).to_be_visible()
    page.get_by_role("button", name="Go to line 2 of the code").click()
    expect(page.get_by_text("Editor shows line 2")).to_be_visible()


def test_recorded_answers_become_mocks(tab: Tab, admin: Client, served: Served, behave: Behave) -> None:
    """Record a run, use what it was answered, and run it again with nothing going out."""
    admin.approved(code={"source": SOURCE, "actions": ["http"], "egress": ["api.example.com"]})
    behave(echo, ActionCall(1, "http.get", kwargs={"url": "https://api.example.com/orders/12"}))
    open_panel(tab, admin)
    page = tab.page
    page.get_by_text("Actions: real, or mocked").click()
    page.get_by_role("switch", name="Record what actions really answer").click()
    mocks = page.get_by_label("Mocks")
    mocks.fill('[{"action": "http.get", "returns": {"status": "shipped"}}]')
    run(tab)
    expect(page.get_by_role("cell", name="mocked")).to_be_visible()
    mocks.fill("")
    page.get_by_role("button", name="Use as mocks").click()
    expect(page.get_by_role("switch", name="Dry")).to_be_checked()
    expect(mocks).to_have_value(re.compile("orders/12"))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("button", name="Use as mocks")).to_have_count(0)
    expect(page.get_by_role("cell", name="mocked")).to_be_visible()


def test_a_webhook_shows_what_went_out_and_came_back(tab: Tab, admin: Client) -> None:
    """It is really called; what its target said of an error is shown."""
    with target() as there:
        there.answer = lambda _: replying({"detail": "no such order"}, 404)
        hook = {"url": f"{there.url}/orders", "headers": {"X-Shop": "north"}}
        admin.approved(kind="webhook", code=None, webhook=hook, retries=0)
        open_panel(tab, admin)
        run(tab)
    page = tab.page
    expect(page.get_by_role("status")).to_have_text("http error")
    expect(page.get_by_text("The target answered 404.")).to_be_visible()
    expect(page.get_by_role("heading", name="Request")).to_be_visible()
    expect(page.get_by_text("no such order").first).to_be_attached()
    expect(page.get_by_text("Actions: real, or mocked")).to_have_count(0)
    assert json.loads(there.received[-1].body)["contact"]["name"] == "Ada Lovelace"


def test_faults_stand_beside_their_fields(tab: Tab, admin: Client, served: Served) -> None:
    """What is no JSON, or no mock, says so where it stands, and nothing is run."""
    admin.approved()
    open_panel(tab, admin)
    page, before = tab.page, len(served.sandbox.requests)
    page.get_by_label("Session body").fill('{"contact": }')
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("not JSON: Expecting value at line 1 column 13")).to_be_visible()
    page.get_by_label("Session body").fill('{"dynamicVariables": []}')
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("dynamicVariables: must be an object, such as")).to_be_visible()
    assert len(served.sandbox.requests) == before


def test_a_run_is_saved_as_a_test_case(tab: Tab, admin: Client) -> None:
    """With a name, and what is expected; a value that is sensitive is asked for, since no record has it."""
    pin = {"pin": {"type": "string", "x-midcall": {"sensitive": True}}}
    admin.approved(parameters={"type": "object", "properties": pin, "required": ["pin"]})
    open_panel(tab, admin)
    page = tab.page
    page.get_by_label("pin").fill("4711")
    run(tab)
    page.get_by_role("button", name="Save as test case").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("beginning with a letter or a digit")).to_be_visible()
    dialog.get_by_label("Name").fill("the right pin")
    dialog.get_by_text("That it ends in the same way").click()
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_label("pin: a value to test with").fill("4711")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as test case “the right pin”")).to_be_visible()
    [case] = admin.ok("GET", "/v1/functions/lookup/tests")["items"]
    assert (case["name"], case["expect"]) == ("the right pin", {"status": "ok"})
    assert case["params"] == {"pin": "********"}


def test_nothing_runs_before_it_is_approved(tab: Tab, admin: Client) -> None:
    """A draft says what to do first."""
    admin.create()
    open_panel(tab, admin)
    expect(tab.page.get_by_text("Nothing to test yet")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Run", exact=True)).to_be_hidden()
