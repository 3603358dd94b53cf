"""Threads that workspaces share: who holds few goes before who holds many, and nobody holds all."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from midcall.domain.on_behalf import OWNER
from midcall.domain.shares import Waiting, may_take, next_in_turn

T = TypeVar("T")


class SharedThreads:
    """At most `size` threads for blocking work, by the rule of `domain.shares`. Used by one event loop alone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._limiter = anyio.CapacityLimiter(size)
        self._held: Counter[str] = Counter()
        #: What waits for a thread, by owner, oldest first, each with its place in the order that all came in.
        self._waiting: dict[str, deque[tuple[int, asyncio.Future[None]]]] = {}
        self._arrivals = count()

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function in a thread, once it is its owner's turn."""
        owner = OWNER.get()
        await self._enter(owner)
        try:
            return await anyio.to_thread.run_sync(function, *args, limiter=self._limiter)
        finally:
            self._leave(owner)

    async def _enter(self, owner: str) -> None:
        if not self._waiting and may_take(held=self._held[owner], free=self._size - self._held.total()):
            self._held[owner] += 1
            return
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append((next(self._arrivals), given))
        self._hand_on()
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self._leave(owner)
            raise

    def _leave(self, owner: str) -> None:
        self._held[owner] -= 1
        if not self._held[owner]:
            del self._held[owner]
        self._hand_on()

    def _hand_on(self) -> None:
        """Give threads to those whose turn it is."""
        while self._waiting:
            heads = [Waiting(owner, f"{line[0][0]:020}", self._held[owner]) for owner, line in self._waiting.items()]
            chosen = next_in_turn(heads, free=self._size - self._held.total())
            if chosen is None:
                return
            line = self._waiting[chosen.workspace_id]
            _, given = line.popleft()
            if not line:
                del self._waiting[chosen.workspace_id]
            if not given.done():  # who is gone needs none
                self._held[chosen.workspace_id] += 1
                given.set_result(None)
