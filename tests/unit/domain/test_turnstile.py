"""A few threads at a time, each owner in turn."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial

import pytest
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.on_behalf import OWNER
from midcall.domain.turnstile import Turnstile


def start(owner: str, work: Callable[[], object]) -> threading.Thread:
    """Start a thread that works for an owner."""

    def run() -> None:
        OWNER.set(owner)
        work()

    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    return thread


def waiting(turnstile: Turnstile) -> int:
    """Count those that wait."""
    return sum(map(len, turnstile._places._waiting.values()))


def test_who_wants_one_thing_goes_before_the_second_of_who_wants_many() -> None:
    """However many of those came first."""
    turnstile, order = Turnstile(1), list[str]()

    def note(name: str) -> None:
        with turnstile:
            order.append(name)

    with turnstile:
        threads = []
        for owner, name in [*(("greedy", f"greedy {n}") for n in range(5)), ("modest", "modest")]:
            threads.append(start(owner, partial(note, name)))
            wait_for(lambda: waiting(turnstile) == len(threads))
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == ["greedy 0", "modest", *(f"greedy {n}" for n in range(1, 5))]


@pytest.mark.parametrize("size", [1, 3])
def test_no_more_are_inside_than_it_lets_in(size: int) -> None:
    """And all come through."""
    turnstile, inside, most, done = Turnstile(size), [0], [0], list[int]()
    counting = threading.Lock()

    def work() -> None:
        for _ in range(50):
            with turnstile:
                with counting:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                with counting:
                    inside[0] -= 1
        done.append(1)

    threads = [start(f"owner {n % 4}", work) for n in range(12)]
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(done) == len(threads)
    assert most[0] <= size


def test_who_only_waits_is_outside_for_as_long() -> None:
    """Others have the turn meanwhile, and it is asked for anew afterwards."""
    turnstile, others = Turnstile(1), threading.Event()

    def other() -> None:
        with turnstile:
            others.set()

    with turnstile:
        with turnstile.left():
            start("other", other)
            assert others.wait(PATIENCE_S)
        others.clear()
        late = start("other", other)
        wait_for(lambda: waiting(turnstile) == 1)
        assert not others.is_set()
    late.join(PATIENCE_S)
    assert others.is_set()


def test_who_is_outside_stays_there() -> None:
    """What is called from inside and from outside need not know."""
    turnstile = Turnstile(1)
    with turnstile.left(), turnstile:
        pass
    with turnstile:
        pass


def test_what_fails_inside_hands_the_turn_on() -> None:
    """Inside as well as while it waits."""
    turnstile = Turnstile(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turnstile, turnstile.left():
            raise ZeroDivisionError
        with pytest.raises(ZeroDivisionError), turnstile:
            raise ZeroDivisionError


@pytest.mark.parametrize("let_in", [False, True])
def test_who_is_called_away_while_it_waits_takes_no_turn_with_it(
    monkeypatch: pytest.MonkeyPatch, *, let_in: bool
) -> None:
    """As a worker's job is by its time limit: a turn that nobody hands on would be the last, for all."""
    turnstile = Turnstile(1)
    turnstile.__enter__()

    class Interrupted:
        """A lock whose wait a signal ends, before it was let in or just then."""

        def __init__(self) -> None:
            self.held = 0

        def acquire(self, *, blocking: bool = True) -> bool:
            """Be taken at first, then waited for in vain."""
            self.held += 1
            if self.held == 2:
                if let_in:
                    turnstile.__exit__(None, None, None)
                raise TimeoutError
            return let_in or blocking

        def release(self) -> None:
            """Be let in."""

    with monkeypatch.context() as patched:
        patched.setattr("midcall.domain.turnstile.threading.Lock", Interrupted)
        with pytest.raises(TimeoutError):
            turnstile.__enter__()
    if not let_in:
        turnstile.__exit__(None, None, None)
    done = threading.Event()

    def pass_through() -> None:
        with turnstile:
            done.set()

    start("next", pass_through)
    assert done.wait(PATIENCE_S)
    assert not turnstile._gone
