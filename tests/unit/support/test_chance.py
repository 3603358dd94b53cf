"""No test fails by chance: what it holds to be absent can be no part of an id, a time or a port."""

from pathlib import Path

import pytest
from tests.support.chance import by_chance

TESTS = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "folder", sorted(path.name for path in TESTS.iterdir() if path.is_dir() and path.name != "unit")
)
def test_what_must_be_absent_cannot_come_by_chance(folder: str) -> None:
    """Give a pin a name: `pin-4321` is in no id. Unit tests say themselves what their ids and times are."""
    found = {
        f"{path.relative_to(TESTS)}:{finding.line}": finding.text
        for path in sorted((TESTS / folder).rglob("*.py"))
        for finding in by_chance(path.read_text(encoding="utf-8"))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "assert '4321' not in page.content()",
        "assert b'5678' not in body and other",
        "PIN = 'c0ffee'\ndef test():\n    assert PIN not in str(told)",
        "assert all('0000' not in line for line in lines)",
    ],
)
def test_short_digits_are_found(source: str) -> None:
    """In an assertion, by a name too."""
    assert len(by_chance(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "assert 'pin-4321' not in page.content()",
        "assert '98765432' not in shown",
        "assert 'crm' not in message",
        "assert '4321' in page.content()",
        "assert 'a' not in {'b', 'c'}",
        "PIN = make()\nassert PIN not in shown",
    ],
)
def test_what_chance_does_not_make_is_let_through(source: str) -> None:
    """Long, or with letters that no id has."""
    assert by_chance(source) == []
