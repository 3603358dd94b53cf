"""What a failed test's report says of its windows."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.support.aftermath import looked_at
from tests.support.browser import Tab, tab_of
from tests.support.serving import Served


def test_a_report_says_what_each_window_shows(tab: Tab, tmp_path: Path) -> None:
    """With a picture; the names of tests have characters that no file's name has."""
    tab.open("/functions")
    tab.page.get_by_label("API key").fill("what-was-typed")
    told = looked_at([tab.page.context], "tests/x.py::test_it[a/../b c]", tmp_path)
    assert 'textbox "API key"' in told
    assert "what-was-typed" in told
    (folder,) = tmp_path.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["window-1.png", "window-1.txt"]
    assert str(folder / "window-1") in told


def test_a_window_that_hangs_keeps_nobody_waiting(tab: Tab, tmp_path: Path) -> None:
    """Its report says so."""
    tab.open("/functions")
    tab.page.evaluate("() => { setTimeout(() => { const end = Date.now() + 30000; while (Date.now() < end); }) }")
    assert "Timeout 5000ms exceeded" in looked_at([tab.page.context], "hangs", tmp_path)


def test_a_window_of_a_tests_own_is_told_of_before_it_closes(
    browser: Browser, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a note on what went wrong."""
    monkeypatch.chdir(tmp_path)

    def fail() -> None:
        with tab_of(browser, served) as tab:
            tab.open("/functions")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    assert 'textbox "API key"' in caught.value.__notes__[0]
