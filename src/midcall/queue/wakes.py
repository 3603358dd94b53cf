"""Waiting for wakes in an asyncio process: one stream reader, any number who wait."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from redis import asyncio as aioredis
from redis.exceptions import RedisError

from midcall.queue.connection import BLOCK_MS
from midcall.queue.names import WAKE_FIELD, WAKES

_BATCH = 500
_PAUSE_S = 0.2


class RedisWakes:
    """Hands each wake to who waits for it. A wake is a hint: whoever waits looks at the row all the same."""

    def __init__(self, redis: "aioredis.Redis") -> None:
        self._redis = redis
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.contextmanager
    def watch(self, announced: str) -> Iterator[asyncio.Event]:
        """Get an event that is set when an invocation or session is announced; begin before it can be."""
        event = asyncio.Event()
        self._waiting.setdefault(announced, set()).add(event)
        try:
            yield event
        finally:
            others = self._waiting[announced]
            others.discard(event)
            if not others:
                del self._waiting[announced]

    def wake(self, announced: str) -> None:
        """Wake who waits in this process, from whatever thread."""
        if self._loop is None:
            return
        try:
            self._loop.call_soon_threadsafe(self._set, announced)
        except RuntimeError:  # the loop has ended: nobody waits any more
            return

    async def run(self) -> None:
        """Read wakes until cancelled; a lost Redis is asked again and again."""
        self._loop = asyncio.get_running_loop()
        last: str | None = None
        task = asyncio.current_task()
        # redis-py swallows a cancellation that comes while it connects: the task would then read on for ever.
        while task is None or not task.cancelling():
            try:
                last = await self._read(last or await self._newest())
            except (RedisError, OSError):
                # A Redis that restarted has a new stream, whose ids may begin anywhere.
                last = None
                await asyncio.sleep(_PAUSE_S)

    async def _newest(self) -> str:
        # Not "$": that means the newest at each read, and what comes between two reads would be missed.
        newest: Any = await self._redis.xrevrange(WAKES, count=1)
        return newest[0][0].decode() if newest else "0-0"

    async def _read(self, last: str) -> str:
        # Typed loosely: redis-py's stubs know neither which protocol nor which decoding a connection has.
        batches: Any = await self._redis.xread({WAKES: last}, block=BLOCK_MS, count=_BATCH)
        for _stream, entries in batches or ():
            for entry_id, fields in entries:
                last = entry_id.decode()
                self._set(fields.get(WAKE_FIELD, b"").decode("ascii", "replace"))
        return last

    def _set(self, announced: str) -> None:
        for event in self._waiting.get(announced, ()):
            event.set()

    async def close(self) -> None:
        """Close the connection to Redis."""
        await self._redis.aclose()
