"""Invocations, as people look for what went wrong."""

from playwright.sync_api import expect
from sqlalchemy import update
from tests.support.browser import Tab, choose
from tests.support.conversation import PIN, SESSION, agent, converse, functions
from tests.support.serving import Client, Served

from midcall.domain.action import ActionCall
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus
from midcall.storage.schema import invocations


def _other(_request: RunRequest) -> RunReport:
    return RunReport(RunStatus.OK, result={"slot": "Friday"})


def test_the_list_is_narrowed_down_and_leads_to_the_session(tab: Tab, admin: Client) -> None:
    """By function, status, phase and session; what fits nothing is told."""
    tab.sign_in(admin, "/invocations")
    expect(tab.page.get_by_text("No invocations yet")).to_be_visible()
    functions(admin)
    agent(admin)
    converse(admin)
    tab.open("/invocations")
    tab.connected()
    rows = tab.page.locator("tbody tr")
    expect(rows).to_have_count(6)
    choose(tab.page.get_by_label("Status"), "failed")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("charge_card")
    choose(tab.page.get_by_label("Phase"), "before the session")
    expect(tab.page.get_by_text("No invocation fits")).to_be_visible()
    assert tab.page.url.endswith("/invocations?phase=pre_session&status=failed")
    tab.open("/invocations?function=verify_customer")
    expect(rows).to_have_count(2)
    tab.page.get_by_label("Id of its session").fill(SESSION)
    expect(rows).to_have_count(2)
    tab.page.get_by_label("Id of its session").fill("nobody")
    expect(rows).to_have_count(0)
    tab.open("/invocations?function=book_slot")
    rows.get_by_role("link", name=SESSION).click()
    tab.page.wait_for_url(f"**/ui/sessions/{SESSION}")


def test_an_invocation_is_shown_whole(tab: Tab, admin: Client) -> None:
    """The line that failed, the logs, the times; a sensitive parameter is masked; actions and where they went."""
    functions(admin)
    agent(admin)
    converse(admin)
    tab.sign_in(admin, "/invocations")
    tab.page.get_by_role("link", name="charge_card").click()
    expect(tab.page.get_by_role("img", name="Line 3 of the code").locator(".mc-excerpt-here")).to_contain_text("rate")
    expect(tab.page.get_by_role("region", name="Logs")).to_contain_text("charging 40.0 EUR")
    expect(tab.page.get_by_role("region", name="Time")).to_contain_text("In the sandbox")
    tab.open("/invocations?function=verify_customer&status=succeeded")
    tab.page.get_by_role("link", name="verify_customer").click()
    expect(tab.page.get_by_role("region", name="Parameters")).to_contain_text("C-77")
    assert PIN not in tab.page.content()
    admin.served.sandbox.calls = (ActionCall(1, "http.get", ("https://crm.example/orders",)),)
    try:
        answer = admin.ok("POST", "/v1/functions/book_slot/invoke", {"params": {"day": "Friday"}})
    finally:
        admin.served.sandbox.calls = ()
    tab.open(f"/invocations/{answer['invocation_id']}")
    expect(tab.page.get_by_role("region", name="Actions").get_by_role("row").last).to_contain_text("http.get")


def test_a_dry_replay_stands_beside_the_original(tab: Tab, admin: Client) -> None:
    """The same outcome is called so, and another one too."""
    functions(admin)
    agent(admin)
    converse(admin)
    tab.sign_in(admin, "/invocations")
    tab.page.get_by_role("link", name="book_slot").click()
    tab.page.get_by_role("button", name="Replay dry").click()
    replay = tab.page.get_by_role("region", name="Dry replay")
    expect(replay).to_contain_text("same outcome")
    expect(replay.get_by_text("Dr Chen")).to_have_count(2)
    usual = admin.served.sandbox.behave
    admin.served.sandbox.behave = lambda request: usual(request) if "slot" not in request.source else _other(request)
    tab.page.get_by_role("button", name="Replay dry").click()
    expect(replay).to_contain_text("another outcome")
    admin.served.sandbox.behave = usual


def test_what_has_failed_for_good_is_run_again(tab: Tab, admin: Client, served: Served) -> None:
    """It asks first; the page shows by itself what comes of it. A reader is not offered it."""
    functions(admin)
    agent(admin)
    converse(admin)
    summary = admin.ok("GET", "/v1/invocations?function=send_summary")["items"][0]["id"]
    with served.engine.begin() as connection:
        given_up = {"status": "dead", "due_at": None, "ended_at": 1}
        connection.execute(update(invocations).where(invocations.c.id == summary).values(given_up))
    tab.sign_in(served.colleague(admin, "reader", "read"), f"/invocations/{summary}")
    expect(tab.page.get_by_text("dead", exact=True)).to_be_visible()
    expect(tab.page.get_by_role("button", name="Run again")).to_have_count(0)
    tab.page.context.clear_cookies()
    tab.sign_in(admin, f"/invocations/{summary}")
    served.sandbox.behave = _other
    tab.page.get_by_role("button", name="Run again").click()
    tab.page.get_by_role("alertdialog").get_by_role("button", name="Run again").click()
    expect(tab.page.get_by_text("succeeded", exact=True)).to_be_visible()
