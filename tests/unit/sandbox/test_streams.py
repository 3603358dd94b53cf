"""The Engine's multiplexed stream: its chunks are not our frames."""

import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.sandbox.frames import FrameError
from midcall.sandbox.streams import STDERR, STDOUT, Demultiplexer


def chunk(stream: int, data: bytes) -> bytes:
    """Return one chunk as the Engine writes it."""
    return struct.pack(">BxxxI", stream, len(data)) + data


@given(
    chunks=st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=100)), max_size=8),
    cuts=st.lists(st.integers(0, 1000), max_size=10),
)
def test_both_streams_come_apart_whole(chunks: list[tuple[int, bytes]], cuts: list[int]) -> None:
    """Whatever pieces arrive, each stream's bytes are what was written to it."""
    data = b"".join(chunk(stream, part) for stream, part in chunks)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    streams = Demultiplexer()
    got = {STDOUT: b"", STDERR: b""}
    for begin, end in pairwise(edges):
        for stream, part in streams.feed(data[begin:end]):
            got[stream] += part
    for stream, bytes_ in got.items():
        assert bytes_ == b"".join(part for number, part in chunks if number == stream)


@given(st.binary(max_size=200))
def test_garbage_is_cut_or_refused(data: bytes) -> None:
    """Nothing but FrameError comes of bytes that are no stream."""
    with suppress(FrameError):
        assert sum(len(part) for _, part in Demultiplexer().feed(data)) <= len(data)


def test_the_bytes_of_one_conversation_are_capped() -> None:
    """Reading a flood ends at the budget, headers included."""
    streams = Demultiplexer(max_bytes=50)
    assert list(streams.feed(chunk(STDOUT, b"x" * 30)))
    with pytest.raises(FrameError, match="too many bytes"):
        list(streams.feed(chunk(STDOUT, b"x" * 30)))
