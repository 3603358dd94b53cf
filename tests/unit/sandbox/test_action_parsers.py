"""What reads action calls and their answers, against any bytes in any pieces."""

import json
import socket
import threading
import time
from struct import Struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.patience import PATIENCE_S

from midcall.domain.action import ActionCall, ActionReply
from midcall.sandbox.answers import SEND_S, Answers
from midcall.sandbox.conversation import MAX_ACTION_CHARS, Collected, SandboxJob, _action
from midcall.sandbox.frames import ACTION_BYTES, CAPS, COUNTS, MIB, Frame, FrameError, FrameKind
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.untrusted import MAX_DEPTH
from midcall.sandbox.wire import MAX_REPLY_BYTES, MessageReader, WireError, to_json

NONCE = b"n" * 16
LENGTH = Struct(">I")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
CALLS = st.fixed_dictionaries(
    {
        "id": st.integers(-2, 300) | JSON,
        "action": st.text(max_size=120) | JSON,
        "args": st.lists(JSON, max_size=3) | JSON,
        "kwargs": st.dictionaries(st.text(max_size=8), JSON, max_size=3) | JSON,
    },
    optional={"extra": JSON, "kind": st.just("report")},
)


@settings(max_examples=400)
@given(st.binary(max_size=200) | CALLS.map(lambda call: json.dumps(call).encode()))
def test_an_action_frame_is_a_whole_call_or_a_violation(payload: bytes) -> None:
    """Nothing else comes of any bytes; a call can be sent on as it is, within what the worker reads."""
    try:
        call = _action(payload)
    except FrameError:
        return
    assert set(call) == {"id", "action", "args", "kwargs"}
    assert type(call["id"]) is int
    assert len(call["action"]) <= MAX_ACTION_CHARS
    assert json.loads(to_json(call).decode()) == call
    ActionCall(call["id"], call["action"], tuple(call["args"]), call["kwargs"])


@pytest.mark.parametrize(
    "args",
    [
        b"[" + b",".join([b"9e15"] * 209_000) + b"]",
        b'["' + b"\\u00e9" * 170_000 + b'"]',
        b'["' + b"\\n" * 500_000 + b'"]',
        b'["' + b"\x7f" * 1_000_000 + b'"]',
    ],
    ids=["floats", "escapes", "line feeds", "deletes"],
)
def test_a_call_that_fits_a_frame_fits_a_message(args: bytes) -> None:
    """However much longer the worker's spelling of it is."""
    payload = b'{"id":1,"action":"http.get","kwargs":{},"args":' + args + b"}"
    assert len(payload) <= CAPS[FrameKind.ACTION]
    assert len(to_json({"kind": "action", **_action(payload)})) <= MAX_REPLY_BYTES


@pytest.mark.parametrize("deep", [MAX_DEPTH - 2, MAX_DEPTH - 1, 5_000, 500_000])
def test_depth_is_bounded(deep: int) -> None:
    """By the number that the child refuses more with."""
    payload = b'{"id":1,"action":"a","kwargs":{},"args":' + b"[" * deep + b"]" * deep + b"}"
    if deep < MAX_DEPTH:
        _action(payload)
    else:
        with pytest.raises(FrameError):
            _action(payload)


def collected(calls: list[Any]) -> Collected:
    """Return what collects a run's frames and notes its calls."""
    job = SandboxJob("", {}, (), SandboxLimits(), 0.0, on_action=calls.append)
    return Collected(job)


@settings(max_examples=200)
@given(st.lists(st.integers(-1, 205), max_size=30))
def test_a_number_counts_once_and_within_its_range(numbers: list[int]) -> None:
    """Up to the first that does not, calls come through in order."""
    calls: list[Any] = []
    good: list[int] = []
    for number in numbers:
        if number in good or not 0 < number <= COUNTS[FrameKind.ACTION]:
            break
        good.append(number)
    run = collected(calls)
    try:
        for number in numbers:
            body = {"id": number, "action": "a.b", "args": [], "kwargs": {}}
            run.take(Frame(FrameKind.ACTION, json.dumps(body).encode()))
    except FrameError:
        assert len(good) < len(numbers)
    assert [call["id"] for call in calls] == good
    assert run.asked == set(good)


def test_more_bytes_than_the_child_would_send_are_a_violation() -> None:
    """Before they are parsed: a megabyte of empty lists takes thirty as values, a second to read for ten of them."""
    calls: list[Any] = []
    run = collected(calls)
    with pytest.raises(FrameError, match="bytes"):  # noqa: PT012 - how many it takes is asserted
        for number in range(1, 100):
            body = b'{"id":%d,"action":"a.b","kwargs":{},"args":["%s"]}' % (number, b"x" * (MIB - 100))
            run.take(Frame(FrameKind.ACTION, body))
    assert sum(len(to_json(call)) for call in calls) <= ACTION_BYTES
    assert len(calls) == ACTION_BYTES // MIB


MESSAGES = st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=3).map(lambda body: {**body, "kind": "reply"}))


@settings(max_examples=200)
@given(MESSAGES, st.data())
def test_any_split_of_the_bytes_gives_the_same_messages(messages: list[dict[str, Any]], data: st.DataObject) -> None:
    """As they were sent."""
    encoded = [json.dumps(message).encode() for message in messages]
    stream = b"".join(LENGTH.pack(len(each)) + each for each in encoded)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    reader, got = MessageReader(10_000), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += list(reader.feed(stream[start:end]))
    assert [json.dumps(each) for each in got] == [each.decode() for each in encoded]


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=30), max_size=5))
def test_any_bytes_are_messages_or_an_error_of_the_wire(parts: list[bytes]) -> None:
    """And never more than the cap is kept."""
    reader = MessageReader(64)
    try:
        for part in parts:
            for message in reader.feed(part):
                assert isinstance(message["kind"], str)
            assert len(reader._buffer) <= 64 + LENGTH.size
    except WireError:
        pass


def test_answers_to_a_pool_that_hangs_hold_nobody_up() -> None:
    """Ten threads write a megabyte each to somebody who reads nothing; the run's end waits for none of them."""
    worker, pool = socket.socketpair(socket.AF_UNIX)
    with worker, pool:
        answers = Answers(worker, lambda _call: ActionReply("x" * 1_000_000))
        calls = [{"id": number, "action": "a.b", "args": [], "kwargs": {}} for number in range(10)]
        threads = [threading.Thread(target=answers.answer, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        began = time.monotonic()
        answers.close()
        assert time.monotonic() - began < SEND_S / 2  # short: a write would last twice as long
        for thread in threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in threads)
