"""Many conversations over one stream: whole chunks however they are cut, and nobody held up by another."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import pack as pack_words
from unittest.mock import Mock, call

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.patience import PATIENCE_S, wait_for

from midcall.sandbox.channels import CHUNK_BYTES, MIB, WAITING_BYTES, ChunkKind, ChunkReader, StreamBroken, pack
from midcall.sandbox.relay import Relay
from midcall.sandbox.streams import Demultiplexer

CHUNKS = st.lists(st.tuples(st.integers(1, 2**32 - 1), st.sampled_from(ChunkKind), st.binary(max_size=200)), max_size=8)
FROM_JAILS = (ChunkKind.DATA, ChunkKind.LOG, ChunkKind.END)


@given(CHUNKS, st.lists(st.integers(1, 50), max_size=100))
def test_chunks_are_whole_however_the_stream_is_cut(
    chunks: list[tuple[int, ChunkKind, bytes]], cuts: list[int]
) -> None:
    """None is lost, split or made up."""
    data = b"".join(pack(*chunk) for chunk in chunks)
    reader = ChunkReader(ChunkKind)
    read = []
    for cut in cuts:
        read += list(reader.feed(data[:cut]))
        data = data[cut:]
    assert [*read, *reader.feed(data)] == chunks


@pytest.mark.parametrize(
    "data",
    [pack(1, ChunkKind.OPEN), pack_words(">IBI", 1, 9, 0), pack_words(">IBI", 1, 2, CHUNK_BYTES + 1)],
    ids=["a kind that the other end may not send", "no kind at all", "more than a chunk holds"],
)
def test_what_is_no_chunk_breaks_the_stream(data: bytes) -> None:
    """Before a byte of it is kept."""
    with pytest.raises(StreamBroken):
        list(ChunkReader(FROM_JAILS).feed(data))


def wrapped(data: bytes) -> bytes:
    """Return bytes of a container's standard output as the Engine wraps them."""
    return pack_words(">BxxxI", 1, len(data)) + data


class Other:
    """The other end of the stream: reads what it is told, in a thread, as soon as it may."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.told: list[tuple[int, ChunkKind, bytes]] = []
        self.reads = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        reader = ChunkReader(ChunkKind)
        self.reads.wait(PATIENCE_S)
        while data := self.stream.recv(CHUNK_BYTES):
            self.told += list(reader.feed(data))

    def close(self) -> None:
        """Hang up."""
        self.reads.set()
        with suppress(OSError):
            self.stream.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_S)
        self.stream.close()

    def of(self, number: int) -> bytes:
        """Return what came on a channel."""
        return b"".join(data for each, kind, data in self.told if each == number and kind is ChunkKind.DATA)

    def say(self, number: int, kind: ChunkKind, data: bytes = b"") -> None:
        """Say something on a channel."""
        self.stream.sendall(wrapped(pack(number, kind, data)))


@contextmanager
def relaying(*, reads: bool = True) -> Iterator[tuple[Relay, Other, Mock]]:
    """Run a relay against another end."""
    ours, theirs = socket.socketpair()
    ended = Mock()
    relay = Relay("c" * 64, ours, Demultiplexer(1 << 62), on_end=ended, on_over=Mock())
    other = Other(theirs)
    if reads:
        other.reads.set()
    relay.start()
    try:
        yield relay, other, ended
    finally:
        relay.stop()
        ours.close()
        other.close()


def test_bytes_go_both_ways_and_the_end_is_told() -> None:
    """In their order; the channel ends after its last byte was taken."""
    with relaying() as (relay, other, ended):
        end = relay.open(1)
        end.sendall(b"to the jail")
        assert wait_for(lambda: other.of(1) == b"to the jail")
        assert other.told[0] == (1, ChunkKind.OPEN, b"")
        other.say(1, ChunkKind.DATA, b"from it")
        other.say(1, ChunkKind.END, b"\0\0\0\0")
        assert end.recv(100, socket.MSG_WAITALL) == pack(1, ChunkKind.DATA, b"from it") + pack(
            1, ChunkKind.END, b"\0\0\0\0"
        )
        assert wait_for(lambda: ended.call_args_list == [call(1)])
        end.close()


def test_who_hangs_up_has_the_jail_ended() -> None:
    """At once, and told once."""
    with relaying() as (relay, other, _):
        relay.open(7).close()
        assert wait_for(lambda: (7, ChunkKind.CLOSE, b"") in other.told)


def test_who_does_not_listen_holds_up_nobody_and_is_given_up() -> None:
    """What waits for it is bounded; its neighbour hears at once."""
    with relaying() as (relay, other, _):
        deaf, neighbour = relay.open(1), relay.open(2)
        assert wait_for(lambda: len(other.told) == 2)
        for _ in range(WAITING_BYTES // CHUNK_BYTES + 10):
            other.say(1, ChunkKind.LOG, b"x" * CHUNK_BYTES)
        other.say(2, ChunkKind.DATA, b"hello")
        assert neighbour.recv(100).endswith(b"hello")
        assert wait_for(lambda: (1, ChunkKind.CLOSE, b"") in other.told)
        deaf.close()
        neighbour.close()


def test_while_the_container_does_not_listen_little_is_read_for_it() -> None:
    """And all of it comes when it listens again."""
    with relaying(reads=False) as (relay, other, _):
        end = relay.open(1)
        sent = 0

        def is_full() -> bool:
            nonlocal sent
            with suppress(BlockingIOError):
                sent += end.send(b"x" * CHUNK_BYTES, socket.MSG_DONTWAIT)
                return False
            return relay._paused

        assert wait_for(is_full)
        assert sent < 8 * MIB
        other.reads.set()
        assert wait_for(lambda: len(other.of(1)) == sent)
        end.close()


@pytest.mark.parametrize("why", ["the container went", "it said something that is no chunk"])
def test_all_conversations_end_with_the_stream(why: str) -> None:
    """None waits for a container that is not there, nor does one that begins later."""
    with relaying() as (relay, other, _):
        end = relay.open(1)
        assert wait_for(lambda: bool(other.told))
        if why == "the container went":
            other.stream.shutdown(socket.SHUT_RDWR)
        else:
            other.stream.sendall(wrapped(b"\xff" * 9))
        assert end.recv(1) == b""
        assert wait_for(lambda: not relay.alive)
        late = relay.open(2)
        assert late.recv(1) == b""
        late.close()
        end.close()


def test_relays_leave_no_descriptor_behind() -> None:
    """However they end."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with relaying() as (relay, other, _):
            ends = [relay.open(number) for number in range(1, 5)]
            assert wait_for(lambda told=other.told: len(told) == 4)  # type: ignore[misc]
        for end in ends:
            assert end.recv(1) == b""
            end.close()
    assert wait_for(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)
