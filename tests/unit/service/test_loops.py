"""A loop outlives whatever a turn of it runs into, counts it, and tells when it is gone all the same."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from tests.support.patience import PATIENCE_S

from midcall.service.loops import LoopsHealth, TaskLoop, ThreadLoop, health

#: Seconds in which everything here is over on any machine.


def comes_true(condition: Callable[[], bool]) -> bool:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and not condition():
        time.sleep(0.001)
    return condition()


def test_a_thread_goes_on_after_a_turn_that_failed_and_ends_in_order() -> None:
    """It is the next turn's business; an end that was wanted leaves nobody gone."""
    turns: list[int] = []

    def turn() -> bool:
        turns.append(len(turns))
        if len(turns) in (1, 3):
            raise ValueError("a closed descriptor")
        return len(turns) < 5

    loop = ThreadLoop("sweep", turn, rest_s=0)
    assert not loop.gone
    loop.start()
    loop.join(PATIENCE_S)
    assert (len(turns), loop.failures, loop.gone) == (5, 2, False)
    assert health([loop]) == LoopsHealth((), 2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_all_the_same_is_told_of_and_can_be_started_again() -> None:
    """What is no Exception ends a thread."""
    left = [SystemExit]

    def turn() -> bool:
        if left:
            raise left.pop()
        return False

    loop, other = ThreadLoop("sweep", turn), ThreadLoop("other", lambda: False)
    for each in (loop, other):
        each.start()
        each.join(PATIENCE_S)
    assert health([loop, other]) == LoopsHealth(("sweep",), 0)
    loop.start()
    loop.join(PATIENCE_S)
    assert health([loop]).gone == ()


def test_a_rest_is_cut_short_by_the_end() -> None:
    """Nobody waits for a pause at the end of a process."""
    stopping = threading.Event()

    def turn() -> bool:
        if stopping.is_set():
            return False
        raise OSError

    loop = ThreadLoop("boot", turn, stopping=stopping, rest_s=3_600)
    loop.start()
    assert comes_true(lambda: loop.failures == 1)
    stopping.set()
    loop.join(PATIENCE_S)
    assert not loop.gone


def test_a_task_goes_on_after_a_turn_that_failed_and_is_not_gone_once_cancelled() -> None:
    """The same for what an event loop carries."""
    turns: list[int] = []
    third = asyncio.Event()

    async def turn() -> None:
        turns.append(len(turns))
        if len(turns) == 1:
            raise LookupError
        if len(turns) == 3:
            third.set()
        await asyncio.sleep(0)

    async def played() -> TaskLoop:
        loop = TaskLoop("wakes", turn, rest_s=0)
        task = loop.start()
        async with asyncio.timeout(PATIENCE_S):
            await third.wait()
        assert not loop.gone
        task.cancel()
        await asyncio.wait([task])
        return loop

    loop = asyncio.run(played())
    assert (loop.failures, loop.gone) == (1, False)


def test_a_task_that_swallowed_its_cancellation_ends_all_the_same() -> None:
    """A turn that is a library's may do that."""

    async def turn() -> None:
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            return

    async def played() -> TaskLoop:
        loop = TaskLoop("wakes", turn)
        task = loop.start()
        await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(PATIENCE_S):
            await task
        return loop

    assert not asyncio.run(played()).gone
