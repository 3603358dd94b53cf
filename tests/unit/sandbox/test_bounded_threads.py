"""The threads of one run: in order, within bounds, nothing lost, nothing left behind."""

import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.patience import PATIENCE_S, wait_for

from midcall.sandbox.bounded_threads import BoundedThreads


def settled(threads: BoundedThreads) -> bool:
    """Wait until no thread of them is left."""
    return wait_for(lambda: not threads._threads, every_s=0.001)


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(1, 12), naps=st.lists(st.sampled_from([0.0, 0.0, 0.0005, 0.002]), max_size=60))
def test_all_work_is_begun_in_order_within_the_limit_and_no_thread_is_left(limit: int, naps: list[float]) -> None:
    """Whatever it takes, and however fast it comes."""
    begun: list[int] = []
    at_once = 0
    most = 0
    lock = threading.Lock()
    done = threading.Semaphore(0)
    slots = threading.BoundedSemaphore(100)

    def work(number: int) -> None:
        nonlocal at_once, most
        with lock:
            begun.append(number)
            at_once += 1
            most = max(most, at_once)
        time.sleep(naps[number])
        with lock:
            at_once -= 1
        done.release()

    with BoundedThreads(limit, slots=slots) as threads:
        for number in range(len(naps)):
            assert threads.submit(lambda number=number: work(number))  # type: ignore[misc]
        for _ in naps:
            assert done.acquire(timeout=PATIENCE_S)
    assert sorted(begun) == list(range(len(naps)))
    assert most <= limit
    if limit == 1:
        assert begun == sorted(begun)
    assert settled(threads)
    assert all(slots.acquire(blocking=False) for _ in range(100)), "every slot was given back"


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 10), st.integers(1, 5))
def test_work_never_waits_behind_work_while_a_thread_may_be_had(limit: int, rounds: int) -> None:
    """As many as the limit wait for one another, again and again, with threads that were there before."""
    with BoundedThreads(limit, slots=threading.BoundedSemaphore(100)) as threads:
        for _ in range(rounds):
            together = threading.Barrier(limit + 1)
            for _ in range(limit):
                threads.submit(lambda barrier=together: barrier.wait(PATIENCE_S))  # type: ignore[misc]
            together.wait(PATIENCE_S)


def test_what_was_not_begun_at_the_end_never_is() -> None:
    """Not even by a thread that is still busy then."""
    begun: list[int] = []
    held = threading.Event()

    def first() -> None:
        begun.append(0)
        held.wait(PATIENCE_S)

    with BoundedThreads(1) as threads:
        threads.submit(first)
        threads.submit(lambda: begun.append(1))
        while not begun:
            time.sleep(0.001)
    held.set()
    assert settled(threads)
    assert begun == [0]


def test_a_process_that_has_no_thread_left_says_so() -> None:
    """A pool without any refuses; one with a thread has the rest wait for it; a thread that ends is to be had again."""
    slots, held, done = threading.BoundedSemaphore(2), threading.Event(), threading.Semaphore(0)

    def work() -> None:
        held.wait(PATIENCE_S)
        done.release()

    with BoundedThreads(5, slots=slots) as first:
        for _ in range(4):
            assert first.submit(work)
        with BoundedThreads(5, slots=slots) as second:
            assert not second.submit(lambda: None)
        held.set()
        assert all(done.acquire(timeout=PATIENCE_S) for _ in range(4))
    assert settled(first)
    with BoundedThreads(5, slots=slots) as third:
        assert third.submit(done.release)
        assert done.acquire(timeout=PATIENCE_S)


def test_work_that_raises_keeps_no_thread_from_what_waits_behind_it() -> None:
    """The code in the sandbox waits for each of its answers."""
    done = threading.Event()
    held = threading.Event()

    def fails() -> None:
        held.wait(PATIENCE_S)
        raise KeyError("id")

    with BoundedThreads(1) as threads:
        assert threads.submit(fails)
        assert threads.submit(done.set)
        held.set()
        assert done.wait(PATIENCE_S)
    assert settled(threads)
