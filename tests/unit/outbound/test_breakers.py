"""Circuit breakers: open after failures in a row, let one caller probe, and are apart for each target."""

import pytest

from midcall.outbound import breakers as module
from midcall.outbound.breakers import FAILURES, RECOVERY_S, BreakerPermit, CircuitBreakers


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give a clock that stands still; its first value is the time."""
    now = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    return now


def fail(breakers: CircuitBreakers, times: int, target: str = "a") -> None:
    """Let calls of a target fail."""
    for _ in range(times):
        asked(breakers, target).tell(healthy=False)


def asked(breakers: CircuitBreakers, target: str = "a") -> BreakerPermit:
    """Let a call go to a target."""
    turn = breakers.ask(target)
    assert turn is not None
    return turn


def test_calls_in_a_row_that_fail_open_it_and_an_answer_starts_the_count_again(clock: list[float]) -> None:
    """Other targets are not concerned."""
    breakers = CircuitBreakers()
    fail(breakers, FAILURES - 1)
    asked(breakers).tell(healthy=True)
    fail(breakers, FAILURES - 1)
    asked(breakers).tell(healthy=None)
    fail(breakers, 1)
    assert breakers.ask("a") is None
    assert breakers.ask("b") is not None
    clock[0] += RECOVERY_S
    assert breakers.ask("a") is not None


def test_one_call_probes_at_a_time(clock: list[float]) -> None:
    """One that fails keeps it open, one that is answered closes it, one that never got there leaves it to others."""
    breakers = CircuitBreakers()
    fail(breakers, FAILURES)
    clock[0] += RECOVERY_S
    probe = asked(breakers)
    assert [breakers.ask("a") for _ in range(2)] == [None, None]
    probe.tell(healthy=False)
    assert breakers.ask("a") is None
    clock[0] += RECOVERY_S
    asked(breakers).tell(healthy=None)
    probe = asked(breakers)
    assert breakers.ask("a") is None
    probe.tell(healthy=True)
    assert all(breakers.ask("a") for _ in range(3))


def test_who_began_before_it_opened_neither_keeps_it_open_nor_lets_a_second_probe_through(clock: list[float]) -> None:
    """Calls may be under way for minutes."""
    breakers = CircuitBreakers()
    late = [asked(breakers) for _ in range(3)]
    fail(breakers, FAILURES)
    clock[0] += RECOVERY_S - 1
    late[0].tell(healthy=False)
    clock[0] += 1
    asked(breakers)
    late[1].tell(healthy=False)
    assert breakers.ask("a") is None
    late[2].tell(healthy=True)
    assert breakers.ask("a") is not None


def test_a_call_that_has_begun_elsewhere_goes_on(clock: list[float]) -> None:
    """Its earlier attempts were made: it cannot say that nothing was called."""
    breakers = CircuitBreakers()
    fail(breakers, FAILURES)
    assert breakers.ask("a") is None
    assert breakers.ask("a", begun=True) is not None


def test_only_so_many_targets_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that failed longest ago is forgotten first."""
    monkeypatch.setattr(module, "MAX_TARGETS", 3)
    breakers = CircuitBreakers()
    for name in "abcd":
        asked(breakers, name).tell(healthy=False)
    assert list(breakers._circuits) == ["b", "c", "d"]
