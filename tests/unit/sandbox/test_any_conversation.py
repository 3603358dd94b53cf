"""Whatever comes out of a container, whole, mangled or in any order, ends in one honest report."""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from midcall.domain.run_status import RunStatus
from midcall.sandbox.conversation import _FROM_SANDBOX, Collected, SandboxJob
from midcall.sandbox.frames import CAPS, NONCE_BYTES, Frame, FrameError, FrameKind, FrameReader, encode
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.outcome import SandboxEnd, judge
from midcall.sandbox.streams import STDOUT, Demultiplexer
from midcall.sandbox.wire import pack_report, to_json

NONCE = bytes(range(1, NONCE_BYTES + 1))
LIMITS = SandboxLimits(log_bytes=200, result_bytes=500)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OUTCOMES = st.fixed_dictionaries(
    {},
    optional={
        "code": st.none() | st.integers(-1, 300) | JSON,
        "signal": st.none() | st.integers(-1, 70) | JSON,
        "violation": st.none() | st.text(max_size=10) | JSON,
        "oom_kills": st.integers(-1, 3) | JSON,
        "logs_truncated": st.booleans() | JSON,
    },
)
PAYLOADS = st.binary(max_size=40) | JSON.map(to_json) | OUTCOMES.map(to_json) | st.just(b"[" * 200 + b"]" * 200)
FRAMES = st.lists(st.tuples(st.sampled_from(FrameKind), PAYLOADS), max_size=8)
CUTS = st.lists(st.integers(0, 600), max_size=6)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut bytes at any places."""
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[begin:end] for begin, end in pairwise(edges)]


def listen(data: bytes, cuts: list[int], said: Callable[[str], None]) -> Any:
    """Read a conversation as the pool does, without a socket; returns the report, and whether PID 1 spoke last."""
    job = SandboxJob("", {}, (), LIMITS, time.monotonic() + 60, on_progress=said)
    collected = Collected(job)
    reader = FrameReader(NONCE, {kind: CAPS[kind] for kind in _FROM_SANDBOX})
    ended = SandboxEnd.LOST
    try:
        for piece in pieces(data, cuts):
            for frame in reader.feed(piece):
                collected.take(frame)
            if collected.done:
                ended = SandboxEnd.OUTCOME
                break
    except FrameError as error:
        ended = SandboxEnd.VIOLATION
        collected.violation = str(error)
    return judge(collected.evidence(ended), LIMITS), ended


@given(frames=FRAMES, cuts=CUTS)
@example(
    frames=[(FrameKind.OUTCOME, b"{}"), (FrameKind.RESULT, b"1")], cuts=[]
)  # nothing comes after PID 1's last word
@example(frames=[(FrameKind.FAULT, b"{}"), (FrameKind.OUTCOME, b"[" * 200 + b"]" * 200)], cuts=[])
def test_any_frames_in_any_order_end_in_a_report(frames: list[tuple[FrameKind, bytes]], cuts: list[int]) -> None:
    """`ok` needs a result and PID 1's outcome, and no violation; whatever it is, it is bounded and can be sent on."""
    said: list[str] = []
    data = b"".join(encode(kind, payload, NONCE) for kind, payload in frames)
    report, ended = listen(data, cuts, said.append)
    kinds = [kind for kind, _ in frames]
    if report.status is RunStatus.OK:
        assert ended is SandboxEnd.OUTCOME
        assert FrameKind.RESULT in kinds[: kinds.index(FrameKind.OUTCOME)]
    else:
        assert report.error is not None
    if report.status is RunStatus.MEMORY:
        assert FrameKind.OUTCOME in kinds
    assert len(report.logs) <= LIMITS.log_bytes
    assert len(said) <= kinds.count(FrameKind.PROGRESS)
    json.dumps(pack_report(report), allow_nan=False).encode()


@given(data=st.binary(max_size=300), cuts=CUTS)
def test_any_bytes_end_in_a_report_that_is_not_ok(data: bytes, cuts: list[int]) -> None:
    """Nobody says anything without the nonce."""
    said: list[str] = []
    report, _ = listen(data, cuts, said.append)
    assert report.status in {RunStatus.ERROR, RunStatus.CRASHED}
    assert (said, report.result, report.logs) == ([], None, "")


@given(frames=FRAMES, at=st.integers(0, 600), byte=st.integers(1, 255), cuts=CUTS)
def test_a_byte_that_was_changed_adds_no_frame(
    frames: list[tuple[FrameKind, bytes]], at: int, byte: int, cuts: list[int]
) -> None:
    """Frames before it are as they were; what is read after it is no longer than what was sent."""
    data = bytearray(b"".join(encode(kind, payload, NONCE) for kind, payload in frames))
    if at < len(data):
        data[at] ^= byte
    reader = FrameReader(NONCE, CAPS)
    got: list[Frame] = []
    try:
        for piece in pieces(bytes(data), cuts):
            got.extend(reader.feed(piece))
    except FrameError:
        pass
    whole = [Frame(kind, payload) for kind, payload in frames]
    sizes = [len(encode(frame.kind, frame.payload, NONCE)) for frame in whole]
    before = sum(1 for number in range(len(sizes)) if sum(sizes[: number + 1]) <= at)
    assert got[:before] == whole[: min(before, len(got))]
    assert sum(len(encode(frame.kind, frame.payload, NONCE)) for frame in got) <= len(data)


@given(data=st.binary(max_size=300), cuts=CUTS, budget=st.integers(0, 400))
def test_the_engines_stream_never_gives_more_than_came(data: bytes, cuts: list[int], budget: int) -> None:
    """In pieces or whole, within its budget or refused."""
    streams, given_out = Demultiplexer(max_bytes=budget), 0
    try:
        for piece in pieces(data, cuts):
            given_out += sum(len(part) for stream, part in streams.feed(piece) if stream == STDOUT)
    except FrameError:
        pass
    assert given_out <= min(len(data), budget)
