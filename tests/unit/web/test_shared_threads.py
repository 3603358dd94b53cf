"""Threads that workspaces share."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.on_behalf import OWNER
from midcall.web.shared_threads import SharedThreads


class Blocked:
    """Work of several owners that goes on once it is let."""

    def __init__(self, threads: SharedThreads) -> None:
        self._threads = threads
        self.running: Counter[str] = Counter()
        self.let = threading.Semaphore(0)
        self.order: list[str] = []

    def begin(self, owner: str) -> "asyncio.Task[None]":
        """Begin one piece of work for an owner."""

        def work() -> None:
            self.running[owner] += 1
            self.order.append(owner)
            assert self.let.acquire(timeout=PATIENCE_S)
            self.running[owner] -= 1

        async def run() -> None:
            OWNER.set(owner)
            await self._threads.run(work)

        return asyncio.create_task(run())

    async def until(self, **running: int) -> None:
        """Wait until so many pieces of each owner's run."""
        await asyncio.to_thread(wait_for, lambda: +self.running == Counter(running))


def in_loop(size: int, play: Callable[[Blocked], Awaitable[None]]) -> None:
    """Play with blocked work in so many threads."""

    async def main() -> None:
        await play(Blocked(SharedThreads(size)))

    asyncio.run(main())


def test_one_owner_gets_half_and_another_finds_a_thread_at_once() -> None:
    """However many the first has waiting."""

    async def play(blocked: Blocked) -> None:
        tasks = [blocked.begin("greedy") for _ in range(50)]
        await blocked.until(greedy=4)
        tasks.append(blocked.begin("modest"))
        await blocked.until(greedy=4, modest=1)
        blocked.let.release(len(tasks))
        await asyncio.gather(*tasks)
        assert blocked.order.index("modest") == 4

    in_loop(8, play)


def test_who_holds_least_is_next() -> None:
    """Where all threads are taken, by many."""

    async def play(blocked: Blocked) -> None:
        tasks = [blocked.begin(owner) for owner in ("a", "a", "b", "c")]
        await blocked.until(a=2, b=1, c=1)
        tasks += [blocked.begin("a"), blocked.begin("a"), blocked.begin("modest")]
        await asyncio.sleep(0)
        blocked.let.release()
        await asyncio.to_thread(wait_for, lambda: len(blocked.order) == 5)
        assert blocked.order[4] == "modest"
        blocked.let.release(len(tasks))
        await asyncio.gather(*tasks)

    in_loop(4, play)


def test_who_goes_away_while_it_waits_takes_no_thread_with_it() -> None:
    """Before it has one, and in the moment that it is given one."""

    async def play(blocked: Blocked) -> None:
        first = blocked.begin("a")
        await blocked.until(a=1)
        gone = [blocked.begin(owner) for owner in ("b", "c")]
        await asyncio.sleep(0)
        gone[0].cancel()
        blocked.let.release()
        await first
        gone[1].cancel()
        for each in gone:
            with pytest.raises(asyncio.CancelledError):
                await each
        blocked.let.release()
        async with asyncio.timeout(PATIENCE_S):
            await blocked.begin("d")
        assert not blocked._threads._places._held

    in_loop(1, play)


def test_what_fails_gives_its_thread_back() -> None:
    """And its error is the caller's."""

    async def main() -> None:
        threads = SharedThreads(1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 / 0)
        assert await threads.run(lambda: 1) == 1

    asyncio.run(main())
