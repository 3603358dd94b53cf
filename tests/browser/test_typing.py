"""What people type stays where they type it, however slow the line is and however fast they are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect
from tests.support.browser import Tab
from tests.support.conversation import AGENT, agent, functions
from tests.support.serving import Client

HOME = f"/agents/{AGENT}"
#: A socket whose messages wait, each way for as long as the page's two variables say.
SLOW_SOCKET = Path(__file__).with_name("slow_socket.js")
#: Longer than any fading of Quasar's, after which it gives the focus to what had wanted it before.
FADED_MS = 800  # short: 300 ms is what it takes
#: On the page's own clock, from one choice to the next step, of somebody who is quick.
HURRIED_MS = 50  # short: less than a list takes to fade


@pytest.mark.parametrize(("arrives_ms", "leaves_ms", "types_ms"), [(400, 0, 200), (0, 400, 0), (300, 300, 400)])
def test_what_is_typed_while_a_refusal_is_on_its_way_stays(
    tab: Tab, admin: Client, arrives_ms: int, leaves_ms: int, types_ms: int
) -> None:
    """Fields are shown with their faults, and keep what was typed since."""
    functions(admin)
    agent(admin)
    tab.page.add_init_script(path=SLOW_SOCKET)
    tab.sign_in(admin, HOME)
    tab.page.get_by_role("button", name="Options of greet_caller").click()
    failing, timeout = tab.page.get_by_label("Say if it fails"), tab.page.get_by_label("Timeout in seconds")
    started = tab.page.get_by_label("Say at once")
    card = tab.page.locator(".mc-attached", has_text="greet_caller")
    timeout.fill("900")
    failing.fill('{"404": ')
    tab.page.evaluate(f"window.arrives_ms = {arrives_ms}; window.leaves_ms = {leaves_ms}")
    for typed in ('{"404": "Gone', '{"404": "Found'):
        tab.page.get_by_role("button", name="Save").click()
        tab.page.wait_for_timeout(types_ms)
        failing.press("ControlOrMeta+a")
        failing.press_sequentially(typed, delay=20)
        started.fill(typed)
        timeout.fill("901")
        tab.page.wait_for_timeout(FADED_MS)
        assert [failing.input_value(), started.input_value(), timeout.input_value()] == [typed, typed, "901"]
    tab.page.get_by_role("button", name="Save").click()
    expect(card).to_contain_text("cannot be read as JSON")
    expect(failing).to_have_value('{"404": "Found')


def test_what_is_typed_before_a_page_is_connected_stays(tab: Tab, admin: Client) -> None:
    """On a slow line a page is seen for seconds before its socket is open; what is typed then is saved, too."""
    functions(admin)
    agent(admin)
    tab.page.add_init_script(path=SLOW_SOCKET)
    tab.page.add_init_script("window.arrives_ms = 400")
    tab.sign_in(admin, "/functions")
    tab.open("/functions/book_slot")
    name = tab.page.get_by_label("Display name")
    name.fill("Typed at once")
    tab.connected()
    tab.page.wait_for_timeout(FADED_MS)
    expect(name).to_have_value("Typed at once")


def test_the_focus_stays_where_it_was_put(tab: Tab, admin: Client) -> None:
    """Who is faster than the lists' fading does not find themselves in a list again, with their words lost."""
    functions(admin)
    agent(admin)
    tab.page.clock.install()
    tab.sign_in(admin, HOME)
    tab.page.get_by_role("button", name="Options of greet_caller").click()
    failing = tab.page.get_by_label("Say if it fails")
    expect(failing).to_be_visible()
    tab.page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    for label, chosen in (("If it fails", "The session ends"), ("Version", "Always version 1")):
        for target in (
            tab.page.get_by_label(label, exact=True).first,
            tab.page.get_by_role("option", name=chosen),
        ):
            click_at_once(tab, target)
            tab.page.clock.run_for(HURRIED_MS)
    failing.focus()
    tab.page.keyboard.type("Sorry.")
    tab.page.clock.run_for(FADED_MS)
    tab.page.keyboard.type(" Bye.")
    tab.page.clock.resume()
    expect(failing).to_have_value("Sorry. Bye.")


def click_at_once(tab: Tab, target: Locator) -> None:
    """Click where something is as soon as it is anywhere: `click` waits until nothing moves any more."""
    target.wait_for(state="attached")
    box = target.bounding_box()
    assert box is not None
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
