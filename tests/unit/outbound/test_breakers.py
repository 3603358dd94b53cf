"""Circuit breakers: open after failures in a row, let one caller probe, and are apart for each target."""

import pytest

from midcall.outbound import breakers as module
from midcall.outbound.breakers import FAILURES, RECOVERY_S, CircuitBreakers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give a clock that stands still; its first value is the time."""
    now = [1_000.0]
    monkeypatch.setattr("circuitbreaker.monotonic", lambda: now[0])
    return now


def fail(breakers: CircuitBreakers, times: int, target: str = "a") -> None:
    """Let a target fail."""
    for _ in range(times):
        assert not breakers.open_for(target)
        breakers.failed(target)


def test_it_opens_after_failures_in_a_row(clock: list[float]) -> None:
    """A success in between begins anew; another target is not concerned."""
    breakers = CircuitBreakers()
    fail(breakers, FAILURES - 1)
    breakers.succeeded("a")
    fail(breakers, FAILURES - 1)
    assert not breakers.open_for("a")
    breakers.failed("a")
    assert breakers.open_for("a")
    assert not breakers.open_for("b")
    assert clock


def test_one_caller_probes_and_decides_for_all(clock: list[float]) -> None:
    """While the probe is under way others are turned away; a failure closes the door for as long again."""
    breakers = CircuitBreakers()
    fail(breakers, FAILURES)
    clock[0] += RECOVERY_S + 1
    assert [breakers.open_for("a") for _ in range(3)] == [False, True, True]
    breakers.failed("a")
    assert breakers.open_for("a")
    clock[0] += RECOVERY_S + 1
    assert not breakers.open_for("a")
    breakers.succeeded("a")
    assert [breakers.open_for("a") for _ in range(3)] == [False] * 3


def test_targets_beyond_the_bound_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant with endless hosts does not fill the memory."""
    monkeypatch.setattr(module, "MAX_TARGETS", 3)
    breakers = CircuitBreakers()
    for name in "abcde":
        breakers.failed(name)
    assert len(breakers._circuits) == 3
