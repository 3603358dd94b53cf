"""Frames: whole ones pass, whatever the pieces; anything else breaks the reader for good."""

import os
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.sandbox.frames import (
    CAPS,
    HEADER_BYTES,
    NONCE_BYTES,
    Frame,
    FrameError,
    FrameKind,
    FrameReader,
    encode,
    header,
)

NONCE = bytes(range(NONCE_BYTES))
MANY = (FrameKind.LOG, FrameKind.PROGRESS)


def reader(*kinds: FrameKind) -> FrameReader:
    """Return a reader that takes `kinds`, all of them by default."""
    return FrameReader(NONCE, {kind: CAPS[kind] for kind in kinds or FrameKind})


@given(
    frames=st.lists(st.tuples(st.sampled_from(MANY), st.binary(max_size=300)), max_size=8),
    cuts=st.lists(st.integers(0, 3000), max_size=12),
)
def test_frames_survive_any_cutting(frames: list[tuple[FrameKind, bytes]], cuts: list[int]) -> None:
    """The Engine cuts the stream where it likes; the frames that come out are those that went in."""
    stream = b"".join(encode(kind, payload, NONCE) for kind, payload in frames)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    taking = reader()
    got = [frame for begin, end in pairwise(edges) for frame in taking.feed(stream[begin:end])]
    assert got == [Frame(kind, payload) for kind, payload in frames]


@given(st.binary(max_size=400))
def test_bytes_without_the_nonce_give_no_frame(data: bytes) -> None:
    """No garbage is ever taken for a frame, and nothing but FrameError comes of it."""
    taking = reader()
    try:
        assert list(taking.feed(data)) == []
    except FrameError:
        with pytest.raises(FrameError):
            list(taking.feed(encode(FrameKind.LOG, b"real", NONCE)))


@given(st.binary(min_size=5, max_size=5), st.binary(max_size=64))
def test_a_header_with_the_nonce_but_any_other_content_is_a_frame_or_an_error(tail: bytes, rest: bytes) -> None:
    """Kind and length of a header may be anything: the reader stays within its caps."""
    taking = reader()
    try:
        for frame in taking.feed(NONCE + tail + rest):
            assert len(frame.payload) <= CAPS[frame.kind]
    except FrameError:
        pass


def test_a_huge_length_is_refused_before_its_payload() -> None:
    """The header alone ends it: nothing is allocated for what it announces."""
    with pytest.raises(FrameError, match="cap"):
        list(reader().feed(NONCE + struct.pack(">BI", FrameKind.RESULT, 0xFFFFFFFF)))


def test_a_wrong_nonce_shows_in_its_first_byte() -> None:
    """A forger who sends one byte and waits is found out by that byte."""
    with pytest.raises(FrameError, match="nonce"):
        list(reader().feed(b"\xff"))


def test_a_second_result_is_refused() -> None:
    """RESULT may come once."""
    with pytest.raises(FrameError, match="too many"):
        list(reader().feed(encode(FrameKind.RESULT, b"1", NONCE) * 2))


def test_a_kind_from_the_wrong_side_is_refused() -> None:
    """A reader that awaits results takes no request."""
    with pytest.raises(FrameError, match="side"):
        list(reader(FrameKind.RESULT).feed(encode(FrameKind.OPEN, b"{}", NONCE)))


def test_the_nonce_of_another_run_is_refused() -> None:
    """Frames belong to one run."""
    with pytest.raises(FrameError):
        list(reader().feed(encode(FrameKind.LOG, b"x", os.urandom(NONCE_BYTES))))


@pytest.mark.parametrize("kind", list(FrameKind))
def test_neither_end_makes_a_frame_over_its_cap(kind: FrameKind) -> None:
    """What a reader would refuse, the writer does not send."""
    assert len(header(kind, CAPS[kind], NONCE)) == HEADER_BYTES
    with pytest.raises(FrameError):
        header(kind, CAPS[kind] + 1, NONCE)
