"""The reader of wakes against a stream that is told what to do: nothing between two reads is missed."""

import asyncio
from contextlib import ExitStack
from typing import Any, cast

from redis.exceptions import ConnectionError as RedisConnectionError

from midcall.queue.names import WAKE_FIELD
from midcall.queue.wakes import RedisWakes

Entry = tuple[bytes, dict[bytes, bytes]]


class Stream:
    """Redis' stream as far as it is read; `between` is what is added after a read has ended in silence."""

    def __init__(self, between: list[list[str]]) -> None:
        self.entries: list[Entry] = [(b"1-0", {WAKE_FIELD: b"inv_old"})]
        self.between = between
        self.outage = False
        self.closed = False

    def add(self, invocation_id: str) -> None:
        """Add an entry, as XADD does."""
        self.entries.append((f"{len(self.entries) + 1}-0".encode(), {WAKE_FIELD: invocation_id.encode()}))

    async def xrevrange(self, _name: str, *, count: int) -> list[Entry]:
        """Return the newest entries."""
        return self.entries[-count:]

    async def xread(self, streams: dict[str, str], *, block: int, count: int) -> Any:
        """Return what came after an id; `$` means after the newest at this moment, as in Redis."""
        assert block > 0
        if self.outage:
            self.outage = False
            raise RedisConnectionError
        (last,) = streams.values()
        start = len(self.entries) if last == "$" else int(last.partition("-")[0])
        found = self.entries[start : start + count]
        if found:
            return [[b"stream", found]]
        if self.between:
            for invocation_id in self.between.pop(0):
                self.add(invocation_id)
        await asyncio.sleep(0)
        return None

    async def aclose(self) -> None:
        """Close."""
        self.closed = True


async def seen(stream: Stream, *invocation_ids: str) -> set[str]:
    """Read for a moment; returns which of the ids were announced."""
    wakes = RedisWakes(cast(Any, stream))  # as much of a client as is used
    with ExitStack() as watched:
        events = {id_: watched.enter_context(wakes.watch(id_)) for id_ in invocation_ids}
        reader = asyncio.create_task(wakes.run())
        await asyncio.sleep(0.4)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    await wakes.close()
    assert stream.closed
    return {id_ for id_, event in events.items() if event.is_set()}


def test_a_wake_between_two_reads_is_not_missed() -> None:
    """The reader goes on from the newest id it knows of, not from whatever is newest when the next read begins."""
    assert asyncio.run(seen(Stream([["inv_a"], [], ["inv_b"]]), "inv_a", "inv_b")) == {"inv_a", "inv_b"}


def test_the_first_wake_of_an_empty_stream_is_not_missed() -> None:
    """A Redis that has just started has no newest entry."""
    stream = Stream([["inv_a"]])
    stream.entries.clear()
    assert asyncio.run(seen(stream, "inv_a")) == {"inv_a"}


def test_what_was_announced_before_anybody_listened_wakes_nobody() -> None:
    """The reader begins at the end of the stream; whoever waits has looked at the row."""
    assert asyncio.run(seen(Stream([["inv_a"]]), "inv_old", "inv_a")) == {"inv_a"}


def test_an_outage_ends_nothing() -> None:
    """The reader asks again."""
    stream = Stream([[], ["inv_a"]])
    stream.outage = True
    assert asyncio.run(seen(stream, "inv_a")) == {"inv_a"}
