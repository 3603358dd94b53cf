"""Threads that workspaces share: who holds few goes before who holds many, and nobody holds all."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from midcall.domain.on_behalf import OWNER
from midcall.domain.shares import Slots

T = TypeVar("T")


class SharedThreads:
    """At most `size` threads for blocking work, by the rule of `Slots`. Used by one event loop alone."""

    def __init__(self, size: int) -> None:
        self._limiter = anyio.CapacityLimiter(size)
        self._places: Slots[asyncio.Future[None]] = Slots(size)

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function in a thread, once it is its owner's turn."""
        owner = OWNER.get()
        if not self._places.take(owner):
            await self._wait(owner)
        try:
            return await anyio.to_thread.run_sync(function, *args, limiter=self._limiter)
        finally:
            self._leave(owner)

    async def _wait(self, owner: str) -> None:
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._places.wait(owner, given)
        try:
            await given
        except asyncio.CancelledError:
            if not given.cancelled():  # it was given a thread in this very moment
                self._leave(owner)
            raise

    def _leave(self, owner: str) -> None:
        self._places.give_back(owner)
        while (following := self._places.next()) is not None:
            whose, given = following
            if given.done():  # who is gone needs none
                self._places.give_back(whose)
            else:
                given.set_result(None)
