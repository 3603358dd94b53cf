"""Test cases: written, run side by side, green and red, and why."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect
from tests.support.browser import Tab
from tests.support.fakes import echo
from tests.support.function_parts import add_part_pages
from tests.support.serving import Client, Served

from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus


def shipped(request: RunRequest) -> RunReport:
    """Answer with the order's number, shipped."""
    return RunReport(RunStatus.OK, result={"order": request.session["params"].get("order"), "state": "shipped"})


@pytest.fixture(autouse=True)
def answering(served: Served) -> Iterator[None]:
    """Serve the panel on a page of its own, over a sandbox that answers so."""
    add_part_pages()
    served.sandbox.behave = shipped
    yield
    served.sandbox.behave = echo


def row_of(tab: Tab, name: str) -> Locator:
    """Find a case's row."""
    return tab.page.get_by_role("listitem").filter(has_text=name)


def put(admin: Client, name: str, expect: object, **more: object) -> None:
    """Store a case."""
    admin.ok("PUT", f"/v1/functions/lookup/tests/{name}", {"expect": expect, **more}, status=201)


def test_green_and_red_and_why(tab: Tab, admin: Client) -> None:
    """All run side by side; one that fails says where, what was expected and what came, and is mended in place."""
    admin.approved()
    put(admin, "good", {"subset": {"state": "shipped"}})
    put(admin, "wrong", {"exact": {"order": 1, "state": "lost"}}, params={"order": 1})
    tab.sign_in(admin, "/try/cases/lookup")
    page = tab.page
    expect(row_of(tab, "good")).to_contain_text("not run")
    page.get_by_role("button", name="Run all").click()
    expect(page.get_by_role("status")).to_have_text("1 passed, 1 failed")
    expect(row_of(tab, "good")).to_contain_text("passed")
    expect(row_of(tab, "wrong")).to_contain_text('$.state: expected "lost", got "shipped"')
    page.get_by_role("button", name="Change wrong").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Expected, as JSON").fill('{"order": 1, "state": "shipped"}')
    dialog.get_by_role("button", name="Save").click()
    expect(row_of(tab, "wrong")).to_contain_text("not run")
    page.get_by_role("button", name="Run wrong").click()
    expect(page.get_by_role("status")).to_have_text("2 passed")


def test_a_case_is_written_and_deleted(tab: Tab, admin: Client) -> None:
    """From nothing: faults stand beside their fields, deleting asks."""
    admin.approved()
    tab.sign_in(admin, "/try/cases/lookup")
    page = tab.page
    page.get_by_role("button", name="Write one").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("order 12")
    dialog.get_by_label("Parameters").fill('{"order": 12')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("not JSON: Expecting ',' delimiter")).to_be_visible()
    dialog.get_by_label("Parameters").fill('{"order": 12}')
    dialog.get_by_label("Expected, as JSON").fill('{"order": 12}')
    dialog.get_by_role("button", name="Save").click()
    expect(row_of(tab, "order 12")).to_contain_text('returns at least {"order": 12}')
    page.get_by_role("button", name="Run all").click()
    expect(page.get_by_role("status")).to_have_text("1 passed")
    page.get_by_role("button", name="Delete order 12").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No test cases yet")).to_be_visible()
    assert admin.ok("GET", "/v1/functions/lookup/tests")["items"] == []


def test_who_may_only_read_sees_them(tab: Tab, admin: Client, served: Served) -> None:
    """Without the scope there is nothing to press."""
    admin.approved()
    put(admin, "good", {"status": "ok"})
    tab.sign_in(served.colleague(admin, "reader", "read"), "/try/cases/lookup")
    expect(row_of(tab, "good")).to_contain_text("ends with ok")
    expect(tab.page.get_by_role("button", name="Run")).to_have_count(0)
