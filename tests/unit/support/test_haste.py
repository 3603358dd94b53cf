"""No test hurries: what would fail on a slow machine alone is refused, wherever the end of a time is not expected."""

from pathlib import Path

import pytest
from tests.support.haste import hasty

TESTS = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", sorted(path.name for path in TESTS.iterdir() if path.is_dir()))
def test_no_test_hurries(folder: str) -> None:
    """Wait with `tests.support.patience`; where a time has to run out, its line says why."""
    found = {
        f"{path.relative_to(TESTS)}:{finding.line}": finding.text
        for path in sorted((TESTS / folder).rglob("*.py"))
        for finding in hasty(path.read_text(encoding="utf-8"), real=folder != "unit")
    }
    assert found == {}


HASTY = {
    "a wait": "event.wait(5)",
    "a wait by keyword": "thread.join(timeout=0.5)",
    "a condition": "wait_for(done, 15)",
    "a condition by keyword": "stack.await_running('slow', within_s=15)",
    "a client": "httpx.Client(timeout=10)",
    "a deadline": "RunRequest(source, deadline_ms=2_000)",
    "a deadline by another name": "pool.run(source, ms=5000)",
    "an example's deadline": "settings(max_examples=9, deadline=2000)",
    "a constant": "DEADLINE_MS = 5000",
    "a bound": "def test():\n    assert time.monotonic() - began < 2",
    "a bound by name": "def test():\n    took = time.perf_counter() - began\n    assert 0.9 < took < 1 + GRACE_S",
    "a bound the other way round": "def test():\n    assert LONGEST > time.time() - began",
    "the process's own computing": "def test():\n    assert time.process_time() - began < 2",
    "what the allocator keeps": "process.memory_info().rss",
    "a mark without a reason": "event.wait(5)  # short:",
    "a mark that nothing needs": "event.wait(PATIENCE_S)  # short" + ": it runs out",
}
PATIENT = {
    "a wait": "event.wait(PATIENCE_S)",
    "a wait that says why": "event.wait(0.1)  # short" + ": it asks again",
    "no wait at all": "event.wait(0)",
    "a bound that is patience": "def test():\n    assert time.monotonic() - began < PATIENCE_S",
    "what takes at least so long": "def test():\n    assert time.monotonic() - began > 0.25",
    "the process's own computing, as a processor of known speed does it": "assert computed_since(began) < 2",
    "a clock of its own": "world.published('short', timeout=3)",
}


@pytest.mark.parametrize("name", HASTY)
def test_haste_is_found(name: str) -> None:
    """In each of its forms."""
    assert len(hasty(HASTY[name])) == 1


@pytest.mark.parametrize("name", PATIENT)
def test_patience_is_let_through(name: str) -> None:
    """And so is what says why it is short."""
    assert hasty(PATIENT[name]) == []


def test_deadlines_of_unit_tests_are_values() -> None:
    """Their clock is their own; what they wait for is not."""
    assert hasty("attach('lookup', timeout=5)", real=False) == []
    assert len(hasty("event.wait(timeout=5)", real=False)) == 1
