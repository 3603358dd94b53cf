"""The queue between calls and ready sandboxes."""

import threading
import time

import pytest
from tests.support.patience import PATIENCE_S

from midcall.domain.errors import SandboxBusy
from midcall.sandbox.sandbox_queue import QueueCounts, SandboxQueue


def soon() -> float:
    """Return a deadline that is near."""
    return time.monotonic() + 0.05


def test_a_ready_sandbox_is_handed_out_once() -> None:
    """The second call waits for its deadline and is told that none was free."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=4, max_waiting=4)
    queue.give("a")
    assert queue.take(soon()) == "a"
    with pytest.raises(SandboxBusy):
        queue.take(soon())
    assert queue.counts() == QueueCounts(idle=0, busy=1, waiting=0)


def test_no_more_run_at_one_time_than_may() -> None:
    """A ready sandbox waits until a run has ended."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=1, max_waiting=4)
    queue.give("a")
    queue.give("b")
    queue.take(soon())
    with pytest.raises(SandboxBusy):
        queue.take(soon())
    queue.done()
    assert queue.take(soon()) == "b"


def test_calls_are_served_in_their_order() -> None:
    """First come, first served."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=9, max_waiting=9)
    got: list[tuple[int, str]] = []

    def call(number: int) -> None:
        got.append((number, queue.take(time.monotonic() + PATIENCE_S)))

    callers = []
    for number in range(3):
        callers.append(threading.Thread(target=call, args=(number,)))
        callers[-1].start()
        while queue.counts().waiting <= number:
            time.sleep(0.001)
    for name in "abc":
        queue.give(name)
        time.sleep(0.02)
    for caller in callers:
        caller.join()
    assert got == [(0, "a"), (1, "b"), (2, "c")]


def test_a_full_queue_turns_calls_away() -> None:
    """Nobody waits behind more than `max_waiting`."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=1, max_waiting=0)
    with pytest.raises(SandboxBusy, match="too many"):
        queue.take(soon())


def test_a_dropped_sandbox_is_never_handed_out() -> None:
    """`drop` takes an idle one out, and says when it came too late."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=1, max_waiting=1)
    queue.give("a")
    assert queue.drop("a")
    assert not queue.drop("a")
    assert queue.idle() == ()
