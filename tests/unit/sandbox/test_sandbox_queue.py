"""The queue between calls and ready sandboxes."""

import threading
import time

import pytest
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.errors import SandboxBusy
from midcall.sandbox import sandbox_queue
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


def shared(idle: str, *, kept: int) -> SandboxQueue[str]:
    """Make a queue with ready sandboxes, of which two owners have just been heard of."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=9, max_waiting=9, kept=kept)
    for owner in ("somebody", "another"):
        queue.give("for a moment")
        queue.take(soon(), owner)
        queue.done(owner)
    for name in idle:
        queue.give(name)
    return queue


def test_one_owner_alone_takes_all_that_are_ready() -> None:
    """Nobody else comes: none is kept. What midcall looks at for itself when it starts is nobody's."""
    queue: SandboxQueue[str] = SandboxQueue(max_busy=9, max_waiting=9, kept=2)
    queue.give("for a look")
    queue.take(soon())
    queue.done()
    for name in "abcd":
        queue.give(name)
    assert [queue.take(soon(), "greedy") for _ in range(4)] == list("abcd")


def test_who_has_many_leaves_the_last_ones_to_others() -> None:
    """As many as it has, `kept` at most; who comes with none takes the last one."""
    queue = shared("abcd", kept=2)
    assert [queue.take(soon(), "greedy") for _ in range(2)] == ["a", "b"]
    with pytest.raises(SandboxBusy):
        queue.take(soon(), "greedy")
    assert [queue.take(soon(), owner) for owner in ("one", "two")] == ["c", "d"]


def test_who_has_many_takes_those_that_are_booted_beyond() -> None:
    """It waits, but is not shut out."""
    queue = shared("abc", kept=2)
    assert queue.take(soon(), "greedy") == "a"
    assert queue.take(soon(), "greedy") == "b"
    queue.give("d")
    queue.give("e")
    assert queue.take(soon(), "greedy") == "c"


def waiting(queue: SandboxQueue[str], owner: str, got: list[str]) -> threading.Thread:
    """Have an owner wait for one."""
    before = queue.counts().waiting

    def take() -> None:
        queue.take(time.monotonic() + PATIENCE_S, owner)
        got.append(owner)

    thread = threading.Thread(target=take)
    thread.start()
    assert wait_for(lambda: queue.counts().waiting > before)
    return thread


def test_who_has_least_goes_before_who_came_first() -> None:
    """And counts as urgent, where one more sandbox would be its own."""
    queue = shared("a", kept=2)
    assert queue.take(soon(), "greedy") == "a"
    got: list[str] = []
    callers = [waiting(queue, "greedy", got)]
    assert not queue.counts().urgent
    callers.append(waiting(queue, "modest", got))
    assert queue.counts().urgent
    queue.give("b")
    callers[1].join()
    assert got == ["modest"]
    for name in "cd":
        queue.give(name)
    callers[0].join()


def test_after_a_while_without_others_an_owner_is_alone_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for nobody helps nobody."""
    monkeypatch.setattr(sandbox_queue, "SHARED_S", 0.0)
    queue = shared("abc", kept=2)
    assert [queue.take(soon(), "greedy") for _ in range(3)] == list("abc")
